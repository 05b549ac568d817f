"""The rules of a chart: which set is in force, and how a new one takes its place.

In:     a Chart; settings, who changed them, a remark.
Out:    a RuleSet.
Never:  changes a set that is there: each change is a new one, so that what was in force when can be told, and
        any of them can be put into force again.
"""

from collections.abc import Iterable

from penstock.web import db
from spc.models import Chart, RuleLine, RuleSet
from spc.statistics import NELSON, WESTERN_ELECTRIC, RuleSetting
from spc.versions import begin_change, in_force

# What a new chart begins with: a point beyond the limits is an alarm by itself, of the others it takes two.
# Nelson's are there to be switched on.
BEGINNING = (
    *(
        RuleSetting(each.rule, True, 1.0 if each.run == 1 else 0.5, each.run, each.out_of, each.sigmas)
        for each in WESTERN_ELECTRIC
    ),
    *(RuleSetting(each.rule, False, 0.5, each.run, each.out_of, each.sigmas) for each in NELSON),
)


def rules_in_force(chart: Chart) -> RuleSet | None:
    """Return the rule set with the highest number."""
    return in_force(RuleSet, chart)


def put_into_force(
    chart: Chart, settings: Iterable[RuleSetting], *, after: int, author: int | None, remark: str
) -> RuleSet:
    """Make the next rule set of a chart; the caller commits, and judges the chart anew.

    Args:
        after: the number of the set that its author saw: 0 for none.

    Raises:
        ChangedMeanwhileError: another one is in force by now.
    """
    number = begin_change(chart, RuleSet, after=after)
    made = RuleSet(chart_id=chart.id, number=number, changed_by_id=author, remark=remark)
    made.lines = [
        RuleLine(
            position=position, rule=each.rule, is_on=each.is_on, weight=each.weight,
            run=each.run, out_of=each.out_of, sigmas=each.sigmas,
        )
        for position, each in enumerate(settings)
    ]  # fmt: skip
    db.session().add(made)
    return made
