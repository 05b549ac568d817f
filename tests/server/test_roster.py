import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.server.lifecycle import State
from penstock.server.roster import Roster, StartWorker, StopWorker


class Crowd:
    """Carries out a roster's commands on processes that are only numbers."""

    def __init__(self, desired: int = 2, slots: int = 12) -> None:
        self.roster = Roster(slots, desired)
        self.now_s = 0.0
        self.stopped: list[int] = []
        self._pids = itertools.count(100)

    def settle(self, *, ready: bool = True) -> list[int]:
        """Carry out plans until there is nothing to do; returns the pids that were started."""
        started = []
        while commands := self.roster.plan(self.now_s):
            for command in commands:
                if isinstance(command, StartWorker):
                    pid = next(self._pids)
                    self.roster.started(command, pid, self.now_s)
                    started.append(pid)
                    if ready:
                        self.roster.ready(pid)
                else:
                    self.stopped.append(command.pid)
        return started

    def leave(self) -> None:
        """Let those that were asked to stop exit."""
        while self.stopped:
            self.roster.exited(self.stopped.pop(), self.now_s)


def test_roster_at_start_starts_as_many_as_desired_in_slots_of_their_own() -> None:
    assert Roster(8, 3).plan(0) == [StartWorker(1, 1), StartWorker(2, 1), StartWorker(3, 1)]


def test_settled_roster_has_nothing_to_do() -> None:
    crowd = Crowd()
    crowd.settle()
    assert crowd.roster.plan(1) == []
    assert crowd.roster.wait_s(1) is None


def test_dead_worker_is_replaced_in_its_slot() -> None:
    crowd = Crowd()
    first, _ = crowd.settle()
    crowd.roster.exited(first, 60)
    assert crowd.roster.plan(60) == [StartWorker(1, 1)]


def test_worker_that_dies_again_and_again_waits_before_its_successor() -> None:
    crowd = Crowd(desired=1)
    for _ in range(4):
        (pid,) = crowd.settle()
        crowd.roster.exited(pid, crowd.now_s)
        crowd.now_s += crowd.roster.wait_s(crowd.now_s) or 0
    (pid,) = crowd.settle()
    crowd.roster.exited(pid, crowd.now_s)
    assert crowd.roster.plan(crowd.now_s) == []
    assert crowd.roster.wait_s(crowd.now_s) == 2.0


def test_stranger_that_exits_is_none_of_ours() -> None:
    assert Crowd().roster.exited(1, 0) is None
    Crowd().roster.ready(1)


def test_scaling_up_starts_one_and_scaling_down_stops_the_youngest() -> None:
    crowd = Crowd(desired=1)
    crowd.settle()
    crowd.roster.scale(+1)
    (second,) = crowd.settle()
    crowd.roster.scale(-1)
    assert crowd.roster.plan(0) == [StopWorker(second)]


@pytest.mark.parametrize(
    ("difference", "desired"), [(-5, 1), (+50, 6)], ids=["never-none", "never-more-than-half-the-slots"]
)
def test_scaling_keeps_within_bounds(difference: int, desired: int) -> None:
    roster = Roster(12, 2)
    roster.scale(difference)
    assert roster.desired == desired


def test_reload_stops_the_old_only_when_every_new_one_is_ready() -> None:
    crowd = Crowd()
    old = crowd.settle()
    crowd.roster.reload()
    new = crowd.settle(ready=False)
    assert len(new) == 2
    assert crowd.stopped == []
    crowd.roster.ready(new[0])
    assert crowd.roster.plan(0) == []
    crowd.roster.ready(new[1])
    assert crowd.roster.plan(0) == [StopWorker(pid) for pid in old]
    assert not crowd.roster.is_reloading


def test_reload_whose_code_cannot_boot_keeps_the_old_and_stops_the_new() -> None:
    crowd = Crowd()
    old = crowd.settle()
    crowd.roster.reload()
    broken, other = crowd.settle(ready=False)
    crowd.roster.exited(broken, 0)
    assert crowd.settle() == []
    assert crowd.stopped == [other]
    assert [member.pid for member in crowd.roster.of_generation(crowd.roster.generation)] == old


def test_reloads_during_a_reload_become_one_more() -> None:
    crowd = Crowd()
    crowd.settle()
    crowd.roster.reload()
    crowd.settle(ready=False)
    for _ in range(5):
        crowd.roster.reload()
    for pid in list(crowd.roster.members):
        if crowd.roster.members[pid].state is State.BOOTING:
            crowd.roster.ready(pid)
    crowd.settle()
    crowd.leave()
    assert crowd.roster.generation == 3
    assert len(crowd.roster.members) == 2


def test_old_worker_that_dies_during_a_reload_is_not_replaced_by_old_code() -> None:
    crowd = Crowd()
    old = crowd.settle()
    crowd.roster.reload()
    crowd.settle(ready=False)
    crowd.roster.exited(old[0], 60)
    assert [c for c in crowd.roster.plan(61) if isinstance(c, StartWorker)] == []


def test_stopping_roster_stops_everybody_once_and_starts_nobody() -> None:
    crowd = Crowd()
    pids = crowd.settle()
    crowd.roster.stop()
    assert crowd.roster.plan(0) == [StopWorker(pid) for pid in pids]
    assert crowd.roster.plan(0) == []
    crowd.roster.exited(pids[0], 0)
    assert crowd.roster.plan(0) == []
    assert crowd.roster.wait_s(0) is None


ACTIONS = st.lists(st.sampled_from(["reload", "up", "down", "ready", "die", "leave", "wait"]), max_size=60)


@given(ACTIONS, st.data())
def test_roster_after_any_history_settles_on_the_desired_workers_of_one_generation(
    actions: list[str], data: st.DataObject
) -> None:
    crowd = Crowd()
    roster = crowd.roster
    for action in actions:
        crowd.settle(ready=False)
        pids = sorted(roster.members)
        if action == "reload":
            roster.reload()
        elif action in {"up", "down"}:
            roster.scale(+1 if action == "up" else -1)
        elif action == "ready" and pids:
            booting = [pid for pid in pids if roster.members[pid].state is State.BOOTING]
            if booting:
                roster.ready(booting[0])
        elif action == "die" and pids:
            roster.exited(data.draw(st.sampled_from(pids)), crowd.now_s)
        elif action == "leave":
            crowd.leave()
        else:
            crowd.now_s += 60
        assert len({member.slot for member in roster.members.values()}) == len(roster.members)
    for _ in range(6):
        crowd.now_s += 60
        crowd.settle()
        for pid in list(roster.members):
            if roster.members[pid].state is State.BOOTING:
                roster.ready(pid)
        crowd.settle()
        crowd.leave()
    assert len(roster.members) == roster.desired
    assert {member.generation for member in roster.members.values()} == {roster.generation}


def test_worker_that_cannot_be_forked_is_wanted_again_later_each_time() -> None:
    roster = Roster(4, 1)
    delays = [roster.not_started(0.0) for _ in range(3)]
    assert delays == [0.0, 0.25, 0.5]
    assert roster.plan(0.4) == []
    assert roster.plan(0.5) == [StartWorker(1, 1)]
