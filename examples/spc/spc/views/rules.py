"""The rules of a chart: shown, changed, and put back to an earlier version."""

from dataclasses import dataclass

from sqlalchemy import select

from penstock.web import db
from penstock.web.core.exceptions import BadRequest
from penstock.web.db import transaction
from penstock.web.http import Http404
from penstock.web.shortcuts import redirect, render
from penstock.web.views.decorators.http import require_http_methods, require_POST
from spc.account.permission import engineer_required, viewer_required
from spc.alarms import watch
from spc.forms.rules import RulesForm, form_of
from spc.judgement import settings_of
from spc.models import RuleSet
from spc.notices import add_notice
from spc.points import describe_rule
from spc.rules import ChangedMeanwhileError, put_into_force, rules_in_force
from spc.statistics import Rule
from spc.statistics.rules import PATTERNS
from spc.views.found import MAX_ID, found_chart

SHOWN_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class Version:
    """A rule set, and what it changed about the one before."""

    rules: RuleSet
    changes: list[str]


@require_http_methods(["GET", "HEAD", "POST"])
@viewer_required
def rules(request, number):
    """Show the rules to everybody; take changes from engineers."""
    return _change(request, number) if request.method == "POST" else _show(request, found_chart(number), None)


@engineer_required
def _change(request, number):
    chart = found_chart(number)
    try:
        form = RulesForm(request.POST)
    except ValueError:  # lines that are not numbered by numbers
        raise BadRequest("rules: a name of a field; expected lines-NUMBER-...") from None
    if not form.validate():
        return _show(request, chart, form)
    try:
        _put_into_force(request, chart, form.settings(), form.seen_number(), form.remark.data)
    except ChangedMeanwhileError as error:
        form.form_errors.append(f"Not saved: {error}. Look at it, and decide again.")
        return _show(request, chart, form, status=409)
    return redirect("rules", number)


@require_POST
@engineer_required
def revert(request, number, version):
    """Put an earlier version into force, as a new one."""
    chart = found_chart(number)
    newest = rules_in_force(chart)
    of_version = select(RuleSet).where(RuleSet.chart_id == number, RuleSet.number == version)
    wanted = db.session().scalar(of_version) if version <= MAX_ID else None
    if wanted is None:
        raise Http404(f"chart {number} has no rules of version {version}")
    try:
        _put_into_force(request, chart, settings_of(wanted), newest.number, f"back to version {version}")
    except ChangedMeanwhileError as error:
        add_notice(request, f"Not reverted: {error}.")
    return redirect("rules", number)


def _put_into_force(request, chart, settings, after, remark) -> None:
    with transaction.atomic():
        made = put_into_force(chart, settings, after=after, author=request.user.id, remark=remark)
        new_count = watch(chart)
        version = made.number
    add_notice(request, f"Version {version} is in force; {new_count} new alarms.")


def _show(request, chart, form, status=200):
    context = {
        "chart": chart,
        "form": form or form_of(rules_in_force(chart)),
        "history": _history(chart),
        "patterns": {str(rule): PATTERNS[rule].value for rule in Rule},
    }
    return render(request, "rules.html", context, status=status)


def _history(chart) -> list[Version]:
    newest_first = select(RuleSet).where(RuleSet.chart_id == chart.id).order_by(RuleSet.number.desc())
    sets = db.session().scalars(newest_first.limit(SHOWN_VERSIONS + 1)).all()
    pairs = zip(sets, [*sets[1:], None], strict=True)
    return [Version(each, _changes(each, before)) for each, before in pairs][:SHOWN_VERSIONS]


def _changes(rules: RuleSet, before: RuleSet | None) -> list[str]:
    """Say what a rule set changed, rule by rule."""
    if before is None:
        return []
    old = {each.rule: each for each in settings_of(before)}
    return [_change_of(old.get(new.rule), new) for new in settings_of(rules) if old.get(new.rule) != new]


def _change_of(old, new) -> str:
    state = "on" if new.is_on else "off"
    if old is not None and (old.run, old.out_of, old.sigmas, old.weight) == (
        new.run,
        new.out_of,
        new.sigmas,
        new.weight,
    ):
        return f"{new.rule} switched {state}"
    return f"{describe_rule(new)}, weight {new.weight:g}, {state}"
