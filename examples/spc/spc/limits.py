"""The limits of a chart: which are in force, and how others take their place.

In:     a Chart; a LimitSetting, who entered it, a remark.
Out:    a LimitSet; the chart has the same.
Never:  changes a set that is there, as with rules (rules.py).
"""

from dataclasses import asdict, dataclass, fields

from penstock.web import db
from spc.models import Chart, LimitColumns, LimitSet
from spc.statistics import ChartKind
from spc.versions import begin_change, in_force


@dataclass(frozen=True, slots=True)
class LimitSetting:
    """What somebody says about a chart; LimitColumns has what it means."""

    kind: ChartKind
    alarm_weight: float
    baseline_first: int
    baseline_count: int
    centre: float | None
    sigma: float | None
    lower_spec: float | None
    upper_spec: float | None


def setting_of(row: LimitColumns) -> LimitSetting:
    """Return the limits of a chart, or of one of its versions."""
    return LimitSetting(**{each.name: getattr(row, each.name) for each in fields(LimitSetting)})


def limits_number(chart: Chart) -> int:
    """Return the number of the limits in force; 0 where nobody has changed them."""
    newest = in_force(LimitSet, chart)
    return newest.number if newest else 0


def put_limits_into_force(
    chart: Chart, setting: LimitSetting, *, after: int, author: int | None, remark: str
) -> LimitSet:
    """Make the next limits of a chart; the caller commits, and judges the chart anew.

    Args:
        after: the number of the limits that their author saw: 0 for none.

    Raises:
        ChangedMeanwhileError: others are in force by now.
    """
    values = asdict(setting)
    number = begin_change(chart, LimitSet, after=after)
    made = LimitSet(chart_id=chart.id, number=number, changed_by_id=author, remark=remark, **values)
    for name, value in values.items():
        setattr(chart, name, value)
    db.session().add(made)
    return made
