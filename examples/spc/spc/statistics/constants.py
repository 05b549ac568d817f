"""The constants of control charts for variables, computed from their definitions.

A table would have to be typed, ends at n = 25 and has four digits.  Everything here follows from three
expected values of a sample of n from a normal distribution with standard deviation 1:

    c4 = E(s)       mean of the sample's standard deviation      gamma functions
    d2 = E(W)       mean of its range                            integrals over the distribution of
    d3 = sd(W)      standard deviation of its range              the range W

In:     n, the number of measurements in a subgroup.
Out:    a Constants value; for subgroups of different sizes an array of one constant.
Never:  rounds, or interpolates.

Rules:  names and definitions as in Montgomery, Introduction to Statistical Quality Control, appendix VI, and
        ASTM Manual 7 (MNL 7), table 1.  The distribution of the range: Tippett, Biometrika 17 (1925).
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spc.statistics.errors import ObservationError

# Published tables of d2 and d3 end at 100; the integrals below hold 9 digits up to here (the tests ask
# scipy).
MAX_RANGE_SIZE: Final = 1_000

# The integrands are smooth and vanish beyond these bounds: 1 - cdf(8.5) < 1e-17.  The rule in x is the
# trapezium, which converges geometrically for such functions; in w, which begins at 0, it is Gauss's.
_REACH: Final = 8.5
_STEPS: Final = 341
_NODES: Final = 120


@dataclass(frozen=True, slots=True)
class Constants:
    """The constants for subgroups of `n`; the names are the tables'.

    `d2` and `d3` are NaN above MAX_RANGE_SIZE, and so is what follows from them.
    """

    n: int
    c4: float
    d2: float
    d3: float

    @property
    def A(self) -> float:  # noqa: N802 - the letters are the tables', here and below: D3 is not d3
        return 3 / math.sqrt(self.n)

    @property
    def A2(self) -> float:  # noqa: N802
        return self.A / self.d2

    @property
    def A3(self) -> float:  # noqa: N802
        return self.A / self.c4

    @property
    def B3(self) -> float:  # noqa: N802
        return self.B5 / self.c4

    @property
    def B4(self) -> float:  # noqa: N802
        return self.B6 / self.c4

    @property
    def B5(self) -> float:  # noqa: N802
        return max(0.0, self.c4 - 3 * self.c5)

    @property
    def B6(self) -> float:  # noqa: N802
        return self.c4 + 3 * self.c5

    @property
    def c5(self) -> float:
        """The standard deviation of s: E(s^2) is 1."""
        return math.sqrt(1 - self.c4**2)

    @property
    def D1(self) -> float:  # noqa: N802
        return max(self.d2 - 3 * self.d3, 0.0)  # in this order NaN stays NaN

    @property
    def D2(self) -> float:  # noqa: N802
        return self.d2 + 3 * self.d3

    @property
    def D3(self) -> float:  # noqa: N802
        return self.D1 / self.d2

    @property
    def D4(self) -> float:  # noqa: N802
        return self.D2 / self.d2

    @property
    def E2(self) -> float:  # noqa: N802
        return 3 / self.d2

    @property
    def E3(self) -> float:  # noqa: N802
        return 3 / self.c4


@functools.lru_cache(maxsize=MAX_RANGE_SIZE)
def constants(n: int) -> Constants:
    """Return the constants for subgroups of `n` measurements; some milliseconds the first time.

    Raises:
        ObservationError: `n` is less than 2: one measurement has no spread.
    """
    if n < 2:
        raise ObservationError(f"subgroup of {n!r} measurements; expected 2 or more")
    d2, d3 = _range_moments(n) if n <= MAX_RANGE_SIZE else (math.nan, math.nan)
    return Constants(n, _c4(n), d2, d3)


def constants_by_size(sizes: NDArray[np.int64], pick: Callable[[Constants], float]) -> NDArray[np.float64]:
    """Return for each subgroup the constant that `pick` takes; NaN below 2 measurements."""
    occurring = np.flatnonzero(np.bincount(sizes))
    table = np.full(sizes.max(initial=0) + 1, math.nan)
    for size in occurring[occurring >= 2].tolist():
        table[size] = pick(constants(size))
    found: NDArray[np.float64] = table[sizes]
    return found


def _c4(n: int) -> float:
    # Through logarithms: gamma(172) is beyond a float.
    return math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


def _range_moments(n: int) -> tuple[float, float]:
    """Return mean and standard deviation of the range of `n`.

    For a variable that is never negative, E(W) is the integral of P(W > w), and E(W^2) that of 2 w P(W > w).
    """
    widths, weights, step, density, slices = _grid()
    # P(W <= w) = n * integral of density(x) * (cdf(x + w) - cdf(x)) ** (n - 1): x is the smallest of the n.
    beyond = 1 - n * step * (slices ** (n - 1) @ density)
    mean = float(weights @ beyond)
    square = float(weights @ (2 * widths * beyond))
    return mean, math.sqrt(square - mean**2)


@functools.cache
def _grid() -> tuple[
    NDArray[np.float64], NDArray[np.float64], float, NDArray[np.float64], NDArray[np.float64]
]:
    """Return widths w and their weights; the step in x, the density at each x, and cdf(x + w) - cdf(x)."""
    nodes, node_weights = np.polynomial.legendre.leggauss(_NODES)
    widths = _REACH * (nodes + 1)
    x, step = np.linspace(-_REACH, _REACH, _STEPS, retstep=True)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    slices = _cdf(x + widths[:, np.newaxis]) - _cdf(x)
    return widths, _REACH * node_weights, float(step), density, slices


def _cdf(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # NumPy has no error function; the standard library's is called some 40,000 times, once a process.
    halves = np.fromiter(map(math.erf, (x / math.sqrt(2)).flat), float, x.size)
    cdf: NDArray[np.float64] = (1 + halves.reshape(x.shape)) / 2
    return cdf
