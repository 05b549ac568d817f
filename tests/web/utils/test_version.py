"""utils/version.py."""

import sys

import pytest

import penstock
from penstock import web
from penstock.web.utils import version


def test_the_version_is_penstocks():
    assert web.get_version() == penstock.__version__
    assert penstock.__version__.startswith(version.get_docs_version())
    assert web.VERSION[:2] == tuple(int(part) for part in penstock.__version__.split(".")[:2])


@pytest.mark.parametrize(
    ("text", "numbers"), [("1.2.3", (1, 2, 3)), ("1.2rc4", (1, 2)), ("2.0a1.dev3", (2, 0)), ("5", (5,))]
)
def test_numbers_are_read_up_to_what_is_none(text, numbers):
    assert version.get_version_tuple(text) == numbers


def test_the_running_python_is_known():
    assert version.PY311
    assert version.PY313 is (sys.version_info >= (3, 13))
    assert version.PYPY is (sys.implementation.name == "pypy")
