"""How long to wait before a worker, or the agent, that keeps dying is started again.

In:     when it started and when it died.
Out:    the delay before its successor.
Never:  sleeps or reads a clock.
"""

import dataclasses
from typing import Final

FIRST_DELAY_S: Final = 0.0  # a worker that served and died once is replaced at once
SHORTEST_DELAY_S: Final = 0.25
LONGEST_DELAY_S: Final = 30.0
# A worker that lived this long is not part of a crash loop (systemd's StartLimitInterval is 10 s).
HEALTHY_LIFE_S: Final = 10.0


@dataclasses.dataclass(slots=True)
class Backoff:
    """Deaths in a row of one slot; doubled delay for each.

    Attributes:
        longest_s: the delay that is never exceeded.
    """

    deaths: int = 0
    longest_s: float = LONGEST_DELAY_S

    def died(self, lived_s: float) -> float:
        """Count a death and return the seconds to wait before the next start."""
        if lived_s >= HEALTHY_LIFE_S:
            self.deaths = 0
        self.deaths += 1
        if self.deaths == 1:
            return FIRST_DELAY_S
        return min(self.longest_s, SHORTEST_DELAY_S * 2.0 ** min(self.deaths - 2, 16))
