"""Limits: what may be entered, and what a baseline selects."""

import math

import numpy as np
import pytest
from spc.statistics import EnteredLimits, LimitError, Lines, Standard
from spc.statistics.limits import selected


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        pytest.param(None, [True] * 4, id="all"),
        pytest.param(slice(1, 3), [False, True, True, False], id="slice"),
        pytest.param(slice(-1, None), [False, False, False, True], id="from-the-end"),
        pytest.param(np.array([True, False, True, False]), [True, False, True, False], id="booleans"),
    ],
)
def test_baseline_selects_points(baseline, expected) -> None:
    assert selected(baseline, 4).tolist() == expected


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        pytest.param(slice(4, 9), "without a point; expected some of 4", id="beyond"),
        pytest.param(np.zeros(4, dtype=bool), "without a point", id="none-true"),
        pytest.param(
            np.ones(3, dtype=bool), r"bool of shape \(3,\); expected a boolean for each of 4", id="short"
        ),
        pytest.param(np.array([0, 1, 2, 3]), "array of int64", id="numbers"),
    ],
)
def test_baseline_that_selects_nothing_or_no_one_knows_what_is_refused(baseline, message) -> None:
    with pytest.raises(LimitError, match=message):
        selected(baseline, 4)


@pytest.mark.parametrize(
    ("lower", "centre", "upper"),
    [(1, 0, 2), (0, 3, 2), (0, 2, 2), (math.nan, 1, 2), (0, 1, math.inf)],
    ids=["lower-above", "centre-above", "no-room", "nan", "infinite"],
)
def test_lines_in_the_wrong_order_are_refused(lower, centre, upper) -> None:
    with pytest.raises(LimitError, match="expected finite numbers, lower <= centre < upper"):
        Lines(lower, centre, upper)


@pytest.mark.parametrize(
    ("mean", "sigma", "message"),
    [
        pytest.param(math.nan, 1, "mean nan; expected a finite number", id="mean"),
        pytest.param(1, 0, "sigma 0; expected a finite number above 0", id="zero-sigma"),
        pytest.param(1, math.inf, "sigma inf", id="infinite-sigma"),
    ],
)
def test_standard_of_impossible_figures_is_refused(mean, sigma, message) -> None:
    with pytest.raises(LimitError, match=message):
        Standard(mean, sigma)


def test_entered_limits_without_lines_are_refused() -> None:
    with pytest.raises(LimitError, match="without lines"):
        EnteredLimits()
