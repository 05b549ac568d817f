"""What our processes use: memory, CPU time, descriptors, threads.

Read from /proc by the agent, so that it costs a worker nothing; but for the proportional memory (PSS): the
kernel walks all pages of a process, 7 ms for 100 MB, and the process waits where it would map new ones. It is
read of one process a page, and of each every half minute at most.

In:     pids from the shared memory: hostile. A pid counts only while its parent is the master.
Out:    families.
Never:  believes a pid (telemetry/reading/usage.py); shows what it may not look at.

Rules:  proc(5): stat, fd, smaps_rollup.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from penstock.agent.metrics.family import Family, Kind, Sample
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.reading.usage import Usage, open_descriptors, proportional, usage_of, usage_of_child

PROPORTIONAL_EVERY_S: Final = 30.0
_WORKERS: Final = (WorkerState.BOOTING, WorkerState.READY, WorkerState.DRAINING)
Labels = tuple[tuple[str, str], ...]


class ProcessMetrics:
    """Looks at the processes of one server; a Source.

    Args:
        segment: mapped.
        master_pid: the master's, from whoever forked us and not from the memory.
        now: monotonic seconds.
    """

    def __init__(self, segment: Segment, master_pid: int, now: Callable[[], float] = time.monotonic) -> None:
        self._segment = segment
        self._master_pid = master_pid
        self._now = now
        self._proportional: dict[int, tuple[float, int]] = {}  # by pid: when it was read, bytes

    def families(self) -> list[Family]:
        """Return all families as of now."""
        found = {labels: (pid, usage) for labels, pid, usage in self._usages() if usage is not None}
        pids = {labels: pid for labels, (pid, _) in found.items()}
        usages = {labels: usage for labels, (_, usage) in found.items()}
        self._refresh_proportional(list(pids.values()))
        shares = {labels: self._proportional.get(pid, (0.0, 0))[1] for labels, pid in pids.items()}
        descriptors = {labels: open_descriptors(pid) for labels, pid in pids.items()}
        return [
            _family(
                "penstock_process_resident_memory_bytes",
                "Resident memory; pages that processes share count in each.",
                {labels: usage.resident_bytes for labels, usage in usages.items()},
                unit="bytes",
            ),
            _family(
                "penstock_process_proportional_memory_bytes",
                "Memory (PSS): a page that n processes share counts 1/n in each. Read every half minute.",
                {labels: share for labels, share in shares.items() if share},
                unit="bytes",
            ),
            _family(
                "penstock_process_cpu_seconds",
                "User and system CPU time of the process; begins anew with each process.",
                {labels: usage.cpu_s for labels, usage in usages.items()},
                kind=Kind.COUNTER,
                unit="seconds",
            ),
            _family(
                "penstock_process_threads",
                "Threads of the process.",
                {labels: usage.threads for labels, usage in usages.items()},
            ),
            _family(
                "penstock_process_open_fds",
                "Open descriptors of the process.",
                {labels: count for labels, count in descriptors.items() if count},
            ),
        ]

    def _usages(self) -> Iterator[tuple[Labels, int, Usage | None]]:
        """Labels, pid and what it uses of each process that there may be."""
        yield (("process", "master"),), self._master_pid, usage_of(self._master_pid)
        yield (("process", "agent"),), os.getpid(), usage_of(os.getpid())
        for kind, states in (("worker", _WORKERS), ("template", (WorkerState.TEMPLATE,))):
            for slot, pid in self._slots(states):
                yield (("process", kind), ("slot", str(slot))), pid, usage_of_child(pid, self._master_pid)

    def _slots(self, states: tuple[WorkerState, ...]) -> Iterator[tuple[int, int]]:
        words, plan = self._segment.words, self._segment.layout
        for slot in range(1, plan.slots):
            first = plan.slot_word(slot)
            if words[first + layout.STATE] in states:
                yield slot, words[first + layout.PID]

    def _refresh_proportional(self, pids: list[int]) -> None:
        """Read the memory of the process that has waited longest, if it has waited long enough."""
        self._proportional = {pid: read for pid, read in self._proportional.items() if pid in pids}
        pid = min(pids, key=lambda pid: self._proportional.get(pid, (0.0, 0))[0], default=0)
        now_s = self._now()
        if pid and now_s - self._proportional.get(pid, (-PROPORTIONAL_EVERY_S, 0))[0] >= PROPORTIONAL_EVERY_S:
            self._proportional[pid] = (now_s, proportional(pid))


def _family(
    name: str, text: str, values: Mapping[Labels, float], kind: Kind = Kind.GAUGE, unit: str = ""
) -> Family:
    return Family(name, kind, text, unit, tuple(Sample(labels, value) for labels, value in values.items()))
