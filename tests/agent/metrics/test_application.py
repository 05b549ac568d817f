"""The application's metrics as the ops port reads them, whoever wrote them."""

import os
import random

import pytest

from penstock.agent.metrics.application import ApplicationMetrics
from penstock.agent.metrics.family import Exemplar, HistogramValue, Sample, SummaryValue
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import WORD_BYTES
from penstock.telemetry.memory.scoreboard import WorkerState, mark_gone
from penstock.telemetry.metrics.definition import Definition, Kind, Merge
from penstock.telemetry.metrics.instrument import Counter, Gauge, Histogram, Instrument
from penstock.telemetry.metrics.meter import Meter

ORDERS = Definition("orders", Kind.COUNTER, "Orders.", ("kind",))
WAIT = Definition("wait_seconds", Kind.HISTOGRAM, "Waiting.", bounds=(0.1, 1.0), unit="seconds")


@pytest.fixture
def work(segment, put):
    """Return the metrics of a worker that begins in a slot: `work(1, pid=77)`."""

    def begin(slot: int, pid: int = 4242, state: WorkerState = WorkerState.READY) -> Meter:
        put(slot, state, pid=pid)
        meter = Meter()
        meter.bind(segment, slot)
        meter.pid = pid
        return meter

    return begin


@pytest.fixture
def shown(segment):
    """Return the families of the application as the agent reads them, by name."""
    source = ApplicationMetrics(segment)

    def read():
        return {family.name: family for family in source.families()}

    return read


def values(family) -> dict[tuple[str, ...], object]:
    return {tuple(value for _, value in sample.labels): sample.value for sample in family.samples}


def test_counter_is_the_sum_over_all_processes_that_there_were(segment, work, shown) -> None:
    work(1).define(Counter, ORDERS).labels("book").inc(2)
    work(2).define(Counter, ORDERS).labels("book").inc(3)
    mark_gone(segment, 2)
    work(2, pid=99).define(Counter, ORDERS).labels("pen").inc()
    family = shown()["orders"]
    assert (family.kind, family.help) == (Kind.COUNTER, "Orders.")
    assert family.samples == (Sample((("kind", "book"),), 5), Sample((("kind", "pen"),), 1))


def test_histogram_is_the_sum_of_its_buckets(work, shown) -> None:
    work(1).define(Histogram, WAIT).observe(0.05)
    work(2).define(Histogram, WAIT).observe(5)
    (sample,) = shown()["wait_seconds"].samples
    assert sample.value == HistogramValue((0.1, 1.0), (1, 0, 1), 5.05)


def test_summary_is_a_count_and_a_sum(work, shown) -> None:
    summary = work(1).define(Instrument, Definition("size", Kind.SUMMARY))
    summary._cells[0], summary._cells[1] = 2, 9.5
    assert shown()["size"].samples == (Sample((), SummaryValue(2, 9.5)),)


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        pytest.param(Merge.SUM, {(): 12}, id="sum"),
        pytest.param(Merge.MAX, {(): 7}, id="max"),
        pytest.param(Merge.MIN, {(): 5}, id="min"),
        pytest.param(Merge.LAST, {(): 5}, id="last"),
        pytest.param(Merge.EACH, {("1",): 7, ("2",): 5}, id="each"),
    ],
)
def test_gauge_is_merged_as_its_author_said(work, shown, merge: Merge, expected) -> None:
    for slot, value in ((1, 7), (2, 5)):
        work(slot, pid=slot).define(Gauge, Definition("users", Kind.GAUGE, merge=merge)).set(value)
    assert values(shown()["users"]) == expected


@pytest.mark.parametrize("merge", [Merge.SUM, Merge.MAX, Merge.MIN, Merge.EACH])
def test_gauge_of_a_process_that_is_gone_is_not_shown(segment, work, shown, merge: Merge) -> None:
    work(1).define(Gauge, Definition("users", Kind.GAUGE, merge=merge)).set(7)
    mark_gone(segment, 1)
    assert "users" not in shown()
    work(1, pid=99)
    assert "users" not in shown()


def test_gauge_of_the_last_value_outlives_its_process(segment, work, shown) -> None:
    definition = Definition("version", Kind.GAUGE, merge=Merge.LAST)
    work(2).define(Gauge, definition).set(7)
    work(1).define(Gauge, definition)  # defines and never sets
    mark_gone(segment, 2)
    assert values(shown()["version"]) == {(): 7}


def test_gauge_that_a_template_set_while_importing_is_shown(work, shown) -> None:
    meter = work(1, state=WorkerState.TEMPLATE)
    meter.define(Gauge, Definition("size_of_import", Kind.GAUGE)).set(7)
    assert values(shown()["size_of_import"]) == {(): 7}


def test_words_of_an_earlier_release_are_not_shown(work, shown) -> None:
    build = Definition("build", Kind.INFO, labels=("version",), merge=Merge.MAX)
    meter = work(1)
    meter.define(Gauge, build).labels("1").set(0)
    meter.define(Gauge, build).labels("2").set(1)
    assert values(shown()["build"]) == {("2",): 1}


def test_definition_that_was_taken_up_last_is_shown(work, shown) -> None:
    other = Definition("orders", Kind.COUNTER, "Orders, otherwise.", ("shop",))
    work(1).define(Counter, ORDERS).labels("book").inc()
    work(2).define(Counter, other).labels("east").inc()
    assert shown()["orders"].help == "Orders, otherwise."
    work(1).define(Counter, ORDERS).labels("book").inc()  # the code was rolled back
    assert shown()["orders"].samples == (Sample((("kind", "book"),), 2),)


def test_exemplar_is_the_latest_of_all_workers(work, shown) -> None:
    for slot, trace in ((1, "first"), (2, "second")):
        work(slot).define(Histogram, WAIT).observe(0.5, exemplar={"trace_id": trace})
    ((sample),) = shown()["wait_seconds"].samples
    none, exemplar, other = sample.value.exemplars
    assert (none, other) == (None, None)
    assert isinstance(exemplar, Exemplar)
    assert (exemplar.labels, exemplar.value) == ((("trace_id", "second"),), 0.5)


def test_series_that_were_refused_and_tables_that_are_damaged_are_counted(segment, work, shown) -> None:
    orders = work(1).define(Counter, ORDERS, 1)
    for number in range(3):
        orders.labels(number).inc()
    work(2)
    segment.words[segment.layout.slot_word(2) + layout.METRICS_USED] = 64
    families = shown()
    assert values(families["penstock_refused_series"]) == {(): 2}
    assert values(families["penstock_application_series"]) == {(): 2}
    assert values(families["penstock_damaged_tables"]) == {(): 1}


def test_half_a_surrogate_pair_is_spelt_out_for_who_sends_it_on(work, shown) -> None:
    definition = Definition("files", Kind.COUNTER, "Read \udcff.", ("name",))
    work(1).define(Counter, definition).labels(os.fsdecode(b"caf\xe9")).inc()
    work(2).define(Counter, definition).labels("café").inc()
    family = shown()["files"]
    assert family.help == "Read \\udcff."
    assert values(family) == {("caf\\udce9",): 1, ("café",): 1}


def test_counts_of_all_buckets_fit_in_64_bits_whatever_the_cells_hold(work, shown) -> None:
    histogram = work(1).define(Histogram, WAIT)
    histogram.observe(1)
    for cell in range(WAIT.cells):
        histogram._cells[cell] = 2.0**62
    (sample,) = shown()["wait_seconds"].samples
    assert sum(sample.value.counts) < 1 << 63


@pytest.mark.parametrize(
    "word", [0xFFF8_0000_0000_0000, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 1, 1 << 63]
)
def test_cells_that_hold_anything_are_read_without_an_error(segment, work, shown, word: int) -> None:
    meter = work(1)
    meter.define(Counter, ORDERS).labels("book").inc()
    meter.define(Histogram, WAIT).observe(1)
    meter.define(Gauge, Definition("users", Kind.GAUGE, merge=Merge.LAST)).set(1)
    doubles = meter._writer.cells
    for series in meter._writer._table.series:
        first = (segment.layout.metrics_at(1) // WORD_BYTES) + series.cell
        for cell in range(series.definition.cells):
            segment.words[first + cell] = word
    del doubles
    shown()


def test_memory_that_holds_anything_is_read_without_an_error(segment, work, shown) -> None:
    chance = random.Random(3)
    for seed in range(100):
        meter = work(1)
        meter.define(Counter, ORDERS).labels(str(seed)).inc()
        at = segment.layout.metrics_at(1) + chance.randrange(0, 4096, 8)
        segment.memory[at : at + 8] = chance.choice([os.urandom(8), b"\xff" * 8, bytes(8)])
        assert "penstock_application_series" in shown()
