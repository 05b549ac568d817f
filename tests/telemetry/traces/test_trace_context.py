import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.traces.trace_context import (
    TraceContext,
    derive_ids,
    derive_span_id,
    parse_traceparent,
    parse_tracestate,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("value", "is_sampled"),
    [
        pytest.param(f"00-{TRACE}-{SPAN}-01", True, id="sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-00", False, id="not-sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-02", False, id="a-flag-we-do-not-know"),
        pytest.param(f"00-{TRACE}-{SPAN}-ff", True, id="all-flags"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01", True, id="later-version"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01-what the future-brings", True, id="later-version-with-more"),
        pytest.param(f"fe-{TRACE}-{SPAN}-01-", True, id="last-version-with-a-dash"),
    ],
)
def test_traceparent_of_the_recommendation_names_the_caller(value, is_sampled):
    assert parse_traceparent(value) == TraceContext(TRACE, SPAN, is_sampled)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param(f"ff-{TRACE}-{SPAN}-01", id="version-ff"),
        pytest.param(f"00-{'0' * 32}-{SPAN}-01", id="zero-trace"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", id="zero-span"),
        pytest.param(f"00-{TRACE.upper()}-{SPAN}-01", id="upper-case"),
        pytest.param(f"00-{TRACE}-{SPAN}-1", id="short-flags"),
        pytest.param(f"00-{TRACE}-{SPAN}-0G", id="flags-no-digits"),
        pytest.param(f"00-{TRACE[:-1]}-{SPAN}-01", id="short-trace"),
        pytest.param(f"00-{TRACE}0-{SPAN}-01", id="long-trace"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-more", id="version-00-with-more"),
        pytest.param(f"01-{TRACE}-{SPAN}-01.more", id="later-version-without-a-dash"),
        pytest.param(f" 00-{TRACE}-{SPAN}-01", id="space-before"),
        pytest.param(f"00-{TRACE}-{SPAN}-01\n", id="line-feed-behind"),
        pytest.param(f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01", id="two-fields"),
        pytest.param(f"00_{TRACE}_{SPAN}_01", id="underscores"),
        pytest.param(f"0\u0660-{TRACE}-{SPAN}-01", id="digits-of-another-script"),
    ],
)
def test_malformed_traceparent_is_as_if_it_had_not_come(value):
    assert parse_traceparent(value) is None


@given(st.text(max_size=80))
def test_any_text_is_a_caller_or_none_at_all(value):
    caller = parse_traceparent(value)
    assert caller is None or value[3:52] == f"{caller.trace_id}-{caller.span_id}"


def test_what_is_sent_on_is_parsed_as_what_it_was():
    context = TraceContext(TRACE, SPAN, is_sampled=True)
    assert parse_traceparent(context.traceparent) == context
    assert context.traceparent == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", id="two"
        ),
        pytest.param("fw529a3039@dt=FfAAA=ignored,a=1", "", id="equals-sign-in-a-value"),
        pytest.param("fw529a3039@dt=FfAAA,a=1", "fw529a3039@dt=FfAAA,a=1", id="tenant"),
        pytest.param(" a=1 ,\t b=2 ,", "a=1,b=2", id="white-space-and-empty-members"),
        pytest.param("", "", id="empty"),
        pytest.param("a=1,a=2", "", id="key-twice"),
        pytest.param("A=1", "", id="upper-case-key"),
        pytest.param("a", "", id="no-value"),
        pytest.param("a=\x01", "", id="control-character"),
        pytest.param(",".join(f"k{n}=v" for n in range(32)), ",".join(f"k{n}=v" for n in range(32)), id="32"),
        pytest.param(",".join(f"k{n}=v" for n in range(33)), "", id="33-members"),
        pytest.param("a=" + "v" * 256 + ",b=" + "v" * 256, "", id="over-512-characters"),
    ],
)
def test_tracestate_is_passed_on_whole_or_not_at_all(value, expected):
    assert parse_tracestate(value) == expected


@given(st.text(max_size=700))
def test_any_tracestate_comes_out_short_and_stable(value):
    once = parse_tracestate(value)
    assert len(once) <= 512
    assert parse_tracestate(once) == once


def test_ids_of_a_request_are_the_same_each_time_and_another_s_are_not():
    trace_id, span_id = derive_ids("a1b2c3d4e5-0000001")
    assert derive_ids("a1b2c3d4e5-0000001") == (trace_id, span_id)
    assert (len(trace_id), len(span_id)) == (32, 16)
    others = {derive_ids(f"a1b2c3d4e5-{n:07x}") for n in range(2, 1000)}
    assert len({ids[0] for ids in others} | {trace_id}) == 999
    assert parse_traceparent(f"00-{trace_id}-{span_id}-01") is not None


def test_spans_of_a_request_have_ids_of_their_own():
    assert len({derive_span_id("id", number) for number in range(1, 257)}) == 256
    assert derive_span_id("id", 1) != derive_span_id("id2", 1)
