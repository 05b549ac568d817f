"""The standard deviation within subgroups: estimates, what they are worth, moving ranges."""

import math

import numpy as np
import pytest
from spc.statistics import Estimator, LimitError, ObservationError
from spc.statistics.observations import subgroups_of
from spc.statistics.spread import freedom_within, moving_ranges, sigma_within


@pytest.mark.parametrize("estimator", Estimator)
@pytest.mark.parametrize("has_gaps", [False, True], ids=["whole", "gaps"])
def test_estimate_is_the_standard_deviation_on_average(estimator, has_gaps) -> None:
    values = np.random.default_rng(3).normal(50, 2, size=(20_000, 5))
    if has_gaps:
        values[::2, 3:] = math.nan
        values[::7, 1:] = math.nan
    assert sigma_within(subgroups_of(values), estimator) == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("estimator", Estimator)
def test_freedom_of_an_estimate_is_what_its_variation_says(estimator) -> None:
    generator = np.random.default_rng(8)
    groups = [subgroups_of(generator.normal(size=(10, 4))) for _ in range(3000)]
    estimates = np.array([sigma_within(group, estimator) for group in groups])
    worth = 1 / (2 * estimates.var())  # the mean is 1: of so many degrees of freedom, nearly
    assert freedom_within(groups[0], estimator) == pytest.approx(worth, rel=0.1)


@pytest.mark.parametrize("estimator", Estimator)
def test_subgroups_of_one_measurement_each_have_no_estimate(estimator) -> None:
    with pytest.raises(LimitError, match="baseline of 2 points, none with a spread"):
        sigma_within(subgroups_of([[1, math.nan], [math.nan, 2]]), estimator)


@pytest.mark.parametrize("span", [1, 0, 4])
def test_moving_range_of_an_impossible_span_is_refused(span) -> None:
    with pytest.raises(ObservationError, match=f"moving range of {span} points; expected 2 to 3"):
        moving_ranges(np.array([1.0, 2, 3]), span)
