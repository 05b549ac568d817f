"""`wsgi.errors`: a text stream whose lines become log records.

Several threads write to it at once, and print() hands over a line in pieces.
So text is kept per thread until its line ends; what is written whole (a
traceback) stays one record.

In:     text from applications.
Out:    records of level ERROR on the logger `penstock.wsgi.errors`.
Never:  raises for what is written, blocks, or calls itself through logging.

Rules:  PEP 3333, "Input and Error Streams".
"""

import logging
import threading
from collections.abc import Iterable
from typing import Final

_LOG: Final = logging.getLogger("penstock.wsgi.errors")
_MAX_PARTIAL_CHARACTERS: Final = 8192  # an application that never ends its line must not fill the memory


class _Pending(threading.local):
    """What one thread has begun to write."""

    text: str = ""
    is_logging: bool = False


class ErrorStream:
    """A write-only text stream for all threads of a process."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = _Pending()

    def write(self, text: str, /) -> int:
        """Log what `text` completes, keep the rest for this thread's next call.

        Returns:
            How many characters were taken: all.

        Raises:
            TypeError: `text` is not a str.
        """
        if not isinstance(text, str):
            raise TypeError(f"write to wsgi.errors of {type(text).__name__}; expected str")
        whole, end_of_line, rest = (self._pending.text + text).rpartition("\n")
        self._pending.text = rest
        if end_of_line:
            self._record(whole)
        if len(rest) > _MAX_PARTIAL_CHARACTERS:
            self.flush()
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write each of `lines`; they bring their own line ends."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log what this thread has written without ending its line."""
        text, self._pending.text = self._pending.text, ""
        self._record(text)

    def _record(self, text: str) -> None:
        """Log `text` unless it is blank, or comes from a log handler that writes here."""
        pending = self._pending
        if pending.is_logging or not text.strip():
            return
        pending.is_logging = True
        try:
            _LOG.error("%s", text)
        finally:
            pending.is_logging = False


ERROR_STREAM: Final = ErrorStream()
