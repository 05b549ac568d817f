"""The loop: lanes, take-over, hand-offs."""

import os
import select
import socket
import sys
import threading
import time

import pytest

from penstock.server.lanes import Lanes
from penstock.server.loop import Loop, TakenOver
from penstock.telemetry import Outcome


def streaming(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"one"
    yield b"two"


def writing(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"one")
    return [b"two"]


def owners(rig) -> int:
    """Return how many threads are inside the loop."""
    return sum("own" in _functions(thread) for thread in rig.loop.pool._threads)


def _functions(thread: threading.Thread) -> set[str]:
    frame = sys._current_frames().get(thread.ident or 0)
    found = set()
    while frame is not None:
        found.add(frame.f_code.co_name)
        frame = frame.f_back
    return found


# Take-over


def test_neighbours_are_answered_while_an_inline_request_is_stuck(serve) -> None:
    rig = serve(threads=2)
    gate = rig.gate("/stuck")
    rig.make_inline("/stuck")
    rig.make_inline("/quick")
    stuck, neighbour = rig.connect(), rig.connect()
    stuck.ask("/stuck")
    gate.wait_arrival()
    for _ in range(3):
        assert neighbour.get("/quick").body == b"hello"
    gate.open()
    assert stuck.answer().body == b"hello"
    assert not rig.on_loop(lambda: rig.loop.lanes.choose("GET", "/stuck").is_inline)
    rig.wait_until(lambda: rig.loop.is_quiet)
    rig.wait_until(lambda: owners(rig) == 1)


def test_take_overs_by_the_hundred_lose_no_answer_and_leave_one_owner(serve) -> None:
    lock = threading.Lock()
    calls = 0

    def application(environ, start_response):
        nonlocal calls
        with lock:
            calls += 1
        if environ["PATH_INFO"] == "/slow":
            time.sleep(0.006)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["QUERY_STRING"].encode()]

    rig = serve(application, threads=3)
    failures = []

    def ask(number: int) -> None:
        client = rig.connect()
        for index in range(120):
            rig.loop.lanes.choose("GET", "/slow").is_inline = True
            path = "/slow" if index % 2 else "/quick"
            if client.get(f"{path}?{number}-{index}").body != f"{number}-{index}".encode():
                failures.append((number, index))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert calls == 480
    assert len(rig.wait_accesses(480)) == 480
    assert rig.loop.watcher.take_over_count > 20
    assert rig.recorder.peak_inside <= 3
    rig.wait_until(lambda: rig.loop.is_quiet)
    rig.wait_until(lambda: owners(rig) == 1)


@pytest.mark.parametrize("application", [streaming, writing])
def test_inline_answer_that_is_not_whole_hands_the_loop_over_at_once(serve, application) -> None:
    rig = serve(application)
    rig.make_inline()
    client = rig.connect()
    answer = client.get()
    assert (answer.body, answer.is_whole) == (b"onetwo", True)
    (access,) = rig.wait_accesses(1)
    assert (access.lane, access.outcome) == (0, Outcome.COMPLETE)
    assert rig.loop.watcher.take_over_count == 0
    assert not rig.on_loop(lambda: rig.loop.lanes.choose("GET", "/").is_inline)
    assert client.get().body == b"onetwo"
    assert [access.lane for access in rig.wait_accesses(2)] == [0, 1]


def test_shape_that_streams_never_comes_back_to_the_loop(serve) -> None:
    rig = serve(streaming)
    rig.make_inline()
    client = rig.connect()
    for _ in range(100):
        client.get()
    assert {access.lane for access in rig.wait_accesses(100)[1:]} == {1}


def test_quick_shape_comes_to_the_loop_by_itself(serve) -> None:
    rig = serve()
    client = rig.connect()
    for _ in range(60):
        client.get()
    assert [access.lane for access in rig.wait_accesses(60)] == [1] * 50 + [0] * 10


def test_shape_stays_in_the_pool_when_the_operator_says_so(serve) -> None:
    rig = serve(lanes="pool")
    client = rig.connect()
    for _ in range(60):
        client.get()
    assert {access.lane for access in rig.wait_accesses(60)} == {1}


class Claims:
    """A loop with two threads' claims, and whom it appointed."""

    def __init__(self) -> None:
        self.loop = Loop(lambda *_: [], None, 1, Lanes(is_automatic=True))
        self.appointed: list[object] = []
        self.loop.appoint = self.appointed.append

    def close(self) -> None:
        self.loop.epoll.close()
        os.close(self.loop._wake_fd)


def test_old_owner_cannot_take_its_successors_claim_for_its_own() -> None:
    claims = Claims()
    claims.loop._claims[1].append("the successor's")
    claims.loop.give_up_loop(0)
    assert claims.appointed == []
    claims.loop.give_up_loop(1)
    assert claims.appointed == ["the successor's"]
    claims.close()


# How many at once


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_no_more_than_threads_calls_run_at_once_the_inline_one_included(serve, threads: int) -> None:
    def application(environ, start_response):
        time.sleep(0.002)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"a"] if environ["QUERY_STRING"] else iter([b"a"])

    rig = serve(application, threads=threads)
    clients = [rig.connect() for _ in range(12)]
    for _ in range(5):
        rig.make_inline("/some")
        for index, client in enumerate(clients):
            client.ask("/some?a" if index % 2 else "/other")
        assert [client.answer().body for client in clients] == [b"a"] * 12
    assert rig.recorder.peak_inside == threads


def test_one_slot_is_kept_for_inline_requests_that_had_to_wait_long(serve, monkeypatch) -> None:
    monkeypatch.setattr("penstock.server.loop.LONG_WAIT_NS", 0)
    rig = serve(threads=2)
    first, later = rig.gate("/slow"), rig.gate("/later")
    rig.make_inline("/quick")
    slow = [rig.connect() for _ in range(4)]
    for client in slow[:2]:
        client.ask("/slow")
        first.wait_arrival()
    quick = rig.connect()
    quick.ask("/quick")
    rig.wait_until(lambda: rig.loop.waiting_inline)
    first.open()
    assert quick.answer().body == b"hello"
    for client in slow[2:]:
        client.ask("/later")
    later.wait_arrival()
    rig.wait_until(lambda: len(rig.loop.pool.jobs) == 1)
    assert quick.get("/quick").body == b"hello"
    rig.on_loop(lambda: setattr(rig.loop, "last_inline_ns", 0))
    rig.on_loop(rig.loop._review_reserve)  # none came for a while
    later.wait_arrival()


def test_reserve_stays_while_inline_requests_come(serve) -> None:
    rig = serve(threads=2)

    def review() -> int:
        rig.loop.pool.reserved_slots = 1
        rig.loop.last_inline_ns = time.monotonic_ns()
        rig.loop._review_reserve()
        return rig.loop.pool.reserved_slots

    assert rig.on_loop(review) == 1
    assert len(rig.loop.wheel) == 1
    rig.on_loop(rig.loop.wheel._buckets.clear)


# Waiting for a slot


def test_request_for_the_pool_runs_as_soon_as_a_thread_is_free_though_inline_ones_flow(serve) -> None:
    rig = serve(threads=2)
    gate = rig.gate("/slow")
    rig.make_inline("/quick")
    slow, other = rig.connect(), rig.connect()
    slow.ask("/slow")
    gate.wait_arrival()
    other.get("/quick")
    assert other.get("/pool").status == 200


# Events


def test_hand_off_while_the_loop_falls_asleep_is_not_lost(serve) -> None:
    rig = serve(threads=3, lanes="pool")

    def ask() -> None:
        client = rig.connect()
        for _ in range(400):
            assert client.get().body == b"hello"

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(rig.wait_accesses(1200)) == 1200


def test_descriptor_that_an_earlier_event_of_the_batch_closed_is_not_served(serve) -> None:
    rig = serve()
    pairs = [socket.socketpair() for _ in range(2)]
    served = []

    def watch(ours: socket.socket, other: socket.socket) -> None:
        def on_event(_mask: int) -> None:
            served.append(ours)
            rig.loop.forget(ours.fileno())
            rig.loop.forget(other.fileno())

        rig.loop.watch(ours.fileno(), select.EPOLLIN, on_event)

    def begin() -> None:
        (first, _), (second, _) = pairs
        watch(first, second)
        watch(second, first)
        for _, theirs in pairs:
            theirs.send(b"x")

    rig.on_loop(begin)
    rig.wait_until(lambda: served)
    rig.on_loop(lambda: None)
    assert len(served) == 1
    for pair in pairs:
        for sock in pair:
            sock.close()


def test_orders_are_carried_out_in_their_order_whoever_gives_them(serve) -> None:
    rig = serve()
    seen: list[int] = []
    for number in range(100):
        rig.loop.order(lambda number=number: seen.append(number))
    rig.on_loop(lambda: None)
    assert seen == list(range(100))


def test_fault_of_ours_ends_the_worker(monkeypatch, caplog) -> None:
    statuses = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    claims = Claims()

    def fail() -> None:
        raise RuntimeError("a fault of ours")

    claims.loop.orders.append(fail)
    claims.loop.own(0)
    assert statuses == [70]
    assert "a fault of ours" in caplog.text
    claims.close()


def test_old_owner_unwinds_without_a_word(caplog) -> None:
    claims = Claims()

    def fail() -> None:
        raise TakenOver

    claims.loop.orders.append(fail)
    claims.loop.own(0)
    assert caplog.text == ""
    claims.close()


def test_claim_stands_before_the_watcher_is_asked_whether_it_sleeps(serve) -> None:
    rig = serve()
    rig.make_inline()
    seen = []

    class Parked:
        """A watcher that is asked."""

        @property
        def is_parked(self) -> bool:
            seen.append(len(rig.loop.claim))
            return False

        def wake(self) -> None:
            pass

    watcher, rig.loop.watcher = rig.loop.watcher, Parked()
    rig.connect().get()
    rig.loop.watcher = watcher
    assert seen == [1]
