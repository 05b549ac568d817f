"""core/validators/limit.py, beside Django's."""

from decimal import Decimal

import django.core.validators as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.core.validators.verdict import verdict

from penstock.web.core import validators as ours
from penstock.web.core.exceptions import ValidationError

NUMBERS = st.one_of(
    st.integers(-30, 30), st.sampled_from([0.1, 0.3, -1.5, 1e-10, 2.0000000001, "text", None, Decimal(3)])
)
STEPS = st.sampled_from([1, 3, 0.1, 0.25, 7])
DECIMALS = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        ["0", "0E+3", "00", "1E+5", "0.000", "-0.001", "123.4500", "NaN", "sNaN", "-Infinity"]
    ).map(Decimal),
)


@given(NUMBERS, NUMBERS)
def test_limits_of_values_are_those_of_django(value, limit):
    for name in ("MaxValueValidator", "MinValueValidator", "BaseValidator"):
        for given_limit in (limit, lambda: limit):
            mine, expected = getattr(ours, name)(given_limit), getattr(theirs, name)(given_limit)
            assert verdict(mine, value) == verdict(expected, value), name


@given(NUMBERS, STEPS, st.sampled_from([None, 0, 1, -0.5]))
def test_steps_are_those_of_django(value, step, offset):
    mine = verdict(ours.StepValueValidator(step, offset=offset), value)
    expected = verdict(theirs.StepValueValidator(step, offset=offset), value)
    # With an offset Django's parameters are those of its own message.
    assert mine == expected if offset is None else (mine is True) == (expected is True)


@given(st.one_of(st.text(max_size=6), st.lists(st.integers(), max_size=6), st.just(5)), st.integers(0, 6))
def test_limits_of_lengths_are_those_of_django(value, limit):
    for name in ("MinLengthValidator", "MaxLengthValidator"):
        assert verdict(getattr(ours, name)(limit), value) == verdict(getattr(theirs, name)(limit), value), (
            name
        )


@given(DECIMALS, st.none() | st.integers(0, 8), st.none() | st.integers(0, 5))
def test_digits_are_counted_as_django_counts_them(value, max_digits, decimal_places):
    mine = verdict(ours.DecimalValidator(max_digits, decimal_places), value)
    expected = verdict(theirs.DecimalValidator(max_digits, decimal_places), value)
    if value.is_nan() and isinstance(mine, tuple):  # a NaN is not equal to itself
        assert mine[0] == expected[0] == "invalid"
    else:
        assert mine == expected


@pytest.mark.parametrize(
    ("validator", "value", "text"),
    [
        pytest.param(ours.MaxValueValidator(3), 4, "expected at most 3", id="max"),
        pytest.param(ours.MinLengthValidator(3), "ab", "expected a length of at least 3, not 2", id="length"),
        pytest.param(ours.StepValueValidator(3, offset=1), 3, "expected a multiple of 3 above 1", id="step"),
        pytest.param(
            ours.DecimalValidator(3, 1), Decimal("1.25"), "expected at most 1 digits behind", id="decimal"
        ),
        pytest.param(
            ours.MinValueValidator(3, message="%(value)s is little"), 2, "2 is little", id="own-words"
        ),
    ],
)
def test_message_says_what_was_expected(validator, value, text):
    with pytest.raises(ValidationError) as caught:
        validator(value)
    assert caught.value.messages[0].startswith(text)
