"""The points of a chart, written down compactly for the drawing in the browser (static/points.js reads it).

In:     a Chart, its Readings, its Judgement.
Out:    JSON as bytes.
Never:  sends anything (views/chart.py).

10,000 points of two series are some 130 KB, and 55 KB compressed: numbers and times as differences, values
with SIGNIFICANT digits (a screen has 4,000 pixels), a limit that is the same everywhere as one number.
"""

import json

import numpy as np

from spc.judgement import Judgement
from spc.models import Chart
from spc.readings import Readings
from spc.statistics.rules import PATTERNS, RuleSetting

SIGNIFICANT = 6  # digits of a value: as many as can be seen
LEVEL_SIGNIFICANT = 12  # of a limit: it is written beside its line, rounded once, and the page says the same


def encode_points(
    chart: Chart, settings: list[RuleSetting], readings: Readings, judgement: Judgement
) -> bytes:
    """Return the document for a drawing; a chart without limits has no series."""
    control = judgement.control
    series = (
        [_series(*each) for each in zip(control.series, judgement.broken, strict=True)] if control else []
    )
    document = {
        "version": chart.version,
        "kind": str(chart.kind),
        "unit": chart.parameter.unit if not chart.parameter.is_count else "",
        "fault": judgement.fault,
        "numbers": _steps(readings.numbers),
        "times": _steps(readings.taken_s),
        "baseline": None if chart.has_entered_limits else _baseline(chart, readings.count),
        "specification": {"lower": chart.lower_spec, "upper": chart.upper_spec},
        "rules": {str(each.rule): describe_rule(each) for each in settings},
        "series": series,
    }
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def describe_rule(setting: RuleSetting) -> str:
    """Return what a rule looks for, for people: `WE2: 2 of 3 beyond 2 sigma, on one side`."""
    how_many = f"{setting.run} of {setting.out_of}"
    if setting.run == setting.out_of:
        how_many = "one point" if setting.run == 1 else f"{setting.run} in a row"
    where = PATTERNS[setting.rule].value
    if setting.run == 1:
        where = where.partition(",")[0]  # one point has but one side
    if setting.sigmas:
        where = where.replace("a line", f"{setting.sigmas:g} sigma").replace(
            "the lines", f"{setting.sigmas:g} sigma"
        )
    elif "line" in where:
        where = "on one side of the centre"
    return f"{setting.rule}: {how_many} {where}"


def _baseline(chart: Chart, count: int) -> list[int]:
    return [chart.baseline_first, min(chart.baseline_first + chart.baseline_count, count) - 1]


def _series(series, broken):
    return {
        "name": series.name,
        "values": _numbers(series.values),
        "centre": _level(series.centre),
        "lower": _level(series.lower),
        "upper": _level(series.upper),
        "sigma": _level(series.sigma),
        "violations": {
            str(rule): np.flatnonzero(found).tolist() for rule, found in broken.items() if found.any()
        },
    }


def _steps(values) -> list[int]:
    """Return the first value and then the differences."""
    return np.diff(values, prepend=0).tolist()


def _level(values):
    """Return one number where all are the same, else the numbers and where each begins.

    A subgroup with a missing measurement has limits of its own: three numbers, not 10,000.
    """
    begins = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
    numbers = _numbers(values[begins], LEVEL_SIGNIFICANT)
    return numbers[0] if len(numbers) == 1 else {"begins": begins.tolist(), "values": numbers}


def _numbers(values, digits: int = SIGNIFICANT) -> list[float | None]:
    """Return the values with so many digits; None for what is missing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.floor(np.log10(np.nanmax(np.abs(values), initial=0) or 1))
    # 10 to the 309th is no number any more, and would make every value one that is missing.
    rounded = np.round(values, min(int(digits - 1 - magnitude), 300)).tolist()
    return [None if number != number else number for number in rounded]  # noqa: PLR0124 - NaN alone differs from itself
