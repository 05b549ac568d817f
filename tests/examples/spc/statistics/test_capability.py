"""Capability: worked examples, one-sided specifications, intervals that cover, refusals."""

import math

import numpy as np
import pytest
from scipy import stats
from spc.statistics import (
    Estimator,
    LimitError,
    ObservationError,
    Specification,
    SpecificationError,
    capability,
    constants,
)
from spc.statistics.capability import _chi_square
from tests.examples.spc.statistics.published import PISTON_RINGS

# Two values with mean 16 and standard deviation 2, the example of the NIST handbook, section 6.1.6.
NIST = [16 - math.sqrt(2), 16 + math.sqrt(2)]


def test_overall_indices_are_the_handbooks() -> None:
    found = capability(NIST, Specification(8, 20))
    assert (found.pp, found.ppk) == pytest.approx((1, 0.6667), abs=1e-4)
    assert found.cpm == pytest.approx(12 / (6 * math.sqrt(4 + 4)))
    assert (found.mean, found.sigma_overall, found.count) == (pytest.approx(16), pytest.approx(2), 2)


def test_indices_of_piston_rings_are_the_published_ones() -> None:
    """Montgomery, section 6.2.2: 74 +- 0.05 mm, sigma 0.0099 from R-bar / d2, Cp 1.68."""
    found = capability(PISTON_RINGS, Specification(73.95, 74.05))
    assert found.sigma_within == pytest.approx(0.0099, abs=1e-4)
    assert found.cp == pytest.approx(1.68, abs=0.03)
    assert found.cpk == pytest.approx((74.05 - 74.001176) / (3 * found.sigma_within), abs=1e-4)
    assert found.observed_outside == 0


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        pytest.param(Estimator.RANGE, 0.02324 / constants(5).d2, id="range"),
        pytest.param(Estimator.DEVIATION, PISTON_RINGS.std(axis=1, ddof=1).mean() / constants(5).c4, id="s"),
        pytest.param(Estimator.POOLED, math.sqrt(PISTON_RINGS.var(axis=1, ddof=1).mean()), id="pooled"),
    ],
)
def test_sigma_within_is_estimated_as_asked(estimator, expected) -> None:
    found = capability(PISTON_RINGS, Specification(73.95, 74.05), estimator=estimator)
    assert found.sigma_within == pytest.approx(expected, rel=1e-6)


def test_interval_of_an_index_is_the_published_one() -> None:
    """Montgomery, example 8.4: 20 values, standard deviation 1.75, 38 to 62: 1.57 <= Cp <= 3.01."""
    swing = 1.75 * math.sqrt(19 / 20)
    found = capability([50 + swing, 50 - swing] * 10, Specification(38, 62))
    assert found.pp == pytest.approx(2.29, abs=0.005)
    assert found.pp_interval == pytest.approx((1.57, 3.01), abs=0.01)


SHAPES = {"subgroups": (20, 5), "single": (100,)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", ["cp_interval", "cpk_interval", "pp_interval", "ppk_interval"])
def test_interval_covers_the_true_index_as_often_as_it_says(name, shape) -> None:
    generator = np.random.default_rng(5)
    specification = Specification(-3, 3)
    rounds = [getattr(capability(generator.normal(size=shape), specification), name) for _ in range(600)]
    assert sum(low <= 1 <= high for low, high in rounds) / 600 == pytest.approx(0.95, abs=0.025)


def test_wider_confidence_gives_a_wider_interval() -> None:
    specification = Specification(73.95, 74.05)
    narrow = capability(PISTON_RINGS, specification, confidence=0.9).cp_interval
    wide = capability(PISTON_RINGS, specification, confidence=0.99).cp_interval
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize("freedom", [12, 19, 72.5, 10_000])
@pytest.mark.parametrize("probability", [0.005, 0.025, 0.975, 0.995])
def test_chi_square_quantile_is_within_two_percent_of_scipys(probability, freedom) -> None:
    assert _chi_square(probability, freedom) == pytest.approx(stats.chi2.ppf(probability, freedom), rel=0.02)


def test_one_limit_has_no_width_and_the_distance_to_it() -> None:
    upper = capability(NIST, Specification(upper=20))
    assert (upper.cp, upper.pp, upper.cpm, upper.cp_interval) == (None, None, None, None)
    assert upper.ppk == pytest.approx(4 / 6)
    lower = capability(NIST, Specification(lower=8))
    assert lower.ppk == pytest.approx(8 / 6)


def test_process_outside_its_specification_has_a_negative_index() -> None:
    found = capability(NIST, Specification(0, 10))
    assert found.ppk == pytest.approx(-1)
    assert found.observed_outside == 1
    assert found.expected_outside == pytest.approx(stats.norm.sf(-3), rel=1e-6)


def test_expected_share_outside_is_that_of_both_tails() -> None:
    found = capability(NIST, Specification(14, 20, target=15))
    assert found.expected_outside == pytest.approx(stats.norm.cdf(-1) + stats.norm.sf(2))
    assert found.cpm == pytest.approx(6 / (6 * math.sqrt(4 + 1)))


def test_missing_values_are_left_out() -> None:
    found = capability([1, 2, math.nan, 3, 5], Specification(0, 6))
    assert found.count == 4
    assert found.sigma_within == pytest.approx(1.5 / constants(2).d2)


@pytest.mark.parametrize(
    ("specification", "cp", "cpk"),
    [
        pytest.param(Specification(0, 6), math.inf, math.inf, id="inside"),
        pytest.param(Specification(5, 6), math.inf, -math.inf, id="outside"),
        pytest.param(Specification(3, 6), math.inf, 0.0, id="on-the-limit"),
    ],
)
def test_process_that_never_varies_has_infinite_indices(specification, cp, cpk) -> None:
    found = capability([3.0] * 5, specification)
    assert (found.cp, found.cpk) == (cp, cpk)


@pytest.mark.parametrize(
    "limits",
    [(), (5, 4), (5, 5), (math.nan, 5), (None, math.inf), (0, 10, 11)],
    ids=["none", "crossed", "no-room", "nan", "infinite", "target-outside"],
)
def test_specification_that_cannot_be_met_is_refused(limits) -> None:
    with pytest.raises(SpecificationError, match="expected a limit or two, lower <= target <= upper"):
        Specification(*limits)


@pytest.mark.parametrize(
    ("values", "confidence", "error", "message"),
    [
        pytest.param([1, 2], 1, SpecificationError, "confidence 1; expected", id="confidence"),
        pytest.param([1.0], 0.95, ObservationError, "expected 2 to 1", id="one-value"),
        pytest.param([1, math.nan, 3], 0.95, ObservationError, "no two neighbours", id="no-neighbours"),
        pytest.param([[1, math.nan]], 0.95, LimitError, "none with a spread", id="no-spread"),
        pytest.param(3.0, 0.95, ObservationError, r"shape \(\)", id="scalar"),
    ],
)
def test_capability_of_impossible_figures_is_refused(values, confidence, error, message) -> None:
    with pytest.raises(error, match=message):
        capability(values, Specification(0, 10), confidence=confidence)
