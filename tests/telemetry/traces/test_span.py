import asyncio
import contextvars
import inspect
import threading
import time

import pytest

from penstock.telemetry import add_span, current_trace, span
from penstock.telemetry.traces.span import Span
from penstock.telemetry.traces.trace import CURRENT, HAS_SPANS, MAX_SPANS, RequestTrace


@pytest.fixture
def request_trace():
    """The request that the test's own code serves."""
    trace = RequestTrace()
    trace.own_id = "id-1"
    before = CURRENT.set(trace)
    yield trace
    CURRENT.reset(before)


def names(trace):
    return [(found.name, found.parent.name if found.parent else None) for found in trace.spans]


def test_span_measures_what_happens_inside(request_trace):
    before = time.monotonic_ns()
    with span("work", pages=3) as step:
        inside = time.monotonic_ns()
        step.attributes["bytes"] = 10
    assert before <= step.start_ns <= inside <= step.end_ns <= time.monotonic_ns()
    assert request_trace.spans == [step]
    assert step.attributes == {"pages": 3, "bytes": 10}
    assert request_trace.marks == HAS_SPANS


def test_spans_know_the_span_around_them(request_trace):
    with span("outer"):
        with span("first"), span("inner"):
            pass
        with span("second"):
            pass
    with span("last"):
        pass
    assert names(request_trace) == [
        ("outer", None),
        ("first", "outer"),
        ("inner", "first"),
        ("second", "outer"),
        ("last", None),
    ]


def test_span_outside_of_a_request_is_thrown_away():
    def work():
        with span("work") as step:
            return step

    step = contextvars.Context().run(work)
    assert not hasattr(step, "start_ns")


def test_exception_passes_through_and_is_described(request_trace):
    with pytest.raises(KeyError), span("work"):
        raise KeyError("sku")
    assert request_trace.spans[0].error == "KeyError: 'sku'"
    assert request_trace.spans[0].end_ns
    assert CURRENT.get() is request_trace


class SpeechlessError(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(SpeechlessError(), "SpeechlessError", id="str-raises"),
        pytest.param(ValueError(), "ValueError", id="no-message"),
        pytest.param(ValueError("x" * 1000), f"ValueError: {'x' * 288}", id="long"),
        pytest.param(KeyboardInterrupt(), "KeyboardInterrupt", id="not-an-exception"),
    ],
)
def test_whatever_is_raised_is_described_in_short(request_trace, error, text):
    with pytest.raises(type(error)), span("work"):
        raise error
    assert request_trace.spans[0].error == text


def test_generator_that_is_closed_early_has_not_failed(request_trace):
    def rows():
        with span("rows"):
            yield 1
            yield 2

    made = rows()
    next(made)
    made.close()
    assert request_trace.spans[0].error == ""
    assert request_trace.spans[0].end_ns


def test_generator_may_be_closed_in_another_context(request_trace):
    def rows():
        with span("rows"):
            yield

    made = rows()
    next(made)
    contextvars.copy_context().run(made.close)
    assert request_trace.spans[0].end_ns


def test_spans_of_a_request_are_bounded_and_the_rest_is_counted(request_trace):
    for _ in range(MAX_SPANS + 5):
        with span("query"):
            pass
    assert (len(request_trace.spans), request_trace.lost) == (MAX_SPANS, 5)
    assert CURRENT.get() is request_trace


def test_request_that_is_over_takes_no_more_spans(request_trace):
    with span("work"):
        request_trace.close()
        with span("late"):
            pass
    with span("later"):
        pass
    assert request_trace.spans == []
    assert request_trace.lost == 2


def test_decorated_function_is_a_span_each_time_it_is_called(request_trace):
    @span("price", currency="EUR")
    def price(amount, *, tax):
        """Say what it costs."""
        return amount + tax

    assert [price(1, tax=2), price(3, tax=4)] == [3, 7]
    assert names(request_trace) == [("price", None)] * 2
    assert request_trace.spans[0] is not request_trace.spans[1]
    assert (price.__name__, price.__doc__) == ("price", "Say what it costs.")


def test_decorated_coroutine_function_is_measured_until_it_is_done(request_trace):
    @span("fetch")
    async def fetch():
        await asyncio.sleep(0)
        with span("inside"):
            return 5

    assert inspect.iscoroutinefunction(fetch)
    assert asyncio.run(fetch()) == 5
    assert names(request_trace) == [("fetch", None), ("inside", "fetch")]


def test_tasks_that_run_at_once_do_not_take_each_other_s_spans_for_parents(request_trace):
    async def work(name):
        with span(name):
            await asyncio.sleep(0)
            with span(f"{name}-inner"):
                await asyncio.sleep(0)

    async def both():
        with span("all"):
            await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())
    parents = dict(names(request_trace))
    assert parents == {"all": None, "a": "all", "b": "all", "a-inner": "a", "b-inner": "b"}


def test_thread_with_a_copy_of_the_context_adds_to_the_request(request_trace):
    def work():
        with span("in-thread"):
            pass

    with span("outer"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert names(request_trace) == [("outer", None), ("in-thread", "outer")]


def test_first_spans_of_many_threads_are_all_there(request_trace):
    gate = threading.Barrier(8)

    def work():
        gate.wait()
        with span("work"):
            pass

    threads = [threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(request_trace.spans) == 8


@pytest.mark.parametrize("kind", ["generator", "async-generator"])
def test_generator_function_cannot_be_decorated(kind):
    def rows():
        yield

    async def async_rows():
        yield

    with pytest.raises(TypeError, match=r"span\('x'\) around generator .*; expected a function"):
        span("x")(rows if kind == "generator" else async_rows)


def test_context_of_a_span_is_its_own_in_the_request_s_trace(request_trace):
    server = current_trace()
    with span("a"):
        first = current_trace()
        with span("b"):
            second = current_trace()
    assert len({server.span_id, first.span_id, second.span_id}) == 3
    assert {server.trace_id, first.trace_id, second.trace_id} == {server.trace_id}


def test_context_of_a_span_whose_request_is_over_is_the_server_s(request_trace):
    with span("a") as step:
        request_trace.close()
        assert current_trace() == request_trace.context()
    assert isinstance(step, Span)


def test_stretch_that_was_measured_already_is_a_span(request_trace):
    with span("outer"):
        add_span("hook", 5, 9, name="x")
    add_span("later", 9, 10)
    assert names(request_trace) == [("outer", None), ("hook", "outer"), ("later", None)]
    added = request_trace.spans[1]
    assert (added.start_ns, added.end_ns, added.error, added.attributes) == (5, 9, "", {"name": "x"})


def test_stretch_outside_of_a_request_is_nobody_s():
    context = contextvars.Context()
    context.run(add_span, "hook", 5, 9)
    assert not list(context)


def test_span_says_whether_anybody_may_see_its_attributes(request_trace):
    with span("work") as step:
        assert step.is_recording
    outside = contextvars.Context().run(span("work").__enter__)
    assert not outside.is_recording
