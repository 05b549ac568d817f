"""Where the threads of a process stand, written by a signal handler in C: it works while Python cannot run.

A thread that holds the GIL in C, or a loop that is dead, keeps every thread of a worker from running Python;
faulthandler's handler reads their frames all the same and writes them with plain write(2), into a pipe that
was made before the first fork. The pipe bounds what can be written, and nobody waits for it: neither the
handler when it is full nor the reader when nothing comes.

In:     a segment, which brings the pipe; STACK_SIGNAL from the master.
Out:    lines, printable.
Never:  believes or parses the text; asks two processes at once: their lines would mix.

Rules:  https://docs.python.org/3/library/faulthandler.html#faulthandler.register

Rejected: the segment itself (a process that has given up its user may not open a descriptor of its own on it,
and a shared one has one position for all); a memory file of each worker (unreadable to a master without
CAP_SYS_PTRACE); a pipe for each (they would have to reach every worker by way of the template).
"""

import contextlib
import faulthandler
import os
import select
import signal
from collections.abc import Callable
from typing import Final

from penstock.telemetry.memory.pulse import printable
from penstock.telemetry.memory.segment import Segment

# A real-time signal: none of them means anything to Linux. Not the first ones (glibc's timers and threads
# take those, and applications after them), and not the last.
STACK_SIGNAL: Final = signal.SIGRTMAX - 6
# What a pipe holds.
MAX_STACK_BYTES: Final = 65536
# Some milliseconds are enough for a process that gets its turn; one that is stopped or in the disk never
# writes.
FIRST_WAIT_MS: Final = 200
NEXT_WAIT_MS: Final = 20


def show_stacks(segment: Segment) -> None:
    """Let this process write where its threads stand whenever it gets STACK_SIGNAL."""
    if segment.stack_fds:
        faulthandler.register(STACK_SIGNAL, file=segment.stack_fds[1], all_threads=True, chain=False)


def ask_for_stack(segment: Segment, ask: Callable[[], object]) -> list[str]:
    """Return where the threads of a process stand; none if it does not answer within 0.2 s.

    Args:
        segment: of the process.
        ask: sends it STACK_SIGNAL.
    """
    _take(segment.stack_fds[0])  # what came too late, or from one that was not asked
    ask()
    return read_stack(segment)


def read_stack(segment: Segment) -> list[str]:
    """Return what the process that was asked last has written since, likewise."""
    fd = segment.stack_fds[0]
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    raw, wait_ms = b"", FIRST_WAIT_MS
    while len(raw) < MAX_STACK_BYTES and poll.poll(wait_ms):
        raw += _take(fd)
        wait_ms = NEXT_WAIT_MS
    return [printable(line) for line in raw.decode("latin-1").splitlines()]


def _take(fd: int) -> bytes:
    with contextlib.suppress(BlockingIOError):
        return os.read(fd, MAX_STACK_BYTES)
    return b""
