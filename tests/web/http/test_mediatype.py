"""Media types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.http.request import MediaType


@pytest.mark.parametrize("line", [None, "", "  "])
def test_empty_type_is_empty(line):
    assert (str(MediaType(line)), repr(MediaType(line))) == ("", "<MediaType: >")


@pytest.mark.parametrize(
    ("offered", "accepted", "is_match"),
    [
        ("t/v", "t/v", True),
        ("T/V", "t/v", True),
        ("t/v", "*/*", True),
        ("t/v", "t/*", True),
        ("*/*", "t/v", True),
        ("t/v", "t/x", False),
        ("t/v", "*", False),
        ("t/", "t/v", False),
        ("t/v", None, False),
        ("t/v; a=1", "t/v", True),
        ("t/v", "t/v; a=1", False),
        ("t/v; a=1; b=2", "t/v; b=2; a=1; q=0.1", True),
        ("t/v; a=1; b=2", "t/v; a=1", False),
    ],
)
def test_type_is_matched_by_a_range(offered, accepted, is_match):
    assert MediaType(offered).match(accepted) is is_match
    assert MediaType(offered).match(MediaType(accepted)) is is_match


@pytest.mark.parametrize(
    ("q", "quality"),
    [("0.8", 0.8), ("0.12345", 0.123), ("0.0001", 0), ("-1", 1), ("2", 1), ("h", 1), ("inf", 1), ("nan", 1)],
)
def test_quality_is_between_0_and_1_and_1_if_it_makes_no_sense(q, quality):
    assert MediaType(f"*/*; q={q}").quality == quality


@pytest.mark.parametrize(("line", "rank"), [("*/*;x=1", 0), ("t/*;x=1", 1), ("t/v;q=1", 2), ("t/v;x=1", 3)])
def test_specificity_ranks_how_narrowly_a_range_is_put(line, rank):
    assert MediaType(line).specificity == rank


@given(st.text(alphabet='text/*;=q01."\\ ', max_size=30))
def test_any_line_is_a_type(line):
    media_type = MediaType(line)
    assert 0 <= media_type.quality <= 1
    assert media_type.specificity in range(4)
    assert media_type.match(media_type) in (True, False)
    str(media_type)
