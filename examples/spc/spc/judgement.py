"""What is to be said about a chart: limits, violations, weights, capability.

In:     a Chart, the settings of its rules, its Readings.
Out:    a Judgement.
Never:  asks the database, or keeps anything.

Rules:  the statistics' own (statistics/).  The rules of a chart are asked of its location.  Of the spread
        only those of a single point are: ranges and deviations are not symmetrical about their centre, and
        runs among them mean less (Montgomery, section 6.2.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock import telemetry
from spc.models import Chart, Measure, Parameter, RuleSet
from spc.readings import Readings
from spc.statistics import (
    Capability,
    ChartKind,
    ControlChart,
    Estimator,
    Rule,
    RuleSetting,
    Specification,
    Standard,
    StatisticsError,
    c,
    capability,
    i_mr,
    np_,
    p,
    u,
    violations,
    weigh,
    xbar_r,
    xbar_s,
)

OF_COUNTS = {ChartKind.P, ChartKind.NP, ChartKind.C, ChartKind.U}
SINGLE_POINT_RULES = {Rule.WE1, Rule.N1}


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A chart with all that follows from it.

    Attributes:
        control: None where the limits cannot be computed; then `fault` says why.
        broken: for each series of `control`, rule -> whether each point completes a violation.
        weights: of each point; its violated rules added up.
        capability: None without specification limits, for counts, and without measurements.
    """

    control: ControlChart | None
    broken: tuple[dict[Rule, NDArray[np.bool_]], ...] = ()
    weights: NDArray[np.float64] | None = None
    capability: Capability | None = None
    fault: str = ""


def kinds_for(parameter: Parameter) -> list[ChartKind]:
    """Return the kinds of chart that suit what is measured."""
    match parameter.measure:
        case Measure.DEFECTIVES:
            return [ChartKind.P, ChartKind.NP]
        case Measure.DEFECTS:
            return [ChartKind.U, ChartKind.C]
    return [ChartKind.I_MR] if parameter.subgroup_size == 1 else [ChartKind.XBAR_R, ChartKind.XBAR_S]


def settings_of(rules: RuleSet | None) -> list[RuleSetting]:
    """Return the settings that a rule set holds; none for no rule set."""
    lines = rules.lines if rules else ()
    return [
        RuleSetting(each.rule, each.is_on, each.weight, each.run, each.out_of, each.sigmas) for each in lines
    ]


def judge(chart: Chart, settings: Sequence[RuleSetting], readings: Readings) -> Judgement:
    """Compute limits, violations, weights and capability; what cannot be computed is said in `fault`."""
    if not readings.count:
        return Judgement(None, fault="no measurements yet")
    try:
        with telemetry.span("spc.limits", kind=str(chart.kind)):
            control = control_chart(chart, readings)
    except StatisticsError as error:
        return Judgement(None, fault=str(error))
    with telemetry.span("spc.rules", points=readings.count):
        broken = broken_rules(control, settings)
    weights = np.zeros(readings.count)
    for found in filter(None, broken):  # without a rule that is on there is nothing to weigh
        weights += weigh(found, settings)
    return Judgement(control, broken, weights, _capability(chart, readings))


def broken_rules(
    control: ControlChart, settings: Sequence[RuleSetting]
) -> tuple[dict[Rule, NDArray[np.bool_]], ...]:
    """Return for each series which rules its points break."""
    location, *spread = control.series
    of_one_point = [each for each in settings if each.rule in SINGLE_POINT_RULES]
    return violations(location, settings), *(violations(series, of_one_point) for series in spread)


def control_chart(chart: Chart, readings: Readings) -> ControlChart:
    """Return points and limits.

    Raises:
        StatisticsError: there is nothing to compute the limits from, or what was entered makes no sense.
    """
    options = {"baseline": _baseline(chart)}
    if chart.has_entered_limits:
        options = {"limits": Standard(chart.centre, chart.sigma)}
    match chart.kind:
        case ChartKind.XBAR_R:
            return xbar_r(readings.values, **options)
        case ChartKind.XBAR_S:
            return xbar_s(readings.values, **options)
        case ChartKind.I_MR:
            return i_mr(readings.values[:, 0], **options)
        case ChartKind.P:
            return p(readings.values[:, 0], readings.sizes, **options)
        case ChartKind.NP:
            return np_(readings.values[:, 0], readings.sizes, **options)
        case ChartKind.C:
            return c(readings.values[:, 0], **options)
        case ChartKind.U:
            return u(readings.values[:, 0], readings.sizes, **options)


def _baseline(chart: Chart) -> slice:
    return slice(chart.baseline_first, chart.baseline_first + chart.baseline_count)


def _capability(chart: Chart, readings: Readings) -> Capability | None:
    if chart.kind in OF_COUNTS or chart.lower_spec is chart.upper_spec is None:
        return None
    values = readings.values[:, 0] if readings.values.shape[1] == 1 else readings.values
    estimator = Estimator.DEVIATION if chart.kind is ChartKind.XBAR_S else Estimator.RANGE
    try:
        with telemetry.span("spc.capability"):
            return capability(values, Specification(chart.lower_spec, chart.upper_spec), estimator=estimator)
    except StatisticsError:
        return None  # a single measurement, a specification upside down: there is no index then
