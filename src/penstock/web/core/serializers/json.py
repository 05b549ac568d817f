"""JSON for what JSON has no form for: times, decimals, UUIDs, lazy text.

In:     any object.
Out:    a form that JSON has.
Never:  reads it back: a string that looks like a date stays a string.

Rules:  ECMA-262 section 21.4.1.32 (date-time strings, three digits of a second); ISO 8601 (durations).
"""

import datetime as dt
import decimal
import json
import uuid
from typing import Any

from penstock.web.utils.functional import Promise


class DjangoJSONEncoder(json.JSONEncoder):
    """Encodes times, durations, decimals, UUIDs and lazy text besides what JSON knows."""

    def default(self, o: Any) -> Any:
        """The text of one object.

        Raises:
            TypeError: there is no form for it.
            ValueError: it is a time with a zone, which means nothing without a day.
        """
        if isinstance(o, dt.datetime):
            return _to_milliseconds(o.isoformat(), o.microsecond).replace("+00:00", "Z")
        if isinstance(o, dt.date):
            return o.isoformat()
        if isinstance(o, dt.time):
            if o.tzinfo is not None:
                raise ValueError(f"time {o!r} in JSON; expected one without a zone, or a datetime")
            return _to_milliseconds(o.isoformat(), o.microsecond)
        if isinstance(o, dt.timedelta):
            return duration_iso_string(o)
        if isinstance(o, decimal.Decimal | uuid.UUID | Promise):
            return str(o)
        return super().default(o)


def _to_milliseconds(text: str, microsecond: int) -> str:
    """Drop the last three of six digits behind the second."""
    if not microsecond:
        return text
    head, point, tail = text.partition(".")
    return f"{head}{point}{tail[:3]}{tail[6:]}"


def duration_iso_string(duration: dt.timedelta) -> str:
    """A duration like "P3DT04H05M06.000007S", "-" before a negative one."""
    sign = "-" if duration < dt.timedelta(0) else ""
    duration = abs(duration)
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{duration.microseconds:06d}" if duration.microseconds else ""
    return f"{sign}P{duration.days}DT{hours:02d}H{minutes:02d}M{seconds:02d}{fraction}S"
