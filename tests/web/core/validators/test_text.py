"""core/validators/text.py, beside Django's."""

import re

import django.core.validators as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.core.validators.verdict import verdict

from penstock.web.core import validators as ours
from penstock.web.core.exceptions import ValidationError

PIECES = ["1", "22", "-", "_", ",", "a", "Z", "ü", "٣", " ", "\n", "\0", "+", ""]
VALUES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join), st.sampled_from([None, 1, -1, 1.5, b"a"])
)
NAMES = [
    "validate_integer",
    "validate_slug",
    "validate_unicode_slug",
    "validate_comma_separated_integer_list",
]


@given(VALUES)
def test_verdicts_are_those_of_django(value):
    for name in NAMES:
        assert verdict(getattr(ours, name), value) == verdict(getattr(theirs, name), value), name
    mine, expected = ours.ProhibitNullCharactersValidator(), theirs.ProhibitNullCharactersValidator()
    assert verdict(mine, value) == verdict(expected, value)


@given(
    st.lists(st.sampled_from(["1", "-2", "--", "3", " ", "|", ".", ", "]), max_size=6).map("".join),
    st.booleans(),
)
def test_separator_of_whole_numbers_is_taken_literally(value, allow_negative):
    for sep in ("|", ".", ", "):
        mine = ours.int_list_validator(sep, allow_negative=allow_negative)
        expected = theirs.int_list_validator(sep, allow_negative=allow_negative)
        assert verdict(mine, value) == verdict(expected, value)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"regex": "a"}, id="found-anywhere"),
        pytest.param({"regex": "^a$", "flags": re.IGNORECASE}, id="flags"),
        pytest.param({"regex": "a", "inverse_match": True}, id="inverse"),
        pytest.param({"regex": re.compile("A", re.IGNORECASE), "code": "mine"}, id="compiled"),
        pytest.param({}, id="nothing"),
    ],
)
@pytest.mark.parametrize("value", ["a", "A", "bab", "", None, 1])
def test_pattern_decides_as_django_decides(arguments, value):
    assert verdict(ours.RegexValidator(**arguments), value) == verdict(
        theirs.RegexValidator(**arguments), value
    )


def test_flags_of_a_compiled_pattern_are_refused():
    with pytest.raises(TypeError, match=re.escape("expected them in re.compile()")):
        ours.RegexValidator(re.compile("a"), flags=re.IGNORECASE)


def test_subclass_says_in_attributes_what_it_wants():
    class Plate(ours.RegexValidator):
        regex = r"^[a-z]+-\d+$"
        flags = re.IGNORECASE
        message = "no plate: %(value)s"
        code = "plate"

    Plate()("AB-12")
    with pytest.raises(ValidationError) as caught:
        Plate()("12")
    assert (caught.value.messages, caught.value.code) == (["no plate: 12"], "plate")


def test_message_of_ones_own_is_shown():
    with pytest.raises(ValidationError, match="mine"):
        ours.ProhibitNullCharactersValidator(message="mine", code="own")("\0")
    with pytest.raises(ValidationError, match="whole numbers with ';'"):
        ours.int_list_validator(";")("x")
