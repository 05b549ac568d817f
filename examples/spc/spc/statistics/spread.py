"""The process's standard deviation, estimated from what happens within subgroups.

Each subgroup gives an unbiased estimate of its own (R / d2, s / c4).  With subgroups of one size their mean
is the textbook's R-bar / d2 or s-bar / c4.  With several sizes a small subgroup says less: each is weighted
by the inverse of its estimate's variance, which is d2^2 / d3^2 for ranges and c4^2 / (1 - c4^2) for
deviations.

In:     ranges or standard deviations, the sizes of their subgroups, which of them count.
Out:    one number, in the unit of the measurements.
Never:  looks at the means: what happens between subgroups is what the chart is to show.

Rules:  Montgomery, sections 6.2, 6.3 and 6.4; the weights are those of least variance (Burr, Journal of
        Quality Technology 1, 1969).
"""

import enum
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spc.statistics.constants import MAX_RANGE_SIZE, Constants, constants_by_size
from spc.statistics.errors import LimitError, ObservationError
from spc.statistics.observations import Floats, Subgroups, single_values

_Pick = Callable[[Constants], float]


class Estimator(enum.StrEnum):
    """How the standard deviation within subgroups is estimated."""

    RANGE = "range"  # mean range / d2
    DEVIATION = "deviation"  # mean standard deviation / c4
    POOLED = "pooled"  # root of the pooled variance


def sigma_within(subgroups: Subgroups, estimator: Estimator) -> float:
    """Return the standard deviation within `subgroups`.

    Raises:
        LimitError: no subgroup has 2 measurements.
        ObservationError: RANGE, and a subgroup is too large for it.
    """
    if estimator is Estimator.RANGE:
        return sigma_from_ranges(subgroups.ranges, subgroups.sizes)
    if estimator is Estimator.DEVIATION:
        return sigma_from_deviations(subgroups.deviations, subgroups.sizes)
    is_used = subgroups.sizes >= 2
    _demand(is_used)
    freedom = subgroups.sizes[is_used] - 1
    return math.sqrt(float(freedom @ subgroups.deviations[is_used] ** 2) / int(freedom.sum()))


def freedom_within(subgroups: Subgroups, estimator: Estimator) -> float:
    """Return how many degrees of freedom the estimate of `sigma_within` is worth.

    Pooled it is their number.  Otherwise that of the chi-square whose root varies as much, relative to its
    mean, as the estimate does (Patnaik, Biometrika 37, 1950).
    """
    sizes = subgroups.sizes[subgroups.sizes >= 2]
    if estimator is Estimator.POOLED:
        return float((sizes - 1).sum())
    if estimator is Estimator.RANGE:
        return float((constants_by_size(sizes, lambda of: of.d2 / of.d3) ** 2).sum()) / 2
    return float((constants_by_size(sizes, lambda of: of.c4 / of.c5) ** 2).sum()) / 2


def sigma_from_ranges(ranges: Floats, sizes: NDArray[np.int64]) -> float:
    """Return the standard deviation that ranges tell; NaN among them are left out.

    Raises:
        LimitError: all of them are NaN.
        ObservationError: a subgroup is larger than the range's constants reach.
    """
    if (largest := int(sizes.max(initial=0))) > MAX_RANGE_SIZE:
        raise ObservationError(
            f"range of {largest} measurements; expected at most {MAX_RANGE_SIZE}, or an s chart"
        )
    return _weighted(ranges, sizes, lambda of: of.d2, lambda of: of.d3)


def sigma_from_deviations(deviations: Floats, sizes: NDArray[np.int64]) -> float:
    """Return the standard deviation that those of subgroups tell; NaN among them are left out.

    Raises:
        LimitError: all of them are NaN.
    """
    return _weighted(deviations, sizes, lambda of: of.c4, lambda of: of.c5)


def moving_ranges(values: Floats, span: int) -> Floats:
    """Return the range of each value and the `span` - 1 before it; NaN for the first ones and beside a NaN.

    Raises:
        ObservationError: `span` is not between 2 and the number of values.
    """
    single_values(values)
    if not 2 <= span <= values.size:
        raise ObservationError(f"moving range of {span!r} points; expected 2 to {values.size}")
    windows = np.lib.stride_tricks.sliding_window_view(values, span)
    ranges = np.full(values.size, np.nan)
    ranges[span - 1 :] = windows.max(axis=1) - windows.min(axis=1)  # max and min of a NaN are NaN
    return ranges


def _weighted(spreads: Floats, sizes: NDArray[np.int64], mean_of: _Pick, deviation_of: _Pick) -> float:
    is_used = ~np.isnan(spreads)
    _demand(is_used)
    spreads, sizes = spreads[is_used], sizes[is_used]
    means, deviations = constants_by_size(sizes, mean_of), constants_by_size(sizes, deviation_of)
    weights = (means / deviations) ** 2
    return float(weights @ (spreads / means) / weights.sum())


def _demand(is_used: NDArray[np.bool_]) -> None:
    if not is_used.any():
        raise LimitError(
            f"baseline of {is_used.size} points, none with a spread; expected 2 measurements in one"
        )
