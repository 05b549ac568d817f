import math
import os
import signal
import sys
import threading

import pytest

from penstock.telemetry.metrics.definition import GAUGE_PID, Definition, Kind, Merge, MetricError
from penstock.telemetry.metrics.instrument import MAX_VALUE_CHARACTERS, Counter, Gauge, Histogram
from penstock.telemetry.metrics.meter import Meter


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def make(meter):
    """Define an instrument: `make(Gauge, merge=Merge.LAST)`."""
    kinds = {Counter: Kind.COUNTER, Gauge: Kind.GAUGE, Histogram: Kind.HISTOGRAM}

    def define(sort, *labels: str, most: int = 1000, **fields):
        if sort is Histogram:
            fields.setdefault("bounds", (0.1, 1.0))
        return meter.define(sort, Definition("m", kinds[sort], labels=labels, **fields), most)

    return define


def test_counter_adds_up(make) -> None:
    counter = make(Counter)
    counter.inc()
    counter.inc(2.5)
    counter.inc(0)
    assert counter.value == 3.5


@pytest.mark.parametrize("amount", [-1, -0.001, math.nan, math.inf])
def test_counter_refuses_what_would_not_be_a_rise(make, amount: float) -> None:
    counter = make(Counter)
    with pytest.raises(ValueError, match="expected a number from 0"):
        counter.inc(amount)
    assert counter.value == 0


def test_gauge_is_what_it_was_set_to(make) -> None:
    gauge = make(Gauge)
    gauge.set(5)
    gauge.inc()
    gauge.dec(0.5)
    assert gauge.value == 5.5
    with gauge.track():
        assert gauge.value == 6.5
    assert gauge.value == 5.5


def test_gauge_that_is_withdrawn_is_nobodys_until_it_is_set_again(make) -> None:
    gauge = make(Gauge)
    gauge.set(7)
    gauge.withdraw()
    assert (gauge.value, gauge.cell(GAUGE_PID)) == (0, 0)
    gauge.inc()
    assert (gauge.value, gauge.cell(GAUGE_PID)) == (1, os.getpid())


def test_gauge_of_the_last_value_cannot_be_added_to(make) -> None:
    gauge = make(Gauge, merge=Merge.LAST)
    gauge.set(5)
    with pytest.raises(MetricError, match=r"merged by 'last': inc\(\); expected set"):
        gauge.inc()


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        pytest.param(-1, [1, 0, 0], id="below-all"),
        pytest.param(0.1, [1, 0, 0], id="on-a-bound"),
        pytest.param(math.nextafter(0.1, 1), [0, 1, 0], id="just-above"),
        pytest.param(1.0, [0, 1, 0], id="on-the-last-bound"),
        pytest.param(math.inf, [0, 0, 1], id="above-all"),
    ],
)
def test_histogram_counts_a_value_below_the_first_bound_that_is_not_less(make, value, counts) -> None:
    histogram = make(Histogram)
    histogram.observe(value)
    assert (histogram.counts, histogram.sum) == (counts, value)


def test_histogram_refuses_what_is_no_number(make) -> None:
    histogram = make(Histogram)
    with pytest.raises(ValueError, match=r"observe\(nan\); expected a number"):
        histogram.observe(math.nan)
    assert histogram.counts == [0, 0, 0]


def test_histogram_times_a_block_also_when_it_fails(make) -> None:
    histogram = make(Histogram)
    with pytest.raises(KeyError), histogram.time():
        raise KeyError
    assert sum(histogram.counts) == 1
    assert 0 <= histogram.sum < 60


def test_exemplar_that_cannot_be_one_is_refused(make) -> None:
    with pytest.raises(MetricError, match="expected a name and a text"):
        make(Histogram).observe(1, exemplar={"trace id": "x"})


def test_labels_have_a_series_for_each_of_their_values(make) -> None:
    counter = make(Counter, "kind", "size")
    counter.labels("book", 3).inc()
    counter.labels(size="3", kind="book").inc()
    counter.labels("pen", None).inc()
    assert {series.values: series.value for series in counter.series()} == {
        ("book", "3"): 2,
        ("pen", "None"): 1,
    }


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param((), {}, id="none"),
        pytest.param(("a",), {}, id="too-few"),
        pytest.param(("a", "b", "c"), {}, id="too-many"),
        pytest.param((), {"kind": "a"}, id="name-is-missing"),
        pytest.param((), {"kind": "a", "colour": "b"}, id="another-name"),
        pytest.param(("a",), {"size": "b"}, id="in-both-ways"),
    ],
)
def test_labels_that_are_not_those_of_the_metric_are_refused(make, values, named) -> None:
    counter = make(Counter, "kind", "size")
    with pytest.raises(MetricError, match=r"expected a value for each of \('kind', 'size'\)"):
        counter.labels(*values, **named)


def test_labels_of_a_metric_without_labels_are_refused(make) -> None:
    with pytest.raises(MetricError, match="expected no labels"):
        make(Counter).labels("a")


def test_labels_of_a_series_are_refused(make) -> None:
    with pytest.raises(MetricError, match="expected no labels"):
        make(Counter, "kind").labels("a").labels("b")


@pytest.mark.parametrize(
    ("sort", "use"),
    [
        pytest.param(Counter, lambda metric: metric.inc(), id="counter"),
        pytest.param(Gauge, lambda metric: metric.set(1), id="gauge"),
        pytest.param(Histogram, lambda metric: metric.observe(1), id="histogram"),
    ],
)
def test_metric_with_labels_counts_nothing_itself(make, sort, use) -> None:
    with pytest.raises(MetricError, match=r"'m' has labels \('kind',\); expected .labels"):
        use(make(sort, "kind"))


def test_long_label_value_is_cut(make) -> None:
    counter = make(Counter, "kind")
    counter.labels("x" * 10_000).inc()
    assert [series.values for series in counter.series()] == [("x" * MAX_VALUE_CHARACTERS,)]


def test_label_values_that_are_too_many_share_a_series_and_that_is_said_once(make, caplog) -> None:
    counter = make(Counter, "user", most=2)
    for user in range(1000):
        counter.labels(user).inc()
    assert {series.values: series.value for series in counter.series()} == {
        ("0",): 1,
        ("1",): 1,
        ("_overflow",): 998,
    }
    assert [record.getMessage() for record in caplog.records] == [
        "metric.series_refused name=m: too many label values, or no room"
    ]


@pytest.mark.parametrize("sort", [Counter, Gauge, Histogram])
def test_nothing_is_lost_between_threads(make, sort) -> None:
    metric = make(sort)
    count = {Counter: Counter.inc, Gauge: Gauge.inc, Histogram: lambda m: m.observe(1)}[sort]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=lambda: [count(metric) for _ in range(5000)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert (metric.sum if sort is Histogram else metric.value) == 40_000


def test_signal_handler_may_count_while_its_thread_counts(make) -> None:
    counter = make(Counter)
    rung = []

    def ring(*_arguments) -> None:
        rung.append(1)
        counter.inc()

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    own = 0
    try:
        while len(rung) < 100:
            counter.inc()
            own += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert counter.value == own + len(rung)
