"""Servers as the ops port sees them: a segment whose master and workers a test writes."""

from collections.abc import Callable

import pytest

from penstock.telemetry.recorder import Recorder
from penstock.telemetry.scoreboard import WorkerState
from penstock.telemetry.segment import Segment


@pytest.fixture
def put(segment: Segment) -> Callable[..., Recorder]:
    """Put a process into a slot: `put(1, WorkerState.READY, pid=4242)`."""

    def begin(slot: int, state: WorkerState = WorkerState.READY, pid: int = 4242) -> Recorder:
        recorder = Recorder(segment, slot, wait=lambda _: None)
        recorder.reset(pid, 1)
        recorder.set_state(state)
        return recorder

    return begin
