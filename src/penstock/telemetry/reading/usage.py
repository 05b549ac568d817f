"""What one of our processes uses: memory and CPU time, and when it started.

In:     pids, from shared memory: hostile input. A pid counts only while its parent is the master.
Out:    Usage, or None for a process that is gone, a stranger's or not ours to look at; of bytes alone, 0.
Never:  raises.

Rules:  proc(5): /proc/PID/stat, smaps_rollup; the name of a program may hold spaces and parentheses.
"""

import contextlib
import dataclasses
import os
import re
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
# Fields of proc(5) after the program's name; the first of them is number 3.
_PPID: Final = 4 - 3
_USER_TICKS: Final = 14 - 3
_SYSTEM_TICKS: Final = 15 - 3
_THREADS: Final = 20 - 3
_START_TICKS: Final = 22 - 3
_RESIDENT_PAGES: Final = 24 - 3
_PSS: Final = re.compile(r"^Pss: +([0-9]+) kB", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """One process now."""

    parent: int
    resident_bytes: int
    cpu_s: float
    threads: int
    started_after_boot_s: float


def usage_of(pid: int, proc: Path = Path("/proc")) -> Usage | None:
    """Return what a process uses; None where there is none or it hides."""
    try:
        fields = (proc / str(pid) / "stat").read_bytes().decode("latin-1").rpartition(")")[2].split()
        return Usage(
            parent=int(fields[_PPID]),
            resident_bytes=int(fields[_RESIDENT_PAGES]) * _PAGE_BYTES,
            cpu_s=(int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / _TICKS_PER_S,
            threads=int(fields[_THREADS]),
            started_after_boot_s=int(fields[_START_TICKS]) / _TICKS_PER_S,
        )
    except (OSError, ValueError, IndexError):
        return None


def usage_of_child(pid: int, parent: int, proc: Path = Path("/proc")) -> Usage | None:
    """Return what a process uses if `parent` is its parent."""
    usage = usage_of(pid, proc)
    return usage if usage is not None and usage.parent == parent else None


def resident(pid: int) -> int:
    """Return the resident memory: shared pages count in full, as in ps and top."""
    usage = usage_of(pid)
    return usage.resident_bytes if usage is not None else 0


def proportional(pid: int) -> int:
    """Return its part of the memory (PSS): a page that n processes share counts 1/n in each."""
    with contextlib.suppress(OSError):
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))
        return int(found[1]) << 10 if found else 0
    return 0


def open_descriptors(pid: int) -> int:
    """Return how many descriptors a process has open; 0 where it hides them."""
    folder = Path(f"/proc/{pid}/fd")
    with contextlib.suppress(OSError):
        # Since Linux 6.2 the size of the folder is their number; before, each has to be listed, 1 us apiece.
        return folder.stat().st_size or sum(1 for _ in folder.iterdir())
    return 0
