"""One thing that the doctor found.

In:     nothing.
Out:    Finding.
Never:  judges (rules.py).
"""

import dataclasses
import enum


class Level(enum.Enum):
    """How bad it is."""

    WRONG = "wrong"  # will hurt in production: the doctor's exit status is 1
    NOTE = "note"  # may be meant so


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What stands where, why that matters, and the line to change.

    Attributes:
        name: the check's, for programs and for looking it up in docs/operations.md.
        reason: a sentence: what is, and what comes of it.
        change: the line to change, or the command to run.
    """

    name: str
    level: Level
    reason: str
    change: str


def wrong(name: str, reason: str, change: str) -> Finding:
    """Return a finding that should stop a deployment."""
    return Finding(name, Level.WRONG, reason, change)


def note(name: str, reason: str, change: str) -> Finding:
    """Return a finding that somebody should know of."""
    return Finding(name, Level.NOTE, reason, change)
