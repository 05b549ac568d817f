import hashlib
import hmac
from typing import Any

import pytest

from penstock.config import TelemetryConfig
from penstock.telemetry.traces.trace import ASKED, CALLED, LOOKED_AT, SAMPLED, RequestTrace
from penstock.telemetry.traces.trace_context import TraceContext, derive_ids
from penstock.wsgi.trace_request import ASKING, TRACEPARENT, TRACESTATE, TraceReader

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
SENT = f"00-{TRACE}-{SPAN}-01"
NOW_S = 1_800_000_000
KEY = "a secret of the operator's"


def signed(expires_s: int, key: str = KEY) -> str:
    return f"{expires_s}.{hmac.new(key.encode(), str(expires_s).encode(), hashlib.sha256).hexdigest()}"


def read(
    environ: dict[str, Any], *, is_trusted: bool = False, marks: int = 0, **options: Any
) -> RequestTrace:
    trace = RequestTrace()
    trace.own_id = "ours-1"
    trace.mark(marks)
    reader = TraceReader(TelemetryConfig(**options), lambda: NOW_S)
    reader.read(trace, environ, is_trusted=is_trusted)
    return trace


def test_caller_is_believed_of_anyone() -> None:
    trace = read({TRACEPARENT: SENT, TRACESTATE: "a=1"})
    assert trace.caller == TraceContext(TRACE, SPAN, is_sampled=True, tracestate="a=1")
    assert trace.context().trace_id == TRACE


@pytest.mark.parametrize(
    ("is_trusted", "flags", "marks"),
    [
        pytest.param(False, "01", CALLED, id="stranger"),
        pytest.param(True, "01", CALLED | SAMPLED, id="proxy"),
        pytest.param(True, "00", CALLED, id="proxy-that-does-not-keep-it"),
    ],
)
def test_only_a_trusted_proxy_can_have_a_request_sampled(is_trusted: bool, flags: str, marks: int) -> None:
    trace = read({TRACEPARENT: f"00-{TRACE}-{SPAN}-{flags}"}, is_trusted=is_trusted)
    assert trace.marks == marks
    assert trace.is_sampled is bool(marks & SAMPLED)


def test_malformed_caller_is_none_and_its_state_is_nobody_s() -> None:
    trace = read({TRACEPARENT: SENT.upper(), TRACESTATE: "a=1"}, is_trusted=True)
    assert trace.caller is None
    assert trace.context().tracestate == ""


def test_malformed_state_costs_the_state_alone() -> None:
    trace = read({TRACEPARENT: SENT, TRACESTATE: "A=1"})
    assert trace.caller == TraceContext(TRACE, SPAN, is_sampled=True)


def test_our_own_marks_stay() -> None:
    assert read({}, marks=SAMPLED | LOOKED_AT).marks == SAMPLED | LOOKED_AT


# Asking


def test_request_with_a_signed_field_is_kept() -> None:
    trace = read({ASKING: signed(NOW_S + 60)}, trace_key=KEY)
    assert trace.marks == ASKED
    assert trace.is_sampled


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(signed(NOW_S + 60, "another key"), id="other-key"),
        pytest.param(signed(NOW_S - 1), id="over"),
        pytest.param(signed(NOW_S + 86_401), id="more-than-a-day-ahead"),
        pytest.param(signed(NOW_S + 60).replace("1800000060", "1800000061"), id="other-moment"),
        pytest.param(signed(NOW_S + 60)[:-1], id="cut"),
        pytest.param(signed(NOW_S + 60).upper(), id="upper-case"),
        pytest.param(signed(NOW_S + 60) + "\n", id="line-feed"),
        pytest.param("1800000060.", id="no-signature"),
        pytest.param("", id="empty"),
        pytest.param("\u0661" * 10 + "." + "a" * 64, id="digits-of-another-script"),
        pytest.param("9" * 100 + "." + "a" * 64, id="no-time"),
    ],
)
def test_field_that_was_not_signed_for_now_is_no_request_to_be_kept(value: str) -> None:
    assert read({ASKING: value}, trace_key=KEY).marks == 0


def test_where_there_is_no_key_nobody_can_ask() -> None:
    assert read({ASKING: signed(NOW_S + 60, "")}).marks == 0


@pytest.mark.parametrize(
    ("options", "is_busy"),
    [({}, False), ({"trace_key": KEY}, True), ({"trace_environ": True}, True)],
    ids=["default", "key", "environ"],
)
def test_only_what_is_configured_is_looked_for(options: dict[str, Any], is_busy: bool) -> None:
    assert TraceReader(TelemetryConfig(**options)).is_busy is is_busy


# The environ


def test_environ_is_left_alone_by_default() -> None:
    environ = {TRACEPARENT: SENT, TRACESTATE: "a=1"}
    read(environ)
    assert environ == {TRACEPARENT: SENT, TRACESTATE: "a=1"}


@pytest.mark.parametrize("flags", ["00", "01"])
def test_application_becomes_a_child_of_the_server_s_span(flags: str) -> None:
    environ = {TRACEPARENT: f"00-{TRACE}-{SPAN}-{flags}", TRACESTATE: "a=1"}
    read(environ, trace_environ=True)
    assert environ == {TRACEPARENT: f"00-{TRACE}-{derive_ids('ours-1')[1]}-{flags}", TRACESTATE: "a=1"}


@pytest.mark.parametrize("sent", [{}, {TRACESTATE: "a=1"}, {TRACEPARENT: "00-1-2-01"}])
def test_trace_that_begins_here_is_one_that_the_application_goes_on_with(sent: dict[str, Any]) -> None:
    environ = dict(sent)
    read(environ, trace_environ=True)
    trace_id, span_id = derive_ids("ours-1")
    assert environ == {TRACEPARENT: f"00-{trace_id}-{span_id}-01"}
