"""A snapshot as plain values: what `penstock status --json` and the ops port's /status give to programs.

The names are those of the dataclasses in snapshot.py; a name that was given out keeps its meaning, new ones
may come. docs/operations.md describes them, and a test compares.

In:     a Snapshot, the memory of its processes.
Out:    dicts, lists, texts and numbers.
Never:  adds what a reader could compute.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from penstock.telemetry.reading.snapshot import Snapshot


def plain(snapshot: Snapshot, resident_bytes: Callable[[int], int | None]) -> dict[str, Any]:
    """Return a snapshot as JSON knows values.

    Args:
        snapshot: of a server.
        resident_bytes: the memory of a pid; None = the process is gone, or none of the server's.
    """
    values = dataclasses.asdict(snapshot)
    for worker in (values["master"], *values["workers"], *values["templates"]):
        worker["state"] = worker["state"].name.lower()
        worker["resident_bytes"] = resident_bytes(worker["pid"])
    return values
