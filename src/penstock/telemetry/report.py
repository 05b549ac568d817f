"""A snapshot as plain values: what `penstock status --json` and the ops port's /status give to programs.

The names are those of the dataclasses in snapshot.py; a name that was given out keeps its meaning, new ones
may come. docs/operations.md describes them, and a test compares.

In:     a Snapshot.
Out:    dicts, lists, texts and numbers.
Never:  adds what a reader could compute.
"""

import dataclasses
from typing import Any

from penstock.telemetry.snapshot import Snapshot


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as JSON knows values."""
    values = dataclasses.asdict(snapshot)
    for worker in (values["master"], *values["workers"], *values["templates"]):
        worker["state"] = worker["state"].name.lower()
    return values
