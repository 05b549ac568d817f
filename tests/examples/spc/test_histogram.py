"""Histograms, laid out."""

import re

import numpy as np
import pytest
from spc.histogram import BARS, histogram_of


def test_bars_fill_the_square_and_the_highest_one_its_height() -> None:
    found = histogram_of(np.random.default_rng(1).normal(0, 1, (1000, 5)), None, None)
    heights = [float(height) for height in re.findall(r"h[\d.]+v([\d.]+)z", found.path)]
    assert max(heights) == 100
    assert len(heights) <= BARS
    assert re.match(r"M0\.10 100v-", found.path)


def test_limits_beyond_the_measurements_widen_the_drawing() -> None:
    found = histogram_of(np.array([[4.0, 6.0]]), 0.0, 10.0)
    assert (found.low, found.high, found.limits) == (0, 10, (0, 100))


def test_limits_within_the_measurements_stand_where_they_are() -> None:
    assert histogram_of(np.array([[0.0, 10.0]]), 2.5, None).limits == (25,)


def test_missing_values_are_passed_over() -> None:
    assert histogram_of(np.array([[1.0, np.nan, 3.0]]), None, None).high == 3


@pytest.mark.parametrize("values", [[[]], [[1.0]], [[2.0, 2.0]], [[np.nan, 1.0]]])
def test_without_two_different_measurements_there_is_none(values: list[list[float]]) -> None:
    assert histogram_of(np.array(values), 0.0, 10.0) is None


@pytest.mark.parametrize("values", [(0.0, 5e-324), (1e16, 1e16 + 2)], ids=["smallest", "large"])
def test_measurements_too_near_to_each_other_for_bars_have_no_histogram(values: tuple[float, float]) -> None:
    assert histogram_of(np.array([values]), None, None) is None
