"""All tools with their charts: a sparkline, the latest value, the open alarms."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from penstock import telemetry
from penstock.web import db
from penstock.web.shortcuts import render
from penstock.web.views.decorators.http import require_safe
from spc.account.permission import viewer_required
from spc.models import Alarm, Chart, Measurement, Parameter, Tool

RECENT = 40  # subgroups in a sparkline


@dataclass(frozen=True, slots=True)
class Row:
    """A chart of a tool; `sparkline` is the points of an SVG polyline in 100 x 30."""

    chart: Chart
    latest: float | None
    sparkline: str
    open_count: int


@dataclass(frozen=True, slots=True)
class Card:
    """A tool."""

    tool: Tool
    rows: list[Row]

    @property
    def open_count(self) -> int:
        return sum(row.open_count for row in self.rows)

    @property
    def has_measurements(self) -> bool:
        return any(row.latest is not None for row in self.rows)


@require_safe
@viewer_required
def overview(request):
    """Show all tools, those with open alarms first."""
    with telemetry.span("spc.overview"):
        cards = _cards()
    context = {
        "cards": sorted(cards, key=lambda card: (not card.open_count, card.tool.name)),
        "open_count": sum(card.open_count for card in cards),
        "measurement_count": _measurement_count(),
    }
    return render(request, "overview.html", context)


def _cards() -> list[Card]:
    recent, open_counts = _recent_means(), _open_counts()
    tools = db.session().scalars(
        select(Tool).options(selectinload(Tool.parameters).selectinload(Parameter.charts)).order_by(Tool.name)
    )
    return [
        Card(
            tool,
            [
                _row(chart, recent[parameter.id], open_counts.get(chart.id, 0))
                for parameter in tool.parameters
                for chart in parameter.charts
            ],
        )
        for tool in tools
    ]


def _recent_means() -> dict[int, list[float]]:
    """Return the means of the last subgroups of each parameter, in their order."""
    query = (
        select(Measurement.parameter_id, func.avg(Measurement.value))
        .join(Parameter, Parameter.id == Measurement.parameter_id)
        .where(Measurement.number > Parameter.last_number - RECENT)
        .group_by(Measurement.parameter_id, Measurement.number)
        .order_by(Measurement.parameter_id, Measurement.number)
    )
    means = defaultdict(list)
    for parameter_id, mean in db.session().execute(query):
        if mean is not None:
            means[parameter_id].append(mean)
    return means


def _open_counts() -> dict[int, int]:
    query = (
        select(Alarm.chart_id, func.count()).where(Alarm.acknowledged_at.is_(None)).group_by(Alarm.chart_id)
    )
    return dict(db.session().execute(query).all())


def _measurement_count() -> int:
    """Return how many measurements there are, from what the parameters say: counting a million takes a
    while."""
    return db.session().scalar(select(func.sum(Parameter.last_number * Parameter.subgroup_size))) or 0


def _row(chart: Chart, means: list[float], open_count: int) -> Row:
    return Row(chart, means[-1] if means else None, _polyline(means), open_count)


def _polyline(means: list[float]) -> str:
    if not means:
        return ""
    low, high = min(means), max(means)
    wide, tall = 100 / max(1, len(means) - 1), 28 / ((high - low) or 1)
    return " ".join(f"{x * wide:.1f},{29 - (mean - low) * tall:.1f}" for x, mean in enumerate(means))
