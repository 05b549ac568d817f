"""The signals of an agent's process, as facts that its loop asks for.

In:     signals: those that ask it to leave, and USR1.
Out:    what came, and a descriptor that is readable when something did.
Never:  acts: a handler only takes note.

Rules:  signal(7).
"""

import contextlib
import os
import signal
from collections.abc import Sequence
from types import FrameType
from typing import Final

# Sent to the whole process group of a terminal, or meant for the master.
_IGNORED: Final = (
    signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU,
    signal.SIGWINCH, signal.SIGPIPE,
)  # fmt: skip


class Signals:
    """TERM and USR1 as two facts, and a descriptor that is readable when one came."""

    __slots__ = ("_write_fd", "fd", "has_reopen", "is_stopping")

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.is_stopping = False
        self.has_reopen = False

    def install(self, stopping: Sequence[signal.Signals] = (signal.SIGTERM,)) -> None:
        """Take over this process's signals. Main thread only.

        Args:
            stopping: those that ask it to leave.
        """
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        for number in (*stopping, signal.SIGUSR1):
            signal.signal(number, self._note)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGUSR1})

    def close(self) -> None:
        """Close both descriptors."""
        os.close(self.fd)
        os.close(self._write_fd)

    def take_reopen(self) -> bool:
        """USR1 came since the last call."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.fd, 512)
        came, self.has_reopen = self.has_reopen, False
        return came

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGUSR1:
            self.has_reopen = True
        else:
            self.is_stopping = True
