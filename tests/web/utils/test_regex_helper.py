"""Patterns that are compiled when they are needed."""

import re

import pytest

from penstock.web.utils.regex_helper import _lazy_re_compile


def test_a_pattern_is_compiled_when_it_is_used():
    lazy = _lazy_re_compile(r"(")
    with pytest.raises(re.error):
        lazy.match("x")
    assert _lazy_re_compile("a", re.IGNORECASE).match("A")
    assert _lazy_re_compile(re.compile("b")).match("b")


def test_flags_of_a_compiled_pattern_are_refused():
    with pytest.raises(ValueError, match="flags"):
        _lazy_re_compile(re.compile("a"), re.IGNORECASE)
