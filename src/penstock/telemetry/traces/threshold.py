"""When a request of one shape is slow: an estimate of the 99th percentile of what such requests take.

The estimate is a number that rises by a part of itself with each request above it and falls by a part with
some of the others. It stands still where both happen equally often, and the parts are chosen so that this is
where 1 in 100 is above. So the usual request costs one comparison, and no durations are kept.

           above: x (1 + step)                      1 in LOOK_EVERY: x (1 - FALL)
    100 ---------------------- the estimate ---------------------- 1

In:     which requests were above, and every so often that one was looked at.
Out:    `ticks`, to compare with.
Never:  falls below what the operator calls quick: nobody wants to know why 1 ms was not half of it.

Rejected: the histogram of each shape (8 KiB a shape, and its quantile 20 us); the agent's word (it sees
        lines, not shapes, and is a second late).
"""

from typing import Final

# Requests between two that are looked at: a prime, so that no pattern of a client's keeps step with it.
LOOK_EVERY: Final = 61
# Begins by doubling: a shape that always takes a second is not slow for long.
_FIRST_STEP: Final = 1.0
_STEP: Final = 1 / 16
_ABOVE: Final = 0.01
_FALL: Final = _STEP * _ABOVE * LOOK_EVERY
_NEVER_TICKS: Final = 1 << 62


class Threshold:
    """One shape's estimate.

    Args:
        least_ticks: below that nothing is slow (ticks of histogram.TICK_BITS).

    Attributes:
        ticks: a request that takes more is slow.
    """

    __slots__ = ("_least_ticks", "_step", "ticks")

    def __init__(self, least_ticks: int) -> None:
        self.ticks = self._least_ticks = least_ticks
        self._step = _FIRST_STEP

    def exceed(self) -> None:
        """A request took more: rise."""
        self.ticks += int(self.ticks * self._step) + 1
        self._step = max(self._step / 2, _STEP)

    def look(self) -> None:
        """One request in LOOK_EVERY, whatever it took: fall."""
        self.ticks = max(self.ticks - int(self.ticks * _FALL), self._least_ticks)


# For what has no shape.
NEVER_SLOW: Final = Threshold(_NEVER_TICKS)
