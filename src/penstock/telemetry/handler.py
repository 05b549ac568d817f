"""Python's `logging` into the ring: what the application says goes the same way as the access lines.

In:     logging.LogRecord from any thread.
Out:    Recorder.log with the request id, thread name, traceback and stack.
Never:  raises, blocks on an output, or writes into the ring of another process (a forked child writes to stderr).

Where the request id comes from: `extra={"request_id": ...}` if the caller gave one; else the context variable that
Recorder.enter sets. That is right on the thread that runs the request, whichever lane; in threads and tasks that
carry a copy of its context (asyncio, asgiref); and empty in threads that the application starts by itself. Leaving a
request does not clear the variable (40 ns), so the server's own loggers, which also speak between requests, are
believed only when they name one.
"""

import logging
import sys
from typing import Final

from penstock.telemetry.recorder import REQUEST_ID, Recorder

_SERVER_LOGGERS: Final = "penstock.server"
_FALLBACK: Final = logging.Formatter("%(asctime)s %(levelname)s [pid %(process)d] %(name)s: %(message)s")


class RecordHandler(logging.Handler):
    """A logging handler over one recorder."""

    def __init__(self, recorder: Recorder, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._recorder = recorder
        self._formatter = logging.Formatter()

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """No lock of our own: the recorder has one, and a fork while it is held must not hang the child."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; what cannot be formatted is said so in its place."""
        recorder = self._recorder
        if not recorder.is_own:
            self._write_to_stderr(record)
            return
        try:
            message = self.format(record) if self.formatter else record.getMessage()
        except Exception as error:  # noqa: BLE001 - wrong arguments of a log call are the application's, never fatal
            message = f"{record.msg!r} with arguments {record.args!r} could not be formatted: {error!r}"
        recorder.log(
            record.levelno,
            record.name,
            message,
            _request_id(record),
            thread_name=record.threadName or "",
            trace=self._trace(record),
        )

    def _trace(self, record: logging.LogRecord) -> str:
        """Traceback and stack as logging formats them; empty if there are none, or the caller's formatter put them in."""
        if self.formatter:
            return ""
        try:
            parts = []
            if record.exc_info:
                parts.append(self._formatter.formatException(record.exc_info))
            elif record.exc_text:
                parts.append(record.exc_text)
            if record.stack_info:
                parts.append(record.stack_info)
            return "\n".join(parts)
        except Exception as error:  # noqa: BLE001 - an exception whose str() raises
            return f"traceback could not be formatted: {error!r}"

    def _write_to_stderr(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(_FALLBACK.format(record) + "\n")
        except Exception:  # noqa: BLE001, S110 - the last resort has no other
            pass


def _request_id(record: logging.LogRecord) -> str:
    given = getattr(record, "request_id", None)
    if isinstance(given, str):
        return given
    return "" if record.name.startswith(_SERVER_LOGGERS) else REQUEST_ID.get()
