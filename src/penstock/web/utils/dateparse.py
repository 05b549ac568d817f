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
_FRACTION: Final = r"(?:(?P<point>[.,])(?P<fraction>\d{1,6})(?P<rest>\d{0,6}))?"
_DAY: Final = re.compile(r"\d{4}(?:-\d{1,2}){2}$")
_TIME: Final = re.compile(rf"\d{{1,2}}:\d{{1,2}}(?::\d{{1,2}}{_FRACTION})?")
_ZONE: Final = re.compile(r"\s*(?:(?P<utc>Z)|(?P<sign>[+-])(?P<hours>\d\d)(?::?(?P<minutes>\d\d))?)?$")

_DAYS: Final = re.compile(r"(?P<count>-?\d+) (?:days?(?P<link>, | |))?")
_CLOCK: Final = re.compile(rf"(?P<sign>[+-]?)(?P<figures>\d+(?::\d+){{,2}}){_FRACTION}")
_AMOUNT: Final = re.compile(r"\d+(?:[.,]\d+)?")


def parse_date(value: str) -> dt.date | None:
    """Return the date of "2024-2-29"; ValueError if it is in no calendar."""
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        if not _DAY.match(value):
            return None
    year, month, day = value.split("-")
    return dt.date(int(year), int(month), int(day))


def parse_time(value: str) -> dt.time | None:
    """Return the time of "9:30" or "09:30:00.5", without a zone; ValueError if no clock shows it."""
    try:
        # Django leaves the zone of a time out: it says nothing without a day.
        return dt.time.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        found = _TIME.match(value)
    return _time(found) if found and value[found.end() :] in ("", "\n") else None


def parse_datetime(value: str) -> dt.datetime | None:
    """Return the moment of "2024-02-29 9:30" or "2024-02-29T09:30:00+01:00".

    A zone that the text names is kept, as a fixed one.

    Raises:
        ValueError: there is no such day, time or zone.
    """
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        day, *rest = re.split("[T ]", value, maxsplit=1)
    time = _TIME.match(rest[0]) if rest and _DAY.fullmatch(day) else None
    zone = _ZONE.match(rest[0], time.end()) if time else None
    if time is None or zone is None:
        return None
    return dt.datetime.combine(dt.date(*map(int, day.split("-"))), _time(time), _zone(zone))


def parse_duration(value: str) -> dt.timedelta | None:
    """Return the duration of "3 days, 04:05:06", "04:05:06.7", "5:06", "6" (seconds) or "P3DT4H".

    A sign of the clock is not that of the days; in ISO 8601's form there is one for all.

    Raises:
        OverflowError: it is longer than a timedelta can be.
    """
    text = value.removesuffix("\n")
    return _period(text) if "P" in text else _days_and_clock(text)


def _period(text: str) -> dt.timedelta | None:
    """Return the duration of "-P3DT4H5M6.7S"."""
    sign, _, rest = text.partition("P")
    day_text, _, clock_text = rest.partition("T")
    days, clock = _amounts(day_text, "D"), _amounts(clock_text, "HMS")
    if sign not in ("", "+", "-") or days is None or clock is None:
        return None
    hours, minutes, seconds = clock
    duration = dt.timedelta(days=days[0]) + dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -duration if sign == "-" else duration


def _amounts(text: str, units: str) -> list[float] | None:
    """Return the numbers before these units, 0 for one that is left out; None if there is more than that."""
    amounts = []
    for unit in units:
        number, is_there, behind = text.partition(unit)
        if is_there and not _AMOUNT.fullmatch(number):
            return None
        amounts.append(float(number.replace(",", ".")) if is_there else 0.0)
        text = behind if is_there else text
    return None if text else amounts


def _days_and_clock(text: str) -> dt.timedelta | None:
    """Return the duration of "3 04:05:06", "3 days, 5:06" (Python) or "3 days -04:05:06" (PostgreSQL)."""
    head = _DAYS.match(text)
    count, link, rest = (head["count"], head["link"], text[head.end() :]) if head else ("0", "", text)
    may_be_python, may_be_postgresql = head is None or link in (None, ", "), link in ("", " ")
    if not rest:
        return dt.timedelta(days=float(count)) if may_be_postgresql else None
    clock = _CLOCK.fullmatch(rest)
    if clock is None:
        return None
    if (may_be_python and clock["sign"] != "+") or (may_be_postgresql and _is_full(clock)):
        return dt.timedelta(days=float(count)) + _passed(clock)
    return None


def _is_full(clock: re.Match[str]) -> bool:
    """Tell whether hours are there, minutes and seconds have two digits, and nothing has to be cut off."""
    _, *others = clock["figures"].split(":")
    return [len(each) for each in others] == [2, 2] and clock["point"] != "," and not clock["rest"]


def _passed(clock: re.Match[str]) -> dt.timedelta:
    hours, minutes, seconds = ["0", "0", *clock["figures"].split(":")][-3:]
    passed = dt.timedelta(
        hours=float(hours),
        minutes=float(minutes),
        seconds=float(seconds),
        microseconds=_microseconds(clock["fraction"]),
    )
    return -passed if clock["sign"] == "-" else passed


def _time(found: re.Match[str]) -> dt.time:
    hour, minute, *second = re.split("[:.,]", found[0])[:3]
    return dt.time(int(hour), int(minute), int(*second), _microseconds(found["fraction"]))


def _zone(found: re.Match[str]) -> dt.tzinfo | None:
    if found["utc"]:
        return dt.UTC
    if not found["sign"]:
        return None
    minutes = 60 * int(found["hours"]) + int(found["minutes"] or 0)
    return get_fixed_timezone(-minutes if found["sign"] == "-" else minutes)


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "").ljust(6, "0"))
