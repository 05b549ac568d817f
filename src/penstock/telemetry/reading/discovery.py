"""Finding running servers and agents by the name of their memory, with nothing on disk.

Each process of a server holds a descriptor of its segment, and /proc/PID/fd shows it as `/memfd:penstock
(deleted)`. Processes that hold the same memory (same inode) are one server. The kernel decides what we may
see: other users' processes, and processes that changed their user, show their descriptors to root only.

In:     /proc.
Out:    one FoundMaster a server, one FoundAgent an agent, with a path that opens its memory.
Never:  signals, maps or trusts what it finds (Snapshot does the reading).

Rules:  proc(5), memfd_create(2).
"""

import dataclasses
import os
from pathlib import Path
from typing import Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.board import BOARD_NAME
from penstock.telemetry.memory.segment import SEGMENT_NAME, SegmentError, read_layout

_SEGMENT: Final = f"/memfd:{SEGMENT_NAME} (deleted)"
_BOARD: Final = f"/memfd:{BOARD_NAME} (deleted)"


@dataclasses.dataclass(frozen=True, slots=True)
class FoundMaster:
    """One running server: the pid of its master, and a path through which its memory can be opened."""

    pid: int
    path: str
    pids: tuple[int, ...]  # every process that holds the memory, master included where it lives

    def open(self) -> int:
        """A new read-only descriptor of the segment; the caller closes it.

        Raises:
            OSError: it is gone, or not ours to read.
        """
        return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)


@dataclasses.dataclass(frozen=True, slots=True)
class FoundAgent:
    """One running agent, embedded or a machine's, and a path through which its board can be opened."""

    pid: int
    path: str


def find_agents(proc: Path = Path("/proc")) -> list[FoundAgent]:
    """Agents of this machine whose board we may read, by pid."""
    found = [
        FoundAgent(int(process.name), path)
        for process in _processes(proc)
        for path in _memories_of(process, _BOARD)[:1]
    ]
    return sorted(found, key=lambda agent: agent.pid)


def find_masters(proc: Path = Path("/proc")) -> list[FoundMaster]:
    """Servers of this machine whose memory we may read, by the master's pid.

    A server whose master was killed is still found while a worker or the agent of it lives.
    """
    holders: dict[tuple[int, int], dict[int, str]] = {}
    for process in _processes(proc):
        for path in _memories_of(process, _SEGMENT):
            try:
                status = Path(path).stat()
            except OSError:  # the process ended meanwhile
                continue
            holders.setdefault((status.st_dev, status.st_ino), {}).setdefault(int(process.name), path)
    found = [_found(paths) for paths in holders.values()]
    return sorted((master for master in found if master is not None), key=lambda master: master.pid)


def _processes(proc: Path) -> list[Path]:
    return [entry for entry in proc.iterdir() if entry.name.isdigit()]


def _memories_of(process: Path, target: str) -> list[str]:
    """Paths of the descriptors of a process that are memory of this name."""
    try:
        entries = list((process / "fd").iterdir())
    except OSError:  # not ours to read, or gone
        return []
    return [str(entry) for entry in entries if _target(entry) == target]


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # closed meanwhile
        return ""


def _found(paths: dict[int, str]) -> FoundMaster | None:
    """The server behind the holders of one segment; None if the memory is not one of this version."""
    first = min(paths)
    try:
        fd = os.open(paths[first], os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        read_layout(fd)
        said = int.from_bytes(
            os.pread(fd, layout.WORD_BYTES, layout.MASTER_PID_WORD * layout.WORD_BYTES), "little"
        )
    except (SegmentError, OSError):
        return None
    finally:
        os.close(fd)
    pid = said if said in paths else first
    return FoundMaster(pid, paths[pid], tuple(sorted(paths)))
