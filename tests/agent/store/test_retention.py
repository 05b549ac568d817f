import pytest

from penstock.agent.store import retention
from penstock.agent.store.retention import delete_old, delete_orphans, shrink, used_bytes
from penstock.agent.store.rows import write_changes

NOW_S = 1_000_000.0
DAY_S = 86400.0


def put_points(connection, *rows: tuple[int, float]) -> None:
    connection.execute("INSERT OR IGNORE INTO series VALUES (1, 'hits', 'counter', '[]', '')")
    connection.executemany("INSERT INTO point VALUES (?, ?, 1, 0, NULL)", rows)


def put_trace(connection, number: int, at_s: float, size: int = 10) -> None:
    row = (f"{number:032x}", "", "", at_s, 0.1, 0, b"x" * size)
    connection.execute("INSERT INTO trace VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def count(connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_points_and_traces_leave_at_their_age(connection) -> None:
    put_points(
        connection, (10, NOW_S - 3601), (10, NOW_S - 3599), (60, NOW_S - DAY_S - 1), (60, NOW_S - DAY_S + 1)
    )
    put_trace(connection, 1, NOW_S - DAY_S - 1)
    put_trace(connection, 2, NOW_S - DAY_S + 1)
    assert delete_old(connection, NOW_S, DAY_S) == 3
    assert connection.execute("SELECT step_s, at_s FROM point").fetchall() == [
        (10, NOW_S - 3599),
        (60, NOW_S - DAY_S + 1),
    ]
    assert count(connection, "trace") == 1


def test_a_short_age_holds_for_fine_points_as_well(connection) -> None:
    put_points(connection, (10, NOW_S - 700))
    delete_old(connection, NOW_S, 600.0)
    assert count(connection, "point") == 0


def test_error_groups_leave_30_days_after_their_last_occurrence(connection, change) -> None:
    write_changes(
        connection, [change(id="old", last_s=NOW_S - 31 * DAY_S), change(id="new", last_s=NOW_S)], 0.0
    )
    delete_old(connection, NOW_S, DAY_S)
    assert connection.execute("SELECT id FROM fault").fetchall() == [("new",)]


def test_the_latest_error_groups_stay(connection, change, monkeypatch) -> None:
    monkeypatch.setattr(retention, "MAX_FAULTS", 3)
    write_changes(connection, [change(id=str(n), last_s=NOW_S - n) for n in range(5)], 0.0)
    delete_old(connection, NOW_S, DAY_S)
    assert connection.execute("SELECT id FROM fault ORDER BY id").fetchall() == [("0",), ("1",), ("2",)]


def test_series_without_points_go(connection) -> None:
    put_points(connection, (10, NOW_S))
    connection.execute("INSERT INTO series VALUES (2, 'gone', 'gauge', '[]', '')")
    delete_orphans(connection)
    assert connection.execute("SELECT name FROM series").fetchall() == [("hits",)]


def test_a_file_that_fits_is_left_alone(connection) -> None:
    put_trace(connection, 1, NOW_S)
    assert not shrink(connection, 1 << 20)
    assert count(connection, "trace") == 1


def test_a_file_that_is_too_large_loses_its_oldest_and_becomes_smaller(connection, path) -> None:
    for number in range(400):
        put_trace(connection, number, NOW_S + number, 5000)
    put_points(connection, *((10, NOW_S + number) for number in range(400)))
    assert used_bytes(connection) > 2_000_000
    assert shrink(connection, 1_000_000)
    assert used_bytes(connection) <= 1_000_000
    oldest_s, newest_s = connection.execute("SELECT min(at_s), max(at_s) FROM trace").fetchone()
    assert (newest_s, oldest_s > NOW_S + 150) == (NOW_S + 399, True)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size < 1_200_000


def test_error_groups_go_last(connection, change) -> None:
    for number in range(100):
        example = change().example
        write_changes(
            connection, [change(id=str(number), last_s=NOW_S + number, example=type(example)(
                message="x" * 8000, trace="", logger="", pid=0))], 0.0
        )  # fmt: skip
    put_trace(connection, 1, NOW_S)
    shrink(connection, 300_000)
    assert count(connection, "trace") == 0
    left = {int(number) for (number,) in connection.execute("SELECT id FROM fault")}
    assert max(left) == 99
    assert 10 < len(left) < 60


@pytest.mark.parametrize("max_bytes", [0, 1])
def test_what_can_never_fit_ends_all_the_same(connection, max_bytes) -> None:
    put_trace(connection, 1, NOW_S)
    assert shrink(connection, max_bytes)
    assert count(connection, "trace") == 0
