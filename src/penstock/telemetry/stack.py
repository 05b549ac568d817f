"""Where the threads of a process stand, written by a signal handler in C: it works while Python cannot run.

A thread that holds the GIL in C, or a loop that is dead, keeps every thread of a worker from running Python;
faulthandler's handler reads their frames all the same and writes them with plain write(2). It writes through
a descriptor of its own into the slot's part of the shared memory, which is sealed: a stack too long ends with
the mapping, and the master reads what is there without asking anybody.

In:     a segment and a slot; STACK_SIGNAL from the master.
Out:    text in the slot's place; the master reads it, printable and bounded.
Never:  believes or parses the text.

Rules:  https://docs.python.org/3/library/faulthandler.html#faulthandler.register

Rejected: a pipe (its descriptor would have to reach every worker by way of the template); a file in /proc of
the worker (unreadable to a master without CAP_SYS_PTRACE once the worker has changed its user).
"""

import contextlib
import faulthandler
import os
import signal
from typing import Final

from penstock.telemetry.layout import STACK_BYTES
from penstock.telemetry.pulse import printable
from penstock.telemetry.segment import Segment

# A real-time signal: none of them means anything to Linux. Not the first ones (glibc's timers and threads
# take those, and applications after them), and not the last.
STACK_SIGNAL: Final = signal.SIGRTMAX - 6


class StackWriter:
    """Lets this process show where its threads stand, whatever they do.

    Made before the process gives up its user: afterwards it may not open its own descriptors again.
    """

    __slots__ = ("_at", "_fd")

    def __init__(self, segment: Segment, slot: int) -> None:
        self._fd = -1
        self._at = segment.layout.stack_at(slot)
        with contextlib.suppress(OSError):  # no /proc: the reason of a kill will be there, its stack not
            self._fd = os.open(f"/proc/self/fd/{segment.fd}", os.O_WRONLY | os.O_CLOEXEC)
            self.rewind()
            faulthandler.register(STACK_SIGNAL, file=self._fd, all_threads=True, chain=False)

    def rewind(self) -> None:
        """Let the next stack begin at the start; called now and then, in case there was one."""
        if self._fd >= 0:
            os.lseek(self._fd, self._at, os.SEEK_SET)

    def close(self) -> None:
        """Show nothing any more; the signal then ends the process, as signals do."""
        if self._fd >= 0:
            faulthandler.unregister(STACK_SIGNAL)
            os.close(self._fd)
            self._fd = -1


def clear_stack(segment: Segment, slot: int) -> None:
    """Make room for a stack (the master, before it asks for one)."""
    at = segment.layout.stack_at(slot)
    segment.memory[at : at + STACK_BYTES] = bytes(STACK_BYTES)


def read_stack(segment: Segment, slot: int) -> list[str]:
    """Return the lines that a process left, printable; none if it left nothing."""
    at = segment.layout.stack_at(slot)
    raw = bytes(segment.memory[at : at + STACK_BYTES]).split(b"\0", 1)[0]
    return [printable(line) for line in raw.decode("latin-1").splitlines()]
