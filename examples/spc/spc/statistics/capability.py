"""Process capability: does what the process makes fit between the specification limits?

                both limits                       one limit
    Cp  Pp      (upper - lower) / 6 sigma         None
    Cpk Ppk     distance from the mean to the nearer limit / 3 sigma
    Cpm         (upper - lower) / 6 tau,  tau^2 = sigma^2 + (mean - target)^2, with the overall sigma

The c indices take sigma from within subgroups: what the process could do without its shifts.  The p indices
take
the overall standard deviation: what it did.

In:     subgroups (k, n) or single values (k,), with NaN for what is missing; limits of the specification.
Out:    a Capability.
Never:  asks whether the process is in control or normal: the numbers foretell nothing where it is not.

Rules:  Montgomery, sections 8.3.1 to 8.3.5; the NIST/SEMATECH e-Handbook, section 6.1.6.
"""

import itertools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from spc.statistics.constants import constants
from spc.statistics.errors import ObservationError, SpecificationError
from spc.statistics.observations import Floats, single_values, subgroups_of
from spc.statistics.spread import Estimator, freedom_within, moving_ranges, sigma_within

Interval = tuple[float, float]

_NORMAL: Final = NormalDist()
# Neighbouring ranges share a value: the mean of m of them varies as much as s of 0.6 m + 1 values (its
# variance is 0.826 sigma^2 / m for many: Cryer and Ryan, Journal of Quality Technology 22, 1990).
_MOVING_RANGE_FREEDOM: Final = 0.605


@dataclass(frozen=True, slots=True)
class Specification:
    """What is demanded of a measurement; None = no limit on that side.

    Attributes:
        lower, upper: the limits.
        target: what is aimed at; None = the middle of both limits, and with one limit no target.

    Raises:
        SpecificationError: no limit, limits in the wrong order, not finite, or a target outside them.
    """

    lower: float | None = None
    upper: float | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        given = [number for number in (self.lower, self.target, self.upper) if number is not None]
        has_limit = self.lower is not None or self.upper is not None
        is_ordered = all(a <= b for a, b in itertools.pairwise(given))
        if not (has_limit and is_ordered and all(map(math.isfinite, given))) or self.lower == self.upper:
            came = f"lower {self.lower!r}, target {self.target!r}, upper {self.upper!r}"
            raise SpecificationError(
                f"specification of {came}; expected a limit or two, lower <= target <= upper"
            )

    @property
    def middle(self) -> float | None:
        """The target, or the middle of both limits."""
        if self.target is not None or self.lower is None or self.upper is None:
            return self.target
        return (self.lower + self.upper) / 2


@dataclass(frozen=True, slots=True)
class Capability:
    """Indices of one process; None = not defined for this specification.

    Attributes:
        count: measurements that were there.
        mean, sigma_within, sigma_overall: in the unit of the measurements.
        cp, cpk, pp, ppk, cpm: the indices; infinite where nothing varies.
        cp_interval, pp_interval: at the confidence asked for (Montgomery, equation 8.19).
        cpk_interval, ppk_interval: the same, an approximation (equation 8.21).
        observed_outside: share of the measurements outside the specification.
        expected_outside: the same of a normal distribution with this mean and the overall sigma.
    """

    count: int
    mean: float
    sigma_within: float
    sigma_overall: float
    cp: float | None
    cpk: float
    pp: float | None
    ppk: float
    cpm: float | None
    cp_interval: Interval | None
    cpk_interval: Interval
    pp_interval: Interval | None
    ppk_interval: Interval
    observed_outside: float
    expected_outside: float


def capability(
    values: ArrayLike,
    specification: Specification,
    *,
    estimator: Estimator = Estimator.RANGE,
    confidence: float = 0.95,
) -> Capability:
    """Return the indices of `values`.

    Args:
        values: subgroups (k, n), or single values (k,), whose sigma comes from moving ranges of 2 neighbours.
        specification: what is demanded.
        estimator: of the sigma within subgroups.
        confidence: of the intervals, between 0 and 1.

    Raises:
        ObservationError: values of another shape, infinite, or fewer than 2.
        LimitError: no subgroup has 2 measurements, no two neighbours are there.
        SpecificationError: `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise SpecificationError(f"confidence {confidence!r}; expected a number between 0 and 1")
    sigma, freedom = _sigma_within(values, estimator)
    measured = np.asarray(values, dtype=np.float64)
    measured = measured[~np.isnan(measured)]
    mean, overall = float(measured.mean()), float(measured.std(ddof=1))
    cp, cpk = _indices(specification, mean, sigma)
    pp, ppk = _indices(specification, mean, overall)
    return Capability(
        count=measured.size,
        mean=mean,
        sigma_within=sigma,
        sigma_overall=overall,
        cp=cp,
        cpk=cpk,
        pp=pp,
        ppk=ppk,
        cpm=_cpm(specification, mean, overall),
        cp_interval=_width_interval(cp, freedom, confidence),
        cpk_interval=_nearer_interval(cpk, measured.size, freedom, confidence),
        pp_interval=_width_interval(pp, measured.size - 1, confidence),
        ppk_interval=_nearer_interval(ppk, measured.size, measured.size - 1, confidence),
        observed_outside=_observed_outside(measured, specification),
        expected_outside=_expected_outside(specification, mean, overall),
    )


def _sigma_within(values: ArrayLike, estimator: Estimator) -> tuple[float, float]:
    """Return the estimate and its degrees of freedom."""
    if np.ndim(values) != 1:
        subgroups = subgroups_of(values)
        return sigma_within(subgroups, estimator), freedom_within(subgroups, estimator)
    points = single_values(values)
    ranges = moving_ranges(points, 2)
    ranges = ranges[~np.isnan(ranges)]
    if not ranges.size:
        came = f"{points.size} values, no two neighbours measured"
        raise ObservationError(f"{came}; expected some for a moving range")
    return float(ranges.mean()) / constants(2).d2, max(1.0, _MOVING_RANGE_FREEDOM * ranges.size)


def _indices(specification: Specification, mean: float, sigma: float) -> tuple[float | None, float]:
    """Return the index of the width, None with one limit, and that of the nearer limit."""
    lower, upper = specification.lower, specification.upper
    distances = []
    if lower is not None:
        distances.append(mean - lower)
    if upper is not None:
        distances.append(upper - mean)
    width = None if lower is None or upper is None else _ratio(upper - lower, 6 * sigma)
    return width, _ratio(min(distances), 3 * sigma)


def _ratio(distance: float, spread: float) -> float:
    if spread:
        return distance / spread
    return math.copysign(math.inf, distance) if distance else 0.0


def _cpm(specification: Specification, mean: float, sigma: float) -> float | None:
    if specification.lower is None or specification.upper is None or specification.middle is None:
        return None
    return _ratio(
        specification.upper - specification.lower, 6 * math.hypot(sigma, mean - specification.middle)
    )


def _width_interval(index: float | None, freedom: float, confidence: float) -> Interval | None:
    """Return the interval of an index of the width: its square varies as a chi-square does."""
    if index is None:
        return None
    tail = (1 - confidence) / 2
    low, high = _chi_square(tail, freedom), _chi_square(1 - tail, freedom)
    return index * math.sqrt(low / freedom), index * math.sqrt(high / freedom)


def _nearer_interval(index: float, count: int, freedom: float, confidence: float) -> Interval:
    if math.isinf(index):
        return index, index
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    half = z * math.sqrt(1 / (9 * count) + index**2 / (2 * freedom))
    return index - half, index + half


def _chi_square(probability: float, freedom: float) -> float:
    """Return the quantile, by Wilson and Hilferty (1931): within 2 % from 12 degrees of freedom on."""
    ninth = 2 / (9 * freedom)
    root = 1 - ninth + _NORMAL.inv_cdf(probability) * math.sqrt(ninth)
    return freedom * max(0.0, root) ** 3


def _observed_outside(measured: Floats, specification: Specification) -> float:
    is_outside = np.zeros(measured.size, dtype=bool)
    if specification.lower is not None:
        is_outside |= measured < specification.lower
    if specification.upper is not None:
        is_outside |= measured > specification.upper
    return float(is_outside.mean())


def _expected_outside(specification: Specification, mean: float, sigma: float) -> float:
    share = 0.0
    if specification.lower is not None:
        share += _NORMAL.cdf(_ratio(specification.lower - mean, sigma))
    if specification.upper is not None:
        share += _NORMAL.cdf(_ratio(mean - specification.upper, sigma))
    return share
