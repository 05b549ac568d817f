"""What the shared memory knows of the server, as families.

Counters are sums over all processes that there were, so none goes back when a worker is replaced; what
belongs to one worker carries its slot (`worker="3"`), never its pid, which would make new series at each
reload.

In:     a segment, the tally.
Out:    families.
Never:  formats (exposition.py), writes to the memory.

Rules:  docs/operations.md lists each name with its labels; a test compares.
"""

import dataclasses
import itertools
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from operator import mul
from typing import TYPE_CHECKING, Final

from penstock import __version__
from penstock.agent.metrics.family import Exemplar, Family, HistogramValue, Kind, Sample
from penstock.agent.metrics.quantile import RecentQuantiles
from penstock.agent.metrics.tally import Tally, TallyReader
from penstock.agent.readiness import judge
from penstock.telemetry.clock import NS_PER_S, measure_offset_ns
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.histogram import bucket_bounds
from penstock.telemetry.memory.layout import HISTOGRAM_WORDS, STATUS_CLASSES, WORD_BYTES
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.memory.verdict import ReloadState, last_reload, read_verdict

if TYPE_CHECKING:
    from array import array

# The bounds that the client libraries of Prometheus begin with, below them down to 100 us, where an inline
# request is answered, and above up to 60 s. Our buckets are 3 % wide: a bound is exact within 1.6 %.
BOUNDS_S: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip

_MIDDLES_S: Final = [sum(bucket_bounds(bucket)) / 2 / NS_PER_S for bucket in range(HISTOGRAM_WORDS)]
_STATUS_NAMES: Final = ("none", *(f"{number}xx" for number in range(1, STATUS_CLASSES)))
_UNITS: Final = frozenset({"bytes", "seconds"})
_LIVING: Final = (WorkerState.BOOTING, WorkerState.READY, WorkerState.DRAINING)


def buckets_below(bound_s: float) -> int:
    """Return how many of our buckets lie below a bound, by their middle."""
    return sum(middle_s <= bound_s for middle_s in _MIDDLES_S)


_CUTS: Final = [buckets_below(bound_s) for bound_s in BOUNDS_S]


class ServerMetrics:
    """Reads one server; a Source.

    Args:
        segment: mapped.
        threads: application threads of each worker.
        master_pid: the master's, from whoever forked us and not from the memory.
        exemplars: returns those of the total times, by bucket; empty = there are none.
        has_master: whether it lives; unless given, while it is our parent.
    """

    def __init__(
        self,
        segment: Segment,
        threads: int,
        master_pid: int,
        exemplars: Callable[[], tuple[Exemplar | None, ...]] = tuple,
        *,
        has_master: Callable[[], bool] | None = None,
    ) -> None:
        self._segment = segment
        self._words = segment.words
        self._threads = threads
        self._master_pid = master_pid
        self._exemplars = exemplars
        self._has_master = has_master or (lambda: os.getppid() == master_pid)
        self._offset_ns = measure_offset_ns()  # once: a start time that moves would look like a restart
        self._tallies = TallyReader(segment)
        self._quantiles = RecentQuantiles()
        plan = segment.layout
        self._firsts = {slot: plan.slot_word(slot) for slot in range(plan.slots)}

    def families(self) -> list[Family]:
        """Return all families as of now."""
        return [
            *self._server(),
            *self._requests(self._tallies.read()),
            self._killed(),
            self._lanes(),
            *self._workers(),
            *self._records(),
            *self._agent(),
        ]

    # The server

    def _server(self) -> Iterator[Family]:
        verdict = judge(self._segment, time.monotonic_ns(), has_master=self._has_master())
        labels = (("version", __version__), ("python", platform.python_version()))
        text = "Always 1; the versions are in the labels."
        yield Family("penstock_build", Kind.INFO, text, "", (Sample(labels, 1),))
        yield _gauge("penstock_ready", "1 if /readyz answers 200, else 0.", int(verdict.is_ready))
        yield _gauge(
            "penstock_start_time_seconds",
            "When the server was started, as Unix time.",
            self._unix_s(self._words[layout.CREATED_NS_WORD]),
        )
        yield _gauge(
            "penstock_last_reload_successful",
            "0 if the last reload failed and the old code goes on, else 1.",
            int(not self._has_failed_reload()),
        )
        states = [self._word(slot, layout.STATE) for slot in self._firsts if slot]
        counts = {state.name.lower(): states.count(state) for state in _LIVING}
        yield _by_label("penstock_workers", Kind.GAUGE, "Worker processes by state.", "state", counts)

    def _has_failed_reload(self) -> bool:
        verdict = read_verdict(self._segment.fd, last_reload(self._segment.fd))
        return verdict is not None and verdict.state is ReloadState.FAILED

    def _requests(self, tally: Tally) -> Iterator[Family]:
        text = "Requests that reached the application, by status class."
        counts = dict(zip(_STATUS_NAMES, tally.by_class, strict=True))
        yield _by_label("penstock_requests", Kind.COUNTER, text, "status", counts)
        text = "Time of requests that reached the application, by phase; docs/logs.md says what each is."
        phases = {phase: _histogram(counts) for phase, counts in tally.phases.items()}
        phases["total"] = dataclasses.replace(phases["total"], exemplars=self._exemplars())
        yield _by_label("penstock_request_phase_seconds", Kind.HISTOGRAM, text, "phase", phases)
        text = "Durations that a part (0 to 1) of the requests of the last minute did not exceed, within 2 %."
        samples = (
            Sample((("phase", phase), ("part", str(part))), value)
            for (phase, part), value in self._quantiles.read(tally).items()
        )
        name = "penstock_request_phase_quantile_seconds"
        yield Family(name, Kind.GAUGE, text, "seconds", tuple(samples))

    def _killed(self) -> Family:
        """What the master has recorded in the place of workers that died."""
        text = "Requests that died with their worker; the client was told nothing."
        return _counter("penstock_killed_requests", text, self._finished(0))

    def _lanes(self) -> Family:
        lanes = zip(("inline", "pool"), layout.AGENT_LANE_WORDS, strict=True)
        counts = {name: self._words[word] for name, word in lanes}
        text = "Access records that the agent has read, by the lane the request ran in."
        return _by_label("penstock_lane_requests", Kind.COUNTER, text, "lane", counts)

    # Workers

    def _workers(self) -> Iterator[Family]:
        """A family for each column, a sample for each slot that has something to say there."""
        used = [slot for slot in self._firsts if slot and self._has_worked(slot)]
        living = self._slots(*_LIVING)
        for columns, slots in ((_OF_USED, used), (_OF_LIVING, living)):
            for column in columns:
                values = {str(slot): column.read(self, slot) for slot in slots}
                yield _by_label(column.name, column.kind, column.help, "worker", values)

    def _has_worked(self, slot: int) -> bool:
        """Whether a slot is, or was, a worker's; templates answer nothing."""
        return self._finished(slot) > 0 or self._word(slot, layout.STATE) in _LIVING

    def _slots(self, *states: WorkerState) -> list[int]:
        return [slot for slot in self._firsts if slot and self._word(slot, layout.STATE) in states]

    def _finished(self, slot: int) -> int:
        return self._word(slot, layout.ACCESS_END) + self._word(slot, layout.ACCESS_DROPPED)

    def _busy(self, slot: int) -> int:
        plan = self._segment.layout
        lines = (plan.thread_at(slot, thread) // WORD_BYTES for thread in range(plan.threads))
        return sum(1 for line in lines if self._words[line])

    # Records and the agent

    def _records(self) -> Iterator[Family]:
        yield self._sums(
            "penstock_dropped_records",
            "Records that found their ring full.",
            "ring",
            {"access": layout.ACCESS_DROPPED, "log": layout.LOG_DROPPED},
        )
        yield self._sums(
            "penstock_damaged_records",
            "Records lost in a worker: torn by its death, or not to be written.",
            "fault",
            {"torn": layout.TORN, "failed": layout.FAILED},
        )
        pending = {
            "access": self._sum(layout.ACCESS_END) - self._sum(layout.ACCESS_TAIL),
            "log": self._sum(layout.LOG_END) - self._sum(layout.LOG_TAIL),
        }
        counts = {ring: max(count, 0) for ring, count in pending.items()}
        yield _by_label(
            "penstock_pending_records", Kind.GAUGE, "Records not written out yet.", "ring", counts
        )

    def _agent(self) -> Iterator[Family]:
        words = self._words
        for name, text, word in (
            ("penstock_agent_lines", "Lines handed to outputs.", layout.AGENT_LINES_WORD),
            (
                "penstock_agent_damaged_records",
                "Records the agent could not read.",
                layout.AGENT_DAMAGED_WORD,
            ),
            (
                "penstock_agent_discarded_lines",
                "Lines that no output took.",
                layout.AGENT_DISCARDED_WORD,
            ),
        ):
            yield _counter(name, text, words[word])
        yield _gauge(
            "penstock_agent_start_time_seconds",
            "When the agent was started, as Unix time.",
            self._unix_s(words[layout.AGENT_STARTED_NS_WORD]),
        )

    def _word(self, slot: int, word: int) -> int:
        return self._words[self._firsts[slot] + word]

    def _sums(self, name: str, text: str, label: str, words: Mapping[str, int]) -> Family:
        """Return a counter with a sample for each word, over all slots, the master's among them."""
        sums = {value: self._sum(word) for value, word in words.items()}
        return _by_label(name, Kind.COUNTER, text, label, sums)

    def _sum(self, word: int) -> int:
        return sum(self._words[first + word] for first in self._firsts.values())

    def _unix_s(self, stamp_ns: int) -> float:
        return round((stamp_ns + self._offset_ns) / NS_PER_S, 3)


@dataclasses.dataclass(frozen=True, slots=True)
class _Column:
    """One family whose samples are the workers' by slot."""

    name: str
    kind: Kind
    help: str
    read: Callable[[ServerMetrics, int], float]


def _word(word: int) -> Callable[[ServerMetrics, int], float]:
    return lambda metrics, slot: metrics._word(slot, word)


_OF_USED: Final = (
    _Column(
        "penstock_worker_requests",
        Kind.COUNTER,
        "Requests answered, refused ones included.",
        ServerMetrics._finished,
    ),
    _Column(
        "penstock_worker_refused_requests",
        Kind.COUNTER,
        "Requests that never reached the application.",
        _word(layout.REFUSED),
    ),
)
_OF_LIVING: Final = (
    _Column("penstock_worker_connections", Kind.GAUGE, "Open connections.", _word(layout.CONNECTIONS)),
    _Column(
        "penstock_worker_queued_requests",
        Kind.GAUGE,
        "Complete requests that wait for a thread.",
        _word(layout.QUEUED),
    ),
    _Column(
        "penstock_worker_generation",
        Kind.GAUGE,
        "The reload the worker belongs to, from 1.",
        _word(layout.GENERATION),
    ),
    _Column("penstock_worker_busy_threads", Kind.GAUGE, "Application calls that run.", ServerMetrics._busy),
    _Column(
        "penstock_worker_threads",
        Kind.GAUGE,
        "Application calls that may run at once.",
        lambda metrics, _: metrics._threads,
    ),
    _Column(
        "penstock_worker_start_time_seconds",
        Kind.GAUGE,
        "When the worker was started, as Unix time.",
        lambda metrics, slot: metrics._unix_s(metrics._word(slot, layout.STARTED_NS)),
    ),
)


def _histogram(counts: "array[int]") -> HistogramValue:
    running = [0, *itertools.accumulate(counts)]
    cuts = [0, *_CUTS, len(counts)]
    between = tuple(running[stop] - running[start] for start, stop in itertools.pairwise(cuts))
    return HistogramValue(BOUNDS_S, between, sum(map(mul, counts, _MIDDLES_S)))


def _gauge(name: str, text: str, value: float) -> Family:
    return Family(name, Kind.GAUGE, text, _unit_of(name), (Sample((), value),))


def _counter(name: str, text: str, value: float) -> Family:
    return Family(name, Kind.COUNTER, text, _unit_of(name), (Sample((), value),))


def _by_label(
    name: str, kind: Kind, text: str, label: str, values: Mapping[str, float | HistogramValue]
) -> Family:
    samples = (Sample(((label, text),), value) for text, value in values.items())
    return Family(name, kind, text, _unit_of(name), tuple(samples))


def _unit_of(name: str) -> str:
    """Return the base unit a name ends in, as all of ours do that have one."""
    unit = name.rpartition("_")[2]
    return unit if unit in _UNITS else ""
