"""How many CPUs this process may use: what `workers = 0` means.

In:     the affinity mask, and the cgroup files of Linux.
Out:    a count of at least 1.
Never:  os.cpu_count(): a container limited to one CPU of 64 would get 64 workers, and 64 times the memory.
Rules:  cgroup v2: `cpu.max` holds "QUOTA PERIOD" or "max PERIOD", in microseconds, in each cgroup up to
        the root; the least one counts. A quota of 1.5 CPUs is rounded up: the half is lost otherwise.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path


def available_cpus(root: Path = Path("/")) -> int:
    """Return the CPUs this process may use, at least 1."""
    quotas = [quota for folder in _cgroups(root) if (quota := _quota(folder)) is not None]
    return max(1, min([len(os.sched_getaffinity(0)), *map(math.ceil, quotas)]))


def _cgroups(root: Path) -> Iterator[Path]:
    """Yield the folder of this process's cgroup and of each one above it."""
    mount = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith("0::"):  # v2; a container sees its own as "/"
            folder = mount / line.removeprefix("0::").lstrip("/")
            yield from (folder, *(parent for parent in folder.parents if parent.is_relative_to(mount)))
        elif "cpu" in line.partition(":")[2].partition(":")[0].split(","):
            yield mount / "cpu" / line.rpartition(":")[2].lstrip("/")
            yield mount / "cpu"


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
