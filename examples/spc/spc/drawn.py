"""What this worker has drawn already: the parts of a chart's page that cost something, by chart and version.

A chart changes when measurements arrive or an engineer changes it, and is looked at a thousand times in
between. So what is read, judged and encoded once is kept, under the chart's version: what is found is never
out of date, because a new version is another key. Each worker keeps its own, at most MAX_CHARTS of them (some
200 KB each).

In:     a Chart.
Out:    a Drawn.
Never:  outlives a version: the newest of each chart replaces the one before.
"""

import gzip
import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass

from penstock import telemetry
from spc.histogram import Histogram, histogram_of
from spc.judgement import Judgement, judge, settings_of
from spc.models import Chart
from spc.points import encode_points
from spc.readings import readings_of
from spc.rules import rules_in_force
from spc.statistics import Capability

MAX_CHARTS = 64
LEVEL = 6  # of gzip: 9 takes twice as long for 1 % less


@dataclass(frozen=True, slots=True)
class Level:
    """The three lines of a series, where they end."""

    name: str
    lower: float
    centre: float
    upper: float
    violation_count: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """One version of a chart.

    Attributes:
        points: the document of points.py; `packed` is the same through gzip.
    """

    version: int
    points: bytes
    packed: bytes
    count: int
    fault: str
    levels: tuple[Level, ...]
    capability: Capability | None
    histogram: Histogram | None


_known: "OrderedDict[int, Drawn]" = OrderedDict()
_lock = threading.Lock()
_turns: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)  # by chart: who draws it


def drawn(chart: Chart) -> Drawn:
    """Return what there is to show of a chart, computed at the first request for its version.

    Whoever asks meanwhile waits for it: eight threads that all draw the same chart take eight times as long,
    and hold up everybody else.
    """
    if known := _look_up(chart):
        return known
    with _lock:
        turn = _turns[chart.id]
    with turn:
        return _look_up(chart) or _keep(chart.id, _draw(chart))


def _look_up(chart: Chart) -> Drawn | None:
    with _lock:
        known = _known.get(chart.id)
        if known is None or known.version != chart.version:
            return None
        _known.move_to_end(chart.id)
        return known


def _keep(number: int, made: Drawn) -> Drawn:
    with _lock:
        _known[number] = made
        while len(_known) > MAX_CHARTS:
            _known.popitem(last=False)
    return made


def forget_drawn() -> None:
    """Forget everything: another database may have the same charts."""
    with _lock:
        _known.clear()


def _draw(chart: Chart) -> Drawn:
    settings = settings_of(rules_in_force(chart))
    readings = readings_of(chart.parameter)
    judgement = judge(chart, settings, readings)
    with telemetry.span("spc.encode", points=readings.count):
        points = encode_points(chart, settings, readings, judgement)
        packed = gzip.compress(points, LEVEL, mtime=0)
    return Drawn(
        version=chart.version,
        points=points,
        packed=packed,
        count=readings.count,
        fault=judgement.fault,
        levels=_levels(judgement),
        capability=judgement.capability,
        histogram=histogram_of(readings.values, chart.lower_spec, chart.upper_spec),
    )


def _levels(judgement: Judgement) -> tuple[Level, ...]:
    if judgement.control is None:
        return ()
    pairs = zip(judgement.control.series, judgement.broken, strict=True)
    return tuple(
        Level(
            series.name,
            float(series.lower[-1]),
            float(series.centre[-1]),
            float(series.upper[-1]),
            sum(int(found.sum()) for found in broken.values()),
        )
        for series, broken in pairs
    )
