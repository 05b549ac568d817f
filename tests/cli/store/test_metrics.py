import json

import pytest

from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample
from penstock.agent.store import PointRow, SeriesRow
from penstock.agent.store.rows import SeriesIndex, write_anchor, write_points
from penstock.agent.store.schema import open_for_writing
from penstock.agent.store.timeline import Clocks, Timeline
from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.store.metrics import render_table, rise, run_metrics
from penstock.config import ConfigError


def series(
    kind: str, *values: float, counts: tuple = (), labels: tuple = (), bounds: tuple = ()
) -> SeriesRow:
    """Points 10 s apart."""
    counts = counts or [()] * len(values)
    pairs = enumerate(zip(values, counts, strict=True))
    points = (PointRow(1000.0 + 10 * number, value, each) for number, (value, each) in pairs)
    return SeriesRow("x", kind, labels, bounds, tuple(points))


def table(row: SeriesRow) -> list[list[str]]:
    return [line.split() for line in render_table([row]).splitlines()]


def test_a_counter_shows_what_was_added() -> None:
    row = series("counter", 100, 110, 140, labels=(("status", "2xx"),))
    assert table(row)[1] == ["status=2xx", "140", "40", "2"]


def test_a_counter_that_began_anew_loses_nothing() -> None:
    assert rise([100, 110, 5, 8]) == 10 + 5 + 3


def test_a_gauge_shows_where_it_was() -> None:
    assert table(series("gauge", 1, 4, -2.5))[1] == ["(no", "labels)", "-2.5", "-2.5", "0.833333", "4"]


def test_a_histogram_shows_below_which_bounds_its_values_lie() -> None:
    row = series("histogram", 0, 0, counts=[(1, 1, 1), (51, 50, 2)], bounds=(0.1, 1.0))
    assert table(row)[1] == ["(no", "labels)", "100", "10", "0.1", "1"]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([(1, 1)], ["0", "-", "-", "-"], id="one-point"),
        pytest.param([(1, 1), (1, 1)], ["0", "0", "-", "-"], id="no-values"),
        pytest.param([(1, 1), (1, 9)], ["8", "0.8", "-", "-"], id="above-all-bounds"),
    ],
)
def test_what_is_not_known_of_a_histogram_is_a_dash(counts, expected) -> None:
    row = series("histogram", *[0] * len(counts), counts=counts, bounds=(0.1,))
    assert table(row)[1][2:] == expected


def test_large_numbers_are_written_out() -> None:
    assert table(series("gauge", 30134272.25))[1][2:] == ["30134272"] * 4


def test_labels_command_no_terminal() -> None:
    assert "a=\\x1b[2J" in render_table([series("gauge", 1, labels=(("a", "\x1b[2J"),))])


@pytest.fixture
def store(tmp_path) -> str:
    path = tmp_path / "store.db"
    connection = open_for_writing(path)
    timeline = Timeline(None, Clocks.of_this_machine())
    lag = Family("lag", Kind.HISTOGRAM, "", "", (Sample((), HistogramValue((1.0,), (1, 0), 0.5)),))
    now_s = timeline.now()
    for number, age_s in enumerate((1800, 20, 10)):
        hits = Family("hits", Kind.COUNTER, "", "", (Sample((), number),))
        write_points(connection, SeriesIndex(), [hits, lag], now_s - age_s)
    write_anchor(connection, timeline.anchor())
    connection.close()
    return str(path)


def run(capsys, *words: str) -> str:
    assert run_metrics(parse_words(["metrics", *words])) == 0
    return capsys.readouterr().out


def test_the_command_lists_names_and_shows_one(store, capsys) -> None:
    assert run(capsys, "--store", store) == "hits\nlag\n"
    assert json.loads(run(capsys, "--store", store, "--json")) == ["hits", "lag"]
    line = run(capsys, "hits_total", "--store", store).splitlines()[1]
    assert line.split() == ["(no", "labels)", "2", "1", "0.1"]
    (found,) = json.loads(run(capsys, "hits", "--since", "1h", "--json", "--store", store))
    assert [point["value"] for point in found["points"]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        pytest.param(("none",), CommandError, "metric 'none' has no points", id="unknown"),
        pytest.param(("hits", "--since", "soon"), ConfigError, "expected", id="moment"),
    ],
)
def test_what_cannot_be_shown_is_said(store, words, error, message) -> None:
    with pytest.raises(error, match=message):
        run_metrics(parse_words(["metrics", *words, "--store", store]))
