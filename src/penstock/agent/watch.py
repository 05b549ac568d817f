"""What went wrong with the records, said once when it begins and once when it ends.

In:     the counters of all slots, the state of both outputs.
Out:    entries for the log, about trouble that no worker can see.
Never:  writes them (agent.py chooses where: an output does not report its own trouble).
"""

import dataclasses
import logging
import os
import time
from collections.abc import Callable
from typing import Final

from penstock.agent.logs.error_line import LogEntry
from penstock.agent.logs.outlet import Outlet
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.segment import Segment

_LOGGER: Final = "penstock.agent"
_MAX_COUNT: Final = (1 << 64) - 1
_SPEAK_EVERY_S: Final = 10.0
_DROPPED: Final = (layout.ACCESS_DROPPED, layout.LOG_DROPPED)
_LOSSES: Final = (
    "access records dropped: their ring was full",
    "log records dropped: their ring was full",
    "half records of killed workers skipped",
    "records could not be written by their worker",
    "damaged records skipped",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say."""

    level: int
    message: str

    def as_entry(self) -> LogEntry:
        """Return it as an entry of the agent's, of this moment."""
        return LogEntry(
            time_ns=time.monotonic_ns(),
            level=self.level,
            pid=os.getpid(),
            logger=_LOGGER,
            message=self.message,
        )


class TroubleWatch:
    """One output's trouble: from when, and what was dropped since the last look that found none."""

    __slots__ = ("_count_dropped", "_dropped_before", "_now", "_outlet", "_said", "_since")

    def __init__(self, outlet: Outlet, count_dropped: Callable[[], int], now: Callable[[], float]) -> None:
        self._outlet = outlet
        self._count_dropped = count_dropped
        self._now = now
        self._said = ""
        self._since = 0.0
        self._dropped_before = count_dropped() + outlet.lost_lines

    def look(self) -> Notice | None:
        """A notice when trouble begins, changes or ends; None between."""
        output = self._outlet.output
        if output.trouble == self._said:
            if not output.trouble:  # what is dropped from here on, trouble explains if it begins
                self._dropped_before = self._count_dropped() + self._outlet.lost_lines
            return None
        if not output.trouble:
            lost = self._count_dropped() + self._outlet.lost_lines - self._dropped_before
            lasted_s = self._now() - self._since
            message = f"{output.name}: written again after {lasted_s:.0f} s; {lost} records were lost"
            self._said = ""
            return Notice(logging.WARNING, message)
        if not self._said:
            self._since = self._now()
        self._said = output.trouble
        fate = (
            "its lines are lost and counted"
            if output.takes_nothing
            else "its lines wait in memory until it is full"
        )
        return Notice(logging.ERROR, f"{output.name}: {output.trouble}; {fate}")


class LossWatch:
    """Counters that should stand still, over all slots. Speaks at once, then each 10 s while they grow.

    What was said stands in the memory: most is lost while there is no agent, and its successor has to say it.
    """

    __slots__ = ("_last", "_now", "_said", "_segment", "_silent_until")

    def __init__(self, segment: Segment, now: Callable[[], float]) -> None:
        self._segment = segment
        self._now = now
        self._silent_until = 0.0
        self._last = self._read()
        self._said = [segment.words[word] for word in layout.AGENT_SAID_WORDS]

    def look(self, *, has_reason: bool) -> list[Notice]:
        """One notice for each counter that grew since we last spoke.

        Args:
            has_reason: an output is in trouble, which has been said, and will count what was dropped itself.
        """
        last, self._last = self._last, self._read()
        if has_reason:  # what was dropped since the last look has been said; what was before may still be due
            for place in range(len(_DROPPED)):
                self._said[place] += self._last[place] - last[place]
            self._keep()
        if self._now() < self._silent_until:
            return []
        before, self._said = self._said, [*self._last]
        self._keep()
        grown = [(after - past) & _MAX_COUNT for past, after in zip(before, self._said, strict=True)]
        notices = [
            Notice(logging.WARNING, f"{count} {what}")
            for count, what in zip(grown, _LOSSES, strict=True)
            if count
        ]
        if notices:
            self._silent_until = self._now() + _SPEAK_EVERY_S
        return notices

    def _keep(self) -> None:
        for word, count in zip(layout.AGENT_SAID_WORDS, self._said, strict=True):
            self._segment.words[word] = count & _MAX_COUNT

    def _read(self) -> list[int]:
        sums = [sum_of(self._segment, word) for word in (*_DROPPED, layout.TORN, layout.FAILED)]
        return [*sums, self._segment.words[layout.AGENT_DAMAGED_WORD]]


def sum_of(segment: Segment, word: int) -> int:
    """One word of every slot, added up."""
    plan = segment.layout
    return sum(segment.words[plan.slot_word(slot) + word] for slot in range(plan.slots))
