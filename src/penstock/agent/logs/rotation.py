"""When a log file has to make way for a new one: it has grown large, or its hour or day is over.

Hours and days are those of the local clock, like the times in the lines. A file that was taken up belongs to
the period in which it was last written: a server that stood still over midnight rotates yesterday's file when
it starts. An empty file never makes way.

In:     sizes, wall-clock seconds.
Out:    yes or no.
Never:  touches a file (outlet.py).
"""

import enum
import math
import time
from collections.abc import Callable
from typing import Final

_RETRY_S: Final = 60.0
_HOUR_S: Final = 3600


class Period(enum.Enum):
    """How long one file lasts at most."""

    NEVER = "never"
    HOURLY = "hourly"
    DAILY = "daily"


class Rotation:
    """One file's time.

    Args:
        max_bytes: size that a file may not exceed, but for its first batch; 0 = any.
        period: how long it lasts.
        wall: seconds since the epoch.
    """

    __slots__ = ("_max_bytes", "_not_before_s", "_period", "_started_s", "_stop_s", "_wall")

    def __init__(self, max_bytes: int, period: Period, wall: Callable[[], float] = time.time) -> None:
        self._max_bytes = max_bytes
        self._period = period
        self._wall = wall
        self._not_before_s = -math.inf
        self._started_s = self._stop_s = 0.0
        self.begin(wall())

    @property
    def is_on(self) -> bool:
        """Whether any file ever makes way."""
        return bool(self._max_bytes) or self._period is not Period.NEVER

    def begin(self, written_s: float) -> None:
        """A file was taken up that was last written then."""
        self._started_s = written_s
        self._stop_s = next_boundary(self._period, written_s)

    def is_due(self, size_bytes: int, coming_bytes: int = 0) -> bool:
        """Whether the file has to make way before so many bytes more."""
        now_s = self._wall()
        if not size_bytes or now_s < self._started_s:  # empty, or the clock was put back: begin anew
            self.begin(now_s)
            return False
        if now_s < self._not_before_s <= now_s + _RETRY_S:
            return False
        is_large = bool(self._max_bytes) and size_bytes + coming_bytes > self._max_bytes
        return is_large or now_s >= self._stop_s

    def put_off(self) -> None:
        """It could not be done: not again for a minute."""
        self._not_before_s = self._wall() + _RETRY_S


def next_boundary(period: Period, now_s: float) -> float:
    """Return when the local hour or day that `now_s` lies in is over; a period that never ends = infinity."""
    if period is Period.NEVER:
        return math.inf
    local = time.localtime(now_s)
    if period is Period.HOURLY:
        return int(now_s) - 60 * local.tm_min - min(local.tm_sec, 59) + _HOUR_S
    # mktime(3) finds out itself whether the next midnight has summer time
    return time.mktime((local.tm_year, local.tm_mon, local.tm_mday + 1, 0, 0, 0, 0, 0, -1))
