"""Text that a database can hold."""

import pytest
from spc.forms.text import is_storable, storable
from wtforms import Form, StringField

from penstock.web.http import QueryDict


class TextForm(Form):
    text = StringField("", [storable])


@pytest.mark.parametrize("text", ["", "na\u00efve", "\U0001f600", "<b>'; --", "\t\n"])
def test_text_is_storable_whatever_it_says(text: str) -> None:
    assert is_storable(text)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["nul", "half-a-pair"])
def test_text_that_no_database_holds_is_not_storable(text: str) -> None:
    assert not is_storable(text)


def test_text_with_nul_is_told_at_its_field() -> None:
    sent = QueryDict(mutable=True)
    sent["text"] = "a\0b"
    form = TextForm(sent)
    assert not form.validate()
    assert form.text.errors == ["It has a character that cannot be stored"]
