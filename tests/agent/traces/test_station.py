import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.agent.traces import SpanKind, Traces, station
from penstock.agent.traces.station import MAX_WAITING
from penstock.telemetry import current_trace, span
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import RECORD_BYTES
from penstock.telemetry.records.record import SPANS
from penstock.telemetry.records.ring import RingWriter
from penstock.telemetry.traces.trace import MAX_SPANS
from penstock.telemetry.traces.trace_context import TraceContext


def work():
    with span("view", route="/a"), span("db.query"):
        pass


def own(trace):
    return [found for found in trace.spans if found.kind is SpanKind.APPLICATION]


def test_request_that_is_not_kept_is_no_trace(rig, request_of):
    rig.serve(request_of(), work)
    assert rig.read() == []


def test_failed_request_is_a_trace_with_what_its_application_measured(rig, request_of):
    rig.serve(request_of(status_code=500), work)
    [trace] = rig.read()
    assert (trace.request_id, trace.status, trace.reasons) == ("id-1", 500, ("error",))
    assert (trace.server, trace.pid, trace.peer) == ("shop", 4242, "192.0.2.1")
    assert [found.name for found in own(trace)] == ["view", "db.query"]


def test_trace_has_the_ids_that_the_application_was_told(rig, request_of):
    told = []

    def tell():
        told.append(current_trace())
        with span("call"):
            told.append(current_trace())

    rig.serve(request_of(status_code=500), tell)
    [trace] = rig.read()
    server = trace.spans[0]
    assert [(context.trace_id, context.span_id) for context in told] == [
        (trace.trace_id, server.span_id),
        (trace.trace_id, own(trace)[0].span_id),
    ]


def test_trace_of_a_caller_goes_on(rig, request_of):
    request = request_of(status_code=500)
    request.trace.caller = TraceContext("a" * 32, "b" * 16, tracestate="x=1")
    rig.serve(request)
    [trace] = rig.read()
    assert (trace.trace_id, trace.caller_id, trace.tracestate) == ("a" * 32, "b" * 16, "x=1")
    assert trace.spans[0].parent_id == "b" * 16


def test_trace_of_a_caller_goes_on_where_its_spans_found_no_room(rig, request_of):
    request = request_of(status_code=500)
    request.trace.caller = TraceContext("a" * 32, "b" * 16)
    rig.serve(request)
    rig.damage(0, b"nonsense")
    [trace] = rig.read()
    assert (trace.trace_id, trace.caller_id) == ("a" * 32, "")


def test_many_spans_come_from_several_records(rig, request_of):
    def query():
        for number in range(MAX_SPANS + 1):
            with span("db.query", statement="x" * 400, number=number):
                pass

    rig.serve(request_of(status_code=500), query)
    [trace] = rig.read()
    assert [found.attributes["number"] for found in own(trace)] == list(range(MAX_SPANS))
    assert trace.lost_spans == 1


def test_requests_do_not_get_each_other_s_spans(rig, request_of):
    for number in range(20):

        def mine(number=number):
            with span(f"work-{number}"):
                pass

        rig.serve(request_of(f"id-{number}", status_code=500), mine)
    traces = rig.read()
    assert [own(trace)[0].name for trace in traces] == [f"work-{number}" for number in range(20)]


def test_query_strings_are_left_out_where_the_logs_of_that_server_leave_them_out(rig, request_of):
    rig.serve(request_of(status_code=500))
    rig.tenant.has_query = False
    [trace] = rig.read()
    assert trace.request_line == "GET /a HTTP/1.1"
    assert "url.query" not in trace.spans[0].attributes


def test_sink_that_fails_is_said_once_and_the_others_get_theirs(rig, request_of):
    class Broken:
        def keep(self, trace):
            raise OSError("disk full")

    rig.station = Traces([Broken(), rig])
    rig.station.joined(rig.tenant)
    for _ in range(3):
        rig.serve(request_of(status_code=500))
    assert len(rig.read()) == 3
    [notice] = rig.station.take_notices()
    assert "disk full" in notice.message
    assert rig.station.take_notices() == []
    assert rig.station.report()["refused"] == 3


def test_without_a_sink_nothing_is_drawn_and_nothing_piles_up(rig, request_of):
    rig.station = Traces([])
    rig.station.joined(rig.tenant)
    rig.serve(request_of(status_code=500), work)
    rig.read()
    rig.station.tick(1.0)
    report = rig.station.report()
    assert (report["kept"], report["without_spans"]) == (0, 0)
    assert not rig.station._waiting


def test_spans_that_no_record_asks_for_are_forgotten(rig, request_of):
    rig.serve(request_of(status_code=500), work)
    for number in range(12):
        rig.station.tick(number)
    assert rig.station.report()["without_spans"] == 1
    assert own(rig.read()[0]) == []


def test_what_waits_for_its_record_is_bounded(rig, request_of):
    for number in range(MAX_WAITING + 100):
        rig.serve(request_of(f"id-{number}", status_code=500, last_byte_ns=10**12 + number * 10**7), work)
        rig.station.tick(0) if number % 50 == 0 else None
        rig.station._drain(rig.tenant)
        for waiting in rig.station._waiting.values():
            waiting.ticks = 0
    assert len(rig.station._waiting) <= MAX_WAITING
    assert rig.station.report()["without_spans"] >= 100


def test_large_parts_that_no_record_asks_for_are_bounded_in_bytes(rig, monkeypatch):
    monkeypatch.setattr(station, "MAX_WAITING_BYTES", 100_000)
    ring = RingWriter(rig.segment, rig.segment.layout.span_ring(1), -1, lambda _: None)
    for request in range(100):
        for number in range(2):
            text = json.dumps({"id": f"id-{request}", "spans": [], "fill": "x" * 9000}).encode()
            assert ring.append(SPANS, (10**12 + request, 4242, number, 3), text)
            rig.station._drain(rig.tenant)
    assert 50_000 < sum(waiting.size_bytes for waiting in rig.station._waiting.values()) <= 100_000
    assert rig.station.report()["without_spans"] >= 90


@pytest.mark.parametrize(
    "parts", [[(0, 2), (5, 6)], [(0, 2), (0, 2)], [(1, 2), (1, 2)]], ids=["counts", "same", "no-first"]
)
def test_parts_that_do_not_belong_together_cost_the_spans_alone(rig, request_of, parts):
    request = request_of(status_code=500)
    ring = RingWriter(rig.segment, rig.segment.layout.span_ring(1), -1, lambda _: None)
    for number, count in parts:
        text = json.dumps({"id": "id-1", "spans": [[1, 0, "forged", 1, 2, "", {}]]}).encode()
        assert ring.append(SPANS, (request.last_byte_ns, 4242, number, count), text)
    rig.station._drain(rig.tenant)
    rig.serve(request, work)
    [trace] = rig.read()
    assert [found.name for found in own(trace)] == []
    assert rig.station.report()["damaged"] >= 1


def test_counts_of_a_server_that_left_stay(rig, request_of):
    words = rig.segment.words
    word = rig.segment.layout.slot_word(1) + layout.TRACES_PASSED
    words[word] = 7
    rig.station.left(rig.tenant)
    words[word] = 9
    assert rig.station.report()["over_rate"] == 7


def test_what_was_kept_and_lost_stands_among_the_metrics(rig, request_of):
    rig.serve(request_of(status_code=500), work)
    rig.serve(request_of(status_code=500), work)
    rig.damage(1, b"")
    rig.read()
    kept, lost = rig.station.families()
    assert (kept.name, kept.samples[0].value) == ("penstock_traces_kept", 2)
    assert {sample.labels[0][1]: sample.value for sample in lost.samples} == {
        "over_rate": 0,
        "dropped": 0,
        "spans_lost": 0,
        "without_spans": 1,
        "damaged": 1,
        "refused": 0,
    }


# Hostile memory


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'{"id":7}', id="id-is-no-text"),
        pytest.param(b"\xff\xfe", id="no-utf-8"),
        pytest.param(b"[" * 90, id="deep"),
    ],
)
def test_damaged_spans_cost_the_spans_alone(rig, request_of, text):
    rig.serve(request_of(status_code=500), work)
    rig.damage(0, text)
    [trace] = rig.read()
    assert own(trace) == []
    assert rig.station.report()["damaged"] == 1


@given(st.binary(max_size=RECORD_BYTES), st.integers(0, 2**64 - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_any_bytes_in_ring_c_end_nothing(rig, request_of, raw, end):
    place = rig.segment.layout.span_ring(1)
    rig.serve(request_of(status_code=500), work)
    rig.segment.memory[place.records_at : place.records_at + len(raw)] = raw
    rig.segment.words[place.end_word] = end
    rig.read()
    rig.station.tick(0)


def test_access_record_with_wild_numbers_is_still_a_trace(rig, request_of):
    request = request_of(status_code=500, received_bytes=2**64 - 1, last_byte_ns=2**63)
    rig.serve(request)
    [trace] = rig.read()
    assert trace.duration_ns < 2**63
    assert trace.start_ns < 2**64
