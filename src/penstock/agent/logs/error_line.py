"""Entries of the error log as text.

    2026-11-20T09:50:00.123+00:00 ERROR [pid 4121 worker 2 pool-3 id=1f3a] shop.orders: payment failed
      | Traceback (most recent call last):
      |   File "orders.py", line 12, in pay

Only the server writes at the first column, and always a time stamp; whatever a message, a traceback or a
thread name holds is either on that line with everything unprintable spelt out, or behind `  | `. So a message
can be read as it was written, over several lines, and cannot begin an entry of its own.

In:     decoded log records, hostile lengths.
Out:    LogEntry; text with LF at each end.
Never:  writes; drops letters of other scripts (the log is UTF-8).
"""

import dataclasses
import itertools
import logging
from typing import Any, Final

from penstock.agent.logs.escape import escape_message
from penstock.telemetry.clock import WallClock

_CONTINUATION: Final = "  | "
_LEVELS: Final = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One log record, as said by a process: nothing in it is escaped yet."""

    time_ns: int  # CLOCK_MONOTONIC
    level: int
    pid: int
    logger: str
    message: str
    slot: int = 0  # the worker's; 0 = the master's, or the agent's own
    request_id: str = ""
    thread_name: str = ""
    trace: str = ""  # traceback and stack
    trace_id: str = ""  # 32 hexadecimal digits, or nothing
    span_id: str = ""


def entry_of(row: tuple[Any, ...], text: bytes, slot: int = 0) -> LogEntry:
    """Decode one record of ring B of a slot; lengths that do not fit cut, they never fail."""
    time_ns, pid, level = row[3:6]
    stops = itertools.accumulate(row[6:11], initial=0)
    logger, request_id, thread_name, message, trace = [
        text[start:stop].decode("utf-8", "replace") for start, stop in itertools.pairwise(stops)
    ]
    return LogEntry(
        time_ns=time_ns,
        level=level,
        pid=pid,
        logger=logger,
        message=message,
        slot=slot,
        request_id=request_id,
        thread_name=thread_name,
        trace=trace,
        trace_id=_digits(row[11]),
        span_id=_digits(row[12]),
    )


def _digits(raw: bytes) -> str:
    return raw.hex() if any(raw) else ""


def severity(level: int) -> str:
    """Name of the standard level at or below a number."""
    for standard in _LEVELS:
        if level >= standard:
            return logging.getLevelName(standard)
    return "DEBUG"


class TextErrors:
    """Formats log records as text."""

    __slots__ = ("_clock",)

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock

    def line(self, entry: LogEntry) -> str:
        """One entry: its line, and one indented line for each further line of message and trace."""
        first, *rest = entry.message.split("\n")
        who = f"pid {entry.pid}"
        if entry.slot:
            who += f" worker {entry.slot}"
        if entry.thread_name:
            who += f" {escape_message(entry.thread_name)}"
        if entry.request_id:
            who += f" id={escape_message(entry.request_id)}"
        if entry.trace_id:
            who += f" trace={entry.trace_id}"
        if entry.trace:
            rest += entry.trace.split("\n")
        head = f"{self._clock.rfc3339_local(entry.time_ns)} {severity(entry.level)} [{who}] "
        lines = [f"{head}{escape_message(entry.logger)}: {escape_message(first)}\n"]
        lines += [f"{_CONTINUATION}{escape_message(line)}\n" for line in rest]
        return "".join(lines)
