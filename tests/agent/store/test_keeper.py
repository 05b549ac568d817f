import itertools
import os
import sqlite3
from types import SimpleNamespace

import pytest
from tests.agent.store.conftest import NOON_S

from penstock.agent.errors import ErrorTracker
from penstock.agent.logs.error_line import LogEntry
from penstock.agent.metrics.family import Family, Kind, Sample
from penstock.agent.store.keeper import MAX_WAITING_TRACES, Keeper
from penstock.agent.store.schema import StoreError

TENANT = SimpleNamespace(name="shop")
HITS = Family("hits", Kind.COUNTER, "Hits.", "", (Sample((), 5),))
TRACE = 'Traceback (most recent call last):\n  File "/srv/shop/views.py", line 12, in pay\nValueError: bad'


def entry() -> LogEntry:
    return LogEntry(time_ns=5, level=40, pid=4121, logger="shop", message="m", trace=TRACE)


@pytest.fixture
def errors() -> ErrorTracker:
    return ErrorTracker()


@pytest.fixture
def make(path, machine, errors):
    """A store whose thread is not started: a test takes its turns."""
    made: list[Keeper] = []

    def build(**changes) -> Keeper:
        values = {"max_bytes": 1 << 26, "max_age_s": 86400.0, "gather": lambda: [HITS], "errors": errors}
        keeper = Keeper(path, clocks=machine.clocks, **values | changes)
        made.append(keeper)
        return keeper

    yield build
    for keeper in made:
        keeper._book.close()


def ask(path, statement: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def counts(path) -> list[int]:
    return [count for (count,) in ask(path, "SELECT count FROM fault")]


def at_s(path, step_s: int = 10) -> list[float]:
    return [
        at for (at,) in ask(path, f"SELECT at_s - {NOON_S} FROM point WHERE step_s = {step_s} ORDER BY at_s")
    ]


def test_a_turn_writes_errors_traces_and_points(trace, make, path, errors) -> None:
    keeper = make()
    errors.logged(TENANT, entry())
    keeper.keep(trace(1))
    assert keeper._turn()
    assert counts(path) == [1]
    assert ask(path, "SELECT id, request FROM trace") == [(f"{1:032x}", "r1")]
    assert at_s(path) == [0]
    report = keeper.report()
    assert report["file"] == str(path)
    assert (report["errors"], report["traces"], report["points"], report["failures"]) == (1, 1, 1, 0)


def test_points_come_each_ten_seconds_and_each_minute_and_leave_after_an_hour(make, path, machine) -> None:
    keeper = make()
    for _ in range(3700 // 2):
        keeper._turn()
        machine.pass_s(2)
    fine, coarse = at_s(path), at_s(path, 60)
    assert fine[-1] == 3690
    assert {later - sooner for sooner, later in itertools.pairwise(fine)} == {10}
    assert 3590 <= fine[-1] - fine[0] <= 3670
    assert coarse == list(range(0, 3661, 60))


@pytest.mark.parametrize("jump_s", [-1e9, -7200, 7200, 1e9])
def test_a_wall_clock_that_jumps_neither_ages_nor_disorders_anything(
    make, path, machine, errors, jump_s
) -> None:
    keeper = make()
    for turn in range(200):
        if turn == 100:
            machine.wall_s += jump_s
        errors.logged(TENANT, entry())
        assert keeper._turn()
        machine.pass_s(2)
    assert at_s(path) == [10.0 * number for number in range(40)]
    ((first_s, last_s),) = ask(path, "SELECT first_s, last_s FROM fault")
    assert first_s <= last_s


@pytest.mark.parametrize("jump_s", [-1e9, 1e9])
def test_a_wall_clock_that_jumps_between_two_agents_loses_nothing(trace, make, path, machine, jump_s) -> None:
    first = make()
    first.keep(trace(1))
    first._turn()
    first._book.close()
    machine.wall_s += jump_s
    machine.pass_s(70)
    make()._turn()
    assert at_s(path) == [0, 70]
    assert ask(path, "SELECT count(*) FROM trace") == [(1,)]


def test_counts_go_on_over_agents(make, path, errors) -> None:
    for _ in range(3):
        keeper = make()
        errors.logged(TENANT, entry())
        keeper._turn()
        keeper._book.close()
    assert counts(path) == [3]


def fill(keeper: Keeper) -> None:
    """Let the file be full, as on a disk without room."""
    keeper._book._connection.execute("PRAGMA max_page_count = 1")


def test_a_full_disk_is_said_once_and_loses_no_error_and_no_trace(trace, make, path, errors) -> None:
    keeper = make()
    keeper._turn()
    for number in range(3):
        errors.logged(TENANT, entry())
        keeper.keep(trace(number, padding=9000))
        keeper._book._opened()
        fill(keeper)
        assert not keeper._turn()
    assert "full" in keeper.report()["trouble"]
    (notice,) = keeper.take_notices()
    assert "full; error groups and traces wait" in notice.message
    assert keeper._turn()
    assert counts(path) == [3]
    assert ask(path, "SELECT id FROM trace ORDER BY id") == [(f"{number:032x}",) for number in range(3)]
    assert "written again" in keeper.take_notices()[0].message
    assert (keeper.report()["failures"], "trouble" in keeper.report()) == (3, False)


def test_a_file_that_another_holds_is_waited_for_and_counts_nothing_twice(make, path, errors) -> None:
    keeper = make()
    errors.logged(TENANT, entry())
    keeper._turn()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    keeper._book._connection.execute("PRAGMA busy_timeout = 0")
    errors.logged(TENANT, entry())
    assert not keeper._turn()
    assert "locked" in keeper.report()["trouble"]
    other.execute("ROLLBACK")
    other.close()
    assert keeper._turn()
    assert counts(path) == [2]


def test_a_file_that_is_damaged_while_it_is_written_is_begun_anew(make, path, errors) -> None:
    keeper = make()
    keeper._turn()
    keeper._book.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    errors.logged(TENANT, entry())
    while not keeper._turn():
        assert keeper.report()["failures"] < 3
    assert counts(path) == [1]
    assert path.with_name("store.db.old").exists()


@pytest.mark.parametrize("is_replaced", [False, True], ids=["removed", "replaced"])
def test_a_file_that_was_taken_away_is_begun_anew(make, path, errors, machine, is_replaced) -> None:
    keeper = make()
    errors.logged(TENANT, entry())
    assert keeper._turn()
    path.rename(path.with_name("taken.db"))
    if is_replaced:
        make()._turn()
    errors.logged(TENANT, entry())
    machine.pass_s(10)
    assert keeper._turn()
    assert counts(path) == [1]
    assert len(at_s(path)) == 1 + is_replaced


def test_a_folder_that_comes_later_is_found(path, tmp_path, machine, errors) -> None:
    late = tmp_path / "late" / "store.db"
    keeper = Keeper(late, max_bytes=1 << 26, max_age_s=9.0, gather=list, errors=errors, clocks=machine.clocks)
    assert not keeper._turn()
    late.parent.mkdir()
    assert keeper._turn()
    keeper._book.close()


def test_a_trouble_of_the_tidying_gives_nothing_back_that_is_written(make, path, errors, machine) -> None:
    keeper = make()
    errors.logged(TENANT, entry())
    keeper._book._max_age_s = "not a number"
    assert not keeper._turn()
    keeper._book._max_age_s = 86400.0
    machine.pass_s(60)
    assert keeper._turn()
    assert counts(path) == [1]


def test_traces_wait_in_bounded_number(trace, make, path) -> None:
    keeper = make()
    for number in range(MAX_WAITING_TRACES + 5):
        keeper.keep(trace(number))
    report = keeper.report()
    assert (report["waiting_traces"], report["lost_traces"]) == (MAX_WAITING_TRACES, 5)
    keeper._turn()
    assert ask(path, "SELECT min(id) FROM trace") == [(f"{5:032x}",)]


def test_the_file_stays_within_its_size(trace, make, path, machine) -> None:
    keeper = make(max_bytes=1 << 20)
    for number in range(300):
        keeper.keep(trace(number, padding=9000))
        keeper._turn()
        machine.pass_s(2)
    machine.pass_s(60)
    keeper._turn()
    assert keeper.report()["shrunk"] > 1
    assert keeper.report()["bytes"] <= 1 << 20


# The thread


def test_the_thread_starts_with_the_first_tick_and_writes_what_is_left_at_the_end(make, path, errors) -> None:
    keeper = make()
    keeper.tick(1.0)
    errors.logged(TENANT, entry())
    keeper.close()
    assert counts(path) == [1]
    assert not keeper._thread.is_alive()


def test_a_file_that_is_not_ours_ends_the_thread_and_is_said(make, path) -> None:
    path.write_text("precious")
    keeper = make()
    keeper.tick(1.0)
    keeper.close()
    assert "the agent goes on without a store" in keeper.take_notices()[0].message
    assert path.read_text() == "precious"
    keeper.tick(2.0)


def test_a_fifo_is_not_waited_for(make, path) -> None:
    os.mkfifo(path)
    with pytest.raises(StoreError, match="no store"):
        make()._turn()


def test_a_station_that_never_ticked_is_closed_all_the_same(make, path) -> None:
    keeper = make()
    keeper.close()
    assert not path.exists()
