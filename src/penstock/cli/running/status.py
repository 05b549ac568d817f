"""`penstock status`: what every running server is doing, from its shared memory.

In:     /proc, and the memory of the servers that the kernel lets us read.
Out:    a table for people, or JSON for programs, on standard output.
Never:  asks a server anything: it works when none of its threads answers, which is when it is needed.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from penstock.cli.error import CommandError
from penstock.cli.running.choice import choose, name_server, wanted_pid
from penstock.cli.text import columns, duration, printing
from penstock.telemetry import FoundMaster, SegmentError, Snapshot, WorkerState, WorkerStatus, find_masters
from penstock.telemetry.reading.report import plain
from penstock.telemetry.reading.usage import usage_of

if TYPE_CHECKING:
    import argparse

HEADER: Final = (
    "worker",
    "pid",
    "generation",
    "state",
    "up",
    "requests",
    "mean/s",
    "open",
    "busy",
    "queued",
    "p50",
    "p99",
    "5xx",
    "memory",
)
_NUMBERS: Final = frozenset(range(len(HEADER)))


@dataclasses.dataclass(frozen=True, slots=True)
class Sighting:
    """One server as it was found and as its memory reads."""

    found: FoundMaster
    snapshot: Snapshot

    @property
    def has_master(self) -> bool:
        """False where the master was killed and others of its processes live on."""
        return self.snapshot.master_pid in self.found.pids

    def resident_bytes(self, pid: int) -> int | None:
        """Return the memory of one of its processes; None for one that is gone or none of its own."""
        usage = usage_of(pid) if pid in self.found.pids else None
        return usage.resident_bytes if usage else None


def run_status(arguments: "argparse.Namespace") -> int:
    """Print the status of the chosen servers.

    Raises:
        ConfigError: --pid or --pid-file holds no pid.
        CommandError: there is no such server, or none at all.
    """
    sightings = look(choose(find_masters(), wanted_pid(arguments.pid, arguments.pid_file)))
    text = render_json(sightings) if arguments.json else "\n".join(map(render_table, sightings))
    with printing():
        sys.stdout.write(text)
    return 0


def look(masters: Sequence[FoundMaster]) -> list[Sighting]:
    """Read the memory of each server; one that has ended meanwhile is left out.

    Raises:
        CommandError: all have.
    """
    sightings = [sighting for master in masters if (sighting := _sight(master))]
    if not sightings:
        raise CommandError("the server has just ended")
    return sightings


def _sight(master: FoundMaster) -> Sighting | None:
    try:
        fd = master.open()
    except OSError:
        return None
    try:
        return Sighting(master, Snapshot.take(fd))
    except (OSError, SegmentError):
        return None
    finally:
        os.close(fd)


def render_json(sightings: Sequence[Sighting]) -> str:
    """Return a JSON list, one object a server, fields as in telemetry/reading/snapshot.py."""
    return json.dumps([_plain(sighting) for sighting in sightings], indent=2) + "\n"


def _plain(sighting: Sighting) -> dict[str, Any]:
    return plain(sighting.snapshot, sighting.resident_bytes) | {
        "pids": list(sighting.found.pids),
        "has_master": sighting.has_master,
    }


def render_table(sighting: Sighting) -> str:
    """Return the lines of one server: itself, its workers, the requests they are running."""
    return "".join(f"{line}\n" for line in _lines(sighting))


def _lines(sighting: Sighting) -> Iterator[str]:
    snapshot = sighting.snapshot
    master = name_server(snapshot.master_pid) if sighting.has_master else f"{snapshot.master_pid} (gone)"
    agent = f"agent {snapshot.agent_pid}" if snapshot.agent_pid else "no agent"
    templates = "".join(
        f", template {each.pid} of generation {each.generation}" for each in snapshot.templates
    )
    yield f"master {master}, up {duration(snapshot.uptime_s)}, {agent}{templates}"
    workers = [worker for worker in snapshot.workers if worker.state is not WorkerState.GONE]
    rows = [HEADER, *(_row(worker, sighting.resident_bytes(worker.pid)) for worker in workers)]
    yield from (f"  {line}" for line in columns(rows, _NUMBERS).splitlines())
    yield from _running(workers)
    yield from _losses(snapshot)


def _row(worker: WorkerStatus, resident_bytes: int | None) -> tuple[str, ...]:
    return (
        str(worker.slot),
        str(worker.pid),
        str(worker.generation),
        worker.state.name.lower(),
        duration(worker.uptime_s),
        str(worker.requests),
        f"{worker.mean_rate:.1f}",
        str(worker.connections),
        str(worker.busy),
        str(worker.queued),
        f"{worker.p50_ms:.1f} ms" if worker.requests else "-",
        f"{worker.p99_ms:.1f} ms" if worker.requests else "-",
        str(worker.by_class[5]),
        "-" if resident_bytes is None else f"{resident_bytes / (1 << 20):.0f} MiB",
    )


def _running(workers: Sequence[WorkerStatus]) -> Iterator[str]:
    running = [(request.age_s, worker.slot, request) for worker in workers for request in worker.current]
    for age_s, slot, request in sorted(running, key=lambda row: -row[0]):
        yield f"  running for {duration(age_s)} in worker {slot}, thread {request.thread}: {request.line}"


def _losses(snapshot: Snapshot) -> Iterator[str]:
    slots = (snapshot.master, *snapshot.workers, *snapshot.templates)
    access = sum(slot.dropped_access for slot in slots)
    log = sum(slot.dropped_log for slot in slots)
    if access or log:
        why = "an output stood still, or the agent was away"
        yield f"  dropped: {access} access lines, {log} log records ({why})"
    if snapshot.agent_discarded or snapshot.agent_damaged:
        lost = (
            f"{snapshot.agent_discarded} lines that no output took, {snapshot.agent_damaged} damaged records"
        )
        yield f"  agent: {lost}"
