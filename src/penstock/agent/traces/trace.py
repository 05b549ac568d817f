"""A kept request: what it was, and where its time went.

    server's span    GET, from the first byte to the last
     |- head         its phases, drawn from the access record; those that took no time are left out
     |- body
     |- queue
     |- application
     |   |- ...      what the application measured (telemetry/traces/span.py)
     `- send

In:     nothing.
Out:    the types that sinks are given.
Never:  holds anything of shared memory.
"""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

Value = str | int | float | bool


class SpanKind(enum.Enum):
    """Whose span it is."""

    SERVER = "server"  # the whole request, the first of a trace
    PHASE = "phase"  # a part of it, measured by the server
    APPLICATION = "application"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceSpan:
    """A stretch of the request.

    Attributes:
        span_id: 16 hexadecimal digits.
        parent_id: of the span around it; of the server's span the caller's, or empty.
        name: what happens.
        kind: see there.
        start_ns: since 1970.
        duration_ns: 0 or more.
        error: what went wrong in it; empty = nothing.
        is_open: it was not over when the request was: its duration is what is known.
        attributes: OpenTelemetry's names where it has one.
    """

    span_id: str
    parent_id: str
    name: str
    kind: SpanKind
    start_ns: int
    duration_ns: int
    error: str = ""
    is_open: bool = False
    attributes: Mapping[str, Value] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One request and its spans, the server's first.

    Attributes:
        trace_id: 32 hexadecimal digits; other requests may have it too, here and elsewhere.
        caller_id: the span that called us; empty = the trace begins here.
        tracestate: as it came.
        request_id: as in the logs.
        request_line: as sent, safe to show; without query where the logs have none.
        status: 0 = no answer.
        outcome: `complete`, `failed`, ... (telemetry.Outcome).
        peer: address of the client.
        pid: of the worker.
        server: name of the tenant.
        reasons: why it was kept: `error`, `slow`, `sampled`, `asked`.
        start_ns: of its first byte, since 1970.
        duration_ns: to its last byte.
        spans: the server's, its phases, the application's in the order in which they began.
        lost_spans: that found no room.
    """

    trace_id: str
    caller_id: str
    tracestate: str
    request_id: str
    request_line: str
    status: int
    outcome: str
    peer: str
    pid: int
    server: str
    reasons: tuple[str, ...]
    start_ns: int
    duration_ns: int
    spans: tuple[TraceSpan, ...]
    lost_spans: int = 0


@runtime_checkable
class TraceSink(Protocol):
    """Who takes kept traces: a store, an exporter."""

    def keep(self, trace: Trace) -> None:
        """Take one; on the agent's main thread, so it must be quick."""
        ...  # pragma: no cover - a protocol
