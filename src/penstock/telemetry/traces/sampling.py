"""Which requests are taken as a sample, and which are looked at: decided when they begin, by counting.

In:     the part to sample.
Out:    an iterator of marks, one a request, nearly all 0.
Never:  keeps step with a pattern of the requests: the gaps between samples are random.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from typing import Final

from penstock.telemetry.traces.threshold import LOOK_EVERY
from penstock.telemetry.traces.trace import LOOKED_AT, SAMPLED

_ORDINARY: Final = (0,) * (LOOK_EVERY - 1)


def marks(part: float, draw: Callable[[], float] = random.random) -> Iterator[int]:
    """Marks for one request after the other, made in blocks: 10 ns a request.

    Args:
        part: 0 to 1, how many are SAMPLED; each with that probability, whatever became of the others.
        draw: gives a number from 0 up to 1.
    """
    gap = _Gap(part, draw)
    # No generator: a second thread that comes in between would be told "already executing".
    return itertools.chain.from_iterable(map(gap.block, itertools.count()))


class _Gap:
    """How many requests from the start of the next block the next sample is away."""

    __slots__ = ("_draw", "_left", "_part")

    def __init__(self, part: float, draw: Callable[[], float]) -> None:
        self._part = part
        self._draw = draw
        self._left = self._next()

    def block(self, _index: int) -> list[int]:
        """Marks of the next LOOK_EVERY requests."""
        block = [*_ORDINARY, LOOKED_AT]
        while self._left < LOOK_EVERY:
            block[int(self._left)] |= SAMPLED
            self._left += 1 + self._next()
        self._left -= LOOK_EVERY
        return block

    def _next(self) -> float:
        """Requests before the next sample: geometrically distributed."""
        if self._part <= 0:
            return math.inf
        if self._part >= 1:
            return 0
        return math.log(1 - self._draw()) // math.log(1 - self._part)
