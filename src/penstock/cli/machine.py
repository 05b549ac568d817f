"""What this process may use of the machine: CPUs, memory; and how many workers that makes: `workers = 0`.

In:     limits of the process; the affinity mask, which holds the cgroup's cpuset; the cgroup files of Linux;
        /proc/meminfo.
Out:    counts of at least 1; bytes.
Never:  os.cpu_count(): a container limited to one CPU of 64 would get 64 workers, and 64 times the memory.
Rules:  cgroup v2: `cpu.max` holds "QUOTA PERIOD" or "max PERIOD", in microseconds, `memory.max` bytes or
        "max", in each cgroup up to the root; the least one counts. v1 has the same in files of other names,
        a tree for each controller, -1 and 2**63 rounded to pages for "no limit". A quota of 1.5 CPUs is
        rounded up: the half is lost otherwise.
"""

import math
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# So much at least should be there for each worker that nobody asked for. Heroku counts 256 MiB for one that
# imports its application itself; ours share what the template imported.
WORKER_BYTES: Final = 128 << 20
# Descriptors of a worker beside its connections: the application's files and databases.
OTHER_FILES: Final = 1024
# v1 says "no limit" with a number near 2**63; no machine has half of that.
_NO_LIMIT: Final = 1 << 62


def default_workers(root: Path = Path("/")) -> int:
    """Return how many workers there are when nobody says: one a CPU, if the cgroup has memory for them."""
    limit = memory_limit_bytes(root)
    cpus = available_cpus(root)
    return cpus if limit is None else max(1, min(cpus, limit // WORKER_BYTES))


def available_cpus(root: Path = Path("/")) -> int:
    """Return the CPUs this process may use, at least 1."""
    quotas = [quota for folder in _cgroups(root, "cpu") if (quota := _quota(folder)) is not None]
    return max(1, min([len(os.sched_getaffinity(0)), *map(math.ceil, quotas)]))


def memory_limit_bytes(root: Path = Path("/")) -> int | None:
    """Return the memory this process's cgroups allow; None = no limit but the machine's."""
    limits = [limit for folder in _cgroups(root, "memory") if (limit := _memory(folder)) is not None]
    return min(limits, default=None)


def memory_headroom_bytes(root: Path = Path("/")) -> int | None:
    """Return the memory that this process's cgroups have left; None = no limit but the machine's.

    Files that nobody has looked at lately count as left: the kernel drops them first.
    """
    left = [room for folder in _cgroups(root, "memory") if (room := _room(folder)) is not None]
    return min(left, default=None)


def memory_bytes(root: Path = Path("/")) -> int | None:
    """Return the memory this process may use: its cgroups' or the machine's; None = nobody says."""
    limit = memory_limit_bytes(root)
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        total = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemTotal:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return limit
    return total if limit is None else min(limit, total)


def raise_file_limit(wanted: int) -> int:
    """Let this process open so many files, as far as the hard limit allows; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    return raised


def _cgroups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folder of this process's cgroup and of each one above it.

    A container may see the path that its host gave it and, mounted as the root, only its own part: so
    folders that are not there are yielded, too.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:  # v2
            yield from _upwards(mounts, path)
        elif controller in controllers.split(","):
            yield from _upwards(mounts / controller, path)


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    folder = mount / path.lstrip("/")
    yield folder
    yield from (parent for parent in folder.parents if parent.is_relative_to(mount))


def _quota(folder: Path) -> float | None:
    try:
        quota, period = _limit_words(folder)
        return float(quota) / float(period) if float(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # "max", -1, or no such file: no limit here
        return None


def _limit_words(folder: Path) -> list[str]:
    if (folder / "cpu.max").exists():
        return (folder / "cpu.max").read_text().split()
    return [(folder / name).read_text().strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")]


def _memory(folder: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        try:
            limit = int((folder / name).read_text())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        return limit if limit < _NO_LIMIT else None
    return None


def _room(folder: Path) -> int | None:
    limit = _memory(folder)
    if limit is None:
        return None
    for name in ("memory.current", "memory.usage_in_bytes"):
        try:
            used = int((folder / name).read_text())
            words = (folder / "memory.stat").read_text().split()
            return max(0, limit - used + int(words[words.index("inactive_file") + 1]))
        except (OSError, ValueError, IndexError):
            continue
    return None
