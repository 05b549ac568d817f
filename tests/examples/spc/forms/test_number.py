"""Numbers in forms."""

import pytest
from spc.forms.number import FiniteFloatField, WholeField
from wtforms import Form

from penstock.web.http import QueryDict


class NumbersForm(Form):
    number = FiniteFloatField()
    whole = WholeField()


def filled(number: str = "", whole: str = "") -> NumbersForm:
    sent = QueryDict(mutable=True)
    sent["number"], sent["whole"] = number, whole
    return NumbersForm(sent)


@pytest.mark.parametrize(
    ("text", "number"), [("1.5", 1.5), ("-2e3", -2000), (" 7 ", 7), ("0", 0), ("", None)]
)
def test_number_is_read(text: str, number: float | None) -> None:
    form = filled(number=text)
    assert form.validate()
    assert form.number.data == number


@pytest.mark.parametrize("text", ["x", "nan", "inf", "-inf", "1e999", "1_000", "1,5", "0x10"])
def test_text_that_is_no_finite_number_is_told(text: str) -> None:
    form = filled(number=text)
    assert not form.validate()
    assert repr(text) in form.number.errors[0]
    assert form.number.data is None


@pytest.mark.parametrize("text", ["1e308", "-1.1e100"])
def test_number_whose_square_would_overflow_is_told(text: str) -> None:
    form = filled(number=text)
    assert not form.validate()
    assert form.number.errors == [f"{text!r}; expected at most 1e+100"]


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-3", -3), ("", None)])
def test_whole_number_is_read(text: str, number: int | None) -> None:
    assert filled(whole=text).whole.data == number


@pytest.mark.parametrize("text", ["1.0", "1e3", "--1", "\u0663", "1" * 10, "1_0"])
def test_text_that_is_no_whole_number_is_told(text: str) -> None:
    form = filled(whole=text)
    assert not form.validate()
    assert "is not a whole number" in form.whole.errors[0]
