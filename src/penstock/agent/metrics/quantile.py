"""Quantiles of the last minute, from our own buckets: within 2 %, where those of the page are far apart.

A scraper that interpolates between 0.1 and 0.25 s is wrong by as much as half. So what we know better is told
beside the histogram, over the minute before, as far as pages were asked for in it.

In:     tallies, in the order in which they were read; monotonic seconds.
Out:    seconds by phase and quantile.
Never:  keeps more than one tally in 10 s, or older ones than it needs.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from penstock.agent.metrics.tally import Tally
from penstock.telemetry.clock import NS_PER_S
from penstock.telemetry.memory.histogram import quantile

PARTS: Final = (0.5, 0.9, 0.99, 0.999)
PHASES: Final = ("queue", "application", "total")
WINDOW_S: Final = 60.0
_STEP_S: Final = 10.0


class RecentQuantiles:
    """The requests of the last minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._past: deque[tuple[float, Tally]] = deque()

    def read(self, tally: Tally) -> dict[tuple[str, float], float]:
        """Return seconds by (phase, part); nothing for a minute without requests."""
        now_s = self._now()
        while len(self._past) > 1 and self._past[1][0] <= now_s - WINDOW_S:
            self._past.popleft()
        found = {}
        for phase in PHASES:
            counts = self._recent(tally, phase)
            if any(counts):
                found.update({(phase, part): quantile(counts, part) / NS_PER_S for part in PARTS})
        if not self._past or now_s - self._past[-1][0] >= _STEP_S:
            self._past.append((now_s, tally))
        return found

    def _recent(self, tally: Tally, phase: str) -> Sequence[int]:
        """Return what was counted since the oldest tally that is kept; none is kept at first."""
        if not self._past:
            return tally.phases[phase]
        before = self._past[0][1].phases[phase]
        return [max(count - was, 0) for count, was in zip(tally.phases[phase], before, strict=True)]
