"""Scoreboard, histograms, rings: shared memory, never blocks, never raises."""

from penstock.telemetry.discovery import FoundMaster, find_masters
from penstock.telemetry.handler import RecordHandler, route_logging
from penstock.telemetry.pulse import Pulse, RunningRequest, read_pulse
from penstock.telemetry.record import FinishedRequest, Outcome
from penstock.telemetry.recorder import REQUEST_ID, Recorder
from penstock.telemetry.scoreboard import WorkerState, mark_gone
from penstock.telemetry.segment import Segment, SegmentError
from penstock.telemetry.snapshot import CurrentRequest, Snapshot, WorkerStatus
from penstock.telemetry.stack import STACK_SIGNAL, StackWriter, clear_stack, read_stack

__all__ = [
    "REQUEST_ID",
    "STACK_SIGNAL",
    "CurrentRequest",
    "FinishedRequest",
    "FoundMaster",
    "Outcome",
    "Pulse",
    "RecordHandler",
    "Recorder",
    "RunningRequest",
    "Segment",
    "SegmentError",
    "Snapshot",
    "StackWriter",
    "WorkerState",
    "WorkerStatus",
    "clear_stack",
    "find_masters",
    "mark_gone",
    "read_pulse",
    "read_stack",
    "route_logging",
]
