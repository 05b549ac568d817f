"""Statistical process control in NumPy: charts, rules, capability.  No database, no HTTP, no clock.

observations.py   measurements and counts; what a missing value means
constants.py      A2 to E3, computed
spread.py         the process's standard deviation
limits.py         baseline, standard, entered lines
charts.py         X-bar/R, X-bar/S, I-MR, p, np, c, u
rules.py          Western Electric and Nelson
capability.py     Cp, Cpk, Pp, Ppk, Cpm
errors.py         what is refused
"""

from spc.statistics.capability import Capability, Specification, capability
from spc.statistics.charts import ChartKind, ControlChart, Series, c, i_mr, np_, p, u, xbar_r, xbar_s
from spc.statistics.constants import Constants, constants
from spc.statistics.errors import (
    LimitError,
    ObservationError,
    RuleSettingError,
    SpecificationError,
    StatisticsError,
)
from spc.statistics.limits import EnteredLimits, Lines, Standard
from spc.statistics.rules import NELSON, WESTERN_ELECTRIC, Rule, RuleSetting, violations, weigh
from spc.statistics.spread import Estimator

__all__ = [
    "NELSON",
    "WESTERN_ELECTRIC",
    "Capability",
    "ChartKind",
    "Constants",
    "ControlChart",
    "EnteredLimits",
    "Estimator",
    "LimitError",
    "Lines",
    "ObservationError",
    "Rule",
    "RuleSetting",
    "RuleSettingError",
    "Series",
    "Specification",
    "SpecificationError",
    "Standard",
    "StatisticsError",
    "c",
    "capability",
    "constants",
    "i_mr",
    "np_",
    "p",
    "u",
    "violations",
    "weigh",
    "xbar_r",
    "xbar_s",
]
