import re
import uuid
import warnings

import pytest

from penstock.web.urls import register_converter
from penstock.web.urls.converters import DEFAULT_CONVERTERS, REGISTERED_CONVERTERS, get_converters
from penstock.web.utils.deprecation import RemovedInDjango60Warning

NUMBER = uuid.UUID("39da9369-838e-4750-91a5-f7805cd82839")


@pytest.fixture(autouse=True)
def _as_it_was():
    before = dict(REGISTERED_CONVERTERS)
    yield
    REGISTERED_CONVERTERS.clear()
    REGISTERED_CONVERTERS.update(before)
    get_converters.cache_clear()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "042", 42),
        ("str", "a.b", "a.b"),
        ("path", "a/b", "a/b"),
        ("slug", "a-B_9", "a-B_9"),
        ("uuid", str(NUMBER), NUMBER),
    ],
)
def test_text_becomes_a_value_and_text_again(kind, text, value):
    converter = DEFAULT_CONVERTERS[kind]
    assert re.fullmatch(converter.regex, text)
    assert converter.to_python(text) == value
    assert str(converter.to_url(value)) == str(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("int", "-1"), ("int", ""), ("str", "a/b"), ("slug", "ä"), ("uuid", str(NUMBER).upper()), ("path", "")],
)
def test_text_of_another_form_is_not_accepted(kind, text):
    assert not re.fullmatch(DEFAULT_CONVERTERS[kind].regex, text)


class Year:
    regex = "[0-9]{4}"

    def to_python(self, value):
        return int(value)

    def to_url(self, value):
        return f"{value:04}"


def test_registered_converter_stands_beside_djangos():
    register_converter(Year, "year")
    assert isinstance(get_converters()["year"], Year)
    assert get_converters()["int"] is DEFAULT_CONVERTERS["int"]


def test_registering_a_taken_name_warns_at_the_caller_and_replaces():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        register_converter(Year, "int")
    assert [warning.category for warning in caught] == [RemovedInDjango60Warning]
    assert caught[0].filename == __file__
    assert isinstance(get_converters()["int"], Year)
