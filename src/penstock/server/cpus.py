"""How many CPUs this process may really use.

In:     the affinity mask and the cgroup's CPU quota (cgroups(7), cpu.max and cpu.cfs_quota_us).
Out:    a count, at least 1.
Never:  counts the machine's CPUs when a container has fewer.
"""

import math
import os
from pathlib import Path


def available_cpus(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the CPUs of the cgroup, rounded up, at most those of the affinity mask.

    Args:
        root: where the cgroup file system is mounted.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(root) or _quota_v1(root)
    return max(1, min(allowed, math.ceil(quota))) if quota else allowed


def _quota_v2(root: Path) -> float | None:
    words = _words(root / "cpu.max")
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def _quota_v1(root: Path) -> float | None:
    quota, period = _words(root / "cpu/cpu.cfs_quota_us"), _words(root / "cpu/cpu.cfs_period_us")
    if not quota or not period or int(quota[0]) <= 0:
        return None
    return int(quota[0]) / int(period[0])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
