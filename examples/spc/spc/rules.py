"""The rules of a chart: which set is in force, and how a new one takes its place.

In:     a Chart; settings, who changed them, a remark.
Out:    a RuleSet.
Never:  changes a set that is there: each change is a new one, so that what was in force when can be told, and
        any of them can be put into force again.
"""

from collections.abc import Iterable

from sqlalchemy import func, select

from penstock.web import db
from spc.models import Chart, RuleLine, RuleSet
from spc.statistics import NELSON, WESTERN_ELECTRIC, RuleSetting
from spc.versions import begin_version

# What a new chart begins with: a point beyond the limits is an alarm by itself, of the others it takes two.
# Nelson's are there to be switched on.
BEGINNING = (
    *(
        RuleSetting(each.rule, True, 1.0 if each.run == 1 else 0.5, each.run, each.out_of, each.sigmas)
        for each in WESTERN_ELECTRIC
    ),
    *(RuleSetting(each.rule, False, 0.5, each.run, each.out_of, each.sigmas) for each in NELSON),
)


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the rules since they were shown; the message says who."""


def rules_in_force(chart: Chart) -> RuleSet | None:
    """Return the rule set with the highest number."""
    newest = select(RuleSet).where(RuleSet.chart_id == chart.id).order_by(RuleSet.number.desc()).limit(1)
    return db.session().scalars(newest).first()


def put_into_force(
    chart: Chart, settings: Iterable[RuleSetting], *, after: int, author: int | None, remark: str
) -> RuleSet:
    """Make the next rule set of a chart; the caller commits, and judges the chart anew.

    Args:
        after: the number of the set that its author saw: 0 for none.

    Raises:
        ChangedMeanwhileError: another one is in force by now.
    """
    session = db.session()
    begin_version(chart)
    newest = session.scalar(select(func.max(RuleSet.number)).where(RuleSet.chart_id == chart.id)) or 0
    if newest != after:
        other = rules_in_force(chart).changed_by
        who = other.name if other else "somebody"
        raise ChangedMeanwhileError(f"{who} has changed the rules meanwhile: version {newest} is in force")
    made = RuleSet(chart_id=chart.id, number=newest + 1, changed_by_id=author, remark=remark)
    made.lines = [
        RuleLine(
            position=position, rule=each.rule, is_on=each.is_on, weight=each.weight,
            run=each.run, out_of=each.out_of, sigmas=each.sigmas,
        )
        for position, each in enumerate(settings)
    ]  # fmt: skip
    session.add(made)
    return made
