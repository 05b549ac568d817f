import pytest

from penstock.agent.dogstatsd.cell import Counter, Gauge, Histogram, Members
from penstock.agent.dogstatsd.table import OVERFLOW, SeriesTable

LABELS = (("env", "prod"),)


@pytest.fixture
def table() -> SeriesTable:
    return SeriesTable(max_series=3, bounds=(1, 2), max_idle_turns=2)


def names(table: SeriesTable) -> list[str]:
    return [entry.name for entry in table.entries()]


def test_one_name_and_labels_are_one_cell(table) -> None:
    assert table.cell("a.b", Counter, LABELS) is table.cell("a.b", Counter, LABELS)
    assert table.cell("a.b", Counter, ()) is not table.cell("a.b", Counter, LABELS)
    assert (table.series_count, names(table)) == (2, ["a_b"])


@pytest.mark.parametrize("kind", [Counter, Gauge, Histogram, Members])
def test_each_kind_has_its_cells(table, kind) -> None:
    assert type(table.cell("a", kind, ())) is kind


def test_a_series_beyond_the_limit_goes_to_the_overflow_of_its_family(table) -> None:
    for number in range(3):
        table.cell("a", Counter, (("n", str(number)),))
    assert table.cell("a", Counter, (("n", "3"),)) is None
    overflow = table.overflow("a", Counter)
    assert overflow is table.overflow("a", Counter)
    assert table.entries()[0].cells[-1] == (OVERFLOW, overflow)
    assert table.series_count == 3


def test_a_family_beyond_the_limit_has_no_overflow(table) -> None:
    for number in range(3):
        table.cell("a", Counter, (("n", str(number)),))
    assert table.cell("b", Counter, ()) is None
    assert table.overflow("b", Counter) is None
    assert names(table) == ["a"]


def test_two_names_that_become_one_share_a_family_and_it_is_noted(table) -> None:
    assert table.cell("a.b", Counter, ()) is table.cell("a_b", Counter, ())
    assert table.collisions == {"a_b": "a.b"}


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        pytest.param(("jobs", Gauge), ("jobs", Members), "jobs_set", id="gauge-then-set"),
        pytest.param(("jobs", Counter), ("jobs", Gauge), "jobs_gauge", id="counter-then-gauge"),
        pytest.param(
            ("jobs", Histogram), ("jobs.count", Gauge), "jobs_count_gauge", id="line-of-a-histogram"
        ),
        pytest.param(("jobs.sum", Gauge), ("jobs", Histogram), "jobs_histogram", id="histogram-comes-later"),
        pytest.param(("jobs.total.x", Gauge), ("jobs", Counter), "jobs", id="no-collision"),
    ],
)
def test_families_whose_lines_would_meet_get_names_of_their_own(table, first, second, name) -> None:
    table.cell(*first, ())
    table.cell(*second, ())
    assert names(table)[1] == name
    assert len(table.collisions) == (name != "jobs")


def test_a_name_that_is_taken_too_gets_a_number(table) -> None:
    table.cell("jobs", Gauge, ())
    table.cell("jobs_set", Gauge, ())
    table.cell("jobs", Members, ())
    assert names(table)[2] == "jobs_set_2"


def test_a_series_that_nobody_sends_is_forgotten(table) -> None:
    cell = table.cell("a", Counter, ())
    table.cell("b", Counter, ())
    assert not table.turn()
    assert not table.turn()
    cell.add(1, 1)
    assert table.turn()
    assert (names(table), table.series_count) == (["a"], 1)


def test_a_name_is_free_again_when_its_family_is_forgotten(table) -> None:
    table.cell("a", Gauge, ())
    for _ in range(3):
        table.turn()
    table.cell("a", Members, ())
    assert names(table) == ["a"]


def test_an_overflow_is_forgotten_like_a_series(table) -> None:
    for number in range(3):
        table.cell("a", Members, (("n", str(number)),))
    table.overflow("a", Members)
    for _ in range(3):
        table.turn()
    assert table.entries() == []
