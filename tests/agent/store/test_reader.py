import json

import pytest
from tests.agent.store.conftest import NOON_S

from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample
from penstock.agent.store.reader import PointRow, StoreReader
from penstock.agent.store.rows import (
    SeriesIndex,
    write_anchor,
    write_changes,
    write_coarse,
    write_points,
    write_traces,
)
from penstock.agent.store.schema import StoreError
from penstock.agent.store.timeline import Timeline


@pytest.fixture
def begun(connection, machine):
    """A store that was last written at noon; an hour has passed, and the clock was set forward a day."""
    write_anchor(connection, Timeline(None, machine.clocks).anchor())
    machine.pass_s(3600)
    machine.wall_s += 86400
    return connection


@pytest.fixture
def read(path, machine, begun):
    def open_reader() -> StoreReader:
        return StoreReader(path, machine.clocks)

    return open_reader


def test_error_groups_come_latest_first_with_times_of_day(begun, read, change) -> None:
    groups = [
        change(id="a1", count=3, first_s=NOON_S - 100, last_s=NOON_S - 50),
        change(id="b2", first_s=NOON_S, last_s=NOON_S),
    ]
    write_changes(begun, groups, 0.0)
    with read() as reader:
        later, earlier = reader.faults()
        assert (later.id, earlier.id, earlier.count) == ("b2", "a1", 3)
        assert (later.last_s, earlier.first_s) == (NOON_S + 86400, NOON_S + 86400 - 100)
        assert (earlier.kind, earlier.place, earlier.application) == (
            "ValueError",
            "shop/views.py:pay:12",
            "shop",
        )
        assert earlier.example == change().example
        assert [group.id for group in reader.faults(age_s=3600)] == ["b2"]
        assert [group.id for group in reader.find_faults("a")] == ["a1"]
        assert reader.find_faults("c") == []


def test_an_example_of_another_release_is_read_as_far_as_it_is_known(begun, read, change) -> None:
    write_changes(begun, [change()], 0.0)
    begun.execute("UPDATE fault SET example = ?", (json.dumps({"message": "m", "mood": "bad"}),))
    with read() as reader:
        example = reader.faults()[0].example
    assert (example.message, example.logger) == ("m", "")


def test_traces_come_latest_or_slowest_first(begun, read, trace) -> None:
    for number, (duration_ns, reason) in enumerate([(50, "sampled"), (200, "slow"), (100, "error")]):
        write_traces(begun, [trace(number, duration_ns=duration_ns, reasons=(reason,))], NOON_S + number)
    with read() as reader:
        assert [found.request_id for found in reader.traces(2)] == ["r2", "r1"]
        assert [found.request_id for found in reader.traces(3, by_duration=True)] == ["r1", "r2", "r0"]
        assert [found.request_id for found in reader.traces(3, only_errors=True)] == ["r2"]
        (found,) = reader.find_traces("0" * 31 + "1")
        assert (found.duration_ns, found.reasons) == (200, ("slow",))
        assert reader.find_traces("r1") == [found]
        assert reader.find_traces("r") == []


def test_traces_that_were_written_together_come_in_the_order_they_began(begun, read, trace) -> None:
    write_traces(begun, [trace(9, start_ns=1)], NOON_S)
    write_traces(
        begun, [trace(number, start_ns=start_ns) for number, start_ns in [(1, 7), (2, 9), (3, 8)]], NOON_S + 2
    )
    with read() as reader:
        assert [found.request_id for found in reader.traces(2)] == ["r2", "r3"]
        assert [found.request_id for found in reader.traces(9)] == ["r2", "r3", "r1", "r9"]


def test_a_trace_that_cannot_be_read_is_said(begun, read, trace) -> None:
    write_traces(begun, [trace()], NOON_S)
    begun.execute("UPDATE trace SET body = x'00'")
    with read() as reader, pytest.raises(StoreError, match="expected one as it was stored"):
        reader.traces(1)


def test_points_of_a_metric_come_by_series_in_order(begun, read) -> None:
    index = SeriesIndex()
    for number in range(8):
        samples = tuple(Sample((("n", label),), number) for label in "ab")
        lag = Family("lag", Kind.HISTOGRAM, "", "", (Sample((), HistogramValue((1.0,), (number, 1), 2.0)),))
        families = [Family("depth", Kind.GAUGE, "", "", samples), lag]
        write_points(begun, index, families, NOON_S + 10 * number)
    write_coarse(begun, NOON_S, NOON_S + 60)
    with read() as reader:
        assert reader.names() == ["depth", "lag"]
        a, b = reader.series("depth", 3570)
        assert (a.labels, b.labels, a.kind) == ((("n", "a"),), (("n", "b"),), "gauge")
        assert a.points == tuple(PointRow(NOON_S + 86400 + 10 * n, n, ()) for n in range(3, 8))
        (lag_row,) = reader.series("lag", 3600)
        assert (lag_row.bounds, lag_row.points[-1].counts) == ((1.0,), (7, 1))
        (minute,) = reader.series("depth", 7200)[0].points
        assert minute == PointRow(NOON_S + 86460, 3.5, ())
        assert reader.series("none", 3600) == []


def test_a_store_that_cannot_be_read_is_said(path, begun, read) -> None:
    begun.execute("DROP TABLE fault")
    with read() as reader, pytest.raises(StoreError, match="cannot be read: no such table"):
        reader.faults()
    begun.execute("DROP TABLE about")
    with pytest.raises(StoreError, match="cannot be read"):
        read()
