"""utils/dateparse.py, beside Django's: any text made of what such texts are made of."""

import datetime as dt

import django.utils.dateparse as theirs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.web.utils import dateparse as ours

DIGITS = st.sampled_from(
    ["0", "1", "2", "05", "9", "12", "29", "30", "59", "60", "2023", "2024", "123456", "1234567890"]
)
DATES = st.lists(DIGITS, min_size=2, max_size=4).map("-".join)
TIMES = st.lists(DIGITS, min_size=1, max_size=4).map(":".join)
ENDS = st.sampled_from(
    ["", ".5", ",123456789", ".1234567890123", ".", "Z", "+01:00", " -0330", "+25:00", "+1", "z", "\n", " "]
)
CLOCKS = st.tuples(st.sampled_from(["", "-", "+", "--"]), TIMES, ENDS).map("".join)
MOMENTS = st.tuples(DATES, st.sampled_from(["T", " ", "t", "  ", ""]), CLOCKS).map("".join)
DAYS = st.tuples(
    st.sampled_from(["", "-"]), DIGITS, st.sampled_from([" ", " day ", " days", " days, ", " day,", " d "])
).map("".join)
DURATIONS = st.tuples(st.one_of(st.just(""), DAYS), st.one_of(st.just(""), CLOCKS)).map("".join)
PIECES = ["P", "T", "1D", "2H", "3M", "4S", "1,5H", "0.5S", "-", "+", "1W", "1Y", "\n", "P1DT"]
PERIODS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
TEXTS = st.one_of(
    DATES, CLOCKS, MOMENTS, DURATIONS, PERIODS, st.text(alphabet="0123456789-:.,TPZ +٣", max_size=12)
)


def outcome(parse, text):
    """What comes of a text: the value with its zone, or the exception's name."""
    try:
        value = parse(text)
    except (ValueError, OverflowError) as error:
        return type(error).__name__
    offset = value.utcoffset() if isinstance(value, dt.datetime) else None
    return value, type(value), offset


@pytest.mark.parametrize("name", ["parse_date", "parse_time", "parse_datetime", "parse_duration"])
@given(text=TEXTS)
@example(text="")
@example(text="2024-02-30")
@example(text="2024-2-9 9:5:7,1234567-0730")
@example(text="3 days, 04:05:06.7")
@example(text="-1 day, 1:00:00")
@example(text="3 days -04:05:06")
@example(text="-P3DT4H5M6.7S")
def test_text_means_what_it_means_to_django(name, text):
    assert outcome(getattr(ours, name), text) == outcome(getattr(theirs, name), text)


@given(st.timedeltas())
def test_duration_is_read_back_from_its_own_text(duration):
    assert ours.parse_duration(str(duration)) == duration


@given(st.datetimes(timezones=st.none() | st.timezones()))
def test_moment_is_read_back_from_its_own_text(moment):
    assert ours.parse_datetime(str(moment)).utcoffset() == moment.utcoffset()
    assert ours.parse_datetime(moment.isoformat()).replace(tzinfo=None) == moment.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        pytest.param(ours.parse_date, "2024-2-9", dt.date(2024, 2, 9), id="date"),
        pytest.param(ours.parse_time, "9:05", dt.time(9, 5), id="time"),
        pytest.param(
            ours.parse_datetime, "2024-02-09 9:05Z", dt.datetime(2024, 2, 9, 9, 5, tzinfo=dt.UTC), id="utc"
        ),
        pytest.param(ours.parse_duration, "90", dt.timedelta(seconds=90), id="seconds"),
        pytest.param(ours.parse_duration, "P1DT2H", dt.timedelta(days=1, hours=2), id="period"),
        pytest.param(ours.parse_date, "tomorrow", None, id="no-date"),
    ],
)
def test_text_is_read(parse, text, expected):
    assert parse(text) == expected
