import pytest

from penstock.agent.readiness import READY, STALE_NS, judge
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState

NOW_NS = 10**15


def test_master_and_one_worker_are_enough(segment, put) -> None:
    put(0)
    put(1, WorkerState.GONE)
    put(2)
    assert judge(segment, NOW_NS, has_master=True) is READY


@pytest.mark.parametrize(
    ("master", "worker", "reason"),
    [
        pytest.param(WorkerState.BOOTING, WorkerState.READY, "starting", id="starting"),
        pytest.param(WorkerState.DRAINING, WorkerState.READY, "draining", id="draining"),
        pytest.param(WorkerState.GONE, WorkerState.READY, "draining", id="stopped"),
        pytest.param(WorkerState.READY, WorkerState.BOOTING, "no worker is ready", id="workers-boot"),
        pytest.param(WorkerState.READY, WorkerState.DRAINING, "no worker is ready", id="workers-drain"),
        pytest.param(WorkerState.READY, WorkerState.GONE, "no worker is ready", id="workers-gone"),
    ],
)
def test_state_in_which_nobody_should_be_sent_is_named(segment, put, master, worker, reason) -> None:
    put(0, master)
    put(1, worker)
    verdict = judge(segment, NOW_NS, has_master=True)
    assert (verdict.is_ready, verdict.reason) == (False, reason)


def test_without_its_master_a_server_is_not_ready(segment, put) -> None:
    put(0)
    put(1)
    assert judge(segment, NOW_NS, has_master=False).reason == "the master has gone"


def test_program_that_drains_behind_a_new_one_is_ready(segment, put) -> None:
    put(0, WorkerState.DRAINING)
    segment.words[layout.SUCCESSOR_PID_WORD] = 4121
    assert judge(segment, NOW_NS, has_master=True).reason == "ready: a new program has taken over"
    assert judge(segment, NOW_NS, has_master=False).is_ready


def test_master_that_stands_still_is_not_ready(segment, put) -> None:
    put(0)
    put(1)
    segment.words[layout.MASTER_TURNED_NS_WORD] = NOW_NS - STALE_NS
    assert judge(segment, NOW_NS, has_master=True) is READY
    assert judge(segment, NOW_NS + 1, has_master=True).reason == "the master has not moved for 10 s"
