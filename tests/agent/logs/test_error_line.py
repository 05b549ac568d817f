import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.logs.error_line import LogEntry, TextErrors, entry_of, severity
from penstock.telemetry.clock import WallClock
from penstock.telemetry.memory.layout import MAX_TEXT_BYTES


@pytest.fixture(scope="module")
def form():
    return TextErrors(WallClock())


def entry(**changes):
    values = {"time_ns": 5, "level": 40, "pid": 4121, "logger": "shop", "message": "m"} | changes
    return LogEntry(**values)


def without_stamp(line: str) -> str:
    return line.split(" ", 1)[1]


def test_an_entry_is_one_line(form):
    line = form.line(entry(request_id="1f3a", thread_name="pool-3", message="payment failed"))
    assert without_stamp(line) == "ERROR [pid 4121 pool-3 id=1f3a] shop: payment failed\n"


def test_what_is_not_known_is_left_out(form):
    assert without_stamp(form.line(entry())) == "ERROR [pid 4121] shop: m\n"


def test_a_stamp_is_in_local_time_with_milliseconds(form):
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d ERROR", form.line(entry()))


def test_further_lines_and_the_traceback_are_indented_behind_a_bar(form):
    text = form.line(entry(message="one\ntwo", trace='Traceback:\n  File "x"\n\nKeyError'))
    assert text.splitlines()[1:] == ["  | two", "  | Traceback:", '  |   File "x"', "  | ", "  | KeyError"]


@pytest.mark.parametrize("field", ["message", "logger", "request_id", "thread_name", "trace"])
@given(text=st.text(max_size=60))
def test_only_the_server_writes_at_the_first_column(form, field, text):
    lines = form.line(entry(**{field: text})).removesuffix("\n").split("\n")
    assert not lines[0].startswith(" ")
    assert all(line.startswith("  | ") for line in lines[1:])
    assert all(line.isprintable() for line in lines)


def test_a_forged_entry_is_seen_as_part_of_the_message(form):
    forged = "m\n2026-11-20T09:50:00.123+00:00 CRITICAL [pid 1] root: all is lost"
    assert form.line(entry(message=forged)).splitlines()[1].startswith("  | 2026-11-20T")


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (0, "DEBUG"),
        (10, "DEBUG"),
        (25, "INFO"),
        (30, "WARNING"),
        (49, "ERROR"),
        (50, "CRITICAL"),
        (2**32, "CRITICAL"),
    ],
)
def test_levels_have_the_name_of_the_standard_one_below(level, name):
    assert severity(level) == name


TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


def row(*lengths: int) -> tuple:
    return (1, 0, 0, 77, 4121, 30, *lengths, bytes.fromhex(TRACE_ID), bytes(8), 0)


def test_a_record_is_cut_into_its_fields():
    text = "shop|1f3a|pool-3|na\xefve|trace".replace("|", "").encode()
    found = entry_of(row(4, 4, 6, 6, 5), text)
    assert found == LogEntry(
        time_ns=77,
        level=30,
        pid=4121,
        logger="shop",
        message="na\xefve",
        request_id="1f3a",
        thread_name="pool-3",
        trace="trace",
        trace_id=TRACE_ID,
    )


@given(st.lists(st.integers(0, 2**32 - 1), min_size=5, max_size=5), st.binary(max_size=100))
def test_any_lengths_and_bytes_make_an_entry_no_longer_than_its_text(lengths, text):
    found = entry_of(row(*lengths), text)
    fields = (found.logger, found.request_id, found.thread_name, found.message, found.trace)
    assert sum(map(len, fields)) <= len(text) <= MAX_TEXT_BYTES


def test_lengths_that_overlap_nothing_give_empty_fields():
    found = entry_of(row(*itertools.repeat(2**32 - 1, 5)), b"abc")
    assert (found.logger, found.message) == ("abc", "")
