"""What the application prints, line by line as records with worker, thread and request.

Standard output and standard error of Python only: what a library in C or a program that was started writes to
descriptors 1 and 2 goes there, as ever. A line is put together for each thread, so two threads that print at
once do not mix their halves.

In:     text from any thread.
Out:    records of the loggers `stdout` (INFO) and `stderr` (WARNING).
Never:  raises for what is printed; writes from a forked child (its text goes where it went before).
"""

import atexit
import contextlib
import io
import logging
import sys
import threading
from typing import Final, TextIO

from penstock.telemetry.traces.trace import CURRENT
from penstock.telemetry.writing.recorder import Recorder

_MAX_LINE_CHARACTERS: Final = 8000  # of one record; a longer line comes in several


class PrintedStream(io.TextIOBase):
    """Stands where a standard stream stood.

    Args:
        recorder: of this worker.
        logger: the name under which lines are recorded.
        level: of Python's logging.
        before: the stream itself, for children and for whoever asks for its descriptor.
    """

    errors = "backslashreplace"

    def __init__(self, recorder: Recorder, logger: str, level: int, before: TextIO) -> None:
        super().__init__()
        self._recorder = recorder
        self._logger = logger
        self._level = level
        self._before = before
        self._halves = threading.local()

    def write(self, text: str, /) -> int:
        """Record the lines that are whole; the rest of a line waits for its end."""
        if not self._recorder.is_own:
            return self._before.write(text)
        lines = (getattr(self._halves, "text", "") + text).split("\n")
        rest = lines.pop()
        while len(rest) > _MAX_LINE_CHARACTERS:
            lines.append(rest[:_MAX_LINE_CHARACTERS])
            rest = rest[_MAX_LINE_CHARACTERS:]
        self._halves.text = rest
        for line in lines:
            if line:
                self._record(line)
        return len(text)

    def rebind(self, recorder: Recorder) -> None:
        """Record for the process that was forked: handlers of the application may hold this stream."""
        self._recorder = recorder

    def finish(self) -> None:
        """Record what this thread printed last without ending its line."""
        rest, self._halves.text = getattr(self._halves, "text", ""), ""
        if rest:
            self._record(rest)

    def flush(self) -> None:
        """Flush what stood here before; a line that has no end yet still waits for it."""
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it
            self._before.flush()

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def fileno(self) -> int:
        """Descriptor of the stream that stood here: a program that is given it writes there."""
        return self._before.fileno()

    def isatty(self) -> bool:
        """No terminal: nobody shall paint it with colours."""
        return False

    @property
    def encoding(self) -> str:  # type: ignore[override] # an attribute there
        """Records are UTF-8."""
        return "utf-8"

    @property
    def buffer(self) -> io.BufferedIOBase:
        """Bytes go where they went before."""
        return self._before.buffer  # type: ignore[return-value] # BinaryIO by name

    def _record(self, line: str) -> None:
        node = CURRENT.get()
        self._recorder.log(
            self._level,
            self._logger,
            line,
            node.request.request_id if node else "",
            thread_name=threading.current_thread().name,
            context=node.context() if node else None,
        )


def capture_prints(recorder: Recorder) -> None:
    """Record what this process prints from now on, its last half line when it ends."""
    sys.stdout = _captured(sys.stdout, recorder, "stdout", logging.INFO)
    sys.stderr = _captured(sys.stderr, recorder, "stderr", logging.WARNING)


def _captured(stream: TextIO, recorder: Recorder, logger: str, level: int) -> PrintedStream:
    if isinstance(stream, PrintedStream):
        stream.rebind(recorder)
        return stream
    printed = PrintedStream(recorder, logger, level, stream)
    atexit.register(printed.finish)
    return printed
