"""Forking children that begin with nothing of the master's, and hearing how they ended.

In:     what the master keeps to itself: descriptors, signals.
Out:    pids, and wait statuses of the dead.
Never:  knows what a child is for (nursery.py, guardian.py).

Rules:  fork(2), wait(2); signals stay blocked in a child until it has handlers of its own (`forget_parent`).
"""

import contextlib
import logging
import os
import signal
from collections.abc import Collection, Iterator

from penstock.server.signals import HANDLED


class Family:
    """The children of this process.

    Attributes:
        private_fds: descriptors that no child may keep; a child that kept one would hold open what its death
            or ours should close.
    """

    def __init__(self, private_fds: Collection[int] = ()) -> None:
        self.private_fds = set(private_fds)

    def fork(self, keep: Collection[int] = ()) -> int:
        """Fork; in the child, which gets 0, everything of the master's has been let go of.

        Args:
            keep: private descriptors that are this child's business.

        Until it has handlers of its own it has the master's, and a signal for it would be taken for one of
        the master's: so it begins with `HANDLED` blocked.

        Raises:
            OSError: there can be no more processes now.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        if not pid:
            self.private_fds.difference_update(keep)
            self._leave()
        return pid

    def reap(self) -> Iterator[tuple[int, int]]:
        """Collect every child that has ended: (pid, wait status)."""
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            yield pid, wait_status

    def _leave(self) -> None:
        logging.getLogger().handlers.clear()
        signal.set_wakeup_fd(-1)
        for fd in self.private_fds:
            os.close(fd)


def send_signal(pid: int, number: int) -> None:
    """Signal a child; one that has just ended needs none."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def how_it_ended(wait_status: int) -> str:
    """Return `status=3` or `signal=SIGSEGV`."""
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        try:
            return f"signal={signal.Signals(number).name}"
        except ValueError:
            return f"signal={number}"
    return f"status={os.WEXITSTATUS(wait_status)}"
