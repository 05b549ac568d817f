"""What went wrong with the records, said once when it begins and once when it ends.

In:     the counters of all slots, the state of both outputs.
Out:    entries for the log, about trouble that no worker can see.
Never:  writes them (agent.py chooses where: an output does not report its own trouble).
"""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from penstock.agent.drain import Drain
from penstock.telemetry import layout
from penstock.telemetry.layout import WORD_BYTES
from penstock.telemetry.segment import Segment

_MAX_COUNT: Final = (1 << 64) - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say; `about` is the drain that cannot say it itself, if any."""

    level: int
    message: str
    about: Drain | None = None


class TroubleWatch:
    """One output's trouble: from when, and what was dropped since."""

    __slots__ = ("_count_dropped", "_drain", "_dropped_before", "_now", "_said", "_since")

    def __init__(self, drain: Drain, count_dropped: Callable[[], int], now: Callable[[], float]) -> None:
        self._drain = drain
        self._count_dropped = count_dropped
        self._now = now
        self._said = ""
        self._since = 0.0
        self._dropped_before = 0

    def look(self) -> Notice | None:
        """A notice when trouble begins, changes or ends; None between."""
        output = self._drain.output
        if output.trouble == self._said:
            return None
        if not output.trouble:
            lost = self._count_dropped() + self._drain.lost_lines - self._dropped_before
            lasted_s = self._now() - self._since
            message = f"{output.name}: written again after {lasted_s:.0f} s; {lost} records were lost"
            self._said = ""
            return Notice(logging.WARNING, message, self._drain)
        if not self._said:
            self._since = self._now()
            self._dropped_before = self._count_dropped() + self._drain.lost_lines
        self._said = output.trouble
        fate = (
            "its lines are lost and counted"
            if output.takes_nothing
            else "its lines wait in memory until it is full"
        )
        return Notice(logging.ERROR, f"{output.name}: {output.trouble}; {fate}", self._drain)


class LossWatch:
    """Counters that should stand still, over all slots."""

    __slots__ = ("_seen", "_segment")

    _COUNTERS: Final = (
        (layout.ACCESS_DROPPED, "access records dropped: their ring was full"),
        (layout.LOG_DROPPED, "log records dropped: their ring was full"),
        (layout.TORN, "half records of killed workers skipped"),
        (layout.FAILED, "records could not be written by their worker"),
    )

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._seen = self._read()

    def look(self) -> Iterator[Notice]:
        """One notice for each counter that grew since the last look."""
        now = self._read()
        for (_, what), before, after in zip(self._COUNTERS, self._seen, now, strict=False):
            if after != before:
                yield Notice(logging.WARNING, f"{(after - before) & _MAX_COUNT} {what}")
        if now[-1] != self._seen[-1]:
            yield Notice(
                logging.WARNING, f"{(now[-1] - self._seen[-1]) & _MAX_COUNT} damaged records skipped"
            )
        self._seen = now

    def _read(self) -> Sequence[int]:
        sums = [sum_of(self._segment, word) for word, _ in self._COUNTERS]
        return [*sums, self._segment.words[layout.AGENT_DAMAGED_WORD]]


def sum_of(segment: Segment, word: int) -> int:
    """One word of every slot, added up."""
    plan = segment.layout
    return sum(segment.words[plan.slot_at(slot) // WORD_BYTES + word] for slot in range(plan.slots))
