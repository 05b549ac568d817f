import os.path

import pytest

from penstock.web.core.exceptions import ViewDoesNotExist
from penstock.web.urls import get_callable, get_mod_func


@pytest.mark.parametrize("given", [os.path.join, "os.path.join"])
def test_view_is_found(given):
    assert get_callable(given) is os.path.join


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (1, ViewDoesNotExist, "'1' is not a callable or a dot-notation path"),
        ("view", ImportError, "The path must be fully qualified"),
        ("os.path.nothing", ViewDoesNotExist, "View does not exist in module posixpath"),
        ("os.sep", ViewDoesNotExist, "View is not callable"),
        ("json.nothing.view", ViewDoesNotExist, "Parent module json.nothing does not exist"),
        ("nothing.view", ImportError, "No module named 'nothing'"),
    ],
)
def test_what_is_no_view_is_told_apart(given, error, message):
    with pytest.raises(error, match=message):
        get_callable(given)


@pytest.mark.parametrize(("given", "expected"), [("a.b.c", ("a.b", "c")), ("a", ("a", ""))])
def test_dotted_path_is_split_at_its_last_dot(given, expected):
    assert get_mod_func(given) == expected
