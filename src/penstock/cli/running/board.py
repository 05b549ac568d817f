"""What the agents of this machine put up on their boards: the report of each, and where one keeps its store.

In:     /proc, and the boards that the kernel lets us read.
Out:    reports as agent/census.py made them; a path.
Never:  asks an agent anything: it works when none of its threads answers. Believes what another user's agent
        says of a socket.
"""

import json
import os
from pathlib import Path
from typing import Any

from penstock.telemetry.memory.board import BoardError, read_board
from penstock.telemetry.reading.discovery import FoundAgent, find_agents


def look(found: FoundAgent) -> dict[str, Any] | None:
    """Return what an agent put up; None = it has gone, has not yet, or is none."""
    try:
        fd = os.open(found.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        report = json.loads(read_board(fd))
    except (OSError, BoardError, ValueError, RecursionError):
        return None
    finally:
        os.close(fd)
    is_sound = isinstance(report, dict) and isinstance(report.get("tenants"), list)
    return report | {"pid": found.pid} if is_sound else None


def find_store_of_agent(socket: str) -> Path | None:
    """Return the store of the agent that servers find at `socket`; None = it keeps none, or is not there."""
    for found in find_agents():
        report = look(found)
        if report is not None and report.get("socket") == socket and _is_of_its_owner(found.pid, socket):
            return _store_of(report)
    return None


def _is_of_its_owner(pid: int, socket: str) -> bool:
    try:
        return Path(f"/proc/{pid}").stat().st_uid == Path(socket).lstat().st_uid
    except OSError:
        return False


def _store_of(report: dict[str, Any]) -> Path | None:
    try:
        return Path(report["stations"]["store"]["file"])
    except (KeyError, TypeError):
        return None
