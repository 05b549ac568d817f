"""The loop: lanes, take-over, hand-offs."""

import os
import select
import socket
import sys
import threading
import time
from collections import deque
from types import SimpleNamespace

import pytest
from tests.server.plans import wait_until

from penstock.server.worker import watcher
from penstock.server.worker.lanes import FIRST_NEEDED, Lanes
from penstock.server.worker.loop import FREQUENT_ANSWERS, Loop, TakenOver
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


def test_quick_shape_comes_to_the_loop_by_itself(serve, monkeypatch) -> None:
    monkeypatch.setattr("penstock.server.worker.lanes.SLOW_NS", 10**12)  # quick on any machine
    rig = serve()
    client = rig.connect()
    for _ in range(FIRST_NEEDED + 1):
        client.get()
    lanes = [access.lane for access in rig.wait_accesses(FIRST_NEEDED + 1)]
    assert lanes == [1] * FIRST_NEEDED + [0]


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


# The pool lane on the loop's thread


def arriving_together(rig, *requests) -> None:
    """Let the requests (client, path) come in one batch of events, in that order."""
    held, sent = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert sent.wait(20)

    rig.loop.order(hold)
    assert held.wait(20)
    for client, path in requests:
        client.ask(path)
    sent.set()


def test_request_of_the_pool_lane_that_waits_loses_the_loop_at_once(
    serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "OLD_CLAIM_NS", 60_000_000_000)  # on a busy machine it would come first
    rig = serve(threads=2, lanes="pool")
    gate = rig.gate("/stuck")
    stuck, neighbour = rig.connect(), rig.connect()
    stuck.ask("/stuck")
    gate.wait_arrival()
    assert [neighbour.get("/quick").body for _ in range(3)] == [b"hello"] * 3
    gate.open()
    assert stuck.answer().body == b"hello"
    assert {access.lane for access in rig.wait_accesses(4)} == {1}
    assert rig.loop.watcher.take_over_count == 0
    rig.wait_until(lambda: rig.loop.is_quiet)
    rig.wait_until(lambda: owners(rig) == 1)


def test_neighbours_in_the_batch_of_a_request_that_waits_are_answered_before_it(serve) -> None:
    rig = serve(threads=3, lanes="pool")
    gate = rig.gate("/stuck")
    before, stuck, behind = rig.connect(), rig.connect(), rig.connect()
    for client in (before, stuck, behind):
        client.get("/quick")  # all three are accepted
    arriving_together(rig, (before, "/quick"), (stuck, "/stuck"), (behind, "/quick"))
    gate.wait_arrival()
    assert [before.answer().body, behind.answer().body] == [b"hello"] * 2
    gate.open()
    assert stuck.answer().body == b"hello"


def test_request_that_waits_loses_the_loop_though_the_woken_thread_came_between_two_requests(
    serve, monkeypatch
) -> None:
    rig = serve(threads=2, lanes="pool")
    gate = rig.gate("/stuck")
    first, stuck, neighbour = rig.connect(), rig.connect(), rig.connect()
    for client in (first, stuck, neighbour):
        client.get("/quick")
    rig.wait_until(lambda: rig.loop.watcher.is_parked)  # else it would take the loop over in its own time
    pool = rig.loop.pool

    def leave(_thread: int) -> None:
        """Stand between two requests until the other threads have looked and are asleep again."""
        monkeypatch.undo()
        wait_until(lambda: len(pool._idle) == 2)

    monkeypatch.setattr(rig.recorder, "leave", leave)
    arriving_together(rig, (first, "/quick"), (stuck, "/stuck"))
    gate.wait_arrival()
    assert neighbour.get("/quick").body == b"hello"
    gate.open()
    assert [first.answer().body, stuck.answer().body] == [b"hello"] * 2


def test_pipelined_request_behind_one_that_waited_is_answered_after_it(serve) -> None:
    rig = serve(threads=2, lanes="pool")
    gate = rig.gate("/stuck")
    client = rig.connect()
    client.send(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\nGET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
    gate.wait_arrival()
    gate.open()
    assert [client.answer().body, client.answer().body] == [b"hello"] * 2
    assert [access.line for access in rig.wait_accesses(2)] == [
        b"GET /stuck HTTP/1.1",
        b"GET /quick HTTP/1.1",
    ]


def test_request_that_waits_beyond_its_deadline_is_answered_by_the_next_owner(serve) -> None:
    rig = serve(threads=2, lanes="pool", request_timeout_s=0.05)
    gate = rig.gate("/stuck")
    client = rig.connect()
    client.ask("/stuck")
    gate.wait_arrival()
    assert client.answer().status == 504
    gate.open()
    (access,) = rig.wait_accesses(1)
    assert access.outcome is Outcome.TIMED_OUT
    rig.wait_until(lambda: rig.loop.is_quiet)


def test_client_that_leaves_before_its_turn_is_recorded_and_the_application_is_not_called(serve) -> None:
    calls = []

    def application(environ, start_response):
        calls.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"hello"]

    rig = serve(application, threads=2, lanes="pool")
    client = rig.connect()
    connection = rig.the_connection()

    def come_and_go() -> None:
        client.ask("/gone")
        while not rig.loop.arrived:
            connection.receive()
        connection._lose_peer()

    rig.on_loop(come_and_go)
    (access,) = rig.wait_accesses(1)
    assert (access.status, access.outcome) == (499, Outcome.PEER_GONE)
    assert calls == []
    rig.wait_until(lambda: rig.loop.is_quiet)


def test_request_that_finds_no_slot_waits_in_the_queue_and_keeps_its_deadline(serve) -> None:
    rig = serve(threads=1, lanes="pool")
    gate = rig.gate("/stuck")
    stuck, waiting = rig.connect(), rig.connect()
    stuck.ask("/stuck")
    gate.wait_arrival()
    waiting.ask("/quick")
    rig.wait_until(lambda: rig.loop.pool.jobs)
    assert rig.on_loop(lambda: [exchange.sink.tick > 0 for exchange in rig.loop.pool.jobs]) == [True]
    assert not rig.on_loop(lambda: rig.loop.is_quiet)
    gate.open()
    assert [stuck.answer().body, waiting.answer().body] == [b"hello"] * 2


def test_request_in_the_queue_runs_on_the_loop_when_a_slot_is_free(serve) -> None:
    rig = serve(threads=1, lanes="pool")
    client = rig.connect()
    connection = rig.the_connection()

    def come_and_queue() -> int:
        client.ask("/")
        while not rig.loop.arrived:
            connection.receive()
        rig.loop.pool.jobs.append(rig.loop.arrived.popleft().wait_for_thread())
        return rig.loop._thread

    owner = rig.on_loop(come_and_queue)
    assert client.answer().body == b"hello"
    (access,) = rig.wait_accesses(1)
    assert (access.thread, access.lane) == (owner, 1)


def test_what_arrives_when_the_worker_is_cut_does_not_run(serve) -> None:
    rig = serve(threads=1, lanes="pool")
    client = rig.connect()
    connection = rig.the_connection()

    def come_and_be_cut() -> None:
        client.ask("/")
        while not rig.loop.arrived:
            connection.receive()
        rig._end()

    rig.loop.order(come_and_be_cut)
    assert not client.answer().is_whole
    assert [access.outcome for access in rig.recorder.accesses] == [Outcome.CUT]


def test_requests_that_wait_at_random_lose_no_answer_and_leave_one_owner(serve) -> None:
    def application(environ, start_response):
        if int(environ["QUERY_STRING"]) % 7 == 0:
            time.sleep(0.001)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["QUERY_STRING"].encode()]

    rig = serve(application, threads=3, lanes="pool")
    failures = []

    def ask(number: int) -> None:
        client = rig.connect()
        numbers = range(number, number + 200)
        failures.extend(each for each in numbers if client.get(f"/?{each}").body != b"%d" % each)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(rig.wait_accesses(1200)) == 1200
    assert rig.recorder.peak_inside <= 3
    rig.wait_until(lambda: rig.loop.is_quiet)
    rig.wait_until(lambda: owners(rig) == 1)


def test_owner_that_always_finds_work_leaves_the_loop_while_others_come_back(serve, monkeypatch) -> None:
    monkeypatch.setattr("penstock.server.worker.loop.TURN_NS", -1)
    rig = serve(threads=3, lanes="pool")
    gate = rig.gate("/stuck")
    stuck, client = rig.connect(), rig.connect()
    stuck.ask("/stuck")
    gate.wait_arrival()
    seen = {rig.on_loop(lambda: rig.loop._thread) for _ in range(20)}
    assert len(seen) > 1
    assert [client.get("/quick").body for _ in range(20)] == [b"hello"] * 20
    gate.open()
    assert stuck.answer().body == b"hello"
    rig.wait_until(lambda: rig.loop.is_quiet)
    rig.wait_until(lambda: owners(rig) == 1)


def test_owner_stays_while_nobody_else_is_inside_the_application(serve, monkeypatch) -> None:
    monkeypatch.setattr("penstock.server.worker.loop.TURN_NS", -1)
    rig = serve(threads=3)
    rig.make_inline("/")
    owner = rig.on_loop(lambda: rig.loop._thread)
    client = rig.connect()
    for _ in range(20):
        client.get()
    assert rig.on_loop(lambda: rig.loop._thread) == owner


def test_claim_that_its_owner_takes_back_meanwhile_is_not_taken_over() -> None:
    class Fleeting(list):
        def pop(self, *_):
            raise IndexError

    claims = Claims()
    assert not claims.loop.maybe_take_over()
    claims.loop.claim = Fleeting([SimpleNamespace(lane=0)])
    assert not claims.loop.maybe_take_over()
    claims.loop.claim = Fleeting([SimpleNamespace(lane=1)])
    assert not claims.loop.maybe_take_over()
    assert not claims.loop.orders
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
    monkeypatch.setattr("penstock.server.worker.loop.LONG_WAIT_NS", 0)
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


def test_reserve_is_given_back_while_the_pool_answers_often(serve) -> None:
    rig = serve(threads=2)

    def review() -> int:
        rig.loop.pool.reserved_slots = 1
        rig.loop.last_inline_ns = time.monotonic_ns()
        rig.loop._answer_count = FREQUENT_ANSWERS
        rig.loop._review_reserve()
        return rig.loop.pool.reserved_slots

    assert rig.on_loop(review) == 0
    assert len(rig.loop.wheel) == 0


# Waiting for a slot


def test_quick_requests_that_wait_run_on_the_thread_that_frees_a_slot(serve) -> None:
    rig = serve(threads=1)
    gate = rig.gate("/slow")
    rig.make_inline("/quick")
    slow, quick, queued = rig.connect(), rig.connect(), rig.connect()
    slow.ask("/slow")
    gate.wait_arrival()
    queued.ask("/pool")
    rig.wait_until(lambda: rig.loop.pool.jobs)
    quick.ask("/quick")
    rig.wait_until(lambda: rig.loop.waiting_inline)
    gate.open()
    assert [client.answer().status for client in (slow, quick, queued)] == [200, 200, 200]
    lines = [access.line for access in rig.wait_accesses(3)]
    assert lines.index(b"GET /quick HTTP/1.1") < lines.index(b"GET /pool HTTP/1.1")


def test_inline_request_that_a_thread_was_quicker_to_take_costs_no_slot(serve) -> None:
    rig = serve(threads=2)

    class Emptied(deque):
        """Requests that a thread takes after the owner has looked."""

        def __bool__(self) -> bool:
            return True

    def run() -> int:
        rig.loop.waiting_inline, kept = Emptied(), rig.loop.waiting_inline
        rig.loop._run_waiting()
        rig.loop.waiting_inline = kept
        return len(rig.loop.pool.slots)

    assert rig.on_loop(run) == 2


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
