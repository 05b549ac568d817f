"""Kept traces as an OTLP request.

In:     traces.
Out:    the serialised message; from the collector's answer, how many spans it has refused.
Never:  imported unless OTLP is on.

Rules:  OTLP 1.x, ExportTraceServiceRequest; OpenTelemetry "Recording errors" (status of spans).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from penstock.agent.exporters.address import service_of
from penstock.agent.exporters.otlp_value import SCOPE, attributes, nanoseconds, resource
from penstock.agent.traces import SpanKind, Trace, TraceSpan

_KINDS: Final = {
    SpanKind.SERVER: Span.SPAN_KIND_SERVER,
    SpanKind.PHASE: Span.SPAN_KIND_INTERNAL,
    SpanKind.APPLICATION: Span.SPAN_KIND_INTERNAL,
}


def pack_traces(traces: Iterable[Trace], facts: Mapping[str, Any]) -> bytes:
    """Return the message; each worker is a resource of its own.

    Args:
        traces: kept ones.
        facts: attributes of all of the resources.
    """
    by_worker: dict[tuple[str, int], list[Span]] = {}
    for trace in traces:
        by_worker.setdefault((trace.server, trace.pid), []).extend(_span(trace, span) for span in trace.spans)
    message: bytes = ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=resource({"service.name": service_of(server), **facts, "process.pid": pid}),
                scope_spans=[ScopeSpans(scope=SCOPE, spans=spans)],
            )
            for (server, pid), spans in by_worker.items()
        ]
    ).SerializeToString()
    return message


def read_traces_answer(answer: bytes) -> tuple[int, str]:
    """Return how many spans the collector has refused, and why."""
    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    return partial.rejected_spans, partial.error_message


def _span(trace: Trace, span: TraceSpan) -> Span:
    pairs = list(span.attributes.items())
    if span.kind is SpanKind.SERVER:
        pairs.append(("penstock.kept", ",".join(trace.reasons)))
        if span.error:
            pairs.append(("error.type", str(trace.status)))
    if span.is_open:
        pairs.append(("penstock.unfinished", True))
    return Span(
        trace_id=bytes.fromhex(trace.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id),
        trace_state=trace.tracestate,
        name=span.name,
        kind=_KINDS[span.kind],
        start_time_unix_nano=nanoseconds(span.start_ns),
        end_time_unix_nano=nanoseconds(span.start_ns + span.duration_ns),
        attributes=attributes(pairs),
        status=Status(code=Status.STATUS_CODE_ERROR, message=span.error) if span.error else None,
    )
