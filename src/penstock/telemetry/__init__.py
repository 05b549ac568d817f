"""Scoreboard, histograms, rings, metrics and traces: shared memory, never blocks, never raises."""

from penstock.telemetry.memory.pulse import Pulse, RunningRequest, read_pulse
from penstock.telemetry.memory.scoreboard import WorkerState, finished_requests, mark_gone
from penstock.telemetry.memory.segment import Segment, SegmentError
from penstock.telemetry.memory.stack import STACK_SIGNAL, ask_for_stack, read_stack, show_stacks
from penstock.telemetry.memory.verdict import (
    ReloadState,
    Verdict,
    begin_reload,
    last_reload,
    read_verdict,
    write_verdict,
)
from penstock.telemetry.metrics.definition import MetricError
from penstock.telemetry.metrics.meter import METER, counter, gauge, histogram
from penstock.telemetry.metrics.takeover import take_over_prometheus
from penstock.telemetry.reading.discovery import FoundMaster, find_masters
from penstock.telemetry.reading.snapshot import CurrentRequest, Snapshot, WorkerStatus
from penstock.telemetry.records.record import Outcome
from penstock.telemetry.traces.request import FinishedRequest
from penstock.telemetry.traces.sampling import marks
from penstock.telemetry.traces.span import Span, add_span, span
from penstock.telemetry.traces.threshold import NEVER_SLOW, Threshold
from penstock.telemetry.traces.trace import (
    RequestTrace,
    current_request_id,
    current_trace,
    trace_headers,
    traceparent,
)
from penstock.telemetry.traces.trace_context import TraceContext
from penstock.telemetry.writing.handler import RecordHandler, route_logging
from penstock.telemetry.writing.printed import capture_prints
from penstock.telemetry.writing.recorder import Recorder

__all__ = [
    "METER",
    "NEVER_SLOW",
    "STACK_SIGNAL",
    "CurrentRequest",
    "FinishedRequest",
    "FoundMaster",
    "MetricError",
    "Outcome",
    "Pulse",
    "RecordHandler",
    "Recorder",
    "ReloadState",
    "RequestTrace",
    "RunningRequest",
    "Segment",
    "SegmentError",
    "Snapshot",
    "Span",
    "Threshold",
    "TraceContext",
    "Verdict",
    "WorkerState",
    "WorkerStatus",
    "add_span",
    "ask_for_stack",
    "begin_reload",
    "capture_prints",
    "counter",
    "current_request_id",
    "current_trace",
    "find_masters",
    "finished_requests",
    "gauge",
    "histogram",
    "last_reload",
    "mark_gone",
    "marks",
    "read_pulse",
    "read_stack",
    "read_verdict",
    "route_logging",
    "show_stacks",
    "span",
    "take_over_prometheus",
    "trace_headers",
    "traceparent",
    "write_verdict",
]
