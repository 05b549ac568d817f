"""Which points of a chart break a rule: Western Electric's four and Nelson's eight, each set by the user.

         a point ends                          run of out_of   sigmas
    WE1  one beyond 3 sigma                    1 of 1          3         N1  the same
    WE2  2 of 3 beyond 2 sigma, on one side    2 of 3          2         N5  the same
    WE3  4 of 5 beyond 1 sigma, on one side    4 of 5          1         N6  the same
    WE4  8 in a row on one side of the centre  8 of 8          0         N2  9 in a row
    N3   6 in a row, steadily up or down       6 of 6          -
    N4   14 in a row, up and down in turn      14 of 14        -
    N7   15 in a row within 1 sigma            15 of 15        1
    N8   8 in a row beyond 1 sigma             8 of 8          1         on either side

A point is marked when it completes a pattern, and so is each later one as long as the pattern goes on.  The
point itself must belong to it: after two of three beyond 2 sigma a third at the centre is not marked.  A
point on a line is neither beyond nor within it: with a standard deviation of 0 nothing but a
change is ever marked.  A missing point (NaN) is passed over, as if the chart had only the others.

Every rule sees a bounded number of points: `out_of` of them.  So what is appended is judged by looking back
that far, and a million points are a few passes of NumPy over them.

In:     a Series, settings.
Out:    for each rule an array of booleans; the weights of the broken rules added up.
Never:  looks at limits: a line is so many sigmas from the centre (`Series.sigma`).

Rules:  Western Electric, Statistical Quality Control Handbook (1956), pages 25 to 28; L. S. Nelson, The
        Shewhart Control Chart: Tests for Special Causes, Journal of Quality Technology 16 (1984).
"""

import enum
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spc.statistics.charts import Series
from spc.statistics.errors import RuleSettingError
from spc.statistics.observations import Floats

Flags = NDArray[np.bool_]


class Rule(enum.StrEnum):
    """WE1 to WE4: Western Electric; N1 to N8: Nelson."""

    WE1 = "WE1"
    WE2 = "WE2"
    WE3 = "WE3"
    WE4 = "WE4"
    N1 = "N1"
    N2 = "N2"
    N3 = "N3"
    N4 = "N4"
    N5 = "N5"
    N6 = "N6"
    N7 = "N7"
    N8 = "N8"


class Pattern(enum.Enum):
    """What a rule looks for."""

    ONE_SIDE = "beyond a line, on one side"
    EITHER_SIDE = "beyond a line, on either side"
    WITHIN = "within the lines of both sides"
    TREND = "steadily up or steadily down"
    ALTERNATION = "up and down in turn"


PATTERNS: Final[Mapping[Rule, Pattern]] = dict.fromkeys(Rule, Pattern.ONE_SIDE) | {
    Rule.N3: Pattern.TREND,
    Rule.N4: Pattern.ALTERNATION,
    Rule.N7: Pattern.WITHIN,
    Rule.N8: Pattern.EITHER_SIDE,
}
# These compare neighbours: there is no line, and a point that is left out would have no neighbours.
_STEPPING: Final = {Pattern.TREND: 2, Pattern.ALTERNATION: 3}

_MAX_RUN: Final = 10_000  # far beyond any chart; bounds what an appended point has to look back at


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """One rule of a chart, as its user set it.

    Attributes:
        rule: which one.
        is_on: it is looked for.
        weight: what a violation counts for; 0 = shown, never counted.
        run: points that must fit the pattern ...
        out_of: ... among so many in a row.
        sigmas: where the line is; 0 = the centre.  Trends and alternations have none: 0.

    Raises:
        RuleSettingError: a number outside its range, or one that the rule has no meaning for.
    """

    rule: Rule
    is_on: bool
    weight: float
    run: int
    out_of: int
    sigmas: float

    def __post_init__(self) -> None:
        if not 0 <= self.weight < math.inf:
            raise RuleSettingError(f"weight {self.weight!r} of rule {self.rule.value}; expected 0 or more")
        if not 0 <= self.sigmas < math.inf:
            raise RuleSettingError(f"sigmas {self.sigmas!r} of rule {self.rule.value}; expected 0 or more")
        if not 1 <= self.run <= self.out_of <= _MAX_RUN:
            came = f"{self.run!r} out of {self.out_of!r}"
            raise RuleSettingError(
                f"run {came} of rule {self.rule.value}; expected 1 <= run <= out of <= {_MAX_RUN}"
            )
        pattern = PATTERNS[self.rule]
        if least := _STEPPING.get(pattern):
            self._check_steps(least)
        elif pattern is not Pattern.ONE_SIDE and not self.sigmas:
            raise RuleSettingError(f"sigmas 0 of rule {self.rule.value}; expected a line beside the centre")

    def _check_steps(self, least: int) -> None:
        if self.run < least or self.run != self.out_of or self.sigmas:
            came = f"{self.run!r} out of {self.out_of!r} at {self.sigmas!r} sigmas"
            raise RuleSettingError(
                f"{came} for rule {self.rule.value}; expected {least} or more out of as many, 0 sigmas"
            )


def _setting(rule: Rule, run: int, out_of: int, sigmas: float) -> RuleSetting:
    return RuleSetting(rule, is_on=True, weight=1.0, run=run, out_of=out_of, sigmas=sigmas)


# As published.  Nelson's article has 9 in a row for what Western Electric has 8 for.
WESTERN_ELECTRIC: Final = (
    _setting(Rule.WE1, 1, 1, 3),
    _setting(Rule.WE2, 2, 3, 2),
    _setting(Rule.WE3, 4, 5, 1),
    _setting(Rule.WE4, 8, 8, 0),
)
NELSON: Final = (
    _setting(Rule.N1, 1, 1, 3),
    _setting(Rule.N2, 9, 9, 0),
    _setting(Rule.N3, 6, 6, 0),
    _setting(Rule.N4, 14, 14, 0),
    _setting(Rule.N5, 2, 3, 2),
    _setting(Rule.N6, 4, 5, 1),
    _setting(Rule.N7, 15, 15, 1),
    _setting(Rule.N8, 8, 8, 1),
)


def violations(series: Series, settings: Iterable[RuleSetting], *, start: int = 0) -> dict[Rule, Flags]:
    """Return for each rule that is on whether each point from `start` on completes its pattern.

    With `start` only the points from there on are judged, looking back at as many as the longest rule needs:
    the arrays are `violations(series, settings)[rule][start:]`, for the price of what was appended.

    Raises:
        RuleSettingError: a rule is set twice.
    """
    wanted = _switched_on(settings)
    count = series.values.size
    begin = _look_back(series.values, start, max((setting.out_of for setting in wanted), default=0))
    present = begin + np.flatnonzero(~np.isnan(series.values[begin:]))
    points = _points(series, slice(begin, None) if present.size == count - begin else present)
    is_asked = present >= start
    found = {}
    for setting in wanted:
        flags = np.zeros(count - start, dtype=bool)
        flags[present[is_asked] - start] = _FINDERS[PATTERNS[setting.rule]](points, setting)[is_asked]
        found[setting.rule] = flags
    return found


def weigh(found: Mapping[Rule, Flags], settings: Iterable[RuleSetting]) -> Floats:
    """Return for each point the weights of the rules that it breaks, added up: what an alarm is raised by."""
    weights = {setting.rule: setting.weight for setting in settings}
    count = max((flags.size for flags in found.values()), default=0)
    total = np.zeros(count)
    for rule, flags in found.items():
        total += weights[rule] * flags
    return total


def _switched_on(settings: Iterable[RuleSetting]) -> Sequence[RuleSetting]:
    by_rule: dict[Rule, RuleSetting] = {}
    for setting in settings:
        if setting.rule in by_rule:
            raise RuleSettingError(f"rule {setting.rule.value} set twice; expected each once")
        by_rule[setting.rule] = setting
    return [setting for setting in by_rule.values() if setting.is_on]


def _look_back(values: Floats, start: int, count: int) -> int:
    """Return where to begin, so that `count` points that are there come before `start`."""
    span = count
    while span < start:
        if np.count_nonzero(~np.isnan(values[start - span : start])) >= count:
            return start - span
        span *= 2
    return 0


@dataclass(frozen=True, slots=True)
class _Points:
    """The points that are there: their distance from the centre, and one sigma on each side."""

    values: Floats
    distance: Floats
    sigma: Floats
    sigma_below: Floats

    def above(self, sigmas: float) -> Flags:
        return self.distance > sigmas * self.sigma

    def below(self, sigmas: float) -> Flags:
        return self.distance < -sigmas * self.sigma_below


def _points(series: Series, taken: slice | NDArray[np.intp]) -> _Points:
    values = series.values[taken]
    return _Points(values, values - series.centre[taken], series.sigma[taken], series.sigma_below[taken])


def _one_side(points: _Points, setting: RuleSetting) -> Flags:
    sides = points.above(setting.sigmas), points.below(setting.sigmas)
    return _completed(sides[0], setting) | _completed(sides[1], setting)


def _either_side(points: _Points, setting: RuleSetting) -> Flags:
    return _completed(points.above(setting.sigmas) | points.below(setting.sigmas), setting)


def _within(points: _Points, setting: RuleSetting) -> Flags:
    is_under = points.distance < setting.sigmas * points.sigma
    is_over = points.distance > -setting.sigmas * points.sigma_below
    return _completed(is_under & is_over, setting)


def _trend(points: _Points, setting: RuleSetting) -> Flags:
    steps = np.diff(points.values, prepend=np.nan)  # the first point has no step: neither up nor down
    return _in_a_row(steps > 0, setting.run - 1) | _in_a_row(steps < 0, setting.run - 1)


def _alternation(points: _Points, setting: RuleSetting) -> Flags:
    direction = np.sign(np.diff(points.values, prepend=np.nan))
    is_turn = np.zeros(direction.size, dtype=bool)
    is_turn[1:] = direction[1:] * direction[:-1] < 0
    return _in_a_row(is_turn, setting.run - 2)


def _completed(fits: Flags, setting: RuleSetting) -> Flags:
    """Return the points that fit and have enough others that fit among the last `out_of`."""
    if setting.run == 1:
        return fits
    return fits & (_counts(fits, setting.out_of) >= setting.run)


def _in_a_row(fits: Flags, length: int) -> Flags:
    return np.asarray(_counts(fits, length) == length)


def _counts(fits: Flags, width: int) -> NDArray[np.int32]:
    """Return how many of the last `width` points fit, this one included; fewer points at the beginning."""
    totals = np.cumsum(fits, dtype=np.int32)
    counts = totals.copy()
    counts[width:] -= totals[:-width]
    return counts


_FINDERS: Final[Mapping[Pattern, Callable[[_Points, RuleSetting], Flags]]] = {
    Pattern.ONE_SIDE: _one_side,
    Pattern.EITHER_SIDE: _either_side,
    Pattern.WITHIN: _within,
    Pattern.TREND: _trend,
    Pattern.ALTERNATION: _alternation,
}
