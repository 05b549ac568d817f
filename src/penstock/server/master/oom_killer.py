"""Whether the kernel has killed something of ours because memory ran out.

A SIGKILL does not say who sent it.  The kernel counts those of its own by cgroup: a count that has grown
around a death is its reason.

In:     the memory controller's files of our cgroup, version 1 or 2.
Out:    a count, and whether it has just grown.
Never:  fails: without cgroups, or without leave to read them, nothing is known.

Rules:  Documentation/admin-guide/cgroup-v2.rst (memory.events, oom_kill) and cgroup-v1/memory.rst
        (memory.oom_control, the same word).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# One shortage may end several workers: all that die so soon after the count grew count among its victims.
SAME_SHORTAGE_NS: Final = 1_000_000_000


class OOMKiller:
    """What the kernel's out-of-memory killer has done to our cgroup.

    Args:
        root: where /proc and /sys are.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._files = [file for file in _event_files(root) if _read_count(file) is not None]
        self.total_count = self._count()
        self._grown_ns = -SAME_SHORTAGE_NS

    def has_struck(self, now_ns: int) -> bool:
        """Return whether it has killed something since the last call, or less than a second before."""
        count = self._count()
        if count > self.total_count:
            self.total_count = count
            self._grown_ns = now_ns
        return now_ns - self._grown_ns < SAME_SHORTAGE_NS

    def _count(self) -> int:
        return sum(_read_count(file) or 0 for file in self._files[:1])


def _event_files(root: Path) -> Iterator[Path]:
    """Where the count may be, most exact first.

    Inside a container the path that the kernel names may begin outside of what is mounted here: then the
    top of the mount is ours.
    """
    paths = {}
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            paths[controllers] = path.lstrip("/")
    version_2, version_1 = root / "sys/fs/cgroup", root / "sys/fs/cgroup/memory"
    yield version_2 / paths.get("", "") / "memory.events"
    yield version_2 / "memory.events"
    yield version_1 / paths.get("memory", "") / "memory.oom_control"
    yield version_1 / "memory.oom_control"


def _read_count(file: Path) -> int | None:
    try:
        words = dict(line.split(" ", 1) for line in file.read_text().splitlines())
        return int(words["oom_kill"])
    except (OSError, ValueError, KeyError):
        return None
