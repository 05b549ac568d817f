"""One chart of one file as a page: the smallest application that shows one. `penstock serve spc.drawing.page`

It is served in three ways to see what each costs (docs/why-not-cgi.md): by workers, as a CGI script
(cgi-bin/page.cgi), and written in Perl as one (cgi-bin/chart.pl).

In:     SPC_CSV, the path of a file: a line of names, then a line for each subgroup: a time, its measurements.
Out:    HTML with the chart as SVG.
Never:  remembers anything, unless SPC_KEEP=1: then a page for as long as its file is the same.
"""

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spc.drawing.svg import control_chart_svg
from spc.statistics import WESTERN_ELECTRIC, violations, xbar_r

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


class ChartPage:
    """The page of one file.

    Args:
        path: of the file.
        is_kept: a page is drawn once for each version of the file.
    """

    def __init__(self, path: Path, *, is_kept: bool = False) -> None:
        self._path = path
        self._is_kept = is_kept
        self._drawn: tuple[tuple[int, int], bytes] | None = None

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> list[bytes]:
        body = self._page()
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    def _page(self) -> bytes:
        if not self._is_kept:
            return draw_page(self._path)
        found = self._path.stat()
        version = (found.st_mtime_ns, found.st_size)
        if self._drawn is None or self._drawn[0] != version:
            self._drawn = version, draw_page(self._path)
        return self._drawn[1]


def draw_page(path: Path) -> bytes:
    """Return the page of a file."""
    chart = xbar_r(read_subgroups(path))
    broken = [violations(series, WESTERN_ELECTRIC) for series in chart.series]
    title = escape(path.stem)
    picture = control_chart_svg(chart, title=path.stem, broken=broken)
    count = chart.series[0].values.size
    return (
        f"<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>{title}</title>\n"
        f"<h1>{title}</h1>\n<p>{count} subgroups</p>\n{picture}</html>\n"
    ).encode()


def read_subgroups(path: Path) -> NDArray[np.float64]:
    """Return the measurements of a file; an empty cell is NaN."""
    lines = path.read_text().splitlines()[1:]
    return np.array([[float(cell or "nan") for cell in line.split(",")[1:]] for line in lines])


application = ChartPage(
    Path(os.environ.get("SPC_CSV", "chart.csv")), is_kept=os.environ.get("SPC_KEEP") == "1"
)
