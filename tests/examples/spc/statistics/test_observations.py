"""Observations: what a missing value means, and what is no observation."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spc.statistics import ObservationError
from spc.statistics.observations import counted, defective, inspected, subgroups_of

NAN = math.nan


@given(
    rows=st.lists(
        st.lists(st.one_of(st.just(NAN), st.floats(-1e6, 1e6)), min_size=4, max_size=4),
        min_size=1,
        max_size=8,
    )
)
def test_subgroup_is_what_was_measured_of_it(rows) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        subgroups = subgroups_of(rows)
        means, ranges, deviations = subgroups.means, subgroups.ranges, subgroups.deviations
    for at, row in enumerate(rows):
        there = np.array([value for value in row if not math.isnan(value)])
        assert subgroups.sizes[at] == there.size
        mean = there.mean() if there.size else NAN
        spread = (np.ptp(there), there.std(ddof=1)) if there.size >= 2 else (NAN, NAN)
        expected = pytest.approx((mean, *spread), nan_ok=True, rel=1e-9, abs=1e-6)
        assert (means[at], ranges[at], deviations[at]) == expected


def test_whole_numbers_and_missing_ones_are_counts() -> None:
    assert counted([0, 3, NAN], "defects").tolist() == pytest.approx([0, 3, NAN], nan_ok=True)


def test_one_size_stands_for_all_points() -> None:
    assert inspected(50, 3).tolist() == inspected([50], 3).tolist() == [50, 50, 50]


def test_missing_count_is_never_more_than_was_inspected() -> None:
    counts, sizes = defective([NAN, 2], [1, 2])
    assert (np.isnan(counts).tolist(), sizes.tolist()) == ([True, False], [1, 2])


@pytest.mark.parametrize(
    "sizes", [0, -1, NAN, math.inf, [1, 2, 3], [[1, 2]]], ids=["0", "negative", "nan", "infinite", "3", "2d"]
)
def test_sizes_that_are_none_are_refused(sizes) -> None:
    with pytest.raises(ObservationError, match=r"^sizes"):
        inspected(sizes, 2)


@pytest.mark.parametrize("value", [-1, 0.5, math.inf, -math.inf], ids=str)
def test_count_that_is_none_is_refused_with_its_place(value) -> None:
    with pytest.raises(ObservationError, match=r"^defects: .* at 1; expected"):
        counted([1, value], "defects")
