"""A control chart as SVG: zones, limits, the line of its points, a red dot for each broken rule.

One panel for each series, below each other.  A point with a broken rule says in its tooltip which.  A chart
of many points is one path of integers (scale.py): ten thousand take some milliseconds.

In:     a ControlChart; what `violations` found in each of its series; the words above it.
Out:    an SVG document as text.
Never:  lets words become markup: whatever a user called the chart is escaped, and what XML cannot hold is
        replaced.

Rules:  SVG 1.1; XML 1.0 section 2.2 (characters).  Presentation attributes, no style sheet: a page whose
        content security policy forbids inline styles shows it as well.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spc.drawing.scale import FINENESS, Places, Scale, fitting_scale, round_numbers
from spc.statistics import ControlChart, Rule, Series

Broken = Mapping[Rule, NDArray[np.bool_]]

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ZONES: Final = (
    (3, "#fde2e1"),
    (2, "#fff3cd"),
    (1, "#e2f3e5"),
)  # sigmas from the centre, colour; outermost first
_LEFT, _RIGHT, _TOP, _GAP, _BOTTOM = (px * FINENESS for px in (70, 120, 46, 26, 24))
_MAX_DOTS: Final = 400  # more points than these are a line alone: their dots would hide it


@dataclass(frozen=True, slots=True)
class Paper:
    """The size of a drawing, in pixels."""

    width_px: int = 1200
    panel_px: int = 260


@dataclass(frozen=True, slots=True)
class _Panel:
    """A series, what its values are measured in, and its place on the paper."""

    series: Series
    unit: str
    broken: Broken
    x: Scale
    y: Scale


def control_chart_svg(
    chart: ControlChart,
    *,
    title: str,
    unit: str = "",
    broken: Sequence[Broken] = (),
    paper: Paper | None = None,
) -> str:
    """Return `chart` as an SVG document.

    Args:
        chart: to draw.
        title: any text.
        unit: of the plotted values; any text.
        broken: for each series what `violations` found; empty = no point is marked.
        paper: None = 1200 pixels wide, 260 a panel.
    """
    paper = paper or Paper()
    panels = _panels(chart, unit, broken or [{}] * len(chart.series), paper)
    width, height = paper.width_px * FINENESS, panels[-1].y.start + _BOTTOM
    words = _words(title)
    parts = [
        _opening(paper.width_px, height // FINENESS),
        f"<title>{words}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="260" font-size="180" font-weight="bold" fill="#222">{words}</text>',
    ]
    for panel in panels:
        parts += _panel_parts(panel)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _opening(width_px: int, height_px: int) -> str:
    size = (
        f'width="{width_px}" height="{height_px}" viewBox="0 0 {width_px * FINENESS} {height_px * FINENESS}"'
    )
    letters = 'font-family="sans-serif" font-size="120"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} {letters} fill="none">'


def _panels(chart: ControlChart, unit: str, broken: Sequence[Broken], paper: Paper) -> list[_Panel]:
    panels = []
    height = paper.panel_px * FINENESS
    for at, (series, found) in enumerate(zip(chart.series, broken, strict=True)):
        top = _TOP + at * (height + _GAP)
        x = Scale(0.5, series.values.size + 0.5, _LEFT, paper.width_px * FINENESS - _RIGHT)
        lines = [series.values, series.lower, series.upper, series.centre]
        panels.append(_Panel(series, unit, found, x, fitting_scale(lines, top + height, top)))
    return panels


def _panel_parts(panel: _Panel) -> Iterator[str]:
    yield "<g>"
    yield from _zones(panel)
    yield from _axes(panel)
    yield from _points(panel)
    yield from _lines(panel)
    yield from _marks(panel)
    yield "</g>"


def _zones(panel: _Panel) -> Iterator[str]:
    series = panel.series
    for sigmas, colour in _ZONES:
        # A zone ends with the limits where these do (a range has none below 0).
        above = np.minimum(series.centre + sigmas * series.sigma, series.upper)
        below = np.maximum(series.centre - sigmas * series.sigma_below, series.lower)
        edge = [*_steps(panel, above), *reversed(_steps(panel, below))]
        if edge:
            yield f'<path fill="{colour}" d="M{" ".join(f"{x} {y}" for x, y in edge)}Z"/>'


def _axes(panel: _Panel) -> Iterator[str]:
    left, right, bottom = panel.x.start, panel.x.end, panel.y.start
    yield f'<path stroke="#888" stroke-width="8" d="M{left} {panel.y.end}V{bottom}H{right}"/>'
    for number in round_numbers(panel.y.low, panel.y.high, 5):
        yield _word(left - 60, panel.y.place(number) + 40, f"{number:.6g}", anchor="end")
    for number in round_numbers(panel.x.low, panel.x.high, 10):
        if number == int(number) and number >= 1:
            yield _word(panel.x.place(number), bottom + 150, f"{number:.0f}", anchor="middle")
    unit = f" ({panel.unit})" if panel.unit else ""
    yield _word(left, panel.y.end - 50, f"{panel.series.name}{unit}", weight="bold")


def _lines(panel: _Panel) -> Iterator[str]:
    series = panel.series
    for line, colour, name, hint in (
        (series.upper, "#c0392b", "UCL", "upper"),
        (series.centre, "#2d7d46", "CL", "centre"),
        (series.lower, "#c0392b", "LCL", "lower"),
    ):
        steps = _steps(panel, line)
        if steps:
            path = "L".join(f"{x} {y}" for x, y in steps)
            yield f'<path stroke="{colour}" stroke-width="12" d="M{path}"/>'
            last = line[~np.isnan(line)][-1]
            words = f"{name} {last:.6g}"
            yield _word(panel.x.end + 50, steps[-1][1] + 40, words, colour=colour, hint=hint)


def _steps(panel: _Panel, line: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the corners of a line that is level at each point; NaN goes on at the level before."""
    is_there = ~np.isnan(line)
    if not is_there.any():
        return []
    first = int(np.argmax(is_there))
    level = line[np.maximum.accumulate(np.where(is_there, np.arange(line.size), first))]
    starts = np.flatnonzero(np.diff(level, prepend=np.nan) != 0)  # NaN != 0: the first one is a start
    left = panel.x.places(np.asarray(starts + 0.5, dtype=np.float64))
    right = np.append(left[1:], panel.x.end)
    y = panel.y.places(level[starts])
    corners = np.column_stack([left, y, right, y]).reshape(-1, 2)
    return [(x, y) for x, y in corners.tolist()]


def _points(panel: _Panel) -> Iterator[str]:
    x, y = _places(panel, np.flatnonzero(~np.isnan(panel.series.values)))
    if not x.size:
        return
    yield f'<path stroke="#1f4e79" stroke-width="10" stroke-linejoin="round" d="{_path(panel, x, y)}"/>'
    if x.size <= _MAX_DOTS:
        dots = "".join(f"M{a} {b}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))
        yield f'<path stroke="#1f4e79" stroke-width="50" stroke-linecap="round" d="{dots}"/>'


def _path(panel: _Panel, x: Places, y: Places) -> str:
    """Return the line through the points; it is interrupted where some are missing."""
    there = np.flatnonzero(~np.isnan(panel.series.values))
    breaks = np.flatnonzero(np.diff(there) > 1) + 1
    numbers = np.column_stack([x, y])
    runs = np.split(numbers, breaks) if breaks.size else [numbers]
    return "".join(f"M{' '.join(map(str, run.reshape(-1).tolist()))}" for run in runs)


def _places(panel: _Panel, at: NDArray[np.intp]) -> tuple[Places, Places]:
    return panel.x.places(np.asarray(at + 1, dtype=np.float64)), panel.y.places(panel.series.values[at])


def _marks(panel: _Panel) -> Iterator[str]:
    if not panel.broken:
        return
    at = np.flatnonzero(np.logical_or.reduce(list(panel.broken.values())))
    x, y = _places(panel, at)
    names = [rule.value for rule in panel.broken]
    rows = np.column_stack([flags[at] for flags in panel.broken.values()]).tolist()
    values = panel.series.values[at].tolist()
    radius = 42 if panel.series.values.size <= _MAX_DOTS else 24
    yield '<g fill="#d00000">'
    for point, a, b, value, row in zip(at.tolist(), x.tolist(), y.tolist(), values, rows, strict=True):
        rules = ", ".join(name for name, is_broken in zip(names, row, strict=True) if is_broken)
        tooltip = f"point {point + 1}: {value:.6g}; {rules}"
        yield f'<circle cx="{a}" cy="{b}" r="{radius}"><title>{tooltip}</title></circle>'
    yield "</g>"


def _word(  # noqa: PLR0913 - what a piece of text is, by keyword
    x: int,
    y: int,
    text: str,
    *,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = "#444",
    hint: str = "",
) -> str:
    title = f"<title>{hint}</title>" if hint else ""
    look = f'text-anchor="{anchor}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x}" y="{y}" {look}>{title}{_words(text)}</text>'


def _words(text: str) -> str:
    """Return text as it may stand in XML."""
    return escape(_NOT_XML.sub("\ufffd", text), quote=True)
