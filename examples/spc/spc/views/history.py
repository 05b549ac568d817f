"""What a chart had before: who changed it when, what it was about, what was changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spc.models import Change, Chart
from spc.versions import latest

SHOWN_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class Version:
    """Rules or limits, and what they changed about those before."""

    change: Change
    told: list[str]


def history_of(kind: type[Change], chart: Chart, tell: Callable[[Any, Any], list[str]]) -> list[Version]:
    """Return the latest versions, the newest first; `tell(new, old)` says what a change was."""
    pairs = latest(kind, chart, SHOWN_VERSIONS)
    return [Version(new, tell(new, old) if old else []) for new, old in pairs]
