import os
import threading
import timeit

import pytest

from penstock.telemetry import counter, gauge, histogram
from penstock.telemetry.memory import layout
from penstock.telemetry.metrics.definition import Definition, Kind, Merge, MetricError
from penstock.telemetry.metrics.exemplar import read_exemplars
from penstock.telemetry.metrics.instrument import Counter, Gauge, Histogram
from penstock.telemetry.metrics.meter import METER, Meter
from penstock.telemetry.metrics.table import Table, TableWriter

ORDERS = Definition("orders", Kind.COUNTER, labels=("kind",))
WAIT = Definition("wait", Kind.HISTOGRAM, bounds=(1.0,))
USERS = Definition("users", Kind.GAUGE)


@pytest.fixture
def meter() -> Meter:
    return Meter()


def cells(segment, slot: int = 1) -> dict[tuple[str, ...], list[float]]:
    """Return what the table of a slot holds, by name and label values."""
    table = Table(segment, slot)
    table.read_on()
    doubles = TableWriter(segment, slot).cells
    return {
        (series.definition.name, *series.values): list(doubles[series.cell :][: series.definition.cells])
        for series in table.series
    }


def test_metric_counts_where_there_is_no_server(meter) -> None:
    orders = meter.define(Counter, ORDERS)
    orders.labels("a").inc()
    assert orders.labels("a").value == 1


def test_metric_counts_in_its_slot_once_there_is_one(meter, segment) -> None:
    orders = meter.define(Counter, ORDERS)
    child = orders.labels("a")
    meter.bind(segment, 1)
    child.inc()
    orders.labels("b").inc(2)
    meter.define(Histogram, WAIT).observe(5)
    assert cells(segment) == {("orders", "a"): [1], ("orders", "b"): [2], ("wait",): [0, 1, 5]}


def test_successor_counts_on_and_its_gauges_begin_anew(segment) -> None:
    for pid in (1, 2):
        meter = Meter()
        meter.bind(segment, 1)
        meter.pid = pid
        meter.define(Counter, ORDERS).labels("a").inc()
        meter.define(Gauge, USERS).inc(5)
    assert cells(segment)["orders", "a"] == [2]
    assert cells(segment)[("users",)][:2] == [5, 2]


def test_successor_keeps_the_last_value(segment) -> None:
    definition = Definition("version", Kind.GAUGE, merge=Merge.LAST)
    for pid in (1, 2):
        meter = Meter()
        meter.bind(segment, 1)
        meter.pid = pid
        gauge = meter.define(Gauge, definition)
        if pid == 1:
            gauge.set(7)
    assert cells(segment)[("version",)][:2] == [7, 1]


def test_child_that_is_forked_counts_for_itself(segment) -> None:
    METER.bind(segment, 1)
    orders = counter("orders_of_test_meter")
    orders.inc()
    told, tells = os.pipe()
    pid = os.fork()
    if not pid:
        orders.inc(10)
        counter("of_the_child").inc()
        os.write(tells, b"%d" % orders.value)
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(told, 10) == b"10"
    orders.inc()
    assert cells(segment)[("orders_of_test_meter",)] == [2]
    assert ("of_the_child",) not in cells(segment)
    METER.unbind()


def test_child_that_is_forked_while_another_thread_counts_can_count() -> None:
    orders = counter("orders_while_forking", labels=("kind",))
    stopped = threading.Event()

    def count() -> None:
        number = 0
        while not stopped.is_set():
            orders.labels(number := (number + 1) % 500).inc()

    thread = threading.Thread(target=count)
    thread.start()
    try:
        for _ in range(20):
            pid = os.fork()
            if not pid:
                orders.labels("child").inc()
                os._exit(0 if orders.labels("child").value == 1 else 1)
            assert os.waitpid(pid, 0)[1] == 0
    finally:
        stopped.set()
        thread.join()


def test_full_memory_sends_new_series_to_the_one_that_is_shared(meter, segment) -> None:
    writer = TableWriter(segment, 1)
    filler = Definition("filler", Kind.COUNTER, labels=("n",))
    number = 0
    while writer.find_cell(filler, (str(number),)) is not None:
        number += 1
    meter.bind(segment, 1)
    orders = meter.define(Counter, ORDERS)
    for kind in "abc":
        orders.labels(kind).inc()
    found = cells(segment)
    assert found["orders", "_overflow"] == [3]
    assert ("orders", "a") not in found
    first = segment.layout.slot_word(1)
    assert segment.words[first + layout.METRICS_REFUSED] == 3


def test_memory_without_any_room_is_counted_beside(meter, segment) -> None:
    writer = TableWriter(segment, 1)
    number = 0
    while writer.find_cell(Definition(f"m{number}", Kind.COUNTER), (), is_last_resort=True) is not None:
        number += 1
    meter.bind(segment, 1)
    orders = meter.define(Counter, Definition("late", Kind.COUNTER))
    orders.inc()
    assert orders.value == 1
    assert ("late",) not in cells(segment)


def test_exemplar_stands_with_the_bucket_that_it_fell_in(meter, segment) -> None:
    meter.bind(segment, 1)
    wait = meter.define(Histogram, WAIT)
    wait.observe(5, exemplar={"trace_id": "4bf9"})
    table = Table(segment, 1)
    table.read_on()
    ((cell, kept),) = read_exemplars(segment, 1).items()
    assert cell == table.series[0].cell + 1
    assert (kept.labels, kept.value) == ((("trace_id", "4bf9"),), 5)


def test_metric_that_is_defined_again_is_the_same(meter) -> None:
    assert meter.define(Counter, ORDERS) is meter.define(Counter, ORDERS)
    assert counter("again_total", "One.") is counter("again", "Other.")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: gauge("defined"), id="kind"),
        pytest.param(lambda: counter("defined", labels=("a",)), id="labels"),
    ],
)
def test_name_of_another_metric_is_refused(other) -> None:
    counter("defined")
    with pytest.raises(MetricError, match=r"is defined already as counter 'defined' with labels \(\)"):
        other()


def test_buckets_and_merge_make_another_metric() -> None:
    histogram("defined_wait", buckets=(1, 2))
    with pytest.raises(MetricError, match=r"and buckets \(1.0, 2.0\)"):
        histogram("defined_wait", buckets=(1, 3))
    gauge("defined_users", merge="max")
    with pytest.raises(MetricError, match="merged by 'max'"):
        gauge("defined_users")


@pytest.mark.parametrize(
    ("define", "message"),
    [
        pytest.param(lambda: counter("penstock_x"), "does not begin with 'penstock_'", id="the-servers"),
        pytest.param(lambda: counter(None), "name None; expected a text", id="no-name"),
        pytest.param(lambda: counter("x", labels="kind"), r"as in \('kind',\)", id="labels-as-text"),
        pytest.param(
            lambda: gauge("x", merge="mean"), "expected one of sum, max, min, last, each", id="merge"
        ),
        pytest.param(lambda: histogram("x", buckets=()), "expected 1 to 200 rising", id="no-buckets"),
        pytest.param(lambda: histogram("x", unit="seconds"), "that the name ends in", id="unit"),
    ],
)
def test_definition_that_cannot_be_one_is_refused(define, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        define()


def test_counting_costs_less_than_a_microsecond(meter, segment) -> None:
    """0.3 us on a quiet machine; the best of many, so that neighbours do not count."""
    meter.bind(segment, 1)
    count = meter.define(Counter, ORDERS).labels("a").inc
    assert min(timeit.repeat(count, number=1000, repeat=50)) / 1000 < 1e-6
