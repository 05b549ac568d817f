"""What the shared memory says at one moment, decoded for people: the table that `penstock status` prints.

Read through the descriptor (pread), not through a mapping: looking allocates nothing and needs read
permission only. Each word is true by itself; two words may be some microseconds apart.

In:     a descriptor of a segment, now.
Out:    frozen dataclasses; durations in seconds and milliseconds, texts safe to print.
Never:  writes; trusts a number to be small or a text to be printable.
"""

import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Final, Self

from penstock.telemetry.clock import NS_PER_S
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.histogram import quantile
from penstock.telemetry.memory.layout import HISTOGRAM_WORDS, PAGE_BYTES, PHASES, STATUS_CLASSES, Layout
from penstock.telemetry.memory.pulse import read_running
from penstock.telemetry.memory.scoreboard import WorkerState, read_counts, total_counts
from penstock.telemetry.memory.segment import read_layout

_NS_PER_MS: Final = 1_000_000
_NO_WORKERS: Final = (WorkerState.EMPTY, WorkerState.TEMPLATE)
_TOTAL_PHASE: Final = PHASES.index("total")


@dataclasses.dataclass(frozen=True, slots=True)
class CurrentRequest:
    """One request that an application thread runs now. `line` is its first 120 bytes, printable."""

    thread: int
    line: str
    age_s: float
    request_id: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """One slot. Counts are those of its current pid; `dropped` counts are of all pids the slot had."""

    slot: int
    pid: int
    generation: int
    state: WorkerState
    uptime_s: float
    requests: int  # answered, refused ones included
    refused: int
    connections: int
    queued: int
    threads: int
    current: tuple[CurrentRequest, ...]
    dropped_access: int
    dropped_log: int
    torn: int
    failed: int
    p50_ms: float
    p99_ms: float
    by_class: tuple[int, ...]  # requests that reached the application, index = status // 100

    @property
    def busy(self) -> int:
        """Application threads that run a request now."""
        return len(self.current)

    @property
    def mean_rate(self) -> float:
        """Requests a second since the worker started."""
        return self.requests / self.uptime_s if self.uptime_s > 0 else 0.0

    def rate_since(self, earlier: "WorkerStatus", elapsed_s: float) -> float:
        """Requests a second between two snapshots; of its whole life if the worker is new since."""
        if earlier.pid != self.pid or elapsed_s <= 0:
            return self.mean_rate
        return max(self.requests - earlier.requests, 0) / elapsed_s


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All of a segment.

    Attributes:
        workers: slots that are or were workers'; master and templates are not among them.
        templates: living processes that hold a generation's code and fork its workers.
    """

    taken_ns: int  # CLOCK_MONOTONIC
    master_pid: int
    uptime_s: float
    agent_pid: int
    agent_lines: int
    agent_damaged: int
    agent_discarded: int
    master: WorkerStatus
    workers: tuple[WorkerStatus, ...]
    templates: tuple[WorkerStatus, ...] = ()

    @classmethod
    def take(cls, fd: int, now_ns: int | None = None) -> Self:
        """Read a segment.

        Args:
            fd: any descriptor of it, readable (`Segment.fd`, or one opened from /proc).
            now_ns: CLOCK_MONOTONIC; the clock's unless given.

        Raises:
            SegmentError: not a segment, or of another version.
            OSError: the descriptor cannot be read.
        """
        plan = read_layout(fd)
        now = time.monotonic_ns() if now_ns is None else now_ns
        header = _words(fd, 0, PAGE_BYTES)
        slots = [_read_slot(fd, plan, slot, now) for slot in range(plan.slots)]
        return cls(
            taken_ns=now,
            master_pid=header[layout.MASTER_PID_WORD],
            uptime_s=_seconds(now, header[layout.CREATED_NS_WORD]),
            agent_pid=header[layout.AGENT_PID_WORD],
            agent_lines=header[layout.AGENT_LINES_WORD],
            agent_damaged=header[layout.AGENT_DAMAGED_WORD],
            agent_discarded=header[layout.AGENT_DISCARDED_WORD],
            master=slots[0],
            workers=tuple(slot for slot in slots[1:] if slot.state not in _NO_WORKERS),
            templates=tuple(slot for slot in slots[1:] if slot.state is WorkerState.TEMPLATE),
        )


def phase_quantile_ns(fd: int, plan: Layout, slot: int, phase: str, part: float) -> int:
    """Quantile of one phase over all status classes and all pids of a slot, in ns."""
    return quantile(_phase_counts(total_counts(fd, plan, slot), PHASES.index(phase)), part)


def _read_slot(fd: int, plan: Layout, slot: int, now_ns: int) -> WorkerStatus:
    words = _words(fd, plan.slot_at(slot), PAGE_BYTES)
    finished = words[layout.ACCESS_END] + words[layout.ACCESS_DROPPED]
    counts = _live_counts(fd, plan, slot, words[layout.FOLD])
    totals = _phase_counts(counts, _TOTAL_PHASE)
    return WorkerStatus(
        slot=slot,
        pid=words[layout.PID],
        generation=words[layout.GENERATION],
        state=_state(words[layout.STATE]),
        uptime_s=_seconds(now_ns, words[layout.STARTED_NS]),
        requests=max(finished - words[layout.REQUESTS_BEFORE], 0),
        refused=max(words[layout.REFUSED] - words[layout.REFUSED_BEFORE], 0),
        connections=words[layout.CONNECTIONS],
        queued=words[layout.QUEUED],
        threads=plan.threads,
        current=tuple(
            CurrentRequest(
                running.thread, running.line, _seconds(now_ns, running.since_ns), running.request_id
            )
            for running in read_running(fd, plan, slot)
        ),
        dropped_access=words[layout.ACCESS_DROPPED],
        dropped_log=words[layout.LOG_DROPPED],
        torn=words[layout.TORN],
        failed=words[layout.FAILED],
        p50_ms=quantile(totals, 0.50) / _NS_PER_MS,
        p99_ms=quantile(totals, 0.99) / _NS_PER_MS,
        by_class=tuple(sum(_counts_of(counts, number, _TOTAL_PHASE)) for number in range(STATUS_CLASSES)),
    )


def _live_counts(fd: int, plan: Layout, slot: int, fold: int) -> Sequence[int]:
    """Counts of the slot's current pid; none while those of its predecessor are being folded."""
    if fold & 1:
        return [0] * layout.COUNT_WORDS
    return read_counts(fd, plan.counts_at(slot))


def _state(value: int) -> WorkerState:
    try:
        return WorkerState(value)
    except ValueError:
        return WorkerState.GONE


def _seconds(now_ns: int, since_ns: int) -> float:
    return max(now_ns - since_ns, 0) / NS_PER_S if since_ns else 0.0


def _counts_of(counts: Sequence[int], status_class: int, phase: int) -> Sequence[int]:
    start = (status_class * len(PHASES) + phase) * HISTOGRAM_WORDS
    return counts[start : start + HISTOGRAM_WORDS]


def _phase_counts(counts: Sequence[int], phase: int) -> list[int]:
    """One phase over all status classes. A request that was not counted for it spent no time in it."""
    counted = _all_classes(counts, phase)
    requests = sum(_all_classes(counts, _TOTAL_PHASE))
    counted[0] += max(requests - sum(counted), 0)
    return counted


def _all_classes(counts: Sequence[int], phase: int) -> list[int]:
    histograms = [_counts_of(counts, number, phase) for number in range(STATUS_CLASSES)]
    return [sum(column) for column in zip(*histograms, strict=True)]


def _words(fd: int, offset: int, size: int) -> memoryview:
    return memoryview(os.pread(fd, size, offset).ljust(size, b"\0")).cast("Q")
