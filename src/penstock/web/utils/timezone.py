"""The current time zone of a thread or task, and moving datetimes between zones.

In:     zones as tzinfo or by name; datetimes with and without one.
Out:    datetimes; "now", with a zone if USE_TZ is on.
Never:  guesses the zone of a datetime that has none, unless asked.

Rules:  PEP 495 (fold), PEP 615 (zoneinfo); Django's names.
"""

import contextvars
import datetime as dt
import functools
import zoneinfo
from contextlib import ContextDecorator
from typing import Any, Final

from penstock.web.conf import settings

_active: Final[contextvars.ContextVar[dt.tzinfo | None]] = contextvars.ContextVar("time zone", default=None)


def get_fixed_timezone(offset: dt.timedelta | int) -> dt.timezone:
    """The zone that is always `offset` (or minutes) ahead of UTC, named like "+0130"."""
    minutes = int(offset.total_seconds() // 60) if isinstance(offset, dt.timedelta) else int(offset)
    hours, rest = divmod(abs(minutes), 60)
    return dt.timezone(dt.timedelta(minutes=minutes), f"{'-' if minutes < 0 else '+'}{hours:02d}{rest:02d}")


@functools.lru_cache
def get_default_timezone() -> dt.tzinfo:
    """The zone of TIME_ZONE; `cache_clear()` when that changes."""
    return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def get_default_timezone_name() -> str:
    """The name of the default zone, as it is now."""
    return _name(get_default_timezone())


def get_current_timezone() -> dt.tzinfo:
    """The active zone, or the default one."""
    return _active.get() or get_default_timezone()


def get_current_timezone_name() -> str:
    """The name of the current zone, as it is now."""
    return _name(get_current_timezone())


def _name(zone: dt.tzinfo) -> str:
    return zone.tzname(None) or str(zone)


def activate(timezone: dt.tzinfo | str) -> None:
    """Make a zone the current one.

    Raises:
        ValueError: it is neither a tzinfo nor a name.
    """
    if isinstance(timezone, str):
        timezone = zoneinfo.ZoneInfo(timezone)
    if not isinstance(timezone, dt.tzinfo):
        raise ValueError(f"time zone {timezone!r}; expected a tzinfo or a name")  # noqa: TRY004 - Django's choice
    _active.set(timezone)


def deactivate() -> None:
    """Make the default zone the current one."""
    _active.set(None)


class override(ContextDecorator):
    """A block, or a decorated function, with another current zone; None means the default one."""

    def __init__(self, timezone: dt.tzinfo | str | None) -> None:
        self.timezone = timezone
        self._before: list[dt.tzinfo | None] = []

    def __enter__(self) -> None:
        self._before.append(_active.get())
        deactivate() if self.timezone is None else activate(self.timezone)

    def __exit__(self, *_exception: object) -> None:
        _active.set(self._before.pop())


def template_localtime(value: Any, use_tz: bool | None = None) -> Any:
    """A datetime in the current zone, as templates show it; everything else as it is."""
    wanted = settings.USE_TZ if use_tz is None else use_tz
    may_convert = wanted and getattr(value, "convert_to_local_time", True)
    is_moment = isinstance(value, dt.datetime) and is_aware(value)
    return localtime(value) if may_convert and is_moment else value


def localtime(value: dt.datetime | None = None, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """A datetime (now by default) in a zone (the current one by default).

    Raises:
        ValueError: the datetime has no zone.
    """
    value = now() if value is None else value
    if is_naive(value):
        raise ValueError(f"localtime of {value!r}; expected a datetime with a zone")
    return value.astimezone(timezone or get_current_timezone())


def localdate(value: dt.datetime | None = None, timezone: dt.tzinfo | None = None) -> dt.date:
    """The day of `localtime`."""
    return localtime(value, timezone).date()


def now() -> dt.datetime:
    """The time: in UTC if USE_TZ is on, else local and without a zone."""
    return dt.datetime.now(tz=dt.UTC if settings.USE_TZ else None)


def moment_of(epoch_seconds: float) -> dt.datetime:
    """A time in seconds since the epoch: in UTC if USE_TZ is on, else local and without a zone."""
    return dt.datetime.fromtimestamp(epoch_seconds, tz=dt.UTC if settings.USE_TZ else None)


def is_aware(value: Any) -> bool:
    """Tell whether a datetime or time has a zone."""
    return value.utcoffset() is not None


def is_naive(value: Any) -> bool:
    """Tell whether a datetime or time has no zone."""
    return value.utcoffset() is None


def make_aware(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """The datetime with a zone (the current one by default) put to it.

    Raises:
        ValueError: it has a zone.
    """
    if is_aware(value):
        raise ValueError(f"make_aware of {value!r}; expected a datetime without a zone")
    return value.replace(tzinfo=timezone or get_current_timezone())


def make_naive(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """The datetime as a zone (the current one by default) writes it, without the zone.

    Raises:
        ValueError: it has no zone.
    """
    if is_naive(value):
        raise ValueError(f"make_naive of {value!r}; expected a datetime with a zone")
    return value.astimezone(timezone or get_current_timezone()).replace(tzinfo=None)
