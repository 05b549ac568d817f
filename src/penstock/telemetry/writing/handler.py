"""Python's `logging` into the ring: what the application says goes the same way as the access lines.

In:     logging.LogRecord from any thread.
Out:    Recorder.log with the request id, trace, thread name, traceback and stack.
Never:  raises, blocks on an output, or writes into the ring of another process (a forked child: stderr).

Where request id and trace come from: `extra={"request_id": ...}` if the caller gave one, and then no trace is
named; else the context variable that Recorder.enter sets. That is right on the thread that runs the request,
whichever lane; in threads and tasks that carry a copy of its context (asyncio, asgiref); and empty in threads
that the application starts by itself. Leaving a request does not clear the variable (40 ns), so the server's
own loggers, which also speak between requests, are believed only when they name one.
"""

import contextlib
import logging
import sys
import threading
from types import TracebackType
from typing import Final

from penstock.telemetry.traces.trace import CURRENT, Node
from penstock.telemetry.writing.recorder import Recorder

_SERVER_LOGGERS: Final = "penstock.server"
_FALLBACK: Final = logging.Formatter("%(asctime)s %(levelname)s [pid %(process)d] %(name)s: %(message)s")
_UNCAUGHT: Final = logging.getLogger("penstock.uncaught")


class RecordHandler(logging.Handler):
    """A logging handler over one recorder."""

    def __init__(self, recorder: Recorder, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._recorder = recorder
        self._plain = logging.Formatter()

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and emit without the handler's lock: the recorder has its own."""
        passed = self.filter(record)
        if passed:
            # from 3.12 on a filter may give another record to go on with
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; what cannot be formatted is said so in its place."""
        recorder = self._recorder
        if not recorder.is_own:
            self._write_to_stderr(record)
            return
        given = getattr(record, "request_id", None)
        node = None if isinstance(given, str) else _node(record)
        recorder.log(
            record.levelno,
            str(record.name),
            self._message(record),
            given if isinstance(given, str) else node.request.request_id if node else "",
            thread_name=record.threadName or "",
            trace=self._trace(record),
            context=node.context() if node else None,
        )

    def _message(self, record: logging.LogRecord) -> str:
        """The message; all that a formatter makes of it, if the operator set one.

        Without line feeds at its end, as warnings have one: each would be an empty line of the entry.
        """
        try:
            message = self.formatter.format(record) if self.formatter else record.getMessage()
            return message.rstrip("\n")
        except Exception as error:  # noqa: BLE001 - wrong arguments of a log call are no reason to fail
            return f"{record.msg!r} could not be formatted: {type(error).__name__}: {error}"

    def _trace(self, record: logging.LogRecord) -> str:
        """Traceback and stack as logging formats them; empty if there are none or the message has them."""
        if self.formatter:
            return ""
        try:
            parts = []
            if record.exc_info:
                parts.append(self._plain.formatException(record.exc_info))
            elif record.exc_text:
                parts.append(record.exc_text)
            if record.stack_info:
                parts.append(record.stack_info)
            return "\n".join(parts)
        except Exception as error:  # noqa: BLE001 - an exception whose str() raises
            return f"traceback could not be formatted: {type(error).__name__}"

    def _write_to_stderr(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):  # the last resort has no other
            sys.stderr.write(_FALLBACK.format(record) + "\n")


def route_logging(recorder: Recorder, level: int = logging.NOTSET) -> RecordHandler:
    """Send everything this process says to the recorder: logging, warnings, uncaught exceptions of threads.

    Handlers of another recorder (a parent's, after a fork) leave the root logger; other handlers stay.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, RecordHandler):
            root.removeHandler(handler)
    handler = RecordHandler(recorder, level)
    root.addHandler(handler)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_of_thread
    return handler


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _UNCAUGHT.critical("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_of_thread(arguments: threading.ExceptHookArgs) -> None:
    name = arguments.thread.name if arguments.thread else "of a thread that is gone"
    error = arguments.exc_value or arguments.exc_type()
    _UNCAUGHT.error(
        "uncaught exception in thread %s", name, exc_info=(arguments.exc_type, error, arguments.exc_traceback)
    )


def _node(record: logging.LogRecord) -> Node | None:
    """Where the running code stands inside a request, unless it is the server's own."""
    return None if str(record.name).startswith(_SERVER_LOGGERS) else CURRENT.get()
