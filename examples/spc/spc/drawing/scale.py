"""From the values of a chart to places on paper, and the round numbers that are written beside an axis.

Places are whole tenths of a pixel: a drawing's coordinate system is ten times as fine as its size, so that
ten thousand points need no decimal fractions.

In:     values, the span of paper they are to fill.
Out:    integers; round numbers.
Never:  knows what is drawn.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

FINENESS = 10  # places in a pixel


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale: `low` lies at place `start`, `high` at `end`; either pair may run backwards."""

    low: float
    high: float
    start: int
    end: int

    def places(self, values: NDArray[np.float64]) -> Places:
        """Return where `values` lie; NaN must not be among them."""
        share = (values - self.low) / (self.high - self.low)
        return np.asarray(np.rint(self.start + share * (self.end - self.start)), dtype=np.int64)

    def place(self, value: float) -> int:
        return int(self.places(np.array([value]))[0])


def fitting_scale(arrays: list[NDArray[np.float64]], start: int, end: int) -> Scale:
    """Return a scale that shows all values of `arrays` with a little room; NaN are left out.

    What never varies lies in the middle; of nothing at all a scale from -1 to 1 is made.
    """
    low = min((float(np.nanmin(array)) for array in arrays if not np.isnan(array).all()), default=0.0)
    high = max((float(np.nanmax(array)) for array in arrays if not np.isnan(array).all()), default=0.0)
    room = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    return Scale(low - room, high + room, start, end)


def round_numbers(low: float, high: float, count: int) -> list[float]:
    """Return about `count` numbers between `low` and `high`, 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]
