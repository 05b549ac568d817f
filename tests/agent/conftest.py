"""A small segment, a worker that writes into it, and a clock that a test moves."""

import signal
import types
from collections.abc import Callable, Iterator

import pytest

from penstock.agent.signals import Signals
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.records.record import Outcome
from penstock.telemetry.traces.trace import RequestTrace
from penstock.telemetry.writing.recorder import Recorder

US = 1000
START_NS = 1_000_000_000  # stamps lie in the past


@pytest.fixture
def finished() -> Callable[..., types.SimpleNamespace]:
    """A request of 19 us that went well, but for what a test changes."""

    def make(**changes):
        request = types.SimpleNamespace(
            first_byte_ns=START_NS,
            head_ns=START_NS + 2 * US,
            body_ns=START_NS + 2 * US,
            start_ns=START_NS + 4 * US,
            response_ns=START_NS + 12 * US,
            end_ns=START_NS + 13 * US,
            last_byte_ns=START_NS + 19 * US,
            received_bytes=0,
            sent_bytes=1234,
            status_code=200,
            thread=1,
            lane=0,
            outcome=Outcome.COMPLETE,
            peer="192.0.2.1",
            request_id="id-1",
            line=b"GET /a?b=1 HTTP/1.1",
            trace=RequestTrace(),
            environ={"HTTP_REFERER": "http://site/", "HTTP_USER_AGENT": "curl/8"},
        )
        vars(request).update(changes)
        return request

    return make


@pytest.fixture
def segment() -> Iterator[Segment]:
    made = Segment.create(slots=3, threads=2, ring_bytes=65536)
    yield made
    made.close()


@pytest.fixture
def recorder(segment) -> Recorder:
    made = Recorder(segment, 1, wait=lambda _: None)
    made.reset(4242, 1)
    return made


class Time:
    """Monotonic seconds that pass when a test says so."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def pass_s(self, duration_s: float) -> None:
        self.now_s += duration_s


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
def put(segment: Segment) -> Callable[..., Recorder]:
    """Put a process into a slot: `put(1, WorkerState.READY, pid=4242)`."""

    def begin(slot: int, state: WorkerState = WorkerState.READY, pid: int = 4242) -> Recorder:
        recorder = Recorder(segment, slot, wait=lambda _: None)
        recorder.reset(pid, 1)
        recorder.set_state(state)
        return recorder

    return begin


@pytest.fixture
def own_signals():
    """Signals of this process; as they were, afterwards."""
    numbers = [
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGHUP,
        signal.SIGUSR2,
        signal.SIGTTIN,
        signal.SIGTTOU,
        signal.SIGWINCH,
        signal.SIGPIPE,
    ]
    before = {number: signal.getsignal(number) for number in numbers}
    signals = Signals()
    signals.install()
    yield signals
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)
    signals.close()
