import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.layout import MAX_TEXT_BYTES
from penstock.telemetry.record import MAX_PART_BYTES
from penstock.telemetry.record_text import LOG_MOST, access_part, access_text, log_part


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("curl/8", b"curl/8", id="text"),
        pytest.param("a\nb", b"a\\nb", id="line-feed"),
        pytest.param("\ud800", b"\\ud800", id="lone-surrogate"),
        pytest.param(7, b"7", id="number"),
    ],
)
def test_field_of_an_access_record_has_no_line_feed(value, expected):
    assert access_part(value) == expected


@given(st.lists(st.binary(max_size=5000), min_size=5, max_size=5))
def test_text_of_an_access_record_has_room_in_a_ring(parts):
    text = access_text(tuple(parts))
    assert len(text) <= 5 * (MAX_PART_BYTES + 1) <= MAX_TEXT_BYTES


def test_long_part_of_a_log_record_says_how_long_it_was():
    part = log_part("\xe9" * 300, 200)
    assert len(part) <= 200
    assert part.endswith(b" ... cut, 600 bytes in all")
    assert sum(LOG_MOST) <= MAX_TEXT_BYTES
