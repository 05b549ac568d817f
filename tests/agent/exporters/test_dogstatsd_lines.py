import pytest

from penstock.agent.dogstatsd.datagram import parse_line
from penstock.agent.exporters.dogstatsd_lines import Line, LineMaker
from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample, SummaryValue

BOUNDS = (1.0, 3.0)


def family(kind: Kind, value, name: str = "x", labels: tuple = ()) -> Family:
    return Family(name, kind, "Help.", "", (Sample(labels, value),))


def server(name: str) -> Family:
    return family(Kind.GAUGE, 5, "penstock_start_time_seconds", (("server", name),))


def texts(lines: list[Line]) -> list[str]:
    return [line.text.decode() for line in lines if not line.text.startswith(b"penstock_")]


@pytest.fixture
def maker() -> LineMaker:
    """One that has begun: nothing was there before it."""
    made = LineMaker()
    made.lines([])
    return made


def send(maker: LineMaker, *families: Family) -> list[str]:
    lines = maker.lines(families)
    maker.note_sent(lines)
    return texts(lines)


def weights(found: list[str]) -> list[int]:
    """As a receiver counts that divides by the rate and cuts off."""
    return [int(1 / parse_line(text.encode()).rate) for text in found]


def test_what_a_counter_has_added_is_sent_once(maker) -> None:
    assert send(maker, family(Kind.COUNTER, 5)) == ["x:5|c"]
    assert send(maker, family(Kind.COUNTER, 5)) == []
    assert send(maker, family(Kind.COUNTER, 7.5)) == ["x:2.5|c"]


def test_what_did_not_leave_is_sent_with_the_next(maker) -> None:
    maker.lines([family(Kind.COUNTER, 5)])
    assert send(maker, family(Kind.COUNTER, 7)) == ["x:7|c"]


def test_a_counter_that_begins_anew_is_sent_from_nothing(maker) -> None:
    send(maker, family(Kind.COUNTER, 5))
    assert send(maker, family(Kind.COUNTER, 2)) == ["x:2|c"]


def test_what_was_counted_before_a_new_agent_came_is_not_repeated() -> None:
    maker = LineMaker()
    histogram = family(Kind.HISTOGRAM, HistogramValue(BOUNDS, (1, 2, 3), 9.0), "lag")
    assert send(maker, server("a"), family(Kind.COUNTER, 100), histogram) == []
    later = family(Kind.HISTOGRAM, HistogramValue(BOUNDS, (1, 3, 3), 9.0), "lag")
    assert send(maker, server("a"), family(Kind.COUNTER, 101), later) == ["x:1|c", "lag:2|d"]


def test_what_another_server_counted_before_it_came_is_not_repeated(maker) -> None:
    send(maker, server("a"))
    assert send(maker, server("a"), server("b"), family(Kind.COUNTER, 100, labels=(("server", "b"),))) == []
    found = send(maker, server("a"), server("b"), family(Kind.COUNTER, 7, "new"))
    assert found == ["new:7|c"]


def test_gauges_infos_and_states_are_sent_each_time(maker) -> None:
    families = [
        family(Kind.GAUGE, -2.5, "g"),
        family(Kind.INFO, 1, "i", (("version", "1.2"),)),
        family(Kind.STATES, 0, "s", (("s", "ready"),)),
    ]
    for _ in range(2):
        assert send(maker, *families) == ["g:-2.5|g", "i:1|g|#version:1.2", "s:0|g|#s:ready"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("kind", [Kind.GAUGE, Kind.COUNTER])
def test_what_is_no_number_is_not_sent(maker, kind, value) -> None:
    assert send(maker, family(kind, value)) == []


def test_a_summary_is_two_counters(maker) -> None:
    assert send(maker, family(Kind.SUMMARY, SummaryValue(3, 4.5))) == ["x_count:3|c", "x_sum:4.5|c"]
    assert send(maker, family(Kind.SUMMARY, SummaryValue(4, 6.0))) == ["x_count:1|c", "x_sum:1.5|c"]


def test_a_histogram_is_a_distribution_at_the_middles_of_its_buckets(maker) -> None:
    value = HistogramValue(BOUNDS, (1, 0, 1), 5.0)
    assert send(maker, family(Kind.HISTOGRAM, value, labels=(("p", "q"),))) == ["x:0.5|d|#p:q", "x:3|d|#p:q"]


@pytest.mark.parametrize("count", [2, 3, 7, 49, 98, 1000, 499_999, 500_000])
def test_whoever_divides_by_the_rate_and_cuts_off_gets_the_count(maker, count) -> None:
    found = send(maker, family(Kind.HISTOGRAM, HistogramValue((2.0,), (count, 0), 1.0)))
    assert weights(found) == [count]
    assert parse_line(found[0].encode()).values == (1.0,)


def test_very_many_values_of_a_bucket_are_several_lines(maker) -> None:
    value = HistogramValue((2.0,), (1_250_000, 0), 1.0)
    lines = maker.lines([family(Kind.HISTOGRAM, value)])
    assert weights(texts(lines)) == [500_000, 500_000, 250_000]
    maker.note_sent(lines[:1])  # the others did not leave
    assert weights(send(maker, family(Kind.HISTOGRAM, value))) == [500_000, 250_000]


def test_bounds_below_zero_and_none_at_all_have_middles(maker) -> None:
    assert send(maker, family(Kind.HISTOGRAM, HistogramValue((-2.0, 0.0), (1, 1, 1), 1.0))) == [
        "x:-2|d",
        "x:-1|d",
        "x:0|d",
    ]
    assert send(maker, family(Kind.HISTOGRAM, HistogramValue((), (1,), 1.0), "y")) == ["y:0|d"]


def test_tags_cannot_forge_a_line(maker) -> None:
    labels = (("path", "a,b|c\nforged:1|c"), ("long", "x" * 300))
    (line,) = send(maker, family(Kind.GAUGE, 1, labels=labels))
    assert line == f"x:1|g|#path:a_b_c_forged:1_c,long:{'x' * 200}"


def test_series_that_are_gone_are_forgotten(maker) -> None:
    send(maker, family(Kind.COUNTER, 5))
    send(maker)
    assert maker._sent == {}
    assert send(maker, family(Kind.COUNTER, 1)) == ["x:1|c"]
