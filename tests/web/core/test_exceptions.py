"""core/exceptions.py; Django's own tests of ValidationError run in tests/django_suite."""

import django.core.exceptions as theirs
import pytest

import penstock.web.core.exceptions as ours
from penstock.web.core.exceptions import NON_FIELD_ERRORS, ValidationError

NAMES = [
    name for name, value in vars(theirs).items() if isinstance(value, type) and issubclass(value, Exception)
]


@pytest.mark.parametrize("name", NAMES)
def test_each_exception_of_django_is_there_with_its_bases(name):
    bases = [base.__name__ for base in getattr(theirs, name).__mro__]
    assert [base.__name__ for base in getattr(ours, name).__mro__] == bases


SHAPES = [
    pytest.param("plain", id="message"),
    pytest.param(["a", "b"], id="list"),
    pytest.param({"field": ["a"], "other": "b"}, id="dict"),
    pytest.param([["a", ["b"]], "c"], id="nested"),
]


@pytest.mark.parametrize("message", SHAPES)
def test_an_error_shows_what_djangos_shows(message):
    mine, django = ValidationError(message), theirs.ValidationError(message)
    assert mine.messages == django.messages
    assert list(mine) == list(django)
    assert (str(mine), repr(mine)) == (str(django), repr(django))
    collected, expected = mine.update_error_dict({}), django.update_error_dict({})
    assert {field: len(errors) for field, errors in collected.items()} == {
        field: len(errors) for field, errors in expected.items()
    }


def test_an_error_of_fields_has_messages_by_field():
    assert ValidationError({"a": ["x", "y"]}).message_dict == {"a": ["x", "y"]}
    with pytest.raises(AttributeError):
        _ = ValidationError("x").message_dict
    assert NON_FIELD_ERRORS in ValidationError("x").update_error_dict({})


def test_parameters_are_filled_in():
    error = ValidationError("%(n)d is odd", code="odd", params={"n": 3})
    assert error.messages == ["3 is odd"]
    assert ValidationError(error) == error
    assert ValidationError([error]).error_list[0].code == "odd"
    assert ValidationError(ValidationError({"a": "b"})).message_dict == {"a": ["b"]}
    assert ValidationError(ValidationError(["a", "b"])).messages == ["a", "b"]


def test_errors_are_equal_whatever_their_order_and_hash_alike():
    one, other = ValidationError(["a", "b"]), ValidationError(["b", "a"])
    assert one == other
    assert hash(one) == hash(other)
    assert one != ValidationError(["a", "b", "b"])
    assert one != "a"
    odd = ValidationError("x", params={"a": [1, {2}], "b": {}})
    assert hash(odd) == hash(ValidationError("x", params={"b": {}, "a": [1, {2}]}))


def test_errors_of_fields_are_equal_and_flatten_into_lists():
    fields = {"a": "x", "b": ["y"]}
    assert ValidationError(fields) == ValidationError(dict(reversed(fields.items())))
    assert ValidationError([ValidationError(fields), "z"]).messages == ["x", "y", "z"]
