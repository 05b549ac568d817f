"""The JSON API: what the pages show, for programs. /api/ describes it to people.

A list is {"items": [...], "next": path of the next page or null}. It goes on after the last key that was
sent, not at a page's number: what is added meanwhile shifts nothing, and the thousandth page costs what the
first does.
"""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from penstock.web import db
from penstock.web.db import transaction
from penstock.web.http import JsonResponse
from penstock.web.shortcuts import render
from penstock.web.urls import reverse
from penstock.web.views.decorators.http import require_POST, require_safe
from spc.account.permission import engineer_required, viewer_required
from spc.alarms import AcknowledgedAlreadyError, acknowledge
from spc.forms.text import is_storable
from spc.forms.upload import UploadForm
from spc.imports.start import begin_import
from spc.judgement import settings_of
from spc.limits import limits_number
from spc.models import Alarm, Chart, Import, ImportFault, Measurement, Parameter, Subgroup, Tool
from spc.rules import rules_in_force
from spc.views.found import MAX_ID, found, found_alarm, found_chart, found_import

MAX_LIMIT = 1000
LIMIT = 100
MAX_NOTE = 1000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A line of the description."""

    path: str
    method: str
    who: str
    what: str


ENDPOINTS = (
    Endpoint("/api/v1/tools/", "GET", "viewer", "tools, with their parameters and charts"),
    Endpoint(
        "/api/v1/charts/ID/", "GET", "viewer", "a chart: limits, specification, rules in force, version"
    ),
    Endpoint(
        "/charts/ID/points.json",
        "GET",
        "viewer",
        "its points, limits and violations, as the drawing gets them; has an ETag",
    ),
    Endpoint(
        "/api/v1/parameters/ID/subgroups/?after=NUMBER",
        "GET",
        "viewer",
        "subgroups with their measurements, ascending",
    ),
    Endpoint("/api/v1/parameters/ID/subgroups/NUMBER/", "GET", "viewer", "one subgroup"),
    Endpoint(
        "/api/v1/alarms/?state=open&after=ID",
        "GET",
        "viewer",
        "alarms by their id; state: open, acknowledged, all",
    ),
    Endpoint("/api/v1/alarms/ID/", "GET", "viewer", "one alarm"),
    Endpoint(
        "/api/v1/alarms/ID/acknowledge/", "POST", "engineer", 'acknowledges it; the body is {"note": "..."}'
    ),
    Endpoint(
        "/api/v1/imports/",
        "POST",
        "engineer",
        "imports a CSV or Parquet file, the field file of multipart/form-data; 202, and the import's address",
    ),
    Endpoint(
        "/api/v1/imports/ID/",
        "GET",
        "viewer",
        "how an import goes: waiting, reading, storing, done, or refused, with the first 1,000 faults",
    ),
)


class BadQuestionError(Exception):
    """A parameter that cannot be read; the answer is 400."""


@require_safe
@viewer_required
def description(request):
    """What there is, for people."""
    return render(request, "api.html", {"endpoints": ENDPOINTS})


@require_safe
@viewer_required
def tools(request):
    """All tools: there are dozens, so that they come at once."""
    all_tools = db.session().scalars(
        select(Tool).options(joinedload(Tool.parameters).joinedload(Parameter.charts)).order_by(Tool.id)
    )
    return JsonResponse({"items": [_tool(each) for each in all_tools.unique()], "next": None})


@require_safe
@viewer_required
def chart(request, number):
    """One chart."""
    shown = found_chart(number)
    rules = rules_in_force(shown)
    answer = _chart(shown) | {
        "parameter": shown.parameter_id,
        "baseline": None if shown.has_entered_limits else [shown.baseline_first, shown.baseline_count],
        "centre": shown.centre,
        "sigma": shown.sigma,
        "lower_spec": shown.lower_spec,
        "upper_spec": shown.upper_spec,
        "alarm_weight": shown.alarm_weight,
        "limits_version": limits_number(shown),
        "rules_version": rules.number if rules else 0,
        "rules": [
            {"rule": each.rule, "is_on": each.is_on, "weight": each.weight, "run": each.run,
             "out_of": each.out_of, "sigmas": each.sigmas}
            for each in settings_of(rules)
        ],
    }  # fmt: skip
    return JsonResponse(answer)


@require_safe
@viewer_required
def subgroups(request, number):
    """Subgroups of a parameter, after a number."""
    found(Parameter, number)
    try:
        after, limit = _whole(request, "after", 0), _limit(request)
    except BadQuestionError as error:
        return _fault(error, 400)
    items = _subgroups(number, after, limit)
    return _list(request, items, limit, "number")


@require_safe
@viewer_required
def subgroup(request, number, subgroup):
    """One subgroup."""
    items = _subgroups(number, subgroup - 1, 1) if max(number, subgroup) <= MAX_ID else []
    if not items or items[0]["number"] != subgroup:
        return _fault(f"parameter {number} has no subgroup {subgroup}", 404)
    return JsonResponse(items[0])


@require_safe
@viewer_required
def alarms(request):
    """Alarms, after an id."""
    try:
        after, limit, state = _whole(request, "after", 0), _limit(request), _state(request)
    except BadQuestionError as error:
        return _fault(error, 400)
    query = select(Alarm).where(Alarm.id > after).order_by(Alarm.id).limit(limit)
    if state != "all":
        is_open = Alarm.acknowledged_at.is_(None)
        query = query.where(is_open if state == "open" else ~is_open)
    return _list(request, [_alarm(each) for each in db.session().scalars(query)], limit, "id")


@require_safe
@viewer_required
def alarm(request, number):
    """One alarm."""
    return JsonResponse(_alarm(found_alarm(number)))


@require_POST
@engineer_required
def acknowledge_alarm(request, number):
    """Acknowledge an alarm; 409 if somebody has."""
    found_alarm(number)
    try:
        note = _note(request)
    except BadQuestionError as error:
        return _fault(error, 400)
    try:
        with transaction.atomic():
            acknowledge(number, request.user.id, note)
    except AcknowledgedAlreadyError as error:
        return _fault(error, 409)
    return JsonResponse(_alarm(found_alarm(number)))


@require_POST
@engineer_required
def import_file(request):
    """Import a file; 202, as it goes on by itself."""
    form = UploadForm(request.FILES)
    if not form.validate():
        return _fault("; ".join(form.file.errors), 400)
    made = found_import(begin_import(form.file.data, request.user.id))
    address = reverse("api-import", args=[made.id])
    return JsonResponse(_import(made, []), status=202, headers={"Location": address})


@require_safe
@viewer_required
def one_import(request, number):
    """How an import goes, or went."""
    shown = found_import(number)
    of_import = select(ImportFault).where(ImportFault.import_id == number)
    faults = db.session().scalars(of_import.order_by(ImportFault.position).limit(MAX_LIMIT))
    return JsonResponse(_import(shown, faults))


# -- what comes
# ---------------------------------------------------------------------------------------------------


def _limit(request) -> int:
    limit = _whole(request, "limit", LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise BadQuestionError(f"limit {limit}; expected 1 to {MAX_LIMIT}")
    return limit


def _state(request) -> str:
    state = request.GET.get("state", "open")
    if state not in ("open", "acknowledged", "all"):
        raise BadQuestionError(f"state {state[:20]!r}; expected open, acknowledged or all")
    return state


def _whole(request, name: str, default: int) -> int:
    text = request.GET.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadQuestionError(f"{name} {text[:20]!r}; expected a whole number below 10^9")
    return int(text)


def _note(request) -> str:
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        raise BadQuestionError("the body is no JSON") from None
    note = sent.get("note") if isinstance(sent, dict) else None
    if not isinstance(note, str) or not note.strip() or len(note) > MAX_NOTE:
        raise BadQuestionError(f'expected {{"note": "..."}} of 1 to {MAX_NOTE} characters')
    if not is_storable(note):
        raise BadQuestionError("the note has NUL or half a surrogate pair; expected text")
    return note


# -- what goes
# ----------------------------------------------------------------------------------------------------


def _fault(error, status: int) -> JsonResponse:
    return JsonResponse({"error": str(error)}, status=status)


def _list(request, items, limit: int, key: str) -> JsonResponse:
    """Answer with a page; there is a next one where this one is full."""
    following = None
    if len(items) == limit:
        query = request.GET.dict() | {"after": items[-1][key]}
        following = f"{request.path}?{urlencode(query)}"
    return JsonResponse({"items": items, "next": following})


def _tool(tool: Tool) -> dict:
    return {
        "id": tool.id,
        "name": tool.name,
        "area": tool.area,
        "parameters": [_parameter(each) for each in tool.parameters],
    }


def _parameter(parameter: Parameter) -> dict:
    return {
        "id": parameter.id,
        "name": parameter.name,
        "unit": parameter.unit,
        "measure": parameter.measure,
        "subgroup_size": parameter.subgroup_size,
        "last_number": parameter.last_number,
        "charts": [_chart(each) for each in parameter.charts],
    }


def _chart(chart: Chart) -> dict:
    return {
        "id": chart.id,
        "kind": chart.kind,
        "version": chart.version,
        "points": reverse("points", args=[chart.id]),
    }


def _alarm(alarm: Alarm) -> dict:
    return {
        "id": alarm.id,
        "chart": alarm.chart_id,
        "subgroup": alarm.number,
        "taken_at": _iso(alarm.taken_s),
        "raised_at": alarm.raised_at.isoformat(),
        "value": alarm.value,
        "rules": alarm.rules.split(),
        "weight": alarm.weight,
        "acknowledged_at": alarm.acknowledged_at.isoformat() if alarm.acknowledged_at else None,
        "acknowledged_by": alarm.acknowledged_by.name if alarm.acknowledged_by else None,
        "note": alarm.note,
    }


def _import(shown: Import, faults: Iterable[ImportFault]) -> dict:
    return {
        "id": shown.id,
        "file_name": shown.file_name,
        "state": shown.state,
        "is_over": shown.is_over,
        "row_count": shown.row_count,
        "message": shown.message,
        "fault_count": shown.fault_count,
        "faults": [{"row": each.row, "column": each.column, "message": each.message} for each in faults],
    }


def _subgroups(parameter: int, after: int, limit: int) -> list[dict]:
    session = db.session()
    rows = session.execute(
        select(Subgroup.number, Subgroup.taken_s, Subgroup.size)
        .where(Subgroup.parameter_id == parameter, Subgroup.number > after)
        .order_by(Subgroup.number)
        .limit(limit)
    ).all()
    if not rows:
        return []
    items = {
        number: {"number": number, "taken_at": _iso(taken_s), "size": size, "values": []}
        for number, taken_s, size in rows
    }
    measured = (
        select(Measurement.number, Measurement.value)
        .where(
            Measurement.parameter_id == parameter, Measurement.number.between(rows[0].number, rows[-1].number)
        )
        .order_by(Measurement.number, Measurement.position)
    )
    for number, value in session.execute(measured):
        items[number]["values"].append(value)
    return list(items.values())


def _iso(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
