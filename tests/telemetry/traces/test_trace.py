import contextvars

import pytest

from penstock.telemetry import current_request_id, current_trace, trace_headers, traceparent
from penstock.telemetry.traces.trace import CURRENT, LOOKED_AT, SAMPLED, RequestTrace
from penstock.telemetry.traces.trace_context import TraceContext, derive_ids

CALLER = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", tracestate="a=1")


def made(**changes) -> RequestTrace:
    trace = RequestTrace()
    trace.own_id = "ours-1"
    vars(trace).update(changes)
    return trace


def inside(trace, function):
    def serve():
        CURRENT.set(trace)
        return function()

    return contextvars.Context().run(serve)


@pytest.mark.parametrize(
    ("function", "expected"),
    [(current_request_id, ""), (current_trace, None), (traceparent, ""), (trace_headers, {})],
)
def test_outside_of_a_request_there_is_no_trace(function, expected):
    assert contextvars.Context().run(function) == expected


def test_trace_that_begins_here_has_the_numbers_of_the_request_id():
    trace_id, span_id = derive_ids("ours-1")
    assert inside(made(), current_trace) == TraceContext(trace_id, span_id)
    assert inside(made(), traceparent) == f"00-{trace_id}-{span_id}-00"
    assert inside(made(), trace_headers) == {"traceparent": f"00-{trace_id}-{span_id}-00"}


def test_trace_that_came_goes_on_with_a_span_of_ours():
    trace = made(caller=CALLER)
    headers = inside(trace, trace_headers)
    assert headers == {
        "traceparent": f"00-{CALLER.trace_id}-{derive_ids('ours-1')[1]}-00",
        "tracestate": "a=1",
    }


def test_tries_of_one_request_share_the_trace_of_its_id_and_have_spans_of_their_own():
    one, other = made(believed_id="proxy-1"), made(believed_id="proxy-1", own_id="ours-2")
    contexts = [inside(trace, current_trace) for trace in (one, other)]
    assert {context.trace_id for context in contexts} == {derive_ids("proxy-1")[0]}
    assert len({context.span_id for context in contexts}) == 2
    assert inside(one, current_request_id) == "proxy-1"


@pytest.mark.parametrize(("marks", "flags"), [(SAMPLED, "01"), (LOOKED_AT, "00")])
def test_services_we_call_are_told_whether_the_trace_is_kept_for_certain(marks, flags):
    trace = made()
    trace.mark(marks)
    assert inside(trace, traceparent).endswith(f"-{flags}")
