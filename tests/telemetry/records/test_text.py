import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.memory.layout import MAX_TEXT_BYTES
from penstock.telemetry.records.record import MAX_PART_BYTES
from penstock.telemetry.records.text import (
    LOG_MOST,
    MAX_TRACE_BYTES,
    access_part,
    access_text,
    id_with_trace,
    log_part,
    split_id,
    trace_part,
)


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


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        pytest.param("id-1 trace=0af7", ("id-1", "0af7"), id="both"),
        pytest.param("id-1", ("id-1", ""), id="no-trace"),
        pytest.param("", ("", ""), id="nothing"),
    ],
)
def test_field_of_the_request_id_is_split(field, ids):
    assert split_id(field) == ids


def test_request_id_and_the_trace_of_its_caller_are_one_field():
    assert split_id(id_with_trace("id-1", "0af7")) == ("id-1", "0af7")


@given(st.lists(st.binary(max_size=5000), min_size=5, max_size=5))
def test_text_of_an_access_record_has_room_in_a_ring(parts):
    text = access_text(tuple(parts))
    assert len(text) <= 5 * (MAX_PART_BYTES + 1) <= MAX_TEXT_BYTES


def test_long_part_of_a_log_record_says_how_long_it_was():
    part = log_part("\xe9" * 300, 200)
    assert len(part) <= 200
    assert part.endswith(b" ... cut, 600 bytes in all")
    assert sum(LOG_MOST) + MAX_TRACE_BYTES <= MAX_TEXT_BYTES


def test_a_long_traceback_keeps_its_begin_and_its_end() -> None:
    frames = [f'  File "a.py", line {number}, in \u20ac\u20ac\u20ac' for number in range(1000)]
    trace = trace_part("\n".join(["Traceback:", *frames, "ValueError: bad"]))
    lines = trace.decode().split("\n")
    assert lines[:2] == ["Traceback:", frames[0]]
    assert lines[-2:] == [frames[-1], "ValueError: bad"]
    assert set(lines) - {"Traceback:", *frames, "ValueError: bad"} == {"  ... cut, 37916 bytes in all"}
    assert 7000 < len(trace) <= MAX_TRACE_BYTES


def test_a_traceback_with_a_long_message_keeps_the_type_of_the_exception() -> None:
    trace = trace_part("Traceback:\nValueError: " + "x" * 100_000 + "\nend")
    assert trace.decode().split("\n") == ["Traceback:", "ValueError: " + "x" * 988, "end"]


def test_a_short_traceback_is_left_as_it_is() -> None:
    assert trace_part("Traceback:\n\udc80") == b"Traceback:\n\\udc80"
