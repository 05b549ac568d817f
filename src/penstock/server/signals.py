"""Signals as items of a queue: handled one at a time, when the master or a worker's loop looks.

In:     signals from the kernel.
Out:    their numbers, in order of arrival.
Never:  does anything inside a handler: Python's own write to the wake-up descriptor
        is all that happens when a signal arrives (signal.set_wakeup_fd).
"""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from typing import Final

# What a master or worker may be sent; in a child it waits until the child can tell what it means.
HANDLED: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGCHLD,
)


@contextlib.contextmanager
def hold_back(number: signal.Signals) -> Iterator[None]:
    """Let a signal wait inside of the block, until somebody unblocks it who can tell what it means."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def pass_over(numbers: Iterable[signal.Signals]) -> None:
    """Let these signals do nothing here.

    Not SIG_IGN: a program that the application starts would inherit it, and could not be told to stop.
    """
    for number in numbers:
        signal.signal(number, lambda *_: None)
        signal.siginterrupt(number, False)


class SignalQueue:
    """The signals that reached this process since they were last taken.

    Args:
        numbers: what to listen for.

    Attributes:
        fd: readable when there is something to take.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self.fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._numbers = frozenset(numbers)
        pass_over(self._numbers)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)

    @property
    def fds(self) -> set[int]:
        """Both ends of the queue: a child lets go of them."""
        return {self.fd, self._write_fd}

    def take(self) -> list[signal.Signals]:
        """Return what arrived, oldest first, deaths of children last; never waits.

        A signal for the whole group may reach the children first, and explains their deaths all the same.
        """
        try:
            numbers = os.read(self.fd, 4096)
        except BlockingIOError:
            return []
        taken = [signal.Signals(number) for number in numbers if number in self._numbers]
        return sorted(taken, key=lambda number: number is signal.SIGCHLD)

    def close(self) -> None:
        """Stop listening (in a child, after its handlers were reset)."""
        os.close(self.fd)
        os.close(self._write_fd)
