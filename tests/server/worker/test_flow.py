import threading
import time

import pytest

from penstock.server.worker.flow import Flow
from penstock.wsgi import PeerGoneError


def waiting_thread(flow: Flow, outcome: list[str]) -> threading.Thread:
    def add() -> None:
        try:
            flow.add(1)
            outcome.append("added")
        except PeerGoneError:
            outcome.append("gone")

    thread = threading.Thread(target=add)
    thread.start()
    return thread


def test_application_runs_ahead_up_to_the_limit() -> None:
    flow = Flow(100, 100)
    flow.add(60)
    flow.add(60)
    assert flow.pending_bytes == 120


def test_application_beyond_the_limit_waits_until_the_client_takes_some() -> None:
    flow = Flow(100, 100)
    flow.add(100)
    outcome: list[str] = []
    thread = waiting_thread(flow, outcome)
    thread.join(0.05)
    assert outcome == []
    flow.taken(1)
    thread.join(20)
    assert outcome == ["added"]


def test_waiting_application_is_told_when_the_client_goes() -> None:
    flow = Flow(100, 100)
    flow.add(100)
    outcome: list[str] = []
    thread = waiting_thread(flow, outcome)
    flow.cut()
    thread.join(20)
    assert outcome == ["gone"]


def test_cut_flow_takes_nothing_more() -> None:
    flow = Flow(100, 100)
    flow.cut()
    with pytest.raises(PeerGoneError):
        flow.add(1)


def test_application_gives_a_quick_client_a_moment_before_it_runs_ahead() -> None:
    flow = Flow(10, 1000)
    flow.add(10)
    outcome: list[str] = []
    thread = waiting_thread(flow, outcome)
    flow.taken(5)
    thread.join(20)
    assert outcome == ["added"]


def test_time_in_which_the_application_waits_is_added_up_and_known_meanwhile() -> None:
    flow = Flow(10, 10)
    assert not flow.is_waiting
    assert flow.waited_ns(time.monotonic_ns()) == 0
    flow.add(10)
    outcome: list[str] = []
    thread = waiting_thread(flow, outcome)
    while not flow.is_waiting:
        time.sleep(0)
    now_ns = time.monotonic_ns()
    hour_ns = 3_600_000_000_000
    meanwhile_ns = flow.waited_ns(now_ns + hour_ns)
    assert meanwhile_ns >= hour_ns
    flow.taken(10)
    thread.join(20)
    after_ns = time.monotonic_ns()
    assert not flow.is_waiting
    assert 0 < flow.waited_ns(after_ns) == flow.waited_ns(after_ns + 1) < meanwhile_ns


def test_application_runs_ahead_of_a_slow_client_without_waiting_again() -> None:
    flow = Flow(10, 1000)
    for _ in range(50):
        flow.add(10)
    assert flow.pending_bytes == 500
