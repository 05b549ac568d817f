"""Standing by: a thread that was woken in case it is needed does not push the one that works off its CPU.

For each batch of requests that may wait one thread is woken and wants the GIL (pool.py), mostly in
vain. The kernel lets a thread that wakes up run in place of the one that woke it. Here it would find
the GIL taken, wait, be woken when the owner sends, find nothing to do and go back to bed: 5 context
switches a batch on a CPU that both share. A SCHED_BATCH thread runs when the CPU is free. That is as
soon as the owner waits for something, and then the GIL is free as well.

    woken in vain the last time     SCHED_BATCH
    owner, or with a request        as before: the application, and what it starts, never see the difference

In:     begin and end, from the thread that stands by.
Out:    its scheduling policy.
Never:  touches the policy where an operator has set another than the usual one, or it cannot be asked or
        set.

Rules:  sched(7), "SCHED_BATCH: Scheduling batch processes".
"""

import os
from typing import Final

# Both policies know one priority only; what is nice stays as it is.
_USUAL: Final = os.sched_param(0)


class Standby:
    """One thread's readiness; made on a thread that its own inherits from, then called by it alone."""

    __slots__ = ("_is_possible", "is_on")

    def __init__(self) -> None:
        self.is_on = False
        self._is_possible = _is_usual()

    def begin(self) -> None:
        """From the next waking on, run when the CPU is free."""
        if self._is_possible and not self.is_on:
            self.is_on = self._become(os.SCHED_BATCH)

    def end(self) -> None:
        """Be a thread like any other again."""
        if self.is_on:
            self.is_on = not self._become(os.SCHED_OTHER)

    def _become(self, policy: int) -> bool:
        try:
            os.sched_setscheduler(0, policy, _USUAL)
        except OSError:  # a sandbox forbids it
            self._is_possible = False
            return False
        return True


def _is_usual() -> bool:
    try:
        return os.sched_getscheduler(0) == os.SCHED_OTHER
    except OSError:  # a sandbox forbids the question; musl answers ENOSYS to everybody
        return False
