"""What a worker shows of its life: when its loop last turned, which requests run and how long they may.

The worker writes a line when a request enters the application and its loop's time at each turn. Whoever
judges it (server/master/overseer.py) or prints it (reading/snapshot.py) reads here.

In:     a descriptor of a segment and a slot; the memory is hostile.
Out:    frozen dataclasses; texts safe to print.
Never:  writes or judges; a pid that stands there is for comparing, never for signals.
"""

import dataclasses
import os
import struct
from typing import Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import PAGE_BYTES, Layout

# How often a loop that has nothing to do shows that it turns, give or take a tick of its wheel.
BEAT_S: Final = 0.75
_LINE: Final = struct.Struct(layout.THREAD_FORMAT)


@dataclasses.dataclass(frozen=True, slots=True)
class RunningRequest:
    """One request inside the application. Times: CLOCK_MONOTONIC in ns, any number.

    Attributes:
        thread: its number in the worker.
        since_ns: when it entered.
        deadline_ns: until when it may run, if it asked for more time; 0 = as configured.
        request_id: as far as it has room.
        line: the first bytes of the request line.
        is_answered: the loop has answered in its place; nothing of it is owed to client or log.
        is_interrupted: a RequestTimeout was raised in its thread.
    """

    thread: int
    since_ns: int
    deadline_ns: int
    request_id: str
    line: str
    is_answered: bool
    is_interrupted: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Pulse:
    """One worker at one moment.

    Attributes:
        pid: whose it is, as it says.
        beat_ns: CLOCK_MONOTONIC of its loop's last turn; 0 = it has not begun.
        interrupt_count: requests that were interrupted in its life.
        running: by thread.
    """

    pid: int
    beat_ns: int
    interrupt_count: int
    running: tuple[RunningRequest, ...]


def read_pulse(fd: int, plan: Layout, slot: int) -> Pulse:
    """Read one slot through the descriptor, as reading/snapshot.py does: looking allocates nothing."""
    words = memoryview(os.pread(fd, PAGE_BYTES, plan.slot_at(slot))).cast("Q")
    running = read_running(fd, plan, slot)
    return Pulse(words[layout.PID], words[layout.BEAT_NS], words[layout.INTERRUPTS], running)


def read_running(fd: int, plan: Layout, slot: int) -> tuple[RunningRequest, ...]:
    """Return the requests that are inside the application."""
    lines = os.pread(fd, plan.threads * layout.THREAD_BYTES, plan.thread_at(slot, 0))
    return tuple(
        RunningRequest(
            thread,
            since_ns,
            deadline_ns,
            _text(request_id),
            _text(line),
            is_answered=answered_ns == since_ns,
            is_interrupted=interrupted_ns == since_ns,
        )
        for thread, (
            since_ns,
            deadline_ns,
            request_id,
            line,
            answered_ns,
            interrupted_ns,
        ) in enumerate(_LINE.iter_unpack(lines))
        if since_ns
    )


def printable(text: str) -> str:
    """Return `text` with everything escaped that a terminal might obey."""
    return "".join(letter if " " <= letter <= "~" else f"\\x{ord(letter):02x}" for letter in text)


def _text(raw: bytes) -> str:
    return printable(raw.split(b"\0", 1)[0].decode("latin-1"))
