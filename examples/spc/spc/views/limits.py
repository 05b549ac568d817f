"""The limits of a chart: shown, changed, and put back to an earlier version."""

from dataclasses import fields

from penstock.web.db import transaction
from penstock.web.http import Http404
from penstock.web.shortcuts import redirect, render
from penstock.web.views.decorators.http import require_http_methods, require_POST
from spc.account.permission import engineer_required, viewer_required
from spc.alarms import watch
from spc.forms.limits import limits_form
from spc.limits import LimitSetting, limits_number, put_limits_into_force, setting_of
from spc.models import LimitSet
from spc.notices import add_notice
from spc.templating import figure
from spc.versions import ChangedMeanwhileError, of_number
from spc.views.found import MAX_ID, found_chart
from spc.views.history import history_of


@require_http_methods(["GET", "HEAD", "POST"])
@viewer_required
def limits(request, number):
    """Show the limits to everybody; take changes from engineers."""
    if request.method == "POST":
        return _change(request, number)
    chart = found_chart(number)
    return _show(request, chart, limits_form(chart, limits_number(chart)))


@engineer_required
def _change(request, number):
    chart = found_chart(number)
    form = limits_form(chart, limits_number(chart), request.POST)
    if not form.validate():
        return _show(request, chart, form)
    try:
        _put_into_force(request, chart, form.setting(), form.seen_number(), form.remark.data)
    except ChangedMeanwhileError as error:
        form.show_again(error, limits_number(chart))
        return _show(request, chart, form, status=409)
    return redirect("chart", number)


@require_POST
@engineer_required
def revert(request, number, version):
    """Put earlier limits into force, as new ones."""
    chart = found_chart(number)
    seen = limits_number(chart)
    wanted = of_number(LimitSet, chart, version) if version <= MAX_ID else None
    if wanted is None:
        raise Http404(f"chart {number} has no limits of version {version}")
    try:
        _put_into_force(request, chart, setting_of(wanted), seen, f"back to version {version}")
    except ChangedMeanwhileError as error:
        add_notice(request, f"Not reverted: {error}.")
    return redirect("limits", number)


def _put_into_force(request, chart, setting, after, remark) -> None:
    with transaction.atomic():
        made = put_limits_into_force(chart, setting, after=after, author=request.user.id, remark=remark)
        new_count = watch(chart)
        version = made.number
    add_notice(request, f"Version {version} of the limits is in force; {new_count} new alarms.")


def _show(request, chart, form, status=200):
    context = {"chart": chart, "form": form, "versions": history_of(LimitSet, chart, _changes)}
    return render(request, "limits.html", context, status=status)


def _changes(new: LimitSet, old: LimitSet) -> list[str]:
    """Say what a change of the limits was, value by value."""
    pairs = [(each.name, getattr(old, each.name), getattr(new, each.name)) for each in fields(LimitSetting)]
    return [
        f"{name.replace('_', ' ')}: {_written(before)} → {_written(after)}"
        for name, before, after in pairs
        if before != after
    ]


def _written(value) -> str:
    if value is None:
        return "none"
    return str(value) if isinstance(value, str) else figure(value)
