"""Where the lines of a chart come from: a baseline, a standard, or the person who enters them.

    baseline       which points are estimated from: a slice, or an array of booleans (to leave out points
                   whose cause is known); None = all of them
    Standard       the process's mean and standard deviation are given; every line follows
    EnteredLimits  the lines themselves are given, as they stand in a control plan; for a series
                   without any they are estimated

In:     what the user chose.
Out:    values; the selection of a baseline.
Never:  computes a line (charts.py).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spc.statistics.errors import LimitError

Baseline = slice | NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Standard:
    """Given process values.

    Attributes:
        mean: of the measurements; for p and np the proportion, for c and u the rate.
        sigma: standard deviation of the measurements; charts of counts need none.

    Raises:
        LimitError: not finite, or `sigma` is not above 0.
    """

    mean: float
    sigma: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean):
            raise LimitError(f"standard mean {self.mean!r}; expected a finite number")
        if self.sigma is not None and not 0 < self.sigma < math.inf:
            raise LimitError(f"standard sigma {self.sigma!r}; expected a finite number above 0")


@dataclass(frozen=True, slots=True)
class Lines:
    """Three lines of one series, in the unit of what is plotted.

    Raises:
        LimitError: not finite, or not in the order lower <= centre < upper.
    """

    lower: float
    centre: float
    upper: float

    def __post_init__(self) -> None:
        are_finite = all(map(math.isfinite, (self.lower, self.centre, self.upper)))
        if not (are_finite and self.lower <= self.centre < self.upper):
            came = (self.lower, self.centre, self.upper)
            raise LimitError(f"lines {came!r}; expected finite numbers, lower <= centre < upper")


@dataclass(frozen=True, slots=True)
class EnteredLimits:
    """Lines of the location and of the spread; None = estimated from the baseline.

    Raises:
        LimitError: both are None.
    """

    location: Lines | None = None
    spread: Lines | None = None

    def __post_init__(self) -> None:
        if self.location is None and self.spread is None:
            raise LimitError(
                "entered limits without lines; expected those of the location, of the spread, or both"
            )


Limits = Standard | EnteredLimits | None


def selected(baseline: Baseline, count: int) -> NDArray[np.bool_]:
    """Return which of `count` points belong to the baseline.

    Raises:
        LimitError: none does, or there are not as many booleans as points.
    """
    is_selected = np.zeros(count, dtype=bool)
    if isinstance(baseline, np.ndarray) and (baseline.dtype != bool or baseline.shape != (count,)):
        came = f"array of {baseline.dtype} of shape {baseline.shape!r}"
        raise LimitError(f"baseline given as {came}; expected a boolean for each of {count} points")
    is_selected[slice(None) if baseline is None else baseline] = True
    if not is_selected.any():
        raise LimitError(f"baseline {baseline!r} without a point; expected some of {count}")
    return is_selected
