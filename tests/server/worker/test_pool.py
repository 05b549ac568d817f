"""The crew around the loop: who wakes whom, and that nobody waits for nothing."""

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from penstock.config import ProtocolConfig, WSGIConfig
from penstock.protocol import FieldTable, RequestReceiver
from penstock.server.worker.lanes import Lanes
from penstock.server.worker.loop import Loop
from penstock.server.worker.pool import POOL_LANE
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
        for exchange in map(self.exchange, paths):
            exchange.lane = POOL_LANE
            self.pool.jobs.append(exchange)

    def wait_inline(self, *paths: str) -> None:
        """Let inline requests wait for a slot."""
        for exchange in map(self.exchange, paths):
            exchange.body_ns = time.monotonic_ns()
            self.loop.waiting_inline.append(exchange)

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
        for standby in self.pool._standbys:  # this thread was one of the crew
            standby.end()
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
        it.pool.reserved_slots = 1  # meanwhile an inline request has waited for long
        return hello(environ, start_response)

    it = bench(application)
    it.pool.slots[:] = [None]
    it.add("/quick", "/other")
    assert it.take()
    assert not it.take()
    it.go_to_bed()
    assert it.is_woken


# Inline requests that wait for a slot


def test_inline_request_that_waits_for_a_slot_runs_before_any_job_and_as_one_of_the_pool(bench) -> None:
    it = bench(hello)
    it.add("/job")
    it.wait_inline("/quick")
    assert it.take()
    assert [exchange.line for exchange, _ in it.loop._handed_off] == [b"GET /quick HTTP/1.1"]
    assert it.loop._handed_off[0][0].lane == POOL_LANE
    assert len(it.pool.slots) == 2


def test_inline_request_that_waits_may_have_the_reserved_slot(bench) -> None:
    it = bench(hello)
    it.pool.slots[:] = [None]
    it.pool.reserved_slots = 1
    it.add("/job")
    it.wait_inline("/quick")
    assert it.take()
    assert not it.take()


def test_inline_request_that_waits_is_not_taken_without_a_slot(bench) -> None:
    it = bench(hello)
    it.pool.slots.clear()
    it.wait_inline("/quick")
    assert not it.take()
    assert len(it.loop.waiting_inline) == 1


def test_answer_of_a_long_job_is_told_when_the_quick_requests_that_waited_for_it_have_run(bench) -> None:
    def application(environ, start_response):
        if environ["PATH_INFO"] == "/long":
            time.sleep(0.001)
            it.wait_inline("/a", "/b")  # they come meanwhile and find no slot
        return hello(environ, start_response)

    it = bench(application)
    it.add("/long")
    told = [(it.take(), it.is_woken) for _ in range(3)]
    assert told == [(True, False), (True, False), (True, True)]


def test_watcher_is_awake_while_a_thread_runs_an_inline_request_that_waited(bench) -> None:
    parked = []

    def application(environ, start_response):
        parked.append(it.loop.watcher.is_parked)
        return hello(environ, start_response)

    it = bench(application)
    it.loop.watcher.is_parked = True
    it.wait_inline("/quick")
    assert it.take()
    assert parked == [False]


def test_inline_request_that_waited_long_for_a_thread_has_a_slot_reserved(bench) -> None:
    it = bench(hello)
    it.wait_inline("/quick")
    it.loop.waiting_inline[0].body_ns = 1  # since the machine started
    assert it.take()
    assert it.pool.reserved_slots == 1


def test_slot_that_a_thread_gives_back_unused_is_told_to_an_inline_request_that_missed_it(bench) -> None:
    it = bench(hello)
    it.loop.waiting_inline.append(None)
    it.go_to_bed()
    assert it.is_woken


# The crew


class Crew:
    """A pool with real threads around a loop that only notes who owned it."""

    def __init__(self, threads: int, application=None) -> None:
        self.it = Bench(application or hello, threads)
        self.pool, self.loop = self.it.pool, self.it.loop
        self.owned: SimpleQueue[int] = SimpleQueue()
        self.loop.own = self.owned.put
        self.pool.start(self.loop)

    def answered(self, count: int) -> list[object]:
        """Wait for that many answers."""
        give_up_s = time.monotonic() + 20
        while len(self.loop._handed_off) < count:
            assert time.monotonic() < give_up_s
            time.sleep(0.001)
        return [exchange for exchange, _ in self.loop._handed_off]

    def close(self) -> None:
        self.pool.stop()
        for thread in self.pool._threads:
            thread.join(20)
            assert not thread.is_alive()
        self.it.close()


@pytest.fixture
def crew() -> Iterator[Callable[..., Crew]]:
    crews: list[Crew] = []

    def make(*args) -> Crew:
        crews.append(Crew(*args))
        return crews[-1]

    yield make
    for each in crews:
        each.close()


def test_crew_has_a_thread_more_than_calls_and_one_becomes_the_owner(crew) -> None:
    it = crew(3)
    owner = it.owned.get(timeout=20)
    assert [it.pool._threads[index].name for index in range(4)] == [f"penstock-{index}" for index in range(4)]
    assert 0 <= owner <= 3
    assert len(it.pool.slots) == 3


def test_every_job_is_answered_once_and_every_slot_comes_back(crew) -> None:
    it = crew(3)
    it.owned.get(timeout=20)
    for index in range(300):
        it.it.add(f"/{index}")
        it.pool.wake()
    exchanges = it.answered(300)
    assert len({exchange.request_id for exchange in exchanges}) == 300
    assert all(exchange.lane == 1 and exchange.start_ns <= exchange.end_ns for exchange in exchanges)
    assert all(it.pool._threads[exchange.thread] for exchange in exchanges)
    give_up_s = time.monotonic() + 20
    while len(it.pool.slots) < 3:
        assert time.monotonic() < give_up_s


def test_vacancy_is_filled_before_any_job(crew) -> None:
    arrived, going_on = threading.Event(), threading.Event()

    def application(environ, start_response):
        arrived.set()
        going_on.wait(20)
        return hello(environ, start_response)

    it = crew(1, application)
    it.owned.get(timeout=20)
    it.it.add("/slow", "/next")
    it.pool.wake()
    assert arrived.wait(20)
    it.pool.appoint()
    assert it.owned.get(timeout=20) >= 0  # the thread that is left takes the loop
    going_on.set()
    it.answered(2)


def test_jobs_that_wait_when_the_loop_changes_hands_wake_somebody_else(crew) -> None:
    it = crew(2)
    it.owned.get(timeout=20)
    it.it.add("/a", "/b")
    it.pool.appoint()
    it.answered(2)


def test_job_that_another_thread_was_quicker_to_take_costs_no_slot(bench) -> None:
    it = bench(hello)

    class Emptied(deque):
        """Jobs that another thread empties after this one has looked."""

        def __bool__(self) -> bool:
            return True

    it.pool.jobs = Emptied()
    assert not it.take()
    assert len(it.pool.slots) == 2


def test_slot_that_another_thread_was_quicker_to_take_ends_the_try(bench) -> None:
    it = bench(hello)

    class Taken(list):
        """Slots that another thread takes after this one has looked."""

        def __len__(self) -> int:
            return 1

    it.add("/a")
    it.pool.slots = Taken()
    assert not it.take()
    assert len(it.pool.jobs) == 1


def test_thread_that_sees_work_on_its_way_to_bed_does_not_sleep(bench) -> None:
    it = bench(hello)
    it.add("/a")
    bed = threading.Lock()
    bed.acquire()
    it.pool._sleep(it.loop, bed)
    assert it.pool._idle == []
    bed.release()


def test_thread_that_is_being_woken_on_its_way_to_bed_takes_the_waking(bench) -> None:
    it = bench(hello)
    it.add("/a")

    class Popped(list):
        """Beds from which a waker takes each at once."""

        def append(self, bed) -> None:
            pass

    it.pool._idle = Popped()
    it.pool._is_waking = True
    it.go_to_bed()
    assert not it.pool._is_waking


# Leaving the loop to another thread


def test_owner_keeps_the_loop_when_nobody_sleeps(bench) -> None:
    it = bench(hello)
    assert not it.pool.may_abdicate()
    assert not it.pool._vacancies


def test_owner_leaves_the_loop_to_the_thread_it_wakes(bench) -> None:
    it = bench(hello)
    bed = threading.Lock()
    bed.acquire()
    it.pool._idle.append(bed)
    assert it.pool.may_abdicate()
    assert it.pool._vacancies == [None]
    assert not bed.locked()


@pytest.mark.parametrize(
    ("kept", "is_left"),
    [pytest.param([None], False, id="nobody-took-it"), pytest.param([], True, id="somebody-took-it")],
)
def test_owner_looks_again_when_the_woken_thread_may_have_passed(bench, kept, is_left) -> None:
    class Vacancies(list):
        def append(self, _item) -> None:
            it.pool._is_waking = False  # it passes now, before there is anything to see
            self[:] = kept

    it = bench(hello)
    it.pool._is_waking = True
    it.pool._vacancies = Vacancies()
    assert it.pool.may_abdicate() is is_left
    assert not it.pool._vacancies


def test_thread_that_leaves_the_loop_while_the_pool_stops_does_not_sleep(bench) -> None:
    it = bench(hello)
    it.loop.own = lambda _index: True
    it.pool.stop()
    it.pool._own(it.loop, 0)
    assert not it.pool._idle


def test_thread_that_leaves_the_loop_to_one_that_is_stuck_at_once_does_not_sleep(bench) -> None:
    it = bench(hello)
    stuck = it.exchange("/stuck")
    stuck.lane = POOL_LANE
    it.loop.claim.append(stuck)
    it.loop.own = lambda _index: True
    it.pool._own(it.loop, 0)
    assert not it.pool._idle


def test_thread_that_takes_over_a_loop_with_jobs_wakes_somebody_for_them(bench) -> None:
    it = bench(hello)
    it.loop.own = lambda _index: False
    bed = threading.Lock()
    bed.acquire()
    it.pool._idle.append(bed)
    it.add("/a")
    it.pool._own(it.loop, 0)
    assert not bed.locked()


# Standing by


def wait_for_bed(it: Crew) -> None:
    """Wait until all threads sleep."""
    give_up_s = time.monotonic() + 10
    while len(it.pool._idle) < len(it.pool._threads):
        assert time.monotonic() < give_up_s
        time.sleep(0.001)


def test_thread_stands_by_after_it_was_woken_in_vain_and_not_after_it_was_needed(crew) -> None:
    it = crew(1)
    it.owned.get(timeout=5)
    wait_for_bed(it)
    it.it.add("/a")
    it.pool.wake()
    (exchange,) = it.answered(1)
    wait_for_bed(it)
    standby = it.pool._standbys[exchange.thread]
    assert not standby.is_on
    it.pool.wake()
    give_up_s = time.monotonic() + 10
    while not standby.is_on:
        assert time.monotonic() < give_up_s
        time.sleep(0.001)


def test_thread_that_stands_by_is_like_any_other_while_it_runs_a_request(bench) -> None:
    def application(environ, start_response):
        seen.append(it.pool._standbys[0].is_on)
        return hello(environ, start_response)

    seen: list[bool] = []
    it = bench(application)
    it.pool._standbys[0].begin()
    it.add("/a")
    assert it.take()
    assert seen == [False]


def test_thread_that_stands_by_is_like_any_other_while_it_owns_the_loop(bench) -> None:
    seen: list[bool] = []
    it = bench(hello)
    it.loop.own = lambda _index: seen.append(it.pool._standbys[0].is_on)
    it.pool._standbys[0].begin()
    it.pool._vacancies.append(None)
    assert it.pool._take_turn(it.loop, 0)
    assert seen == [False]
    assert not it.pool._vacancies


def test_vacancy_that_another_thread_was_quicker_to_fill_is_none(bench) -> None:
    class Filled(list):
        """Vacancies that another thread fills after this one has looked."""

        def __bool__(self) -> bool:
            return True

    it = bench(hello)
    it.pool._vacancies = Filled()
    assert not it.pool._take_turn(it.loop, 0)
