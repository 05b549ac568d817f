"""A span: a stretch of a request that has a name, measured where it happens.

    with span("invoice.render", pages=12) as step:
        step.attributes["bytes"] = len(render())

    @span("rates.fetch")
    async def fetch(): ...

Outside of a request it does nothing. Inside one it costs about a microsecond, and is thrown away at the
request's end unless the request is kept (keeper.py): nothing is written meanwhile.

In:     a name, attributes.
Out:    two stamps and, where an exception passed through it, what that was.
Never:  changes the exception, raises one of its own, keeps one alive.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Coroutine
from time import monotonic_ns
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeVar, cast

from penstock.telemetry.traces.trace import CURRENT, Node, RequestTrace
from penstock.telemetry.traces.trace_context import TraceContext, derive_span_id

_MAX_ERROR_CHARACTERS: Final = 300
_get_current: Final = CURRENT.get
_set_current: Final = CURRENT.set

P = ParamSpec("P")
R = TypeVar("R")


class Span:
    """A context manager for one use, or a decorator for a function or coroutine function.

    Args:
        name: what happens; the same for all requests (`db.query`), with what varies in the attributes.
        attributes: texts, numbers and truth values are kept; of anything else its type.

    Attributes:
        start_ns: CLOCK_MONOTONIC.
        end_ns: 0 = not over.
        error: type and message of the exception that ended it.
        parent: the span around it; None = the server's.
        request: None = it was opened outside of a request, or found no room.
    """

    __slots__ = ("_request", "attributes", "end_ns", "error", "name", "parent", "start_ns")

    _request: RequestTrace | None
    parent: "Span | None"

    def __init__(self, name: str, /, **attributes: Any) -> None:
        self.name = name
        self.attributes = attributes

    def __enter__(self) -> Self:
        outer = _get_current()
        if outer is None:
            self._request = None
            return self
        request = outer.request
        self.parent = None if outer is request else cast("Span", outer)
        self.end_ns = 0
        self.error = ""
        self.start_ns = monotonic_ns()  # before others can see it
        if request.add(self):
            self._request = request
            _set_current(self)
        else:
            self._request = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        request = self._request
        if request is None:
            return
        self.end_ns = monotonic_ns()
        parent = self.parent
        # Not by token: a generator may be closed in another context than it was begun in.
        _set_current(request if parent is None else parent)
        if kind is not None and kind is not GeneratorExit:
            self.error = _described(kind, error)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return `function` with a span around each of its calls.

        Raises:
            TypeError: a generator function: its body runs later than its call.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"span({self.name!r}) around generator {function.__qualname__}; expected a function"
            )
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", self._around_coroutine(function))

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with Span(self.name, **self.attributes):
                return function(*args, **kwargs)

        return call

    def _around_coroutine(
        self, function: Callable[P, Coroutine[Any, Any, R]]
    ) -> Callable[P, Coroutine[Any, Any, R]]:
        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with Span(self.name, **self.attributes):
                return await function(*args, **kwargs)

        return call

    @property
    def is_recording(self) -> bool:
        """Whether anybody may see what is put into `attributes`: what is dear to find out can be left out."""
        return self._request is not None

    @property
    def request(self) -> RequestTrace:
        """The request it belongs to; only a span that is CURRENT is asked, and such a one has one."""
        return cast("RequestTrace", self._request)

    def context(self) -> TraceContext:
        """Its ids."""
        request = self.request
        whole = request.context()
        spans: tuple[Node, ...] = tuple(request.spans or ())
        if self not in spans:  # the request is over
            return whole
        span_id = derive_span_id(request.own_id, spans.index(self) + 1)
        return TraceContext(whole.trace_id, span_id, whole.is_sampled, whole.tracestate)


span: Final = Span  # what applications write


def add_span(name: str, start_ns: int, end_ns: int, /, **attributes: Any) -> None:
    """Add a stretch that was measured already, for code that knows only afterwards whether it is worth it.

    Args:
        name: what happened.
        start_ns: CLOCK_MONOTONIC (`time.monotonic_ns()`).
        end_ns: the same.
        attributes: as of a span.
    """
    outer = _get_current()
    if outer is None:
        return
    made = Span(name, **attributes)
    made.parent = None if outer is outer.request else cast("Span", outer)
    made.start_ns, made.end_ns, made.error, made._request = start_ns, end_ns, "", outer.request
    outer.request.add(made)


def _described(kind: type[BaseException], error: BaseException | None) -> str:
    message = ""
    with contextlib.suppress(Exception):  # an exception whose str() raises
        message = str(error)
    return f"{kind.__name__}: {message}"[:_MAX_ERROR_CHARACTERS] if message else kind.__name__
