import enum
import json

import pytest

from penstock.config.telemetry import TelemetryConfig
from penstock.telemetry.memory import layout
from penstock.telemetry.records.record import JOINED, SPANS, WITH_SPANS, Outcome
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.traces.keeper import MAX_ATTRIBUTES, TraceKeeper
from penstock.telemetry.traces.span import span
from penstock.telemetry.traces.threshold import LOOK_EVERY, NEVER_SLOW, Threshold
from penstock.telemetry.traces.trace import ASKED, CURRENT, ERROR, LOOKED_AT, MAX_SPANS, SAMPLED, SLOW
from penstock.telemetry.traces.trace_context import TraceContext

SLOT = 1
NS = 1_000_000_000


class Kept:
    """A keeper and what it left in memory."""

    def __init__(self, segment, **options):
        self.segment = segment
        config = TelemetryConfig(**options)
        self.keeper = TraceKeeper(segment, SLOT, 4242, -1, config, lambda _: None)
        self.reader = RingReader(segment, segment.layout.span_ring(SLOT), SPANS)

    def judge(self, request, threshold=NEVER_SLOW, *, is_slow=False) -> int:
        return self.keeper.judge(request, threshold, is_slow=is_slow)

    def word(self, word: int) -> int:
        return self.segment.words[self.segment.layout.slot_word(SLOT) + word]

    def records(self) -> list[tuple]:
        batch = self.reader.take(1000)
        if batch is None:
            return []
        begin = batch.rows[0][1]
        return [(*row[3:7], json.loads(batch.text[row[1] - begin : row[2] - begin])) for row in batch.rows]

    def text(self) -> dict:
        [(*_, text)] = self.records()
        return text


@pytest.fixture
def kept(segment):
    return Kept(segment)


@pytest.fixture
def served(finished):
    """A finished request whose code was `function`."""

    def serve(function=lambda: None, **changes):
        request = finished(**changes)
        token = CURRENT.set(request.trace)
        try:
            function()
        finally:
            CURRENT.reset(token)
        return request

    return serve


# Why


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, 0, id="nothing"),
        pytest.param({"status_code": 404}, 0, id="404"),
        pytest.param({"status_code": 500}, ERROR, id="500"),
        pytest.param({"status_code": 504, "outcome": Outcome.TIMED_OUT}, ERROR, id="timed-out"),
        pytest.param({"outcome": Outcome.FAILED}, ERROR, id="failed-half-way"),
        pytest.param({"outcome": Outcome.TRUNCATED}, ERROR, id="truncated"),
        pytest.param({"outcome": Outcome.PEER_GONE}, 0, id="client-went-away"),
    ],
)
def test_failed_requests_are_kept(kept, finished, changes, reason):
    assert kept.judge(finished(**changes)) == reason
    assert kept.word(layout.TRACES_KEPT) == bool(reason)


@pytest.mark.parametrize("mark", [SAMPLED, ASKED])
def test_what_was_marked_at_the_start_is_kept(kept, finished, mark):
    request = finished()
    request.trace.marks = mark | LOOKED_AT
    assert kept.judge(request) == mark


def test_slow_request_is_kept_and_raises_its_threshold(kept, finished):
    threshold = Threshold(100)
    assert kept.judge(finished(), threshold, is_slow=True) == SLOW
    assert threshold.ticks > 100


def test_request_that_is_looked_at_lowers_the_threshold_and_is_not_kept(kept, finished):
    threshold = Threshold(100)
    threshold.exceed()
    before = threshold.ticks
    request = finished()
    request.trace.marks = LOOKED_AT
    assert kept.judge(request, threshold) == 0
    assert threshold.ticks < before
    assert LOOK_EVERY > 1


def test_several_reasons_are_all_said(kept, finished):
    request = finished(status_code=503)
    request.trace.marks = SAMPLED
    assert kept.judge(request, is_slow=True) == ERROR | SLOW | SAMPLED


# How many


def test_failures_beyond_the_rate_are_counted_and_passed_over(segment, finished):
    kept = Kept(segment, trace_rate=5)
    found = [kept.judge(finished(status_code=500, last_byte_ns=NS)) for _ in range(100)]
    assert found == [ERROR] * 10 + [0] * 90  # two seconds' worth
    assert kept.word(layout.TRACES_PASSED) == 90
    later = [kept.judge(finished(status_code=500, last_byte_ns=2 * NS)) for _ in range(100)]
    assert sum(map(bool, later)) == 5


def test_samples_leave_half_of_the_rate_to_failures(segment, finished):
    kept = Kept(segment, trace_rate=5)
    found = []
    for _ in range(20):
        request = finished(last_byte_ns=NS)
        request.trace.marks = SAMPLED
        found.append(kept.judge(request))
    assert sum(map(bool, found)) == 5
    assert kept.judge(finished(status_code=500, last_byte_ns=NS)) == ERROR


def test_rate_of_nothing_keeps_nothing(segment, finished):
    kept = Kept(segment, trace_rate=0)
    assert kept.judge(finished(status_code=500, last_byte_ns=10**18)) == 0


def test_stamp_before_the_last_one_earns_nothing(segment, finished):
    kept = Kept(segment, trace_rate=1)
    kept.judge(finished(status_code=500, last_byte_ns=9 * NS))
    kept.judge(finished(status_code=500, last_byte_ns=9 * NS))
    assert kept.judge(finished(status_code=500, last_byte_ns=1 * NS)) == 0
    assert kept.judge(finished(status_code=500, last_byte_ns=10 * NS)) == ERROR


# What is written


def test_request_without_spans_needs_no_record(kept, finished):
    assert kept.judge(finished(status_code=500)) == ERROR
    assert kept.records() == []


def test_spans_are_written_with_the_span_around_them(kept, served):
    def work():
        with span("outer", route="/a"), span("inner", rows=3, part=0.5, cached=False):
            pass

    request = served(work, status_code=500)
    spans = list(request.trace.spans)
    assert kept.judge(request) == ERROR | WITH_SPANS
    [(last_ns, pid, part, parts, text)] = kept.records()
    assert (last_ns, pid, part, parts) == (request.last_byte_ns, 4242, 0, 1)
    assert text == {
        "id": "id-1",
        "spans": [
            [1, 0, "outer", spans[0].start_ns, spans[0].end_ns, "", {"route": "/a"}],
            [
                2,
                1,
                "inner",
                spans[1].start_ns,
                spans[1].end_ns,
                "",
                {"rows": 3, "part": 0.5, "cached": False},
            ],
        ],
    }
    assert request.trace.spans == []


def test_request_that_is_not_kept_lets_go_of_its_spans(kept, served):
    def work():
        with span("work"):
            pass

    request = served(work)
    assert kept.judge(request) == 0
    assert request.trace.spans == []
    assert kept.records() == []


def test_request_of_a_caller_that_is_not_kept_is_marked_all_the_same(kept, finished):
    request = finished()
    request.trace.caller = TraceContext("a" * 32, "b" * 16)
    assert kept.judge(request) == JOINED
    assert kept.records() == []


def test_caller_and_other_ids_are_written(kept, finished):
    request = finished(status_code=500, request_id="proxy-1")
    request.trace.believed_id = "proxy-1"
    request.trace.caller = TraceContext("a" * 32, "b" * 16, tracestate="x=1")
    request.trace.accepted_ns = 17
    assert kept.judge(request) == ERROR | WITH_SPANS | JOINED
    assert kept.text() == {
        "id": "proxy-1",
        "own": "id-1",
        "trace": "a" * 32,
        "caller": "b" * 16,
        "state": "x=1",
        "accepted": 17,
        "spans": [],
    }


def test_span_that_is_not_over_is_written_without_an_end(kept, served):
    request = served(lambda: span("work").__enter__(), status_code=504)
    kept.judge(request)
    assert kept.text()["spans"][0][4] == 0


def test_many_spans_go_into_several_records_in_order(kept, served):
    def work():
        for number in range(MAX_SPANS + 3):
            with span("query", statement="SELECT " + "x" * 400, number=number):
                pass

    request = served(work, status_code=500)
    assert kept.judge(request) == ERROR | WITH_SPANS
    records = kept.records()
    assert [record[2:4] for record in records] == [(n, len(records)) for n in range(len(records))]
    assert len(records) > 2
    numbers = [found[6]["number"] for record in records for found in record[4]["spans"]]
    assert numbers == list(range(MAX_SPANS))
    assert [record[4].get("lost") for record in records] == [3] + [None] * (len(records) - 1)
    assert kept.word(layout.SPANS_LOST) == 3


def test_full_ring_costs_the_spans_and_not_the_trace(kept, served):
    def work():
        for _ in range(200):
            with span("query", statement="x" * 450):
                pass

    found = [kept.judge(served(work, status_code=500)) for _ in range(10)]
    assert found[0] == ERROR | WITH_SPANS
    assert found[-1] == ERROR
    assert kept.word(layout.SPAN_DROPPED) > 0


class Level(enum.IntEnum):
    HIGH = 3


class Lazy:
    def __repr__(self):
        raise AssertionError("nobody may ask")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("x" * 1000, "x" * 500, id="long-text"),
        pytest.param("caf\xe9 \ud800", "caf\xe9 \ud800", id="lone-surrogate"),
        pytest.param(True, True, id="truth"),
        pytest.param(-(1 << 63), -(1 << 63), id="least-whole"),
        pytest.param(1 << 63, "<int of 64 bits>", id="too-large"),
        pytest.param(10**5000, "<int of 16610 bits>", id="huge"),
        pytest.param(Level.HIGH, 3, id="enum"),
        pytest.param(None, "<NoneType>", id="none"),
        pytest.param(b"raw", "<bytes>", id="bytes"),
        pytest.param(Lazy(), "<Lazy>", id="object"),
    ],
)
def test_attribute_is_a_plain_value_or_the_name_of_its_type(kept, served, value, expected):
    def work():
        with span("work", value=value):
            pass

    kept.judge(served(work, status_code=500))
    assert kept.text()["spans"][0][6] == {"value": expected}


def test_span_with_too_much_in_it_is_cut(kept, served):
    def work():
        with span("n" * 1000, **{f"a{n}": 1 for n in range(100)}):
            pass
        with span("work", **{f"a{n}": "\U0001f600" * 500 for n in range(32)}):
            pass

    kept.judge(served(work, status_code=500))
    first, second = kept.text()["spans"]
    assert (len(first[2]), len(first[6])) == (100, MAX_ATTRIBUTES)
    assert second[6] == {"cut": True}
