"""Alarms: listed, and acknowledged with a note."""

from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from penstock.web import db
from penstock.web.db import transaction
from penstock.web.shortcuts import redirect, render
from penstock.web.views.decorators.http import require_http_methods, require_safe
from spc.account.permission import engineer_required, viewer_required
from spc.alarms import AcknowledgedAlreadyError, acknowledge
from spc.forms.alarm import AcknowledgeForm, AlarmFilterForm
from spc.models import Alarm, Chart, Parameter, Tool
from spc.notices import add_notice
from spc.pages import page_of
from spc.views.found import found_alarm


@require_safe
@viewer_required
def alarms(request):
    """The alarms of one kind, newest first."""
    form = AlarmFilterForm(request.GET)
    form.offer(db.session().scalars(select(Tool).order_by(Tool.name)).all())
    query = urlencode({name: value for name, value in form.data.items() if value})
    page = page_of(_wanted(form), request.GET.get("page"))
    return render(request, "alarms.html", {"filter": form, "page": page, "query": f"{query}&"})


def _wanted(form):
    whole = joinedload(Alarm.chart).joinedload(Chart.parameter).joinedload(Parameter.tool)
    query = select(Alarm).options(whole).order_by(Alarm.taken_s.desc(), Alarm.id.desc())
    if form.state.data == "open":
        query = query.where(Alarm.acknowledged_at.is_(None))
    if form.state.data == "acknowledged":
        query = query.where(Alarm.acknowledged_at.is_not(None))
    if form.chart.data:
        query = query.where(Alarm.chart_id == int(form.chart.data))
    if form.tool.data:
        charts = select(Chart.id).join(Chart.parameter).where(Parameter.tool_id == int(form.tool.data))
        query = query.where(Alarm.chart_id.in_(charts))
    return query


@require_http_methods(["GET", "HEAD", "POST"])
@engineer_required
def alarm(request, number):
    """Acknowledge an alarm."""
    shown = found_alarm(number)
    form = AcknowledgeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.validate():
        try:
            with transaction.atomic():
                acknowledge(number, request.user.id, form.note.data)
        except AcknowledgedAlreadyError as error:
            form.form_errors.append(f"Not saved: {error}.")
            return render(request, "alarm.html", {"alarm": shown, "form": form}, status=409)
        add_notice(request, "The alarm is acknowledged.")
        return redirect("alarms")
    return render(request, "alarm.html", {"alarm": shown, "form": form})
