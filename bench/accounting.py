"""CPU time and memory of a whole process tree, read from outside.

CPU time comes from the kernel's per-process CPU clock (`clock_getcpuclockid(3)`): user plus system time of
all threads of a process, ended ones included, in nanoseconds, up to this moment and without privileges. The
alternatives are worse: `/proc/PID/stat` counts the same time in ticks of 10 ms, `/proc/PID/schedstat`
covers the first thread only and lags by up to a scheduler tick, and a cgroup has to be made by root.
Its limit: the time of a process that ended is gone with it, so a reading names the members that were lost.

In:     the pid of a server's first process, which leads a session of its own.
Out:    nanoseconds, bytes, pids.
Never:  signals or changes a process.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_SCHED_CLOCK = 2  # CPUCLOCK_SCHED of the kernel's ABI: user + system, nanoseconds


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a tree; the start time tells it from a later process with the same pid."""

    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a tree used between two readings."""

    cpu_ns: int
    busiest_ns: int  # of the busiest member: the worker; the rest is log writers and masters
    lost: int  # members that ended in between: their time is missing


def tree_members(root: int) -> list[Member]:
    """List the process `root`, its descendants, and every process of the session it leads."""
    rows = {pid: (parent, session, start) for pid, parent, session, start in _processes()}
    inside = {pid for pid, (_, session, _) in rows.items() if root in (pid, session)}
    grew = True
    while grew:
        children = {pid for pid, (parent, _, _) in rows.items() if parent in inside}
        grew = not children <= inside
        inside |= children
    return [Member(pid, rows[pid][2]) for pid in sorted(inside)]


def is_alive(member: Member) -> bool:
    """Tell whether this very process still runs (a zombie does not)."""
    fields = _stat_fields(member.pid)
    return fields is not None and fields[0] != "Z" and int(fields[19]) == member.start_ticks


def read_cpu(root: int) -> dict[Member, int]:
    """Read the CPU time of every member so far, in nanoseconds."""
    return {member: used for member in tree_members(root) if (used := cpu_ns(member.pid)) is not None}


def cost_between(before: dict[Member, int], after: dict[Member, int]) -> Cost:
    """Subtract two readings; a member that was born in between counts whole."""
    used = [now - before.get(member, 0) for member, now in after.items()]
    return Cost(cpu_ns=sum(used), busiest_ns=max(used, default=0), lost=len(before.keys() - after.keys()))


def pss_bytes(pid: int) -> int:
    """Return the proportional set size: private memory plus this process's share of what is shared."""
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"smaps_rollup of process {pid}; expected a Pss line")


def open_sockets(pid: int) -> int:
    """Count the socket descriptors of a process; the worker is the one that holds the connections."""
    count = 0
    for entry in (PROC / str(pid) / "fd").iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except OSError:  # closed since it was listed
            continue
    return count


def busy_seconds(cpu: int) -> float:
    """Return how long one CPU has been busy since boot, with everything: the yardstick for foreign work."""
    for line in (PROC / "stat").read_text().splitlines():
        name, *words = line.split()
        if name == f"cpu{cpu}":
            ticks = [int(word) for word in words[:8]]  # user nice system idle iowait irq softirq steal
            return (sum(ticks) - ticks[3] - ticks[4]) / TICKS_PER_S
    raise LookupError(f"CPU {cpu}; expected one of /proc/stat")


def cpu_ns(pid: int) -> int | None:
    """Return the CPU time of one process so far, in nanoseconds; None = it has ended."""
    try:
        return time.clock_gettime_ns((~pid << 3) | _SCHED_CLOCK)
    except OSError:  # ended since it was listed
        return None


def _processes() -> Iterator[tuple[int, int, int, int]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
            yield int(entry.name), int(fields[1]), int(fields[3]), int(fields[19])


def _stat_fields(pid: int) -> list[str] | None:
    """Return the fields of proc(5) `stat` from the third (state) on; the second may hold spaces."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()
