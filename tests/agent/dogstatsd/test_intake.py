import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.dogstatsd.cell import Histogram, Members
from penstock.agent.dogstatsd.datagram import Event, Fault
from penstock.agent.dogstatsd.intake import MAX_TAPS, Intake
from penstock.agent.dogstatsd.table import SeriesTable


def make(max_series: int = 100, told=lambda _: None) -> tuple[Intake, SeriesTable]:
    table = SeriesTable(max_series, (1, 10), 5)
    return Intake(table, told), table


def values(table: SeriesTable) -> dict:
    """Name and labels -> value, a histogram's as (counts, sum)."""
    return {
        (entry.name, *labels): (cell.counts, cell.sum) if isinstance(cell, Histogram) else cell.value
        for entry in table.entries()
        for labels, cell in entry.cells
    }


@pytest.mark.parametrize(
    ("line", "twice", "thrice"),
    [
        pytest.param(b"a:2|c", 4, 6, id="counter"),
        pytest.param(b"a:2|c|@0.5", 8, 12, id="sampled-counter"),
        pytest.param(b"a:2.5|c", 5, 7.5, id="counter-with-fraction"),
        pytest.param(b"a:2:3|c", 10, 15, id="packed-counter"),
        pytest.param(b"a:7|g", 7, 7, id="gauge"),
        pytest.param(b"a:-7|g", -7, -7, id="gauge-below-zero"),
        pytest.param(b"a:5|c|T1656581400", 10, 15, id="stamped-counter"),
        pytest.param(b"a:5|g|T1656581400", 5, 5, id="stamped-gauge"),
        pytest.param(b"a:5|ms", ([0, 2, 0], 10), ([0, 3, 0], 15), id="timer"),
        pytest.param(b"a:5:50|h", ([0, 2, 2], 110), ([0, 3, 3], 165), id="packed-histogram"),
        pytest.param(b"a:5|d|@0.5", ([0, 4, 0], 20), ([0, 6, 0], 30), id="sampled-distribution"),
        pytest.param(b"a:x|s", 1, 1, id="set"),
    ],
)
def test_a_line_means_the_same_whether_it_is_parsed_or_known(line, twice, thrice) -> None:
    intake, table = make()
    intake.take(line)
    intake.take(line)
    assert values(table) == {("a",): twice}
    intake.take(line + b"\n")
    assert values(table) == {("a",): thrice}
    assert (intake.datagram_count, intake.line_count, sum(intake.faults.values())) == (3, 3, 0)


def test_lines_of_one_datagram_are_taken_each_for_itself() -> None:
    intake, table = make()
    intake.take(b"a:1|c|#k:v\nbroken\nb:2|g\n")
    assert values(table) == {("a", ("k", "v")): 1, ("b",): 2}
    assert (intake.line_count, intake.faults) == (3, {Fault.NAME: 1})


@pytest.mark.parametrize("value", [b"-1", b"nan", b"1_0", b"5:-1", b"", b" 1"])
def test_a_known_line_with_a_bad_value_is_refused_all_the_same(value) -> None:
    intake, table = make()
    intake.take(b"a:1|c")
    intake.take(b"a:%b|c" % value)
    assert values(table) == {("a",): 1}
    assert sum(intake.faults.values()) == 1
    assert "expected" in intake.last_refused


def test_fields_that_nobody_knows_are_counted_and_passed_over() -> None:
    intake, table = make()
    intake.take(b"a:1|c|zz:1")
    assert (values(table), intake.unknown_field_count) == ({("a",): 1}, 1)


def test_events_are_counted_by_their_type_and_told() -> None:
    told: list = []
    intake, table = make(told=told.append)
    intake.take(b"_e{2,3}:up|now|t:error")
    assert values(table) == {("dogstatsd_events", ("alert_type", "error"), ("priority", "normal")): 1}
    assert isinstance(told[0], Event)


def test_service_checks_are_gauges_of_their_status() -> None:
    intake, table = make()
    intake.take(b"_sc|db.up|2|h:web1|#env:dev|m:x")
    intake.take(b"_sc|db.up|0|h:web1|#env:dev")
    labels = (("check", "db.up"), ("env", "dev"), ("host", "web1"))
    assert values(table) == {("dogstatsd_service_check", *labels): 0}


def test_what_finds_no_room_is_added_to_the_overflow_and_counted() -> None:
    intake, table = make(max_series=2)
    for number in range(10):
        intake.take(b"a:1|c|#n:%d" % number)
    assert values(table)["a", ("overflow", "true")] == 8
    assert intake.overflow_count == 8


def test_what_has_no_family_either_is_counted() -> None:
    intake, table = make(max_series=1)
    intake.take(b"a:1|c\nb:1|c\n_sc|c|1\n_e{1,1}:a|b")
    assert values(table) == {("a",): 1}
    assert intake.homeless_count == 3


def test_a_million_tags_are_bounded_in_memory() -> None:
    intake, table = make(max_series=50)
    for number in range(3 * MAX_TAPS):  # a million in bench/; the bound is reached here already
        intake.take(b"a:1|c|#user:%d" % number)
    assert (table.series_count, len(intake._taps)) == (50, 50)
    assert sum(values(table).values()) == 3 * MAX_TAPS


def test_the_memo_is_bounded_where_one_series_is_spelt_in_many_ways() -> None:
    intake, table = make()
    for number in range(MAX_TAPS + 5):
        intake.take(b"a:1|c|e:%d" % number)
    assert len(intake._taps) == 5
    assert values(table) == {("a",): MAX_TAPS + 5}


def test_long_lines_are_not_remembered() -> None:
    intake, _ = make()
    intake.take(b"a:1|c|#" + b",".join(b"k%d:%b" % (n, b"v" * 300) for n in range(5)))
    assert intake._taps == {}


def test_forgotten_cells_are_not_written_to() -> None:
    intake, table = make()
    intake.take(b"a:1|c")
    for _ in range(6):
        table.turn()
    intake.forget_cells()
    intake.take(b"a:1|c")
    assert values(table) == {("a",): 1}


LINES = st.sampled_from(
    [
        b"a:1|c",
        b"a:1|g",
        b"a:1|h|@0.1",
        b"a:x|s",
        b"a:-1|c",
        b"_e{1,1}:a|b",
        b"_sc|a|1",
        b"a:1|c|#le:1",
        b"|",
        b":|",
    ]
)


@given(st.lists(st.one_of(LINES, st.binary(max_size=60)), max_size=12))
def test_any_datagrams_are_taken_without_an_error_and_every_line_is_accounted_for(lines) -> None:
    intake, table = make(max_series=5)
    for line in lines:
        intake.take(line)
    assert intake.datagram_count == len(lines)
    assert sum(intake.faults.values()) <= intake.line_count
    assert table.series_count <= 5
    assert all(
        isinstance(cell, Members) or cell.idle_turns == 0 for e in table.entries() for _, cell in e.cells
    )
