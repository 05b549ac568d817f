"""Measurements and counts as arrays that can be computed with.

A missing value is NaN and means: not measured.  It is never a zero and never ends a computation:

- in a subgroup, the subgroup is as large as what was measured; with one measurement it has a mean and no
  spread;
- a subgroup without any, or a missing single value, has no point on the chart;
- of a moving range, each range that touches a missing value is missing too: it would span a longer time;
- rules pass over a missing point as if the chart had only the others (rules.py).

In:     what the caller has: lists, integer arrays, float arrays.
Out:    float64 arrays; a Subgroups value.
Never:  repairs: what is infinite, negative or of another shape is refused.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spc.statistics.errors import ObservationError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Measurements (k subgroups, up to n in each) and how many each subgroup has."""

    values: Floats
    sizes: NDArray[np.int64]

    @property
    def has_gaps(self) -> bool:
        return bool(self.sizes.min() < self.values.shape[1])

    @property
    def means(self) -> Floats:
        if not self.has_gaps:
            return np.asarray(self.values.mean(axis=1))
        with np.errstate(invalid="ignore"):  # 0 / 0 = NaN: nothing was measured
            return np.asarray(np.nansum(self.values, axis=1) / self.sizes)

    @property
    def ranges(self) -> Floats:
        """NaN where fewer than 2 were measured."""
        ranges = np.fmax.reduce(self.values, axis=1) - np.fmin.reduce(self.values, axis=1)
        return np.where(self.sizes >= 2, ranges, np.nan)

    @property
    def deviations(self) -> Floats:
        """Standard deviations with n - 1; NaN where fewer than 2 were measured."""
        from_mean = self.values - self.means[:, np.newaxis]
        squares = np.nansum(from_mean**2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.sizes >= 2, np.sqrt(squares / (self.sizes - 1)), np.nan)


def subgroups_of(values: ArrayLike) -> Subgroups:
    """Return measurements of shape (k, n), with NaN for what is missing, as subgroups.

    Raises:
        ObservationError: not two-dimensional, empty, fewer than 2 columns, or something is infinite.
    """
    array = _finite("measurements", values, 2)
    if array.shape[1] < 2:
        raise ObservationError(
            f"subgroups of {array.shape[1]} measurement; expected 2 or more, or an I-MR chart"
        )
    return Subgroups(array, np.count_nonzero(~np.isnan(array), axis=1))


def single_values(values: ArrayLike) -> Floats:
    """Return measurements of shape (k,), with NaN for what is missing.

    Raises:
        ObservationError: not one-dimensional, empty, or something is infinite.
    """
    return _finite("measurements", values, 1)


def counted(values: ArrayLike, subject: str) -> Floats:
    """Return counts of shape (k,): whole numbers from 0 on, with NaN for what is missing.

    Raises:
        ObservationError: not one-dimensional, empty, infinite, negative or with a fraction.
    """
    array = _finite(subject, values, 1)
    _refuse(
        (array < 0) | (np.floor(array) != array) & ~np.isnan(array), array, subject, "whole numbers from 0 on"
    )
    return array


def inspected(sizes: ArrayLike, count: int) -> Floats:
    """Return how much was inspected for each of `count` points; a single number stands for all of them.

    Raises:
        ObservationError: another number of sizes than of points, or a size that is not above 0.
    """
    array = np.asarray(sizes, dtype=np.float64)
    if array.ndim > 1 or array.size not in {1, count}:
        raise ObservationError(
            f"sizes of shape {array.shape!r}; expected one, or one for each of {count} points"
        )
    _refuse(~((array > 0) & np.isfinite(array)), array, "sizes", "numbers above 0")
    return np.broadcast_to(array.reshape(-1) if array.size > 1 else array.reshape(()), (count,))


def defective(values: ArrayLike, sizes: ArrayLike) -> tuple[Floats, Floats]:
    """Return counts of defectives and how many were inspected.

    Raises:
        ObservationError: as `counted` and `inspected`, or more defective than inspected.
    """
    counts = counted(values, "defectives")
    inspected_sizes = inspected(sizes, counts.size)
    too_many = counts > inspected_sizes
    if too_many.any():
        at = int(np.argmax(too_many))
        came = f"{counts[at]:g} of {inspected_sizes[at]:g}"
        raise ObservationError(f"defectives {came} at point {at}; expected no more than were inspected")
    return counts, inspected_sizes


def _finite(subject: str, values: ArrayLike, dimensions: int) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ObservationError(f"{subject} that are not numbers: {error}") from None
    if array.ndim != dimensions or not array.size:
        wanted = "(points,)" if dimensions == 1 else "(subgroups, measurements)"
        raise ObservationError(f"{subject} of shape {array.shape!r}; expected {wanted}, not empty")
    _refuse(np.isinf(array), array, subject, "finite numbers, or NaN where one is missing")
    return array


def _refuse(is_bad: NDArray[np.bool_], array: Floats, subject: str, expected: str) -> None:
    if is_bad.any():
        at = int(np.argmax(is_bad.reshape(-1)))
        raise ObservationError(f"{subject}: {array.reshape(-1)[at]!r} at {at}; expected {expected}")
