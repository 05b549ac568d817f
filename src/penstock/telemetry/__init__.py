"""Scoreboard, histograms, rings: shared memory, never blocks, never raises."""

from penstock.telemetry.discovery import FoundMaster, find_masters
from penstock.telemetry.handler import RecordHandler, route_logging
from penstock.telemetry.record import FinishedRequest, Outcome
from penstock.telemetry.recorder import REQUEST_ID, Recorder
from penstock.telemetry.scoreboard import WorkerState, mark_gone
from penstock.telemetry.segment import Segment, SegmentError
from penstock.telemetry.snapshot import CurrentRequest, Snapshot, WorkerStatus

__all__ = [
    "REQUEST_ID",
    "CurrentRequest",
    "FinishedRequest",
    "FoundMaster",
    "Outcome",
    "RecordHandler",
    "Recorder",
    "Segment",
    "SegmentError",
    "Snapshot",
    "WorkerState",
    "WorkerStatus",
    "find_masters",
    "mark_gone",
    "route_logging",
]
