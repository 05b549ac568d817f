import time

import pytest
from tests.agent.store.conftest import NOON_S, Machine

from penstock.agent.store.timeline import Clocks, Timeline


def resumed(before: Timeline, machine: Machine) -> Timeline:
    return Timeline(before.anchor(), machine.clocks)


def test_a_new_timeline_begins_at_the_time_of_day(machine) -> None:
    assert Timeline(None, machine.clocks).now() == NOON_S


@pytest.mark.parametrize("jump_s", [-1e9, -3600, 0, 3600, 1e9])
def test_positions_go_on_evenly_however_the_wall_clock_jumps(machine, jump_s) -> None:
    timeline = Timeline(None, machine.clocks)
    machine.pass_s(5)
    machine.wall_s += jump_s
    machine.pass_s(5)
    assert timeline.now() == NOON_S + 10


@pytest.mark.parametrize("jump_s", [-1e9, 0, 1e9])
def test_an_agent_of_the_same_boot_goes_on_where_the_last_was_however_the_wall_clock_jumped(
    machine, jump_s
) -> None:
    first = Timeline(None, machine.clocks)
    machine.pass_s(100)
    anchor = first.anchor()
    machine.pass_s(50)
    machine.wall_s += jump_s
    assert Timeline(anchor, machine.clocks).now() == NOON_S + 150


def test_after_a_boot_the_wall_clock_says_how_long_the_machine_was_off(machine) -> None:
    first = Timeline(None, machine.clocks)
    anchor = first.anchor()
    machine.reboot(off_s=600)
    assert Timeline(anchor, machine.clocks).now() == NOON_S + 600


def test_after_a_boot_with_a_wall_clock_that_went_back_positions_do_not(machine) -> None:
    anchor = Timeline(None, machine.clocks).anchor()
    machine.reboot(off_s=-1e9)
    assert Timeline(anchor, machine.clocks).now() == NOON_S


def test_without_a_boot_id_every_start_is_another_boot(machine) -> None:
    machine.boot_id = ""
    anchor = Timeline(None, machine.clocks).anchor()
    machine.wall_s += 7
    assert Timeline(anchor, machine.clocks).now() == NOON_S + 7


def test_the_time_of_day_of_a_position_is_counted_back_from_now(machine) -> None:
    timeline = Timeline(None, machine.clocks)
    position_s = timeline.now()
    machine.pass_s(60)
    assert timeline.wall_s(position_s) == NOON_S
    machine.wall_s += 3600  # it was an hour behind, and has been corrected
    assert timeline.wall_s(position_s) == NOON_S + 3600


def test_this_machine_has_clocks() -> None:
    before_s = time.monotonic()
    clocks = Clocks.of_this_machine()
    assert clocks.boot_id
    assert clocks.boot() >= before_s
    assert abs(clocks.wall() - time.time()) < 60


def test_a_machine_that_does_not_say_which_boot_it_is_has_clocks_too(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("penstock.agent.store.timeline._BOOT_ID", tmp_path / "none")
    assert Clocks.of_this_machine().boot_id == ""
