"""The crew around the loop: who wakes whom, and that nobody waits for nothing."""

import os
import select
import threading
from collections.abc import Callable, Iterator

import pytest

from penstock.config import ProtocolConfig, WSGIConfig
from penstock.protocol import FieldTable, RequestReceiver
from penstock.server.lanes import Lanes
from penstock.server.loop import Loop
from penstock.wsgi import Gateway, connection_environ


class IdleRecorder:
    """Telemetry that nobody reads."""

    def enter(self, *_) -> None:
        pass

    def leave(self, *_) -> None:
        pass


class Bench:
    """A loop whose owner is asleep, and a pool whose threads are this test's own calls."""

    def __init__(self, application, threads: int) -> None:
        self.loop = Loop(application, IdleRecorder(), threads, Lanes(is_automatic=True))
        self.pool = self.loop.pool
        self.loop._is_asleep = True
        self._gateway = Gateway(WSGIConfig())
        self._template = connection_environ(
            WSGIConfig(),
            server=("127.0.0.1", "80"),
            peer=("127.0.0.1", "1"),
            scheme="http",
            multithread=True,
            multiprocess=False,
        )

    def exchange(self, path: str):
        config = ProtocolConfig()
        receiver = RequestReceiver(config, FieldTable(config), self._template)
        receiver.receive_data(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
        return self._gateway.exchange(receiver.next_event(), None, 0, None, is_trusted=False)

    def add(self, *paths: str) -> None:
        self.pool.jobs.extend(map(self.exchange, paths))

    def take(self, index: int = 0) -> bool:
        """Let thread `index` take a job."""
        return self.pool._take_job(self.loop, index)

    def go_to_bed(self) -> None:
        """Let a thread look for a last time; its sleep ends at once."""
        self.pool._sleep(self.loop, threading.Lock())

    @property
    def is_woken(self) -> bool:
        return bool(select.select([self.loop._wake_fd], [], [], 0)[0])

    def close(self) -> None:
        self.loop.epoll.close()
        os.close(self.loop._wake_fd)


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(application, threads: int = 2) -> Bench:
        benches.append(Bench(application, threads))
        return benches[-1]

    yield make
    for each in benches:
        each.close()


def hello(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


# Quiet answers


def test_answer_of_a_quick_job_is_told_at_once_when_no_job_is_left(bench) -> None:
    it = bench(hello)
    it.add("/a")
    assert it.take()
    assert it.is_woken


def test_answer_of_a_quick_job_is_not_told_while_this_thread_goes_on_with_more(bench) -> None:
    it = bench(hello)
    it.add("/a", "/b")
    assert it.take()
    assert not it.is_woken
    assert it.take()
    assert it.is_woken


def test_answer_is_told_before_the_only_thread_that_is_awake_begins_the_next_job(bench) -> None:
    seen = []

    def application(environ, start_response):
        seen.append((environ["PATH_INFO"], it.is_woken))
        return hello(environ, start_response)

    it = bench(application)
    it.add("/quick", "/long", "/other")
    it.take()
    it.take()
    assert seen == [("/quick", False), ("/long", True)]


def test_answer_is_told_before_a_thread_sleeps_that_may_not_take_the_jobs_that_are_left(bench) -> None:
    def application(environ, start_response):
        it.loop.waiting_inline.append(None)  # an inline request comes meanwhile: it goes first
        return hello(environ, start_response)

    it = bench(application)
    it.add("/quick", "/other")
    assert it.take()
    assert not it.take()
    it.go_to_bed()
    assert it.is_woken


def test_slot_that_a_thread_gives_back_unused_is_told_to_an_inline_request_that_missed_it(bench) -> None:
    it = bench(hello)
    it.loop.waiting_inline.append(None)
    it.go_to_bed()
    assert it.is_woken
