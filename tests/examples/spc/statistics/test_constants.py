"""Constants of control charts: against published tables, exact values and scipy."""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from spc.statistics import ObservationError, constants
from spc.statistics.constants import MAX_RANGE_SIZE, constants_by_size

NAMES = ("A", "A2", "A3", "c4", "B3", "B4", "B5", "B6", "d2", "d3", "D1", "D2", "D3", "D4")

# Montgomery, Introduction to Statistical Quality Control, appendix VI.
TABLE = {
    2: (2.121, 1.880, 2.659, 0.7979, 0, 3.267, 0, 2.606, 1.128, 0.853, 0, 3.686, 0, 3.267),
    3: (1.732, 1.023, 1.954, 0.8862, 0, 2.568, 0, 2.276, 1.693, 0.888, 0, 4.358, 0, 2.575),
    4: (1.500, 0.729, 1.628, 0.9213, 0, 2.266, 0, 2.088, 2.059, 0.880, 0, 4.698, 0, 2.282),
    5: (1.342, 0.577, 1.427, 0.9400, 0, 2.089, 0, 1.964, 2.326, 0.864, 0, 4.918, 0, 2.115),
    6: (1.225, 0.483, 1.287, 0.9515, 0.030, 1.970, 0.029, 1.874, 2.534, 0.848, 0, 5.078, 0, 2.004),
    7: (1.134, 0.419, 1.182, 0.9594, 0.118, 1.882, 0.113, 1.806, 2.704, 0.833, 0.204, 5.204, 0.076, 1.924),
    8: (1.061, 0.373, 1.099, 0.9650, 0.185, 1.815, 0.179, 1.751, 2.847, 0.820, 0.388, 5.306, 0.136, 1.864),
    9: (1.000, 0.337, 1.032, 0.9693, 0.239, 1.761, 0.232, 1.707, 2.970, 0.808, 0.547, 5.393, 0.184, 1.816),
    10: (0.949, 0.308, 0.975, 0.9727, 0.284, 1.716, 0.276, 1.669, 3.078, 0.797, 0.687, 5.469, 0.223, 1.777),
    15: (0.775, 0.223, 0.789, 0.9823, 0.428, 1.572, 0.421, 1.544, 3.472, 0.756, 1.203, 5.741, 0.347, 1.653),
    20: (0.671, 0.180, 0.680, 0.9869, 0.510, 1.490, 0.504, 1.470, 3.735, 0.729, 1.549, 5.921, 0.415, 1.585),
    25: (0.600, 0.153, 0.606, 0.9896, 0.565, 1.435, 0.559, 1.420, 3.931, 0.708, 1.806, 6.056, 0.459, 1.541),
}


@pytest.mark.parametrize(
    ("n", "name", "published"),
    [
        pytest.param(n, name, value, id=f"{name}-{n}")
        for n, row in TABLE.items()
        for name, value in zip(NAMES, row, strict=True)
    ],
)
def test_constant_agrees_with_the_published_table(n: int, name: str, published: float) -> None:
    # The tables were made from rounded d2 and d3: their last digit is off by up to two.
    assert getattr(constants(n), name) == pytest.approx(published, abs=0.002)


@pytest.mark.parametrize(("n", "published"), [(2, 2.660), (3, 1.772), (5, 1.290), (10, 0.975)])
def test_individuals_constant_agrees_with_the_published_table(n: int, published: float) -> None:
    found = constants(n).E2
    assert found == pytest.approx(published, abs=0.002)


def test_constants_of_two_and_three_are_the_exact_ones() -> None:
    assert constants(2).d2 == pytest.approx(2 / math.sqrt(math.pi), abs=1e-12)
    assert constants(2).d3 == pytest.approx(math.sqrt(2 - 4 / math.pi), abs=1e-12)
    assert constants(2).c4 == pytest.approx(math.sqrt(2 / math.pi), abs=1e-14)
    assert constants(3).d2 == pytest.approx(3 / math.sqrt(math.pi), abs=1e-12)
    assert constants(3).c4 == pytest.approx(math.sqrt(math.pi) / 2, abs=1e-14)


@pytest.mark.parametrize("n", [4, 12, 25, 100])
def test_range_moments_agree_with_the_integral_over_the_smallest_value(n: int) -> None:
    def beyond(w: float) -> float:
        def density(x: float) -> float:
            return n * stats.norm.pdf(x) * (stats.norm.cdf(x + w) - stats.norm.cdf(x)) ** (n - 1)

        return 1 - integrate.quad(density, -8.5, 8.5, points=[-w / 2], limit=400, epsabs=1e-12)[0]

    widths, weights = np.polynomial.legendre.leggauss(60)
    tail = np.array([beyond(8 * (w + 1)) for w in widths])
    mean = 8 * weights @ tail
    square = 8 * weights @ (2 * 8 * (widths + 1) * tail)
    assert constants(n).d2 == pytest.approx(mean, abs=1e-8)
    assert constants(n).d3 == pytest.approx(math.sqrt(square - mean**2), abs=1e-8)


@pytest.mark.parametrize("n", [2, 5, 100, MAX_RANGE_SIZE])
def test_mean_range_is_twice_the_mean_of_the_largest(n: int) -> None:
    def share(x: float) -> float:
        return n * x * stats.norm.pdf(x) * stats.norm.cdf(x) ** (n - 1)

    largest = integrate.quad(share, -8.5, 8.5, points=[3], limit=500, epsabs=1e-13)[0]
    assert constants(n).d2 == pytest.approx(2 * largest, abs=1e-10)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_mean_range_agrees_with_scipys_studentized_range(n: int) -> None:
    """The mean of scipy's distribution (degrees of freedom: infinite) is d2."""
    mean = integrate.quad(lambda w: stats.studentized_range.sf(w, n, np.inf), 0, 12, limit=200)[0]
    assert constants(n).d2 == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("n", [2, 7, 171, 172, 400, 100_000])
def test_c4_agrees_with_scipys_chi_distribution(n: int) -> None:
    assert constants(n).c4 == pytest.approx(stats.chi.mean(n - 1) / math.sqrt(n - 1), rel=1e-9)


def test_range_constants_of_subgroups_that_are_too_large_are_not_numbers() -> None:
    of = constants(MAX_RANGE_SIZE + 1)
    assert [math.isnan(x) for x in (of.d2, of.d3, of.A2, of.D1, of.D3, of.D4, of.E2)] == [True] * 7
    assert not math.isnan(of.A3)


@pytest.mark.parametrize("n", [1, 0, -3])
def test_constants_of_less_than_two_are_refused(n: int) -> None:
    with pytest.raises(ObservationError, match=f"subgroup of {n} measurements; expected 2 or more"):
        constants(n)


def test_constants_by_size_have_one_for_each_subgroup_and_none_below_two() -> None:
    found = constants_by_size(np.array([5, 0, 2, 1, 5]), lambda of: of.d2)
    assert found.tolist() == pytest.approx(
        [constants(5).d2, math.nan, constants(2).d2, math.nan, constants(5).d2], nan_ok=True
    )
