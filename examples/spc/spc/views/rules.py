"""The rules of a chart: shown, changed, and put back to an earlier version."""

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
from spc.rules import put_into_force, rules_in_force
from spc.statistics import Rule
from spc.statistics.rules import PATTERNS
from spc.versions import ChangedMeanwhileError, of_number
from spc.views.found import MAX_ID, found_chart
from spc.views.history import history_of


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
        form.show_again(error, rules_in_force(chart).number)
        return _show(request, chart, form, status=409)
    return redirect("rules", number)


@require_POST
@engineer_required
def revert(request, number, version):
    """Put an earlier version into force, as a new one."""
    chart = found_chart(number)
    newest = rules_in_force(chart)
    wanted = of_number(RuleSet, chart, version) if version <= MAX_ID else None
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
        "versions": history_of(RuleSet, chart, _changes),
        "patterns": {str(rule): PATTERNS[rule].value for rule in Rule},
    }
    return render(request, "rules.html", context, status=status)


def _changes(rules: RuleSet, before: RuleSet) -> list[str]:
    """Say what a rule set changed, rule by rule."""
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
