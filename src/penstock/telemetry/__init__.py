"""Scoreboard, histograms, rings: shared memory, never blocks, never raises."""

from penstock.telemetry.definition import MetricError
from penstock.telemetry.discovery import FoundMaster, find_masters
from penstock.telemetry.handler import RecordHandler, route_logging
from penstock.telemetry.meter import METER, counter, gauge, histogram
from penstock.telemetry.pulse import Pulse, RunningRequest, read_pulse
from penstock.telemetry.record import FinishedRequest, Outcome
from penstock.telemetry.recorder import REQUEST_ID, Recorder
from penstock.telemetry.scoreboard import WorkerState, finished_requests, mark_gone
from penstock.telemetry.segment import Segment, SegmentError
from penstock.telemetry.snapshot import CurrentRequest, Snapshot, WorkerStatus
from penstock.telemetry.stack import STACK_SIGNAL, ask_for_stack, read_stack, show_stacks
from penstock.telemetry.verdict import (
    ReloadState,
    Verdict,
    begin_reload,
    last_reload,
    read_verdict,
    write_verdict,
)

__all__ = [
    "METER",
    "REQUEST_ID",
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
    "RunningRequest",
    "Segment",
    "SegmentError",
    "Snapshot",
    "Verdict",
    "WorkerState",
    "WorkerStatus",
    "ask_for_stack",
    "begin_reload",
    "counter",
    "find_masters",
    "finished_requests",
    "gauge",
    "histogram",
    "last_reload",
    "mark_gone",
    "read_pulse",
    "read_stack",
    "read_verdict",
    "route_logging",
    "show_stacks",
    "write_verdict",
]
