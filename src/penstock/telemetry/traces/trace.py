"""The trace of a running request: whose it is, what is known at its start, and the spans its code opened.

A request that opens no span and asks for no context costs one small object: ids are derived when somebody
asks for them, the list of spans is made by the first one.

    CURRENT (context variable) --> RequestTrace <--+   in the request's own code
                               --> Span -- request-+   inside `with span(...)`

A context variable, because asgiref and asyncio copy the context into the threads and tasks where a view may
continue; a threading.local would lose the request there. Leaving a request does not clear it (40 ns): what
code finds between requests is the trace of one that is over, which takes no more spans.

In:     what the seam read from the request.
Out:    TraceContext for calls to other services and for log records.
Never:  decides what is kept (keeper.py), reads a clock, or holds anything of the request itself.
"""

from contextvars import ContextVar
from typing import Final, Protocol

from penstock.telemetry.traces.trace_context import TraceContext, derive_ids

# Marks of a request: why it is kept, as far as that is known before it ends, and what has to be done then.
ERROR: Final = 0x10  # status of 500 and above, or it was not complete
SLOW: Final = 0x20  # over the 99th percentile of its shape
SAMPLED: Final = 0x40  # by us, or by a trusted caller
ASKED: Final = 0x80  # by a signed field
REASONS: Final = ERROR | SLOW | SAMPLED | ASKED
LOOKED_AT: Final = 0x01  # the threshold of its shape falls (threshold.py)
HAS_SPANS: Final = 0x02
CALLED: Final = 0x04  # its trace is a caller's, which its access record has to name

MAX_SPANS: Final = 256  # of one request; what comes later is counted


class Node(Protocol):
    """Where code stands inside a request: at its top, or in a span."""

    @property
    def request(self) -> "RequestTrace":
        """The request's."""

    def context(self) -> TraceContext:
        """Its ids."""


class RequestTrace:
    """One request's. Defaults stand in the class, so that a new one stores only what it has.

    Attributes:
        own_id: the request id that we made; no other request has it.
        believed_id: the id that a trusted proxy sent, if it did; another try may have it as well.
        accepted_ns: when its connection was (CLOCK_MONOTONIC); 0 = it is not the first on it.
        caller: the span that called us.
        is_sampled: what is told to the services that this request calls.
        marks: see above.
        spans: in the order in which they began; None = none yet, OVER = the request has ended.
        lost: spans that found no room.
    """

    own_id: str = ""
    believed_id: str = ""
    accepted_ns: int = 0
    caller: TraceContext | None = None
    is_sampled: bool = False
    marks: int = 0
    spans: list[Node] | None = None
    lost: int = 0
    _context: TraceContext | None = None

    @property
    def request(self) -> "RequestTrace":
        """Itself: it is the outermost node."""
        return self

    @property
    def request_id(self) -> str:
        """The id that logs show."""
        return self.believed_id or self.own_id

    def context(self) -> TraceContext:
        """The server's span of this request."""
        if self._context is None:
            trace_id, span_id = derive_ids(self.own_id)
            if self.believed_id:
                trace_id = derive_ids(self.believed_id)[0]
            tracestate = ""
            if self.caller is not None:
                trace_id, tracestate = self.caller.trace_id, self.caller.tracestate
            self._context = TraceContext(trace_id, span_id, self.is_sampled, tracestate)
        return self._context

    def mark(self, marks: int) -> None:
        """Note what is known of the request when it begins."""
        self.marks = marks
        self.is_sampled = bool(marks & SAMPLED)

    def add(self, span: Node) -> bool:
        """Take a span that begins; False = there is no room, or the request has ended."""
        spans = self.spans
        if spans is None:
            spans = vars(self).setdefault("spans", [])  # two threads may come at once
            self.marks |= HAS_SPANS
        if spans is OVER or len(spans) >= MAX_SPANS:
            self.lost += 1
            return False
        spans.append(span)
        return True

    def close(self) -> None:
        """The request has ended: let go of its spans, which refer to it."""
        self.spans = OVER


OVER: Final[list[Node]] = []  # nobody adds to it
CURRENT: Final[ContextVar[Node | None]] = ContextVar("penstock_trace", default=None)


def current_request_id() -> str:
    """Id of the request that the running code serves; empty outside of any."""
    node = CURRENT.get()
    return node.request.request_id if node is not None else ""


def current_trace() -> TraceContext | None:
    """The innermost span that the running code is in, the server's at least; None outside of any request."""
    node = CURRENT.get()
    return node.context() if node is not None else None


def traceparent() -> str:
    """The `traceparent` field for a call to another service; empty outside of any request."""
    context = current_trace()
    return context.traceparent if context is not None else ""


def trace_headers() -> dict[str, str]:
    """The fields that make a call to another service part of this trace; none outside of any request.

    `traceparent`, and `tracestate` where one came.
    """
    context = current_trace()
    if context is None:
        return {}
    headers = {"traceparent": context.traceparent}
    if context.tracestate:
        headers["tracestate"] = context.tracestate
    return headers
