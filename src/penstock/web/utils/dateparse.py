"""Dates, times and durations out of text: of a query string, a form or JSON.

In:     text in the forms of ISO 8601, of Python's `str()`, or of PostgreSQL's intervals.
Out:    values of datetime; None for text of another form.
Never:  takes a value for another one: a 30th of February is an error, not a 1st of March.
Rules:  Django's: what `fromisoformat` takes, and month, day and hour with one digit as well.
"""

import datetime as dt
import re
from typing import Final

from penstock.web.utils.timezone import get_fixed_timezone

# Of more than six digits of a second the rest is cut off.
_FRACTION: Final = r"(?:[.,](?P<fraction>\d{1,6})\d{0,6})?"
_DAY: Final = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_TIME: Final = rf"(?P<hour>\d{{1,2}}):(?P<minute>\d{{1,2}})(?::(?P<second>\d{{1,2}}){_FRACTION})?"
_ZONE: Final = r"\s*(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"

_DATE_FORM: Final = re.compile(rf"{_DAY}$")
_TIME_FORM: Final = re.compile(rf"{_TIME}$")
_DATETIME_FORM: Final = re.compile(rf"(?P<date>{_DAY})[T ](?P<time>{_TIME}){_ZONE}$")

_CLOCK: Final = re.compile(  # "3 04:05:06.7", "-1 day, 1:00:00", "5:06", "6"
    r"(?:(?P<day>-?\d+)[ ](?:days?,[ ])?)?(?P<sign>-?)"
    rf"(?:(?:(?P<hour>\d+):)?(?P<minute>\d+):)?(?P<second>\d+){_FRACTION}$"
)
_INTERVAL: Final = re.compile(  # "3 days", "3 days -04:05:06.7"
    r"(?:(?P<day>-?\d+)[ ]days?[ ]?)?"
    r"(?:(?P<sign>[+-])?(?P<hour>\d+):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?)?$"
)
_PERIOD: Final = re.compile(  # "P3DT4H5M6.7S"; all of it is negative behind a "-"
    r"(?P<sign>[+-]?)P(?:{day}D)?(?:T(?:{hour}H)?(?:{minute}M)?(?:{second}S)?)?$".format(
        **{unit: rf"(?P<{unit}>\d+(?:[.,]\d+)?)" for unit in ("day", "hour", "minute", "second")}
    )
)


def parse_date(value: str) -> dt.date | None:
    """Return the date of "2024-2-29"; ValueError if it is in no calendar."""
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        found = _DATE_FORM.match(value)
    return dt.date(*map(int, found.groups())) if found else None


def parse_time(value: str) -> dt.time | None:
    """Return the time of "9:30" or "09:30:00.5", without a zone; ValueError if no clock shows it."""
    try:
        # Django leaves the zone of a time out: it says nothing without a day.
        return dt.time.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        found = _TIME_FORM.match(value)
    return _time(found) if found else None


def parse_datetime(value: str) -> dt.datetime | None:
    """Return the moment of "2024-02-29 9:30" or "2024-02-29T09:30:00+01:00".

    A zone that the text names is kept, as a fixed one.

    Raises:
        ValueError: there is no such day, time or zone.
    """
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        found = _DATETIME_FORM.match(value)
    if found is None:
        return None
    day = dt.date(*map(int, found["date"].split("-")))
    return dt.datetime.combine(day, _time(found), _zone(found["zone"]))


def parse_duration(value: str) -> dt.timedelta | None:
    """Return the duration of "3 days, 04:05:06", "04:05:06.7", "5:06", "6" (seconds) or "P3DT4H".

    A sign of the clock is not that of the days; in ISO 8601's form there is one for all.

    Raises:
        OverflowError: it is longer than a timedelta can be.
    """
    found = _CLOCK.match(value) or _PERIOD.match(value) or _INTERVAL.match(value)
    if found is None:
        return None
    parts = found.groupdict(default="")
    sign = -1 if parts["sign"] == "-" else 1
    days = dt.timedelta(days=_number(parts["day"]))
    clock = dt.timedelta(
        hours=_number(parts["hour"]),
        minutes=_number(parts["minute"]),
        seconds=_number(parts["second"]),
        microseconds=_microseconds(parts.get("fraction", "")),
    )
    return (days * sign if found.re is _PERIOD else days) + clock * sign


def _time(found: re.Match[str]) -> dt.time:
    microseconds = _microseconds(found["fraction"] or "")
    return dt.time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0), microseconds)


def _zone(text: str | None) -> dt.tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return dt.UTC
    minutes = 60 * int(text[1:3]) + int(text[3:].removeprefix(":") or 0)
    return get_fixed_timezone(-minutes if text[0] == "-" else minutes)


def _microseconds(fraction: str) -> int:
    return int(fraction.ljust(6, "0"))


def _number(text: str) -> float:
    return float(text.replace(",", ".") or 0)
