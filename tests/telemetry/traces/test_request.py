import pytest

from penstock.telemetry.records.record import JOINED
from penstock.telemetry.traces.request import id_field
from penstock.telemetry.traces.trace_context import TraceContext

CALLER = TraceContext("a" * 32, "b" * 16)


@pytest.mark.parametrize(
    ("marks", "caller", "field"),
    [
        pytest.param(JOINED, CALLER, f"id-1 trace={CALLER.trace_id}", id="joined"),
        pytest.param(0, CALLER, "id-1", id="not-marked"),
        pytest.param(JOINED, None, "id-1", id="no-caller"),
    ],
)
def test_record_names_the_trace_of_a_caller_behind_the_request_id(finished, marks, caller, field):
    exchange = finished(request_id="id-1")
    exchange.trace.caller = caller
    assert id_field(exchange, marks) == field
