"""Control charts: what is plotted, its centre, its limits and its standard deviation, at every point.

    measurements  xbar_r, xbar_s   subgroups: mean, and range or standard deviation
                  i_mr             single values: the value, and its moving range
    counts        p, np_           defectives: their proportion, their number
                  c, u             defects: their number, their rate

A chart has one or two series, the location first.  All lines are three standard deviations of what is plotted
from
its centre, and end where it cannot go: a range not below 0, a proportion not above 1.

In:     arrays, with NaN for what is missing (observations.py); a baseline or limits (limits.py).
Out:    a ControlChart.
Never:  judges a point (rules.py), or draws.

Rules:  Montgomery, chapters 6 and 7; the NIST/SEMATECH e-Handbook, section 6.3; for subgroups of several
        sizes each point has limits of its own.
"""

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spc.statistics.constants import constants, constants_by_size
from spc.statistics.errors import LimitError
from spc.statistics.limits import Baseline, EnteredLimits, Limits, Lines, Standard, selected
from spc.statistics.observations import (
    Floats,
    Subgroups,
    counted,
    defective,
    inspected,
    single_values,
    subgroups_of,
)
from spc.statistics.spread import Estimator, moving_ranges, sigma_within


class ChartKind(enum.StrEnum):
    """What a chart plots; the value is its name in addresses and files."""

    XBAR_R = "xbar-r"
    XBAR_S = "xbar-s"
    I_MR = "i-mr"
    P = "p"
    NP = "np"
    C = "c"
    U = "u"

    @property
    def label(self) -> str:
        """Its name for people."""
        return _LABELS.get(self, self.value)


_LABELS = {ChartKind.XBAR_R: "X-bar/R", ChartKind.XBAR_S: "X-bar/S", ChartKind.I_MR: "I-MR"}


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One plotted statistic; every array has one item for each point, in the order of time.

    Attributes:
        name: what is plotted: "X-bar", "R", ...
        values: NaN = no point.
        centre: the middle line.
        lower, upper: the control limits.
        sigma: standard deviation of the statistic, above the centre.
        sigma_below: below it: another one only where someone entered limits that are not symmetrical.
    """

    name: str
    values: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    sigma: Floats
    sigma_below: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """A chart; `series` has the location first, and the spread second where there is one."""

    kind: ChartKind
    series: tuple[Series, ...]


def xbar_r(subgroups: ArrayLike, *, baseline: Baseline = None, limits: Limits = None) -> ControlChart:
    """Return the chart of means and ranges of `subgroups`, shape (k, n).

    Raises:
        ObservationError: see `subgroups_of`; or a subgroup is larger than the range's constants reach.
        LimitError: the baseline has no subgroup of 2 measurements, or a standard has no sigma.
    """
    return _subgroup_chart(ChartKind.XBAR_R, subgroups, baseline, limits)


def xbar_s(subgroups: ArrayLike, *, baseline: Baseline = None, limits: Limits = None) -> ControlChart:
    """Return the chart of means and standard deviations of `subgroups`, shape (k, n); errors as `xbar_r`."""
    return _subgroup_chart(ChartKind.XBAR_S, subgroups, baseline, limits)


def i_mr(
    values: ArrayLike, *, span: int = 2, baseline: Baseline = None, limits: Limits = None
) -> ControlChart:
    """Return the chart of single `values`, shape (k,), and of the ranges of `span` neighbours.

    Raises:
        ObservationError: see `single_values` and `moving_ranges`.
        LimitError: the baseline has no moving range, or a standard has no sigma.
    """
    points = single_values(values)
    ranges = moving_ranges(points, span)
    location_lines, spread_lines = _lines(limits)
    standard = limits if isinstance(limits, Standard) else None
    of = constants(span)
    in_baseline = selected(baseline, points.size)
    sigma = _given_sigma(standard) or _mean(ranges, in_baseline, "moving range") / of.d2
    centre = standard.mean if standard else _mean(points, in_baseline, "value")
    location = _series("X", points, centre, sigma, lines=location_lines)
    spread = _series("MR", ranges, of.d2 * sigma, of.d3 * sigma, floor=0, lines=spread_lines)
    return ControlChart(ChartKind.I_MR, (location, spread))


def p(
    defectives: ArrayLike, sizes: ArrayLike, *, baseline: Baseline = None, limits: Limits = None
) -> ControlChart:
    """Return the chart of the proportion of `defectives` among `sizes` inspected (one size, or one a point).

    Raises:
        ObservationError: see `defective`.
        LimitError: the baseline has no point, or a given mean is not a proportion.
    """
    counts, inspected_sizes = defective(defectives, sizes)
    mean = _proportion(counts, inspected_sizes, baseline, limits)
    sigma = np.sqrt(mean * (1 - mean) / inspected_sizes)
    lines = _only_location(ChartKind.P, limits)
    series = _series("p", counts / inspected_sizes, mean, sigma, floor=0, ceiling=1, lines=lines)
    return ControlChart(ChartKind.P, (series,))


def np_(
    defectives: ArrayLike, sizes: ArrayLike, *, baseline: Baseline = None, limits: Limits = None
) -> ControlChart:
    """Return the chart of the number of `defectives`; errors as `p`."""
    counts, inspected_sizes = defective(defectives, sizes)
    mean = _proportion(counts, inspected_sizes, baseline, limits)
    sigma = np.sqrt(inspected_sizes * mean * (1 - mean))
    lines = _only_location(ChartKind.NP, limits)
    centre = inspected_sizes * mean
    series = _series("np", counts, centre, sigma, floor=0, ceiling=inspected_sizes, lines=lines)
    return ControlChart(ChartKind.NP, (series,))


def c(counts: ArrayLike, *, baseline: Baseline = None, limits: Limits = None) -> ControlChart:
    """Return the chart of the number of defects in units of one size.

    Raises:
        ObservationError: see `counted`.
        LimitError: the baseline has no point, or a given mean is below 0.
    """
    numbers = counted(counts, "counts")
    mean = _rate(numbers, np.ones(numbers.size), baseline, limits)
    lines = _only_location(ChartKind.C, limits)
    return ControlChart(ChartKind.C, (_series("c", numbers, mean, math.sqrt(mean), floor=0, lines=lines),))


def u(
    counts: ArrayLike, sizes: ArrayLike, *, baseline: Baseline = None, limits: Limits = None
) -> ControlChart:
    """Return the chart of the rate of defects in `sizes`: units, areas or hours.  Errors as `c`."""
    numbers = counted(counts, "counts")
    inspected_sizes = inspected(sizes, numbers.size)
    mean = _rate(numbers, inspected_sizes, baseline, limits)
    lines = _only_location(ChartKind.U, limits)
    sigma = np.sqrt(mean / inspected_sizes)
    series = _series("u", numbers / inspected_sizes, mean, sigma, floor=0, lines=lines)
    return ControlChart(ChartKind.U, (series,))


def _subgroup_chart(kind: ChartKind, values: ArrayLike, baseline: Baseline, limits: Limits) -> ControlChart:
    subgroups = subgroups_of(values)
    in_baseline = selected(baseline, subgroups.sizes.size)
    location_lines, spread_lines = _lines(limits)
    standard = limits if isinstance(limits, Standard) else None
    used = Subgroups(subgroups.values[in_baseline], subgroups.sizes[in_baseline])
    estimator = Estimator.RANGE if kind is ChartKind.XBAR_R else Estimator.DEVIATION
    sigma = _given_sigma(standard) or sigma_within(used, estimator)
    # The mean of all measurements, so that a small subgroup counts less (Montgomery, equation 6.30).
    centre = standard.mean if standard else float(np.nansum(used.values) / used.sizes.sum())
    with np.errstate(divide="ignore"):
        deviation = np.where(subgroups.sizes > 0, sigma / np.sqrt(subgroups.sizes), np.nan)
    location = _series("X-bar", subgroups.means, centre, deviation, lines=location_lines)
    return ControlChart(kind, (location, _spread_series(kind, subgroups, sigma, spread_lines)))


def _spread_series(kind: ChartKind, subgroups: Subgroups, sigma: float, lines: Lines | None) -> Series:
    sizes = subgroups.sizes
    if kind is ChartKind.XBAR_R:
        centre, deviation = (
            constants_by_size(sizes, lambda of: of.d2),
            constants_by_size(sizes, lambda of: of.d3),
        )
        return _series("R", subgroups.ranges, centre * sigma, deviation * sigma, floor=0, lines=lines)
    centre, deviation = constants_by_size(sizes, lambda of: of.c4), constants_by_size(sizes, lambda of: of.c5)
    return _series("s", subgroups.deviations, centre * sigma, deviation * sigma, floor=0, lines=lines)


def _series(  # noqa: PLR0913 - a series and where it ends, by keyword
    name: str,
    values: Floats,
    centre: Floats | float,
    sigma: Floats | float,
    *,
    floor: float | None = None,
    ceiling: Floats | float | None = None,
    lines: Lines | None = None,
) -> Series:
    """Return a series with lines at three sigma, or with those that were entered."""
    if lines:
        return _entered_series(name, values, lines, floor)
    lower = np.subtract(centre, 3 * np.asarray(sigma))
    upper = np.add(centre, 3 * np.asarray(sigma))
    if floor is not None:
        lower = np.maximum(lower, floor)
    if ceiling is not None:
        upper = np.minimum(upper, ceiling)
    return Series(name, values, *_spread_out(values.size, centre, lower, upper, sigma, sigma))


def _entered_series(name: str, values: Floats, lines: Lines, floor: float | None) -> Series:
    """Return a series with entered lines; a third of the way to a limit is its sigma.

    A lower limit at the floor is no limit but the end of the scale: below the centre sigma is then that above
        it.
    """
    above = (lines.upper - lines.centre) / 3
    is_open_below = floor is not None and lines.lower <= floor
    below = above if is_open_below else (lines.centre - lines.lower) / 3
    return Series(
        name, values, *_spread_out(values.size, lines.centre, lines.lower, lines.upper, above, below)
    )


def _spread_out(count: int, *numbers: Floats | float) -> list[Floats]:
    # A line that is the same everywhere is one number, repeated without memory: the arrays are read-only.
    return [np.broadcast_to(np.asarray(number, dtype=np.float64), (count,)) for number in numbers]


def _lines(limits: Limits) -> tuple[Lines | None, Lines | None]:
    """Return the entered lines of location and spread."""
    return (limits.location, limits.spread) if isinstance(limits, EnteredLimits) else (None, None)


def _given_sigma(standard: Standard | None) -> float | None:
    if standard is not None and standard.sigma is None:
        raise LimitError("standard without sigma; expected one: this chart shows measurements")
    return standard.sigma if standard else None


def _only_location(kind: ChartKind, limits: Limits) -> Lines | None:
    if not isinstance(limits, EnteredLimits):
        return None
    if limits.spread is not None:
        raise LimitError(
            f"lines {limits.spread!r} for the spread of chart {kind.value!r}; expected none: it has no spread"
        )
    return limits.location


def _mean(values: Floats, in_baseline: NDArray[np.bool_], subject: str) -> float:
    used = values[in_baseline]
    used = used[~np.isnan(used)]
    if not used.size:
        raise LimitError(f"baseline of {in_baseline.sum()} points without a {subject}; expected one or more")
    return float(used.mean())


def _proportion(counts: Floats, sizes: Floats, baseline: Baseline, limits: Limits) -> float:
    mean = _rate(counts, sizes, baseline, limits)
    if mean > 1:
        raise LimitError(f"standard mean {mean!r} of a proportion; expected 0 to 1")
    return mean


def _rate(counts: Floats, sizes: Floats, baseline: Baseline, limits: Limits) -> float:
    """Return the given mean, or what was counted in the baseline by what was inspected there."""
    in_baseline = selected(baseline, counts.size)
    if isinstance(limits, Standard):
        if limits.mean < 0:
            raise LimitError(f"standard mean {limits.mean!r} of a count; expected 0 or more")
        return limits.mean
    is_used = in_baseline & ~np.isnan(counts)
    if not is_used.any():
        raise LimitError(f"baseline of {in_baseline.sum()} points without a count; expected one or more")
    return float(counts[is_used].sum() / sizes[is_used].sum())
