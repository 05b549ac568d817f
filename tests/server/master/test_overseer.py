"""Verdicts from pulses alone: a table of what a worker may show, and lives played through."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.server.master.overseer import (
    LATE_NS,
    NS,
    SILENCE_NS,
    STACK_NS,
    Cause,
    LostWorker,
    Overseer,
    RequestStack,
    StuckWorker,
    WatchedWorker,
)
from penstock.telemetry import Pulse, RunningRequest

TIMEOUT_S = 30.0
GRACE_S = 5.0
S = NS
START = 1000 * S  # when the request begins
DUE = START + 30 * S
END = DUE + 5 * S


def request(since_ns=START, deadline_ns=0, thread=1, *, is_interrupted=False):
    return RunningRequest(
        thread,
        since_ns,
        deadline_ns,
        f"id-{thread}",
        "GET /x HTTP/1.1",
        is_answered=False,
        is_interrupted=is_interrupted,
    )


def worker(beat_ns, *running, interrupts=0, pid=71, slot=1):
    return WatchedWorker(slot, pid, Pulse(pid, beat_ns, interrupts, running))


@pytest.fixture
def overseer():
    return Overseer(TIMEOUT_S, GRACE_S)


def watch(overseer, seen, until_ns, from_ns=END):
    """Review `seen` as often as the overseer asks for, until `until_ns`; returns all verdicts."""
    found, now_ns = [], from_ns
    while now_ns <= until_ns:
        found += overseer.review([seen], now_ns)
        now_ns += max(int(overseer.wait_s(now_ns) * NS), 1)
    return found


NOTHING = None
REPLACE = LostWorker(1, 71, Cause.THREAD_LOST, request())
ASK = RequestStack(1, 71)


@pytest.mark.parametrize(
    ("now_ns", "seen", "expected"),
    [
        pytest.param(END, worker(0), NOTHING, id="has-not-begun"),
        pytest.param(END, worker(0, request()), NOTHING, id="has-not-begun-with-a-predecessors-line"),
        pytest.param(
            END, WatchedWorker(1, 71, Pulse(70, START, 1, (request(),))), NOTHING, id="slot-of-a-predecessor"
        ),
        pytest.param(END, worker(END), NOTHING, id="idle"),
        pytest.param(START + S, worker(START + S, request()), NOTHING, id="request-runs"),
        pytest.param(DUE - 1, worker(DUE - 1, request()), NOTHING, id="request-is-nearly-due"),
        pytest.param(DUE + S, worker(DUE + S, request()), NOTHING, id="due-and-loop-turns"),
        pytest.param(END - 1, worker(END - 1, request()), NOTHING, id="loop-turns-and-grace-is-not-over"),
        pytest.param(END, worker(END, request()), REPLACE, id="loop-turns-and-grace-is-over"),
        pytest.param(END, worker(DUE, request()), REPLACE, id="loop-turned-just-when-it-was-due"),
        pytest.param(END, worker(END - S, request()), REPLACE, id="loop-turned-a-second-ago"),
        pytest.param(END, worker(START, request()), ASK, id="silent-since-it-began"),
        pytest.param(END, worker(DUE - 1, request()), ASK, id="silent-since-before-it-was-due"),
        pytest.param(END - STACK_NS, worker(START, request()), ASK, id="silent-and-grace-nearly-over"),
        pytest.param(END - STACK_NS - 1, worker(START, request()), NOTHING, id="silent-and-grace-not-over"),
        pytest.param(DUE + S, worker(START, request()), NOTHING, id="silent-and-just-due"),
        pytest.param(START + 29 * S, worker(START, request()), NOTHING, id="silent-and-not-due"),
        pytest.param(END, worker(START), ASK, id="silent-without-a-request"),
        pytest.param(END - STACK_NS - 1, worker(START), NOTHING, id="silent-without-a-request-not-for-long"),
        pytest.param(END, worker(START, request(deadline_ns=END)), NOTHING, id="has-asked-for-more-time"),
        pytest.param(
            END + 5 * S, worker(START, request(deadline_ns=END)), ASK, id="silent-beyond-what-was-asked-for"
        ),
        pytest.param(
            END + 5 * S,
            worker(END + 5 * S, request(deadline_ns=END)),
            LostWorker(1, 71, Cause.THREAD_LOST, request(deadline_ns=END)),
            id="lost-beyond-what-was-asked-for",
        ),
        pytest.param(
            END,
            worker(END, request(deadline_ns=1)),
            LostWorker(1, 71, Cause.THREAD_LOST, request(deadline_ns=1)),
            id="deadline-never-comes-earlier",
        ),
        pytest.param(START + S, worker(START + S, request(deadline_ns=1)), NOTHING, id="early-deadline"),
        pytest.param(
            DUE,
            worker(DUE, interrupts=1),
            LostWorker(1, 71, Cause.INTERRUPTED, None),
            id="interrupted-and-came-back",
        ),
        pytest.param(
            DUE + S,
            worker(DUE + S, request(is_interrupted=True), interrupts=1),
            NOTHING,
            id="interrupted-and-not-back-yet",
        ),
        pytest.param(
            END,
            worker(END, request(is_interrupted=True), interrupts=1),
            LostWorker(1, 71, Cause.THREAD_LOST, request(is_interrupted=True)),
            id="interrupted-in-vain",
        ),
        pytest.param(
            DUE + S,
            worker(DUE + S, request(is_interrupted=True), interrupts=2),
            LostWorker(1, 71, Cause.INTERRUPTED, None),
            id="one-of-two-interrupted-came-back",
        ),
        pytest.param(
            END,
            worker(START, request(), request(deadline_ns=START + 600 * S, thread=2)),
            ASK,
            id="silent-with-one-of-two-overdue",
        ),
        pytest.param(
            END,
            worker(START, request(deadline_ns=START + 600 * S)),
            NOTHING,
            id="silent-and-the-only-one-has-asked-for-more",
        ),
        pytest.param(
            END,
            worker(END, request(START + S, thread=0), request()),
            LostWorker(1, 71, Cause.THREAD_LOST, request()),
            id="the-earliest-of-two",
        ),
        pytest.param(END, worker(2**64 - 1, request()), REPLACE, id="beat-of-the-future"),
        pytest.param(END, worker(END, request(2**64 - 1)), NOTHING, id="request-of-the-future"),
        pytest.param(END, worker(END, request(deadline_ns=2**64 - 1)), NOTHING, id="no-deadline-at-all"),
    ],
)
def test_verdict_follows_from_request_loop_and_time(overseer, now_ns, seen, expected) -> None:
    assert overseer.review([seen], now_ns) == ([] if expected is None else [expected])


def test_stuck_worker_is_killed_once_its_stack_had_time_to_be_written(overseer) -> None:
    seen = worker(START, request())
    assert overseer.review([seen], END - STACK_NS) == [ASK]
    assert overseer.wait_s(END - STACK_NS) == STACK_NS / NS
    assert overseer.review([seen], END - 1) == []
    assert overseer.review([seen], END) == [StuckWorker(1, 71, END - START, (request(),))]


def test_stack_that_was_asked_for_late_has_its_time_all_the_same(overseer) -> None:
    seen = worker(START, request())
    overseer.review([seen], END + S)
    assert overseer.review([seen], END + S + STACK_NS - 1) == []
    assert len(overseer.review([seen], END + S + STACK_NS)) == 1


def test_loop_that_turns_again_after_its_stack_was_asked_for_is_not_killed(overseer) -> None:
    assert overseer.review([worker(START, request())], END - STACK_NS) == [ASK]
    assert overseer.review([worker(END - 1, request())], END) == [REPLACE]


def test_loop_that_turned_once_and_hangs_again_is_asked_again(overseer) -> None:
    overseer.review([worker(START, request())], END - STACK_NS)
    found = watch(overseer, worker(END - 1), END + 36 * S)
    assert [type(verdict) for verdict in found] == [RequestStack, StuckWorker]


def test_request_that_was_due_first_stands_in_front(overseer) -> None:
    first, second = request(START, thread=2), request(START + S, thread=0)
    seen = worker(START + S, second, first)
    overseer.review([seen], END)
    (verdict,) = overseer.review([seen], END + S)
    assert verdict.requests == (first, second)


def test_each_verdict_is_given_once(overseer) -> None:
    lost, stuck = worker(END, request()), worker(START, request(), pid=72, slot=2)
    found = [overseer.review([lost, stuck], END + step * NS // 10) for step in range(100)]
    given = [(type(verdict), verdict.pid) for verdict in itertools.chain.from_iterable(found)]
    assert given == [(LostWorker, 71), (RequestStack, 72), (StuckWorker, 72)]


def test_lost_worker_that_hangs_altogether_is_killed_too(overseer) -> None:
    found = watch(overseer, worker(END, request()), END + 36 * S)
    assert [type(verdict) for verdict in found] == [LostWorker, RequestStack, StuckWorker]


def test_successor_with_the_same_pid_is_a_stranger_once_the_first_was_seen_gone(overseer) -> None:
    overseer.review([worker(END, request())], END)
    overseer.review([], END + S)
    assert overseer.review([worker(END + S, request())], END + S) == [REPLACE]


def test_without_grace_a_silent_loop_still_has_what_a_busy_machine_takes() -> None:
    overseer = Overseer(0.1, 0.0)
    seen = worker(START, request())
    assert overseer.review([seen], START + SILENCE_NS - 1) == []
    assert overseer.review([seen], START + SILENCE_NS) == [ASK]


def test_limits_that_a_reload_brings_count_from_then_on(overseer) -> None:
    seen = worker(END, request())
    overseer.allow(600.0, 5.0)
    assert overseer.review([seen], END) == []
    overseer.allow(30.0, 5.0)
    assert overseer.review([seen], END) == [REPLACE]


def test_nobody_is_judged_when_the_master_itself_came_late(overseer) -> None:
    overseer.review([worker(START, request())], START)
    wait_ns = int(overseer.wait_s(START) * NS)
    late_ns = START + wait_ns + LATE_NS + 1
    assert overseer.review([worker(START, request())], late_ns) == []
    assert overseer.wait_s(late_ns) == SILENCE_NS / NS
    assert overseer.review([worker(START, request())], late_ns + SILENCE_NS) == [ASK]


def test_master_waits_for_ever_while_nobody_is_watched(overseer) -> None:
    assert overseer.wait_s(START) is None
    overseer.review([worker(START)], START)
    overseer.review([], START)
    assert overseer.wait_s(START) is None


def test_master_looks_again_before_anything_new_can_be_due(overseer) -> None:
    overseer.review([worker(START)], START)
    assert overseer.wait_s(START) <= TIMEOUT_S


@given(beats=st.integers(0, 90), since=st.integers(0, 100), more=st.integers(0, 200))
def test_master_that_sleeps_as_long_as_it_is_told_misses_no_loop_that_stops(beats, since, more) -> None:
    deadline_ns = START + more * S if more else 0
    running = request(START + since * NS // 4, deadline_ns)
    last_ns = START + beats * S
    overseer, now_ns, ends = Overseer(TIMEOUT_S, GRACE_S), START, []
    while now_ns < START + 400 * S:
        seen = worker(min(now_ns // S * S, last_ns), running)
        ends += [now_ns for found in overseer.review([seen], now_ns) if isinstance(found, StuckWorker)]
        now_ns += max(int(overseer.wait_s(now_ns) * NS), 1)
    due_ns = max(running.since_ns + 30 * S, deadline_ns)
    fair_ns = (due_ns if due_ns > last_ns else last_ns + 30 * S) + 5 * S
    (end_ns,) = ends
    assert 0 <= end_ns - fair_ns <= STACK_NS
