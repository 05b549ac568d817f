import json
from array import array

import pytest

from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample, SummaryValue
from penstock.agent.store import rows
from penstock.agent.store.rows import (
    SeriesIndex,
    read_anchor,
    write_anchor,
    write_changes,
    write_coarse,
    write_points,
    write_traces,
)
from penstock.agent.store.timeline import Anchor
from penstock.agent.store.trace_form import load_trace


def family(name: str, kind: Kind, *values, label: str = "n") -> Family:
    samples = tuple(Sample(((label, str(number)),), value) for number, value in enumerate(values))
    return Family(name, kind, "Help.", "", samples)


def points(connection, step_s: int) -> list[tuple]:
    return connection.execute(
        "SELECT name, kind, labels, at_s, value, counts FROM point JOIN series ON series.id = series"
        " WHERE step_s = ? ORDER BY name, labels, at_s",
        (step_s,),
    ).fetchall()


def test_every_series_gets_a_point_of_its_kind(connection) -> None:
    families = [
        family("hits", Kind.COUNTER, 5),
        family("lag", Kind.HISTOGRAM, HistogramValue((0.1, 1.0), (1, 2, 3), 4.5)),
        family("wait", Kind.SUMMARY, SummaryValue(7, 8.5)),
    ]
    assert write_points(connection, SeriesIndex(), families, 100.0) == 0
    assert points(connection, 10) == [
        ("hits", "counter", '[["n", "0"]]', 100.0, 5.0, None),
        ("lag", "histogram", '[["n", "0"]]', 100.0, 4.5, array("Q", (1, 2, 3)).tobytes()),
        ("wait", "summary", '[["n", "0"]]', 100.0, 8.5, array("Q", (7,)).tobytes()),
    ]
    assert connection.execute("SELECT bounds FROM series WHERE name = 'lag'").fetchone() == ("[0.1, 1.0]",)


@pytest.mark.parametrize("fresh", [False, True], ids=["same-index", "new-index"])
def test_a_series_is_one_row_however_often_it_is_written(connection, fresh) -> None:
    index = SeriesIndex()
    for at_s in (100.0, 110.0):
        write_points(connection, index, [family("hits", Kind.COUNTER, 5, 6)], at_s)
        index = SeriesIndex() if fresh else index
    assert connection.execute("SELECT count(*) FROM series").fetchone() == (2,)
    assert len(points(connection, 10)) == 4


def test_series_beyond_the_limit_are_counted_and_not_written(connection, monkeypatch) -> None:
    monkeypatch.setattr(rows, "MAX_SERIES", 3)
    assert write_points(connection, SeriesIndex(), [family("hits", Kind.COUNTER, *range(5))], 100.0) == 2
    assert len(points(connection, 10)) == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1.7e308])
def test_value_that_is_no_number_or_beyond_all_costs_its_own_point_only(connection, value) -> None:
    histogram = HistogramValue((1.0,), (1, 0), value)
    families = [
        family("depth", Kind.GAUGE, value, 5),
        family("lag", Kind.HISTOGRAM, histogram),
        family("wait", Kind.SUMMARY, SummaryValue(1, value)),
    ]
    assert write_points(connection, SeriesIndex(), families, 100.0) == 3
    assert [(name, value) for name, _, _, _, value, _ in points(connection, 10)] == [("depth", 5.0)]
    write_coarse(connection, 90.0, 100.0)
    assert len(points(connection, 60)) == 1


def test_a_minute_is_the_mean_of_gauges_and_the_last_of_all_others(connection) -> None:
    index = SeriesIndex()
    for number, at_s in enumerate((90.0, 100.0, 110.0, 120.0)):
        histogram = HistogramValue((1.0,), (number, 0), number * 2.0)
        families = [
            family("depth", Kind.GAUGE, number),
            family("hits", Kind.COUNTER, number),
            family("lag", Kind.HISTOGRAM, histogram),
        ]
        write_points(connection, index, families, at_s)
    write_coarse(connection, 90.0, 120.0)
    assert [(name, at_s, value, counts) for name, _, _, at_s, value, counts in points(connection, 60)] == [
        ("depth", 120.0, 2.0, None),
        ("hits", 120.0, 3.0, None),
        ("lag", 120.0, 6.0, array("Q", (3, 0)).tobytes()),
    ]


def test_a_trace_is_written_whole_and_once_a_request(connection, trace) -> None:
    failed = trace(2, trace_id=trace(1).trace_id, reasons=("error", "slow"), duration_ns=250_000_000)
    for at_s in (5.0, 6.0):
        write_traces(connection, [trace(1), failed], at_s)
    rows = connection.execute("SELECT * FROM trace ORDER BY span").fetchall()
    assert [row[:6] for row in rows] == [
        (f"{1:032x}", f"{1:016x}", "r1", 6.0, 1e-07, 0),
        (f"{1:032x}", f"{2:016x}", "r2", 6.0, 0.25, 1),
    ]
    assert [load_trace(row[6]) for row in rows] == [trace(1), failed]


def test_changes_of_a_group_add_up(connection, change) -> None:
    write_changes(connection, [change(count=2, first_s=1.0, last_s=2.0)], shift_s=100.0)
    write_changes(connection, [change(count=3, first_s=4.0, last_s=5.0)], shift_s=100.0)
    write_changes(connection, [change(count=0, first_s=4.0, last_s=4.0)], shift_s=100.0)
    (row,) = connection.execute("SELECT * FROM fault").fetchall()
    assert row[:7] == ("a1", "shop", "ValueError", "shop/views.py:pay:12", 5, 101.0, 105.0)
    assert json.loads(row[7])["slot"] == 2


def test_the_moment_is_read_back(connection) -> None:
    assert read_anchor(connection) is None
    for moment in (Anchor(1.5, "boot", 2.5, 3.5), Anchor(4.5, "next", 5.5, 6.5)):
        write_anchor(connection, moment)
        assert read_anchor(connection) == moment
