"""Ends the workers that a dead master has left and that do not leave by themselves.

A worker notices that the master has gone and leaves within two seconds, if it can: while C code in it holds
the GIL, nothing in it runs.  Its template sleeps, so it can still see to it.

In:     pids of workers, told at their birth; the end of the master.
Out:    SIGKILL, through descriptors that no other process can ever have.
Never:  does anything while the master lives: it is the master's business then.

Rules:  pidfd_open(2).
"""

import contextlib
import os
import select
import signal
import time
from typing import Final

# Workers leave after ORPHAN_NS (worker/worker.py), 2 s; a moment more for their last lines.
PATIENCE_S: Final = 2.25


class Undertaker:
    """Knows the workers of one template."""

    def __init__(self) -> None:
        self._fds: list[int] = []

    def know(self, pid: int) -> None:
        """Remember a worker that was just born; forget those that have ended meanwhile."""
        self._forget(self._ended(0))
        with contextlib.suppress(OSError):  # it has ended already
            self._fds.append(os.pidfd_open(pid))

    def see_off(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until all have ended, `patience_s` at most; then end the rest."""
        give_up_s = time.monotonic() + patience_s
        while self._fds and time.monotonic() < give_up_s:
            self._forget(self._ended(max(0.0, give_up_s - time.monotonic())))
        for fd in self._fds:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Know nobody any more."""
        self._forget(set(self._fds))

    def _ended(self, timeout_s: float) -> set[int]:
        poll = select.poll()
        for fd in self._fds:
            poll.register(fd, select.POLLIN)
        return {fd for fd, _ in poll.poll(timeout_s * 1000)}

    def _forget(self, fds: set[int]) -> None:
        for fd in fds:
            os.close(fd)
        self._fds = [fd for fd in self._fds if fd not in fds]
