"""Where workers come into the world: forks them and hears what they say while they boot.

In:     a StartWorker command.
Out:    a process; its word when it is ready or cannot be.
Never:  decides how many there should be (roster.py) or what their deaths mean (master.py).
"""

import dataclasses
import os
import select
from collections.abc import Iterator

from penstock.server.family import Family
from penstock.server.plan import Heritage, ServePlan
from penstock.server.roster import StartWorker
from penstock.server.worker import FAILED, READY, Assignment, run_worker


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerReady:
    """A worker accepts connections."""

    pid: int


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerFailed:
    """A worker cannot boot; the reason is a traceback, if any, and one line."""

    pid: int
    reason: str


class Nursery:
    """Workers between fork and readiness.

    Args:
        plan: what they are told.
        family: forks.
        heritage: what they are born with.
        poll: the master's; wakes it when there is something to hear.
    """

    def __init__(self, plan: ServePlan, family: Family, heritage: Heritage, poll: select.poll) -> None:
        self._plan = plan
        self._family = family
        self._heritage = heritage
        self._poll = poll
        self._readiness: dict[int, int] = {}  # fd -> pid
        self._lifeline_fd, lifeline_end = os.pipe2(os.O_CLOEXEC)
        family.private_fds.add(lifeline_end)

    def start(self, command: StartWorker, *, is_alone: bool) -> int:
        """Fork a worker and return its pid.

        Raises:
            OSError: there can be no more processes or descriptors now.
        """
        ready_fd, worker_fd = os.pipe2(os.O_CLOEXEC)
        self._family.private_fds.add(ready_fd)
        try:
            pid = self._family.fork()
        except OSError:
            self._forget(ready_fd)
            os.close(worker_fd)
            raise
        if not pid:
            run_worker(self._assignment(command, worker_fd, is_alone=is_alone))
        os.close(worker_fd)
        self._readiness[ready_fd] = pid
        self._poll.register(ready_fd, select.POLLIN)
        return pid

    def listen(self) -> Iterator[WorkerReady | WorkerFailed]:
        """Return what booting workers have said; a pipe that closes without a word belongs to a dead one."""
        for fd, pid in list(self._readiness.items()):
            if not select.select([fd], [], [], 0)[0]:
                continue
            word = os.read(fd, select.PIPE_BUF)
            self._poll.unregister(fd)
            del self._readiness[fd]
            self._forget(fd)
            if word == READY:
                yield WorkerReady(pid)
            elif word.startswith(FAILED):
                yield WorkerFailed(pid, word[1:].decode("utf-8", "replace"))

    def _forget(self, fd: int) -> None:
        self._family.private_fds.discard(fd)
        os.close(fd)

    def _assignment(self, command: StartWorker, worker_fd: int, *, is_alone: bool) -> Assignment:
        plan = self._plan
        return Assignment(
            server=plan.server,
            protocol=plan.protocol,
            wsgi=plan.wsgi,
            load=plan.load,
            segment=self._heritage.segment,
            listeners=self._heritage.listeners,
            identity=self._heritage.identity,
            slot=command.slot,
            generation=command.generation,
            is_alone=is_alone,
            ready_fd=worker_fd,
            lifeline_fd=self._lifeline_fd,
        )
