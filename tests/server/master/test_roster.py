import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.server.master.lifecycle import State
from penstock.server.master.roster import (
    ConcludeReload,
    ImportGeneration,
    KillWorker,
    ReleaseGeneration,
    Roster,
    StartWorker,
    StopWorker,
)


class Crowd:
    """Carries out a roster's commands on processes that are only numbers.

    Attributes:
        stopped: pids that were asked to stop and have not left.
        concluded: generations of reloads that succeeded.
    """

    def __init__(self, desired: int = 2, slots: int = 12, *, has_templates: bool = True) -> None:
        self.roster = Roster(slots, desired, patience_s=30.0)
        self.now_s = 0.0
        self.stopped: list[int] = []
        self.concluded: list[int] = []
        self.imported: list[int] = []
        self.released: list[int] = []
        self.has_templates = has_templates
        self.peak_count = 0
        self._pids = itertools.count(100)

    def settle(self, *, ready: bool = True, imports: bool = True) -> list[int]:
        """Carry out plans until there is nothing to do; returns the pids that were started."""
        started = []
        while commands := self.roster.plan(self.now_s):
            for command in commands:
                if isinstance(command, StartWorker):
                    started.append(self._start(command, ready=ready))
                elif isinstance(command, StopWorker):
                    self.stopped.append(command.pid)
                elif isinstance(command, ImportGeneration):
                    self.imported.append(command.generation)
                    if imports:
                        self.import_(command.generation)
                elif isinstance(command, ReleaseGeneration):
                    self.released.append(command.generation)
                    self.roster.template_exited(command.generation)
                elif isinstance(command, ConcludeReload):
                    self.concluded.append(command.generation)
                elif isinstance(command, KillWorker):
                    self.roster.exited(command.pid, self.now_s)
            assert len({m.slot for m in self.roster.members.values()}) == len(self.roster.members)
            self.peak_count = max(self.peak_count, len(self.roster.members))
        return started

    def import_(self, generation: int) -> None:
        if not self.has_templates:
            self.roster.template_exited(generation)
        self.roster.imported(generation, is_kept=self.has_templates)

    def _start(self, command: StartWorker, *, ready: bool) -> int:
        pid = next(self._pids)
        if self.has_templates:
            self.roster.asked(command)
        self.roster.started(command, pid, self.now_s)
        if ready:
            self.roster.ready(pid)
        return pid

    def leave(self) -> None:
        """Let those that were asked to stop exit."""
        while self.stopped:
            self.roster.exited(self.stopped.pop(), self.now_s)

    def generations(self) -> set[int]:
        return {member.generation for member in self.roster.members.values()}


# At start


def test_roster_at_start_imports_and_then_starts_as_many_as_desired_in_slots_of_their_own() -> None:
    roster = Roster(8, 3)
    assert roster.plan(0) == [ImportGeneration(8, 1)]
    assert roster.plan(0) == []
    roster.imported(1, is_kept=True)
    assert roster.plan(0) == [StartWorker(1, 1), StartWorker(2, 1), StartWorker(3, 1)]


def test_slot_of_a_template_is_not_given_to_a_worker_until_it_has_exited() -> None:
    crowd = Crowd(desired=1, slots=2)
    crowd.settle()
    assert {member.slot for member in crowd.roster.members.values()} == {1}
    assert list(crowd.roster._free_slots()) == []
    crowd.roster.template_exited(1)
    assert list(crowd.roster._free_slots()) == [2]


def test_import_that_could_not_begin_is_tried_again_later() -> None:
    roster = Roster(8, 1)
    (command,) = roster.plan(0)
    assert roster.not_imported(command.generation, 0) == 0.0
    assert roster.plan(0) == [command]
    assert roster.not_imported(command.generation, 0) == 0.25
    assert roster.plan(0.2) == []
    assert roster.wait_s(0.2) == pytest.approx(0.05)
    assert roster.plan(0.25) == [command]


def test_settled_roster_has_nothing_to_do() -> None:
    crowd = Crowd()
    crowd.settle()
    assert crowd.roster.plan(1) == []
    assert crowd.roster.wait_s(1) is None


def test_worker_that_was_asked_for_is_not_asked_for_again_before_it_is_born() -> None:
    crowd = Crowd(desired=1)
    crowd.settle(imports=False)
    crowd.import_(1)
    (command,) = crowd.roster.plan(0)
    crowd.roster.asked(command)
    assert crowd.roster.plan(0) == []
    assert crowd.roster.not_started(command, 0) == 0.0
    assert crowd.roster.plan(0) == [command]


# Deaths


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


def test_worker_that_cannot_be_forked_is_wanted_again_later_each_time() -> None:
    crowd = Crowd(desired=1, has_templates=False)
    crowd.settle(imports=False)
    crowd.import_(1)
    command = StartWorker(1, 1)
    delays = [crowd.roster.not_started(command, 0.0) for _ in range(3)]
    assert delays == [0.0, 0.25, 0.5]
    assert crowd.roster.plan(0.4) == []
    assert crowd.roster.plan(0.5) == [command]


# Number


def test_scaling_up_starts_one_and_scaling_down_stops_the_youngest() -> None:
    crowd = Crowd(desired=1)
    crowd.settle()
    crowd.roster.scale(+1)
    (second,) = crowd.settle()
    crowd.roster.scale(-1)
    assert crowd.roster.plan(0) == [StopWorker(second)]


@pytest.mark.parametrize(
    ("difference", "desired"), [(-5, 1), (+50, 4)], ids=["never-none", "never-more-than-fits-twice"]
)
def test_scaling_keeps_within_bounds(difference: int, desired: int) -> None:
    roster = Roster(12, 2)
    roster.scale(difference)
    assert roster.desired == desired


@pytest.mark.parametrize("wish", ["scale", "reload"])
def test_resting_roster_has_no_workers_until_somebody_asks_for_them(wish: str) -> None:
    crowd = Crowd()
    crowd.settle()
    crowd.roster.rest()
    crowd.settle()
    crowd.leave()
    assert crowd.settle() == []
    assert crowd.roster.members == {}
    crowd.roster.scale(+1) if wish == "scale" else crowd.roster.reload()
    crowd.settle()
    crowd.leave()
    assert len(crowd.roster.ready_of(crowd.roster.current)) == 2


# Reloads


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
    assert crowd.settle() == []
    assert (crowd.stopped, crowd.concluded, crowd.released) == (old, [2], [1])


def test_reload_is_going_on_from_the_wish_to_the_end() -> None:
    crowd = Crowd()
    crowd.settle()
    assert not crowd.roster.is_reloading
    crowd.roster.reload()
    assert crowd.roster.is_reloading
    crowd.settle(ready=False)
    assert crowd.roster.is_reloading
    for member in crowd.roster.of_generation(2):
        crowd.roster.ready(member.pid)
    crowd.settle()
    assert crowd.concluded == [2]
    assert not crowd.roster.is_reloading


def test_stop_after_a_reload_that_never_had_a_template_waits_for_nobody() -> None:
    crowd = Crowd(has_templates=False)
    crowd.settle()
    crowd.roster.reload()
    (command,) = [c for c in crowd.roster.plan(crowd.now_s) if isinstance(c, ImportGeneration)]
    crowd.roster.abandon(command.generation)
    crowd.roster.template_exited(command.generation)
    crowd.roster.stop(1.0, crowd.now_s)
    for pid in list(crowd.roster.members):
        crowd.roster.exited(pid, crowd.now_s)
    crowd.settle()
    crowd.settle()
    assert crowd.roster.is_empty


def test_reload_whose_code_cannot_be_imported_starts_nobody_and_lets_its_template_go() -> None:
    crowd = Crowd()
    old = crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.roster.abandon(2)
    assert crowd.settle() == []
    assert (list(crowd.roster.members), crowd.stopped, crowd.released) == (old, [], [2])
    assert crowd.roster.successor is None


def test_reload_whose_worker_cannot_boot_keeps_the_old_and_stops_the_new() -> None:
    crowd = Crowd()
    old = crowd.settle()
    crowd.roster.reload()
    broken, other = crowd.settle(ready=False)
    crowd.roster.exited(broken, 0)
    assert crowd.settle() == []
    assert crowd.stopped == [other]
    assert [member.pid for member in crowd.roster.of_generation(crowd.roster.current)] == old


def test_worker_of_an_abandoned_reload_that_is_born_late_is_stopped() -> None:
    crowd = Crowd(desired=1)
    crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.import_(2)
    (command,) = crowd.roster.plan(0)
    crowd.roster.asked(command)
    crowd.roster.abandon(2)
    crowd.settle()
    crowd.roster.started(command, 77, 0)
    crowd.settle()
    assert crowd.stopped == [77]


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
    crowd.settle()
    crowd.leave()
    assert crowd.concluded == [2, 3]
    assert len(crowd.roster.members) == 2


def test_reload_waits_until_the_generation_before_the_last_has_left() -> None:
    crowd = Crowd()
    crowd.settle()
    crowd.roster.reload()
    crowd.settle()
    crowd.roster.reload()
    crowd.settle()
    assert crowd.imported == [1, 2]
    assert crowd.generations() == {1, 2}
    crowd.leave()
    crowd.settle()
    assert crowd.imported == [1, 2, 3]


@pytest.mark.parametrize(
    ("has_templates", "expected"),
    [pytest.param(True, [StartWorker(1, 1)], id="kept"), pytest.param(False, [], id="on-disk-only")],
)
def test_old_worker_that_dies_during_a_reload_comes_back_only_with_the_code_it_had(
    has_templates: bool, expected: list[object]
) -> None:
    crowd = Crowd(has_templates=has_templates)
    old = crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.roster.exited(old[0], 60)
    assert crowd.roster.plan(61) == expected


def test_reload_without_room_for_two_generations_goes_worker_by_worker() -> None:
    crowd = Crowd(desired=3)
    old = crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.roster.surge = 1
    crowd.import_(2)
    served = []
    for _ in range(3):
        crowd.settle()
        served.append(len(crowd.roster.ready_of(1)) + len(crowd.roster.ready_of(2)))
        crowd.leave()
    crowd.settle()
    assert crowd.concluded == [2]
    assert crowd.peak_count == 4
    assert min(served) == 3
    assert not set(old) & crowd.roster.members.keys()


def test_reload_with_another_number_of_workers_is_complete_when_these_are_ready() -> None:
    crowd = Crowd(desired=1)
    crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.roster.successor_desired = 3
    crowd.import_(2)
    first, *others = crowd.settle(ready=False)
    crowd.roster.ready(first)
    assert crowd.settle() == []
    assert crowd.stopped == []  # the old one stays until all three are ready
    for pid in others:
        crowd.roster.ready(pid)
    crowd.settle()
    crowd.leave()
    assert (crowd.concluded, crowd.roster.desired, len(crowd.roster.members)) == ([2], 3, 3)


@pytest.mark.parametrize(
    "enlarge",
    [
        pytest.param(lambda roster: setattr(roster, "successor_desired", 4), id="configuration"),
        pytest.param(lambda roster: roster.scale(+1), id="signal"),
    ],
)
def test_reload_with_more_workers_keeps_the_old_ones_until_all_new_ones_are_ready(
    enlarge: Callable[[Roster], None],
) -> None:
    crowd = Crowd(desired=2)
    old = crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    enlarge(crowd.roster)
    crowd.import_(2)
    crowd.settle(ready=False)
    new = [member.pid for member in crowd.roster.of_generation(2)]
    for pid in new:
        assert crowd.stopped == []
        crowd.roster.ready(pid)
        crowd.settle(ready=False)
    assert set(old) <= set(crowd.stopped)


def test_reload_worker_by_worker_with_fewer_workers_comes_to_its_end() -> None:
    crowd = Crowd(desired=4)
    crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.roster.surge = 1
    crowd.roster.successor_desired = 2
    crowd.import_(2)
    for _ in range(4):
        crowd.settle()
        crowd.leave()
    assert (crowd.concluded, len(crowd.roster.members), crowd.peak_count) == ([2], 2, 5)


def test_scaling_up_during_a_reload_leaves_room_for_the_successor() -> None:
    crowd = Crowd(desired=2, slots=12)
    crowd.settle()
    crowd.roster.reload()
    crowd.settle(ready=False)
    for _ in range(5):
        crowd.roster.scale(+1)
    crowd.settle()
    for pid in list(crowd.roster.members):
        if crowd.roster.members[pid].state is State.BOOTING:
            crowd.roster.ready(pid)
    crowd.settle()
    crowd.leave()
    assert (crowd.concluded, len(crowd.roster.members)) == ([2], 4)


# Replacing


def test_worker_that_is_to_be_replaced_goes_when_its_successor_is_ready() -> None:
    crowd = Crowd()
    first, second = crowd.settle()
    assert crowd.roster.replace(first)
    assert not crowd.roster.replace(first)
    (successor,) = crowd.settle(ready=False)
    assert crowd.stopped == []
    crowd.roster.ready(successor)
    assert crowd.settle() == []
    assert crowd.stopped == [first]
    crowd.leave()
    assert crowd.settle() == []
    assert list(crowd.roster.members) == [second, successor]


def test_never_two_are_replaced_at_once() -> None:
    crowd = Crowd(desired=3)
    pids = crowd.settle()
    for pid in pids:
        crowd.roster.replace(pid)
    assert len(crowd.settle()) == 1
    assert crowd.stopped == pids[:1]
    assert crowd.settle() == []  # the first has not left yet
    for _ in range(3):
        crowd.leave()
        crowd.settle()
    assert not set(pids) & crowd.roster.members.keys()
    assert crowd.peak_count == 4


def test_urgent_replacement_goes_first_and_waits_for_nobody_who_leaves() -> None:
    crowd = Crowd(desired=3)
    pids = crowd.settle()
    crowd.roster.replace(pids[0])
    crowd.settle()
    crowd.roster.replace(pids[1])
    crowd.roster.replace(pids[2], is_urgent=True)
    crowd.settle()
    assert crowd.stopped == [pids[0], pids[2]]


def test_worker_that_dies_before_its_turn_is_replaced_once() -> None:
    crowd = Crowd()
    first, _ = crowd.settle()
    crowd.roster.replace(first)
    crowd.settle(ready=False)
    crowd.roster.exited(first, 60)
    assert crowd.settle() == []
    assert len(crowd.roster.members) == 2


def test_nobody_is_replaced_during_a_reload_which_replaces_all() -> None:
    crowd = Crowd()
    old = crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.roster.replace(old[0])
    assert crowd.settle() == []
    crowd.import_(2)
    crowd.settle()
    crowd.leave()
    assert crowd.settle() == []
    assert len(crowd.roster.members) == 2


@pytest.mark.parametrize("circumstance", ["stranger", "leaving"])
def test_replacing_who_is_not_there_or_leaves_anyway_is_nothing(circumstance: str) -> None:
    crowd = Crowd()
    _, second = crowd.settle()
    crowd.roster.scale(-1)
    crowd.settle()
    assert not crowd.roster.replace(second if circumstance == "leaving" else 1)


# Leaving


def test_stopping_roster_stops_everybody_once_and_starts_nobody() -> None:
    crowd = Crowd()
    pids = crowd.settle()
    crowd.roster.stop(30, 0)
    assert crowd.roster.plan(0) == [*map(StopWorker, pids), ReleaseGeneration(1)]
    assert crowd.roster.plan(0) == []
    crowd.roster.exited(pids[0], 0)
    assert crowd.roster.plan(0) == []
    assert crowd.roster.wait_s(0) == 30
    crowd.roster.exited(pids[1], 0)
    assert not crowd.roster.is_empty
    crowd.roster.template_exited(1)
    assert crowd.roster.is_empty


def test_worker_that_does_not_leave_in_time_is_killed_once() -> None:
    crowd = Crowd(desired=2)
    _, second = crowd.settle()
    crowd.roster.scale(-1)
    crowd.settle()
    assert crowd.roster.wait_s(10) == 20
    assert crowd.roster.plan(29.9) == []
    assert crowd.roster.plan(30) == [KillWorker(second, 2)]
    assert crowd.roster.plan(31) == []


def test_reload_does_not_wait_for_the_back_off_of_the_workers_that_it_replaces() -> None:
    crowd = Crowd(desired=2)
    crowd.settle()
    for _ in range(6):
        for pid in list(crowd.roster.members):
            crowd.roster.exited(pid, crowd.now_s)
        crowd.now_s += crowd.roster.wait_s(crowd.now_s) or 0.0
        crowd.settle()
    crowd.roster.reload()
    crowd.settle(imports=False)
    crowd.roster.exited(next(iter(crowd.roster.members)), crowd.now_s)
    assert (crowd.roster.wait_s(crowd.now_s) or 0.0) > 1
    crowd.import_(2)
    assert crowd.roster.wait_s(crowd.now_s) == 0
    crowd.settle()
    assert crowd.concluded == [2]


def test_new_worker_that_is_lost_before_the_reload_is_over_is_replaced_after_it() -> None:
    crowd = Crowd(desired=2)
    old = crowd.settle()
    crowd.roster.replace(old[0])
    crowd.roster.reload()
    first, second = crowd.settle(ready=False)[-2:]
    crowd.roster.ready(first)
    assert crowd.roster.replace(first, is_urgent=True)
    crowd.roster.ready(second)
    crowd.settle()
    assert set(crowd.stopped) == {*old, first}
    crowd.leave()
    assert len(crowd.roster.ready_of(2)) == 2


def test_second_stop_shortens_the_time_of_those_that_leave() -> None:
    crowd = Crowd(desired=1)
    (pid,) = crowd.settle()
    crowd.roster.stop(30, 0)
    crowd.settle()
    crowd.roster.stop(2, 1)
    assert crowd.roster.wait_s(1) == 2
    assert crowd.roster.plan(3) == [KillWorker(pid, 1)]


# Any history

ACTIONS = st.lists(
    st.sampled_from(["reload", "up", "down", "ready", "die", "leave", "wait", "replace", "roll", "fail"]),
    max_size=60,
)


@given(ACTIONS, st.booleans(), st.data())
def test_roster_after_any_history_settles_on_the_desired_workers_of_one_generation(
    actions: list[str], has_templates: bool, data: st.DataObject
) -> None:
    crowd = Crowd(has_templates=has_templates)
    roster = crowd.roster
    for action in actions:
        crowd.settle(ready=False)
        pids = sorted(roster.members)
        if action == "reload":
            roster.reload()
        elif action in {"up", "down"}:
            roster.scale(+1 if action == "up" else -1)
        elif action == "roll":
            roster.surge = 1
        elif action == "fail":
            roster.abandon(roster.successor)
        elif action == "replace" and pids:
            roster.replace(data.draw(st.sampled_from(pids)))
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
        live = {m.generation for m in roster.members.values() if m.state is not State.DRAINING}
        assert len(live) <= 2
    for _ in range(20):
        crowd.now_s += 60
        crowd.settle()
        for pid in list(roster.members):
            if roster.members[pid].state is State.BOOTING:
                roster.ready(pid)
        crowd.settle()
        crowd.leave()
    assert len(roster.members) == roster.desired
    assert crowd.generations() == {roster.current}
    assert set(roster._generations) == {roster.current}
