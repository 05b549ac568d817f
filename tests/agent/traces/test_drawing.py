import pytest

from penstock.agent.traces.drawing import draw, finished_of
from penstock.agent.traces.span_record import NOTHING, OwnSpan, Recollection
from penstock.agent.traces.trace import SpanKind
from penstock.telemetry.traces.trace import ASKED, ERROR, SAMPLED, SLOW
from penstock.telemetry.traces.trace_context import derive_ids, derive_span_id

OFFSET_NS = 1_700_000_000_000_000_000
LAST_NS = 10_000_000


def finished(marks=SLOW, line="GET /a?b=1 HTTP/1.1", status=200, outcome=0, **ticks):
    phases = {"head": 1, "body": 0, "queue": 2, "application": 100, "send": 3} | ticks
    head, body, queue, application, send = phases.values()
    total = sum(phases.values())
    row = (
        1, 0, 0, LAST_NS, head, body, queue, 50, application, send, total,
        5, 1234, 77, status, 2, outcome, marks, 0,
    )  # fmt: skip
    return finished_of(row, [line, "192.0.2.1", "id-1", "http://site/", "curl/8"])


def own(number, parent, start_ns, end_ns, name="work", **attributes):
    return OwnSpan(number, parent, name, start_ns, end_ns, "", attributes)


def test_phases_follow_each_other_from_the_first_byte():
    trace = draw(finished(), NOTHING, OFFSET_NS)
    server, *phases = trace.spans
    first_ns = LAST_NS - 106 * 64 + OFFSET_NS
    assert (
        (server.start_ns, server.duration_ns) == (trace.start_ns, trace.duration_ns) == (first_ns, 106 * 64)
    )
    assert [(phase.name, phase.start_ns - first_ns, phase.duration_ns) for phase in phases] == [
        ("head", 0, 64),
        ("queue", 64, 128),
        ("application", 192, 6400),
        ("send", 6592, 192),
    ]
    assert {phase.parent_id for phase in phases} == {server.span_id}
    assert {phase.kind for phase in phases} == {SpanKind.PHASE}


def test_first_request_of_a_connection_shows_when_that_was_accepted():
    trace = draw(finished(), Recollection(accepted_ns=LAST_NS - 106 * 64 - 1000), OFFSET_NS)
    assert (trace.spans[1].name, trace.spans[1].duration_ns) == ("accepted", 1000)


def test_ids_are_those_of_the_request_id():
    trace = draw(finished(), NOTHING, OFFSET_NS)
    assert (trace.trace_id, trace.spans[0].span_id) == derive_ids("id-1")
    assert trace.caller_id == trace.spans[0].parent_id == ""


@pytest.mark.parametrize("trace_id", ["", "A" * 32, "0" * 32, "a" * 33, "\x1b[31m"])
def test_trace_id_that_is_none_is_not_believed(trace_id):
    row = (1, 0, 0, LAST_NS, *[1] * 7, 0, 0, 4242, 200, 1, 0, ERROR, 0)
    texts = ("GET / HTTP/1.1", "192.0.2.1", f"id-1 trace={trace_id}", "", "")
    trace = draw(finished_of(row, texts), NOTHING, OFFSET_NS)
    assert (trace.request_id, trace.trace_id) == ("id-1", derive_ids("id-1")[0])


def test_request_of_a_proxy_with_an_id_has_a_span_of_its_own():
    trace = draw(finished(), Recollection(own_id="ours-9"), OFFSET_NS)
    assert trace.trace_id == derive_ids("id-1")[0]
    assert trace.spans[0].span_id == derive_ids("ours-9")[1]


@pytest.mark.parametrize(
    ("marks", "reasons"),
    [
        (ERROR, ("error",)),
        (SLOW, ("slow",)),
        (ERROR | SLOW | SAMPLED | ASKED, ("error", "slow", "sampled", "asked")),
    ],
)
def test_reasons_have_names(marks, reasons):
    assert draw(finished(marks), NOTHING, OFFSET_NS).reasons == reasons


@pytest.mark.parametrize(
    ("marks", "status", "outcome", "error"),
    [
        pytest.param(SLOW, 200, 0, "", id="slow"),
        pytest.param(ERROR, 500, 0, "status 500", id="500"),
        pytest.param(ERROR, 200, 3, "status 200, failed", id="failed-half-way"),
        pytest.param(ERROR, 504, 6, "status 504, timed_out", id="timed-out"),
        pytest.param(ERROR, 504, 99, "status 504, 99", id="outcome-of-another-version"),
    ],
)
def test_server_s_span_says_what_went_wrong(marks, status, outcome, error):
    trace = draw(finished(marks, status=status, outcome=outcome), NOTHING, OFFSET_NS)
    assert trace.spans[0].error == error


def test_server_s_span_is_named_by_method_and_route():
    plain = draw(finished(), NOTHING, OFFSET_NS).spans[0]
    spans = (own(1, 0, 1, 2), own(2, 1, 1, 2, **{"http.route": "/articles/<int:year>/"}))
    routed = draw(finished(), Recollection(spans=spans), OFFSET_NS).spans[0]
    assert plain.name == "GET"
    assert routed.name == "GET /articles/<int:year>/"
    assert routed.attributes["http.route"] == "/articles/<int:year>/"


def test_server_s_span_has_opentelemetry_s_attributes():
    attributes = draw(finished(marks=SLOW | 1), NOTHING, OFFSET_NS).spans[0].attributes
    expected = {
        "http.request.method": "GET",
        "url.path": "/a",
        "url.query": "b=1",
        "network.protocol.version": "1.1",
        "http.response.status_code": 200,
        "http.request.body.size": 5,
        "http.response.body.size": 1234,
        "client.address": "192.0.2.1",
        "user_agent.original": "curl/8",
        "process.pid": 77,
        "thread.id": 2,
        "penstock.request_id": "id-1",
        "penstock.lane": "pool",
        "penstock.outcome": "complete",
    }
    assert attributes == expected


def test_line_that_is_no_request_line_names_nothing_it_does_not_say():
    trace = draw(finished(line=""), NOTHING, OFFSET_NS)
    assert trace.spans[0].name == "HTTP"
    assert "url.path" not in trace.spans[0].attributes


def test_own_spans_stand_in_the_application_s_phase_or_in_each_other():
    spans = (own(1, 0, 5000, 9000), own(2, 1, 6000, 7000), own(3, 7, 8000, 8500))
    trace = draw(finished(), Recollection(spans=spans), OFFSET_NS)
    first, inner, orphan = trace.spans[-3:]
    phase = derive_span_id("id-1", "application")
    assert (first.parent_id, inner.parent_id, orphan.parent_id) == (phase, first.span_id, phase)
    assert (inner.start_ns, inner.duration_ns) == (6000 + OFFSET_NS, 1000)
    assert first.span_id == derive_span_id("id-1", 1)


def test_span_that_was_not_over_lasts_until_the_last_byte():
    trace = draw(finished(), Recollection(spans=(own(1, 0, LAST_NS - 500, 0),)), OFFSET_NS)
    assert trace.spans[-1].is_open
    assert trace.spans[-1].duration_ns == 500


def test_span_that_ends_before_it_begins_takes_no_time():
    trace = draw(finished(), Recollection(spans=(own(1, 1, 900, 100),)), OFFSET_NS)
    assert trace.spans[-1].duration_ns == 0
    assert trace.spans[-1].parent_id == derive_span_id("id-1", "application")
