"""Judges from outside whether workers live: what a worker cannot say about itself when nothing in it runs.

A worker answers its late requests itself, as long as its loop turns: 504 at the limit.  Two cases are
left to the master, and what tells them apart is whether the loop has turned since the request was due.

                           +-- the loop has turned since --> the thread blocks, and no more: LostWorker
    due + grace passed ----+
                           +-- it has not ----------------> nothing runs there: RequestStack, StuckWorker

    since          due                     due + grace
      |-- timeout --|-------- grace ---------|
      |  the loop:  504           RequestStack  StuckWorker or LostWorker

Without any late request a loop is stuck as well when it has been silent for as long as a request may take.

In:     pulses of workers (telemetry/memory/pulse.py), the time.
Out:    verdicts, each given once; when to look again.
Never:  reads a clock or memory, signals, logs.

Rules:  a loop beats each BEAT_S even when idle; SILENCE_NS is what a busy machine may add to that.
        If the master itself came late, nobody is judged for a while: the machine slept, not the worker.
"""

import dataclasses
import enum
from collections.abc import Iterable
from typing import Final

from penstock.telemetry import Pulse, RunningRequest

NS: Final = 1_000_000_000
# A loop that is two and a half seconds behind has missed two beats at least: it has not only waited for its
# turn.
SILENCE_NS: Final = 5 * NS // 2
# A loop that was only late may turn meanwhile, and the request for its stack itself may end a wait in C.
STACK_NS: Final = NS // 2
# The master came so much too late that the workers may have been late for the same reason.
LATE_NS: Final = 2 * NS


@dataclasses.dataclass(frozen=True, slots=True)
class WatchedWorker:
    """A worker of the roster and what its slot shows."""

    slot: int
    pid: int
    pulse: Pulse


class Cause(enum.Enum):
    """Why a worker is to be replaced."""

    THREAD_LOST = "thread_lost"  # a thread did not come back from a request
    INTERRUPTED = "interrupted"  # an exception was raised in a thread: what it left behind is unknown


@dataclasses.dataclass(frozen=True, slots=True)
class RequestStack:
    """Have the worker write down where its threads stand: it will be killed unless it moves.

    Have it replaced as well: a worker that was silent for so long is not to be relied on if it moves again.
    """

    slot: int
    pid: int


@dataclasses.dataclass(frozen=True, slots=True)
class LostWorker:
    """Replace the worker, successor first; its other requests end in peace.

    Attributes:
        request: the one whose thread is lost, None after an interruption.
    """

    slot: int
    pid: int
    cause: Cause
    request: RunningRequest | None


@dataclasses.dataclass(frozen=True, slots=True)
class StuckWorker:
    """Kill the worker: nothing in it runs.

    Attributes:
        silent_ns: since its loop last turned.
        requests: inside the application, the one that was due first in front.
    """

    slot: int
    pid: int
    silent_ns: int
    requests: tuple[RunningRequest, ...]


Verdict = RequestStack | LostWorker | StuckWorker


@dataclasses.dataclass(slots=True)
class _Case:
    """What was decided about one worker."""

    is_lost: bool = False
    is_stuck: bool = False
    asked_ns: int = 0  # when its stack was requested, 0 = it was not
    beat_ns: int = 0  # its loop's last turn at that time


class Overseer:
    """The judge of all workers of one master.

    Args:
        timeout_s: how long a request may take unless it asked for more.
        grace_s: how much longer its thread may take to come back.
    """

    def __init__(self, timeout_s: float, grace_s: float) -> None:
        self._cases: dict[int, _Case] = {}
        self._next_ns = 0  # when to look again; 0 = nobody is watched
        self._not_before_ns = 0
        self.allow(timeout_s, grace_s)

    def allow(self, timeout_s: float, grace_s: float) -> None:
        """Judge by these limits from now on: a reload has brought others."""
        self._timeout_ns = int(timeout_s * NS)
        self._grace_ns = int(grace_s * NS)
        self._lead_ns = min(STACK_NS, self._grace_ns)  # how long before a kill the stack is asked for

    def wait_s(self, now_ns: int) -> float | None:
        """Return the seconds until the next review, or None while nobody is watched."""
        return max(0, self._next_ns - now_ns) / NS if self._next_ns else None

    def review(self, workers: Iterable[WatchedWorker], now_ns: int) -> list[Verdict]:
        """Return what is to be done about `workers`: all of them that are not booting."""
        cases = {worker: self._cases.get(worker.pid, _Case()) for worker in workers}
        self._cases = {worker.pid: case for worker, case in cases.items()}
        if self._next_ns and now_ns - self._next_ns > LATE_NS:
            self._not_before_ns = now_ns + SILENCE_NS
        if now_ns < self._not_before_ns:
            self._next_ns = self._not_before_ns
            return []
        moments = [now_ns + self._timeout_ns]  # nothing that begins from now on is due before
        verdicts = []
        for worker, case in cases.items():
            verdict, next_ns = self._judge(worker, case, now_ns)
            if verdict is not None:
                verdicts.append(verdict)
            if next_ns:
                moments.append(next_ns)
        self._next_ns = min(moments) if cases else 0
        return verdicts

    def _judge(self, worker: WatchedWorker, case: _Case, now_ns: int) -> tuple[Verdict | None, int]:
        """Return a verdict and when there may be another, 0 = not before a new request is due."""
        pulse = worker.pulse
        if case.is_stuck or not pulse.beat_ns or pulse.pid != worker.pid:  # the slot shows a predecessor
            return None, 0
        beat_ns = min(pulse.beat_ns, now_ns)
        stuck_ns = self._stuck_ns(pulse.running, beat_ns)
        if now_ns >= stuck_ns - self._lead_ns and now_ns - beat_ns >= SILENCE_NS:
            return self._on_silence(worker, case, stuck_ns, now_ns)
        case.asked_ns = 0
        moments = [max(stuck_ns - self._lead_ns, beat_ns + SILENCE_NS)]
        if case.is_lost:
            return None, moments[0]
        if pulse.interrupt_count > sum(request.is_interrupted for request in pulse.running):  # one came back
            case.is_lost = True
            return LostWorker(worker.slot, worker.pid, Cause.INTERRUPTED, None), moments[0]
        for request in self._by_due(pulse.running):
            lost_ns = self._due_ns(request) + self._grace_ns
            if now_ns >= lost_ns and beat_ns >= self._due_ns(request):
                case.is_lost = True
                return LostWorker(worker.slot, worker.pid, Cause.THREAD_LOST, request), moments[0]
            # Due but not yet seen by the loop: it will be by its next beat.
            moments.append(max(lost_ns, now_ns + NS // 4))
        return None, min(moments)

    def _on_silence(
        self, worker: WatchedWorker, case: _Case, stuck_ns: int, now_ns: int
    ) -> tuple[Verdict | None, int]:
        """The loop is silent for too long: first its stack, then its end."""
        pulse = worker.pulse
        if not case.asked_ns or case.beat_ns != pulse.beat_ns:
            case.asked_ns, case.beat_ns = now_ns, pulse.beat_ns
            return RequestStack(worker.slot, worker.pid), max(now_ns + STACK_NS, stuck_ns)
        kill_ns = max(case.asked_ns + STACK_NS, stuck_ns)
        if now_ns < kill_ns:
            return None, kill_ns
        case.is_stuck = True
        requests = tuple(self._by_due(pulse.running))
        return StuckWorker(worker.slot, worker.pid, now_ns - pulse.beat_ns, requests), 0

    def _stuck_ns(self, running: tuple[RunningRequest, ...], beat_ns: int) -> int:
        """Return until when a loop that last turned at `beat_ns` may be silent.

        A loop that runs turns when a request is due.  One that has said nothing since before may be held up
        by that request or by any other thread.  If all that run have asked for more time, one of them may
        hold the GIL, and it is theirs.
        """
        dues = [due_ns for due_ns in map(self._due_ns, running) if due_ns > beat_ns]
        return min(dues, default=beat_ns + self._timeout_ns) + self._grace_ns

    def _due_ns(self, request: RunningRequest) -> int:
        return max(request.since_ns + self._timeout_ns, request.deadline_ns)

    def _by_due(self, running: tuple[RunningRequest, ...]) -> list[RunningRequest]:
        return sorted(running, key=self._due_ns)
