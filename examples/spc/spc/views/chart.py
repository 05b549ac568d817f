"""A chart: its page, its points for the drawing, itself as a picture and as a table."""

from dataclasses import dataclass

import numpy as np

from penstock import telemetry
from penstock.web.http import HttpResponse, HttpResponseNotModified
from penstock.web.shortcuts import render
from penstock.web.utils.cache import patch_vary_headers
from penstock.web.views.decorators.http import require_safe
from spc.account.permission import viewer_required
from spc.drawing.svg import control_chart_svg
from spc.drawn import drawn
from spc.judgement import judge, settings_of
from spc.pages import slice_page
from spc.readings import readings_of
from spc.rules import rules_in_force
from spc.views.found import found_chart

TABLE_ROWS = 100


@dataclass(frozen=True, slots=True)
class TableRow:
    """A point as a line of a table."""

    number: int
    taken_s: int
    values: list[float]
    rules: list[str]
    measured: list[float]


@require_safe
@viewer_required
def chart(request, number):
    """The page; the drawing asks for the points by itself."""
    shown = found_chart(number)
    return render(request, "chart.html", {"chart": shown, "drawn": drawn(shown)})


@require_safe
@viewer_required
def points(request, number):
    """The points, which a browser may keep and asks about again: they have the chart's version as their ETag.

    Where the address names that version, the browser need not even ask: another version has another address.
    """
    shown = found_chart(number)
    etag = f'"{shown.id}-{shown.version}"'
    is_named = request.GET.get("version") == str(shown.version)
    caching = "private, max-age=31536000, immutable" if is_named else "private, no-cache"
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        response = _points(request, drawn(shown))
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = caching
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _points(request, ready):
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return HttpResponse(ready.points, content_type="application/json")
    return HttpResponse(ready.packed, content_type="application/json", headers={"Content-Encoding": "gzip"})


@require_safe
@viewer_required
def picture(request, number):
    """The chart as SVG, drawn here: for reports, and for browsers without scripts."""
    shown = found_chart(number)
    judgement = judge(shown, settings_of(rules_in_force(shown)), readings_of(shown.parameter))
    title = f"{shown.parameter.tool.name}: {shown.parameter.name}"
    if judgement.control is None:
        return HttpResponse(
            f"{title}: {judgement.fault}\n", content_type="text/plain; charset=utf-8", status=409
        )
    with telemetry.span("spc.svg"):
        unit = shown.parameter.unit
        drawing = control_chart_svg(judgement.control, title=title, unit=unit, broken=judgement.broken)
    return HttpResponse(drawing, content_type="image/svg+xml")


@require_safe
@viewer_required
def table(request, number):
    """The same as a table: for screen readers, and for whoever wants figures."""
    shown = found_chart(number)
    readings = readings_of(shown.parameter)
    judgement = judge(shown, settings_of(rules_in_force(shown)), readings)
    newest_first = np.arange(readings.count)[::-1]
    page = slice_page(
        readings.count, request.GET.get("page"), lambda window: newest_first[window], TABLE_ROWS
    )
    series = judgement.control.series if judgement.control else ()
    context = {
        "chart": shown,
        "page": page,
        "names": [each.name for each in series],
        "rows": [_table_row(index, readings, judgement) for index in page.rows],
    }
    return render(request, "table.html", context)


def _table_row(index, readings, judgement) -> TableRow:
    series = judgement.control.series if judgement.control else ()
    rules = [str(rule) for found in judgement.broken for rule, is_broken in found.items() if is_broken[index]]
    return TableRow(
        int(readings.numbers[index]),
        int(readings.taken_s[index]),
        [float(each.values[index]) for each in series],
        list(dict.fromkeys(rules)),
        readings.values[index].tolist(),
    )
