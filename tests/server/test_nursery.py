"""The nursery, with real processes."""

import contextlib
import errno
import os
import select
import signal
from collections.abc import Callable, Iterator

import pytest
from tests.server.plans import ChildError, is_open, plan

from penstock.server import nursery as nursery_module
from penstock.server.address import TCPAddress
from penstock.server.family import Family
from penstock.server.listener import open_listeners
from penstock.server.nursery import Nursery, WorkerFailed, WorkerReady
from penstock.server.plan import Heritage
from penstock.server.process import Identity
from penstock.server.roster import StartWorker
from penstock.telemetry import Segment

pytestmark = pytest.mark.usefixtures("keep_process")


class Ward:
    """A nursery and what a master would hold of it."""

    def __init__(self, **options) -> None:
        self.segment = Segment.create(4, 5, 65536)
        self.listeners = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
        self.family = Family()
        self.poll = select.poll()
        heritage = Heritage(self.segment, Identity(), self.listeners)
        self.nursery = Nursery(plan(**options), self.family, heritage, self.poll)
        self.pids: list[int] = []

    def start(self) -> int:
        self.pids.append(self.nursery.start(StartWorker(1, 1), is_alone=True))
        return self.pids[-1]

    def hear(self) -> list[object]:
        assert self.poll.poll(10_000)
        return list(self.nursery.listen())

    def close(self) -> None:
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        for listener in self.listeners:
            listener.close()
        for fd in [*self.family.private_fds, self.nursery._lifeline_fd]:
            with contextlib.suppress(OSError):
                os.close(fd)
        self.segment.close()


@pytest.fixture
def make_ward() -> Iterator[Callable[..., Ward]]:
    wards: list[Ward] = []

    def make(**options) -> Ward:
        wards.append(Ward(**options))
        return wards[-1]

    yield make
    for ward in wards:
        ward.close()


def test_worker_that_boots_is_heard_once(make_ward) -> None:
    ward = make_ward()
    pid = ward.start()
    assert ward.hear() == [WorkerReady(pid)]
    assert ward.poll.poll(0) == []
    assert list(ward.nursery.listen()) == []


def test_worker_that_cannot_boot_says_why(make_ward) -> None:
    def broken():
        raise ImportError("no module named 'shop'")

    ward = make_ward(load=broken)
    pid = ward.start()
    assert ward.hear() == [WorkerFailed(pid, "no module named 'shop'")]


def test_worker_that_dies_without_a_word_says_nothing(make_ward) -> None:
    ward = make_ward(load=lambda: os._exit(7))
    ward.start()
    assert ward.hear() == []


def test_worker_that_cannot_be_forked_leaves_no_descriptor(make_ward, monkeypatch) -> None:
    ward = make_ward()
    before = len(os.listdir("/proc/self/fd"))

    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                ward.start()
    assert len(os.listdir("/proc/self/fd")) == before
    assert list(ward.nursery.listen()) == []


def test_worker_begins_with_its_own_end_of_the_pipe_only(make_ward, monkeypatch) -> None:
    ward = make_ward()
    seen = []

    def run(assignment) -> None:
        seen.append((assignment.slot, assignment.generation, is_open(assignment.ready_fd)))
        seen.append([is_open(fd) for fd in ward.family.private_fds])
        raise ChildError

    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(nursery_module, "run_worker", run)
    with pytest.raises(ChildError):
        ward.start()
    assert seen == [(1, 1, True), [False, False]]
