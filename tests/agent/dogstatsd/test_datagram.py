import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.dogstatsd.datagram import (
    DatagramError,
    Event,
    Extras,
    Fault,
    Metric,
    MetricKind,
    ServiceCheck,
    parse_line,
)


@pytest.mark.parametrize(
    ("line", "kind", "values"),
    [
        pytest.param(b"a.b:1|c", MetricKind.COUNTER, (1,), id="counter"),
        pytest.param(b"a.b:0.5|g", MetricKind.GAUGE, (0.5,), id="gauge"),
        pytest.param(b"a.b:-5|g", MetricKind.GAUGE, (-5,), id="gauge-below-zero"),
        pytest.param(b"a.b:+5|g", MetricKind.GAUGE, (5,), id="gauge-with-plus"),
        pytest.param(b"a.b:1e-05|h", MetricKind.HISTOGRAM, (1e-05,), id="histogram-exponent"),
        pytest.param(b"a.b:.5|ms", MetricKind.TIMER, (0.5,), id="timer"),
        pytest.param(b"a.b:1:2:32|d", MetricKind.DISTRIBUTION, (1, 2, 32), id="packed"),
        pytest.param(b"a.b:user:17|s", MetricKind.SET, (), id="set"),
    ],
)
def test_a_metric_has_name_kind_and_values(line, kind, values) -> None:
    metric = parse_line(line)
    assert isinstance(metric, Metric)
    assert (metric.name, metric.kind, metric.values, metric.rate) == ("a.b", kind, values, 1.0)


def test_a_set_takes_any_member() -> None:
    assert parse_line(b"a:user:17|s").member == b"user:17"


def test_all_fields_of_a_metric_are_read_in_any_order() -> None:
    metric = parse_line(b"a:1|c|T1656581400|#env:prod,,paid|e:it-false,cn-x|card:low|@0.5|c:ci-83f1|z:new")
    assert metric.extras.tags == ("env:prod", "paid")
    assert (metric.rate, metric.timestamp_s, metric.extras.unknown_count) == (0.5, 1656581400, 1)
    assert metric.extras.fields[b"c:"] == b"ci-83f1"
    assert metric.extras.fields[b"e:"] == b"it-false,cn-x"


@pytest.mark.parametrize("kind", [b"g", b"s"])
def test_a_rate_means_nothing_to_gauges_and_sets(kind) -> None:
    assert parse_line(b"a:1|%b|@0.1" % kind).rate == 1.0


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param(b"a", Fault.NAME, id="name-alone"),
        pytest.param(b":1|c", Fault.NAME, id="no-name"),
        pytest.param(b"n" * 201 + b":1|c", Fault.NAME, id="long-name"),
        pytest.param(b"a:1", Fault.KIND, id="no-type"),
        pytest.param(b"a:1|x", Fault.KIND, id="unknown-type"),
        pytest.param(b"a:1|C", Fault.KIND, id="upper-case-type"),
        pytest.param(b"a:|c", Fault.VALUE, id="no-value"),
        pytest.param(b"a:1_0|c", Fault.VALUE, id="underscore"),
        pytest.param(b"a: 5|c", Fault.VALUE, id="space"),
        pytest.param(b"a:nan|g", Fault.VALUE, id="nan"),
        pytest.param(b"a:inf|g", Fault.VALUE, id="infinity"),
        pytest.param(b"a:1e999|g", Fault.VALUE, id="beyond-floats"),
        pytest.param(b"a:-1e101|g", Fault.VALUE, id="beyond-the-limit"),
        pytest.param(b"a:1::2|h", Fault.VALUE, id="packed-with-hole"),
        pytest.param(b"a:" + b"9" * 5000 + b"|g", Fault.VALUE, id="endless-digits"),
        pytest.param(b"a:|s", Fault.VALUE, id="set-without-member"),
        pytest.param(b"a:-1|c", Fault.NEGATIVE, id="counter-that-falls"),
        pytest.param(b"a:5:-1|c", Fault.NEGATIVE, id="packed-counter-that-falls"),
        pytest.param(b"a:1|c|@0", Fault.RATE, id="rate-zero"),
        pytest.param(b"a:1|c|@1.5", Fault.RATE, id="rate-above-one"),
        pytest.param(b"a:1|c|@-0.5", Fault.RATE, id="rate-below-zero"),
        pytest.param(b"a:1|c|@1e-300", Fault.RATE, id="rate-that-overflows"),
        pytest.param(b"a:1|c|@half", Fault.RATE, id="rate-in-words"),
        pytest.param(b"a:1|c|#" + b"a," * 65, Fault.TAGS, id="65-tags"),
        pytest.param(b"a:1|c|#" + b"a" * 401, Fault.TAGS, id="long-tag"),
        pytest.param(b"a:1|c|T0", Fault.TIMESTAMP, id="timestamp-zero"),
        pytest.param(b"a:1|c|T1.5", Fault.TIMESTAMP, id="timestamp-fraction"),
        pytest.param(b"a:1|h|T1656581400", Fault.TIMESTAMP, id="timestamp-of-histogram"),
        pytest.param(b"a:1|c|c:", Fault.ORIGIN, id="empty-container"),
        pytest.param(b"a:1|c|e:\xff", Fault.ORIGIN, id="external-data-no-ascii"),
        pytest.param(b"a:1|c|card:some", Fault.ORIGIN, id="unknown-cardinality"),
        pytest.param(b"a:1|c|@1|@1", Fault.REPEATED, id="two-rates"),
        pytest.param(b"a:1|c|#a|#b", Fault.REPEATED, id="tags-twice"),
        pytest.param(b"\xff:1|c", Fault.ENCODING, id="name-no-utf8"),
        pytest.param(b"a\x1b:1|c", Fault.ENCODING, id="name-with-escape"),
        pytest.param(b"a:1|c|#b\x00c", Fault.ENCODING, id="tag-with-nul"),
        pytest.param(b"_e{1,1}", Fault.EVENT, id="event-without-text"),
        pytest.param(b"_e{9,1}:a|b", Fault.EVENT, id="event-shorter-than-said"),
        pytest.param(b"_e{1,1}:a|bc", Fault.EVENT, id="event-longer-than-said"),
        pytest.param(b"_e{0,1}:|b", Fault.EVENT, id="event-without-title"),
        pytest.param(b"_e{1,1}:a|b|t:loud", Fault.EVENT, id="event-of-unknown-type"),
        pytest.param(b"_e{1,1}:a|b|p:high", Fault.EVENT, id="event-of-unknown-priority"),
        pytest.param(b"_e{1,1}:a|b|d:now", Fault.EVENT, id="event-time-in-words"),
        pytest.param(b"_sc|a", Fault.CHECK, id="check-without-status"),
        pytest.param(b"_sc|a|4", Fault.CHECK, id="check-of-unknown-status"),
        pytest.param(b"_sc||1", Fault.CHECK, id="check-without-name"),
        pytest.param(b"_sc|a|1|d:x", Fault.CHECK, id="check-time-in-words"),
    ],
)
def test_a_malformed_line_is_refused_with_its_fault(line, fault) -> None:
    with pytest.raises(DatagramError) as caught:
        parse_line(line)
    assert caught.value.fault is fault


def test_an_event_is_cut_by_its_lengths_in_bytes() -> None:
    line = "_e{6,8}:Größ|a|b\\nccc|d:1656581400|h:web1|p:low|t:error|k:key|s:src|#env:dev".encode()
    assert parse_line(line) == Event(
        title="Größ",
        text="a|b ccc",
        alert="error",
        priority="low",
        host="web1",
        extras=parse_line(line).extras,
    )
    assert parse_line(line).extras.tags == ("env:dev",)


def test_an_event_without_fields_is_information() -> None:
    assert parse_line(b"_e{2,0}:up|") == Event("up", "", "info", "normal", "", Extras())


def test_the_message_of_a_check_may_hold_bars() -> None:
    check = parse_line(b"_sc|db.up|2|d:1656581400|h:web1|#env:dev|m:no answer|after 3 s")
    assert isinstance(check, ServiceCheck)
    assert (check.name, check.status, check.host, check.message) == (
        "db.up",
        2,
        "web1",
        "no answer|after 3 s",
    )
    assert check.extras.tags == ("env:dev",)


PIECES = st.sampled_from(
    [
        b"a",
        b":",
        b"|",
        b"c",
        b"g",
        b"ms",
        b"1",
        b".",
        b"-",
        b"@",
        b"#",
        b",",
        b"T",
        b"_e{",
        b"}",
        b"_sc|",
        b"m:",
        b"\xff",
    ]
)


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=20).map(b"".join)))
def test_any_bytes_are_a_line_or_refused_and_nothing_else(line) -> None:
    try:
        found: object = parse_line(line)
    except DatagramError as error:
        found = error.fault
    assert isinstance(found, Metric | Event | ServiceCheck | Fault)


@given(st.floats(min_value=0, max_value=1e99), st.sampled_from([b"c", b"g", b"h", b"ms", b"d"]))
def test_numbers_as_clients_write_them_are_read_back(value, kind) -> None:
    assert parse_line(b"a:%b|%b" % (str(value).encode(), kind)).values == (value,)
