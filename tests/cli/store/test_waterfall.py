import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.traces import SpanKind, Trace, TraceSpan
from penstock.cli.store.waterfall import draw_waterfall

MS = 1_000_000


def span(
    number: int, parent: int | str, name: str, start_ms: float, duration_ms: float, **changes
) -> TraceSpan:
    values = {"span_id": str(number), "parent_id": str(parent), "name": name, "kind": SpanKind.APPLICATION}
    values |= {"start_ns": int((1000 + start_ms) * MS), "duration_ns": int(duration_ms * MS)}
    return TraceSpan(**values | changes)


def trace(*spans: TraceSpan) -> Trace:
    return Trace(
        trace_id="ab" * 16, caller_id="", tracestate="", request_id="r1", request_line="GET / HTTP/1.1",
        status=200, outcome="complete", peer="192.0.2.1", pid=7, server="shop", reasons=("slow",),
        start_ns=1000 * MS, duration_ns=100 * MS, spans=spans,
    )  # fmt: skip


def test_spans_are_a_tree_with_bars_to_scale() -> None:
    drawn = draw_waterfall(
        trace(
            span(1, "caller", "GET /", 0, 100),
            span(3, 1, "application", 20, 80),
            span(2, 1, "head", 0, 20),
            span(4, 3, "SELECT", 50, 25),
        ),
        79,
    )
    assert drawn == [
        "GET /             0.000   100.000 ms  " + "=" * 40,
        "  head            0.000    20.000 ms  " + "=" * 8,
        "  application    20.000    80.000 ms  " + " " * 8 + "=" * 32,
        "    SELECT       50.000    25.000 ms  " + " " * 20 + "=" * 10,
    ]


def test_an_error_stands_below_its_span_and_one_that_was_not_over_is_marked() -> None:
    drawn = draw_waterfall(trace(span(1, "", "bank", 0, 7, error="timed out\nx", is_open=True)), 60)
    assert drawn[0].startswith("! bank     0.000     7.000 ms+ ===")
    assert drawn[1] == "  timed out\\x0ax"


def test_a_span_of_no_time_has_a_bar_all_the_same() -> None:
    drawn = draw_waterfall(trace(span(1, "", "a", 0, 10), span(2, 1, "b", 10, 0)), 60)
    assert drawn[1].endswith(" =")
    assert len(drawn[1]) <= 60


def test_long_and_hostile_names_stay_in_their_column() -> None:
    drawn = draw_waterfall(trace(span(1, "", "x\x1b[2J" * 20, 0, 10)), 60)
    assert drawn[0].startswith("x\\x1b[2Jx\\x1b[2Jx\\x1b[2~ ")


@pytest.mark.parametrize("spans", [(), (span(1, "", "a", 0, 0),)])
def test_little_is_drawn_too(spans) -> None:
    assert len(draw_waterfall(trace(*spans), 60)) == len(spans)


def test_spans_that_are_each_others_parents_are_drawn_once() -> None:
    drawn = draw_waterfall(trace(span(1, 2, "a", 0, 1), span(2, 1, "b", 0, 1), span(3, 3, "c", 0, 1)), 60)
    assert sorted(line.split()[0] for line in drawn) == ["a", "b", "c"]


SPANS = st.builds(
    span,
    st.integers(0, 8),
    st.integers(0, 8),
    st.text(max_size=90),
    st.floats(-1000, 1e6),
    st.floats(0, 1e6),
    error=st.text(max_size=90),
)


@given(st.lists(SPANS, max_size=12, unique_by=lambda each: each.span_id), st.integers(0, 300))
def test_any_spans_fit_into_the_terminal(spans, width) -> None:
    drawn = draw_waterfall(trace(*spans), width)
    assert sum(" ms" in line for line in drawn) >= len(spans)
    assert all(len(line) <= max(width, 60) + 12 and line.isprintable() for line in drawn)
