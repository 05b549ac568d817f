"""The measurements of a chart, to be taken along."""

from penstock.web.http import Http404, HttpResponse, StreamingHttpResponse
from penstock.web.utils.text import slugify
from penstock.web.views.decorators.http import require_safe
from spc.account.permission import viewer_required
from spc.exports.measurements import csv_of, parquet_of
from spc.readings import readings_of
from spc.views.found import found_chart


@require_safe
@viewer_required
def export(request, number, form):
    """Send the measurements as `csv` or `parquet`."""
    chart = found_chart(number)
    parameter, readings = chart.parameter, readings_of(chart.parameter)
    if form == "csv":
        response = StreamingHttpResponse(csv_of(parameter, readings), content_type="text/csv; charset=utf-8")
    elif form == "parquet":
        response = HttpResponse(
            parquet_of(parameter, readings), content_type="application/vnd.apache.parquet"
        )
    else:
        raise Http404(f"no export as {form!r}; expected csv or parquet")
    name = slugify(f"{parameter.tool.name}-{parameter.name}")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
