"""The environment of the templates: what they may call beside what penstock.web gives them.

moment(seconds or datetime)   2026-11-20 15:04, in UTC
figure(value)                 a measurement with five digits, a dash for none
"""

import datetime as dt
import math

import jinja2

NONE = "\N{EN DASH}"


def environment(**options):
    """Return the environment; a name that a template does not know is an error, not an empty place."""
    made = jinja2.Environment(
        **options | {"undefined": jinja2.StrictUndefined}, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(moment=moment, figure=figure)
    return made


def moment(value: float | dt.datetime | None) -> str:
    """Write a moment: seconds since 1970, or a datetime."""
    if value is None:
        return NONE
    if not isinstance(value, dt.datetime):
        value = dt.datetime.fromtimestamp(value, dt.UTC)
    return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")


def figure(value: float | None) -> str:
    """Write a measurement."""
    if value is None or math.isnan(value):
        return NONE
    return "∞" if math.isinf(value) else f"{value:.5g}"
