"""From an access record, and what the worker remembered, to a trace.

In:     a decoded access record with its texts; a Recollection; the offset of the clocks.
Out:    a Trace.
Never:  reads memory; negative durations.

Rules:  OpenTelemetry semantic conventions for HTTP server spans (names of attributes).
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from penstock.agent.logs.access_line import outcome_name
from penstock.agent.traces.span_record import TRACE_ID, OwnSpan, Recollection
from penstock.agent.traces.trace import SpanKind, Trace, TraceSpan, Value
from penstock.telemetry.memory.histogram import TICK_BITS
from penstock.telemetry.records.record import LANE
from penstock.telemetry.records.text import split_id
from penstock.telemetry.traces.trace import ASKED, ERROR, SAMPLED, SLOW
from penstock.telemetry.traces.trace_context import derive_ids, derive_span_id

_REASONS: Final = ((ERROR, "error"), (SLOW, "slow"), (SAMPLED, "sampled"), (ASKED, "asked"))
_LANES: Final = ("inline", "pool")
_ROUTE: Final = "http.route"
_APPLICATION: Final = "application"
_MAX_NS: Final = 1 << 62  # what a reader of traces can count to; durations beyond it are damage


@dataclasses.dataclass(frozen=True, slots=True)
class Finished:
    """An access record, its durations in ns."""

    last_ns: int
    phases_ns: Mapping[str, int]  # in the order of time
    total_ns: int
    received_bytes: int
    sent_bytes: int
    pid: int
    status: int
    thread: int
    outcome: int
    marks: int  # the byte of the lane
    line: str
    peer: str
    request_id: str
    trace_id: str  # a caller's, empty if it is not
    user_agent: str

    @property
    def first_ns(self) -> int:
        """When its first byte came."""
        return max(self.last_ns - self.total_ns, 0)


def finished_of(row: Sequence[Any], texts: Sequence[str]) -> Finished:
    """Name the columns of a record.

    Args:
        row: as telemetry.records.record.ACCESS unpacks it.
        texts: its five fields, safe to show.
    """
    (_, _, _, last_ns, head, body, queue, _, application, send, total,
     received, sent, pid, status, thread, outcome, marks, _) = row  # fmt: skip
    request_id, trace_id = split_id(texts[2])
    ticks = {"head": head, "body": body, "queue": queue, _APPLICATION: application, "send": send}
    return Finished(
        last_ns=min(last_ns, _MAX_NS),
        phases_ns={name: _ns(count) for name, count in ticks.items()},
        total_ns=_ns(total),
        received_bytes=received,
        sent_bytes=sent,
        pid=pid,
        status=status,
        thread=thread,
        outcome=outcome,
        marks=marks,
        line=texts[0],
        peer=texts[1],
        request_id=request_id,
        trace_id=trace_id if TRACE_ID.fullmatch(trace_id) else "",
        user_agent=texts[4],
    )


def _ns(ticks: int) -> int:
    return min(ticks << TICK_BITS, _MAX_NS)


def draw(finished: Finished, known: Recollection, offset_ns: int, server: str = "") -> Trace:
    """Make the trace of a request.

    Args:
        finished: its access record.
        known: what its worker remembered, if anything.
        offset_ns: wall clock minus monotonic clock.
        server: the tenant's name.
    """
    own_id = known.own_id or finished.request_id
    trace_id = known.trace_id or finished.trace_id or derive_ids(finished.request_id)[0]
    server_id = derive_ids(own_id)[1]
    drawer = _Drawer(own_id, server_id, finished, offset_ns)
    phases = list(drawer.phases(known.accepted_ns))
    own = list(drawer.own_spans(known.spans))
    return Trace(
        trace_id=trace_id,
        caller_id=known.caller_id,
        tracestate=known.tracestate,
        request_id=finished.request_id,
        request_line=finished.line,
        status=finished.status,
        outcome=outcome_name(finished.outcome),
        peer=finished.peer,
        pid=finished.pid,
        server=server,
        reasons=tuple(name for mark, name in _REASONS if finished.marks & mark),
        start_ns=finished.first_ns + offset_ns,
        duration_ns=finished.total_ns,
        spans=(drawer.server_span(known.caller_id, own), *phases, *own),
        lost_spans=known.lost,
    )


class _Drawer:
    """The spans of one request."""

    __slots__ = ("_finished", "_offset_ns", "_own_id", "_server_id")

    def __init__(self, own_id: str, server_id: str, finished: Finished, offset_ns: int) -> None:
        self._own_id = own_id
        self._server_id = server_id
        self._finished = finished
        self._offset_ns = offset_ns

    def server_span(self, caller_id: str, own: Sequence[TraceSpan]) -> TraceSpan:
        """The whole request. Its name is method and route: few names, if the application says which."""
        finished = self._finished
        method = finished.line.partition(" ")[0] or "HTTP"
        route = next((span.attributes[_ROUTE] for span in own if _ROUTE in span.attributes), None)
        attributes = dict(self._attributes())
        if route is not None:
            attributes[_ROUTE] = route
        is_failed = bool(finished.marks & ERROR)
        return TraceSpan(
            span_id=self._server_id,
            parent_id=caller_id,
            name=method if route is None else f"{method} {route}",
            kind=SpanKind.SERVER,
            start_ns=finished.first_ns + self._offset_ns,
            duration_ns=finished.total_ns,
            error=_failure(finished) if is_failed else "",
            attributes=attributes,
        )

    def _attributes(self) -> Iterator[tuple[str, Value]]:
        finished = self._finished
        words = finished.line.split(" ")
        if len(words) == 3:
            path, mark, query = words[1].partition("?")
            yield "http.request.method", words[0]
            yield "url.path", path
            if mark:
                yield "url.query", query
            yield "network.protocol.version", words[2].removeprefix("HTTP/")
        yield "http.response.status_code", finished.status
        yield "http.request.body.size", finished.received_bytes
        yield "http.response.body.size", finished.sent_bytes
        yield "client.address", finished.peer
        yield "user_agent.original", finished.user_agent
        yield "process.pid", finished.pid
        yield "thread.id", finished.thread
        yield "penstock.request_id", finished.request_id
        yield "penstock.lane", _LANES[finished.marks & LANE]
        yield "penstock.outcome", outcome_name(finished.outcome)

    def phases(self, accepted_ns: int) -> Iterator[TraceSpan]:
        """What the server measured, one behind the other."""
        finished = self._finished
        at_ns = finished.first_ns
        if 0 < accepted_ns < at_ns:  # on the connection, before the request
            yield self._phase("accepted", accepted_ns, at_ns - accepted_ns)
        for name, duration_ns in finished.phases_ns.items():
            if duration_ns or name == _APPLICATION:
                yield self._phase(name, at_ns, duration_ns)
            at_ns += duration_ns

    def _phase(self, name: str, start_ns: int, duration_ns: int) -> TraceSpan:
        return TraceSpan(
            span_id=self._id(name),
            parent_id=self._server_id,
            name=name,
            kind=SpanKind.PHASE,
            start_ns=start_ns + self._offset_ns,
            duration_ns=duration_ns,
        )

    def own_spans(self, spans: Sequence[OwnSpan]) -> Iterator[TraceSpan]:
        """What the application measured; the outermost belong to the phase in which it ran."""
        numbers = {span.number for span in spans}
        for span in spans:
            is_open = span.end_ns == 0
            end_ns = self._finished.last_ns if is_open else span.end_ns
            is_inside = span.parent in numbers and span.parent < span.number
            yield TraceSpan(
                span_id=self._id(span.number),
                parent_id=self._id(span.parent if is_inside else _APPLICATION),
                name=span.name,
                kind=SpanKind.APPLICATION,
                start_ns=span.start_ns + self._offset_ns,
                duration_ns=max(end_ns - span.start_ns, 0),
                error=span.error,
                is_open=is_open,
                attributes=span.attributes,
            )

    def _id(self, what: int | str) -> str:
        return derive_span_id(self._own_id, what)


def _failure(finished: Finished) -> str:
    outcome = outcome_name(finished.outcome)
    return f"status {finished.status}" if outcome == "complete" else f"status {finished.status}, {outcome}"
