"""Scales: every value has a place, and the numbers beside an axis are round."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spc.drawing.scale import Scale, fitting_scale, round_numbers


def test_values_lie_between_the_ends_of_their_scale() -> None:
    assert Scale(0, 10, 100, 200).places(np.array([0.0, 2.5, 10.0])).tolist() == [100, 125, 200]
    assert Scale(0, 10, 200, 100).place(2.5) == 175


@given(values=st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_fitting_scale_shows_every_value(values) -> None:
    places = fitting_scale([np.array(values)], 2600, 0).places(np.array(values))
    assert ((places >= 0) & (places <= 2600)).all()


@pytest.mark.parametrize("values", [[7.0, 7.0], [0.0], [math.nan]], ids=["level", "zero", "nothing"])
def test_scale_of_what_never_varies_has_room(values) -> None:
    scale = fitting_scale([np.array(values)], 100, 0)
    assert scale.high > scale.low
    if not math.isnan(values[0]):
        assert scale.place(values[0]) == 50


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        pytest.param(0, 10, 5, [0, 2, 4, 6, 8, 10], id="twos"),
        pytest.param(0.5, 120.5, 4, [50, 100], id="fifties"),
        pytest.param(73.972, 74.018, 5, [73.98, 73.99, 74, 74.01], id="hundredths"),
        pytest.param(-3, 3, 4, [-2, 0, 2], id="negative"),
    ],
)
def test_numbers_beside_an_axis_are_round(low, high, count, expected) -> None:
    assert round_numbers(low, high, count) == pytest.approx(expected)
