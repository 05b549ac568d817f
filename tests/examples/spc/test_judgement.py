"""What follows from a chart, its rules and its readings."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from spc.judgement import judge, kinds_for
from spc.models import Measure
from spc.readings import Readings
from spc.statistics import NELSON, WESTERN_ELECTRIC, ChartKind, Rule, RuleSetting

GENERATOR = np.random.default_rng(3)
COUNTS = {ChartKind.P, ChartKind.NP, ChartKind.C, ChartKind.U}


def chart(kind: ChartKind, **changed: Any) -> Any:
    values = {
        "kind": kind, "centre": None, "sigma": None, "has_entered_limits": False, "baseline_first": 0,
        "baseline_count": 20, "lower_spec": 40.0, "upper_spec": 60.0,
    }  # fmt: skip
    return SimpleNamespace(**values | changed)


def readings(values: Any) -> Readings:
    numbers = np.arange(1, 1 + len(values))
    return Readings(numbers, numbers, np.full(len(values), 100), np.asarray(values, dtype=float))


def readings_for(kind: ChartKind) -> Readings:
    if kind in COUNTS:
        return readings(GENERATOR.poisson(5, (30, 1)))
    return readings(GENERATOR.normal(50, 1, (30, 1 if kind is ChartKind.I_MR else 4)))


@pytest.mark.parametrize("kind", ChartKind)
def test_each_kind_of_chart_is_judged(kind: ChartKind) -> None:
    judgement = judge(chart(kind), WESTERN_ELECTRIC, readings_for(kind))
    assert judgement.control.kind is kind
    assert len(judgement.broken) == len(judgement.control.series)
    assert judgement.weights.shape == (30,)
    assert (judgement.capability is None) == (kind in COUNTS)


@pytest.mark.parametrize("kind", ChartKind)
def test_entered_limits_take_the_place_of_the_baseline(kind: ChartKind) -> None:
    entered = {"has_entered_limits": True, "centre": 0.5, "sigma": 2.0, "baseline_first": 999}
    judgement = judge(chart(kind, **entered), WESTERN_ELECTRIC, readings_for(kind))
    assert judgement.control.series[0].centre[0] == (50 if kind is ChartKind.NP else 0.5)


def test_runs_are_asked_of_the_location_alone() -> None:
    judgement = judge(chart(ChartKind.XBAR_R), [*WESTERN_ELECTRIC, *NELSON], readings_for(ChartKind.XBAR_R))
    assert set(judgement.broken[0]) == set(Rule)
    assert set(judgement.broken[1]) == {Rule.WE1, Rule.N1}


def test_weights_of_all_broken_rules_add_up() -> None:
    values = GENERATOR.normal(50, 0.1, (30, 4))
    values[25] += [100, 100, 100, 0]  # mean and range are both beyond
    weighty = [RuleSetting(Rule.WE1, is_on=True, weight=1.5, run=1, out_of=1, sigmas=3)]
    assert judge(chart(ChartKind.XBAR_R), weighty, readings(values)).weights[25] == 3


def test_no_rule_weighs_nothing() -> None:
    assert not judge(chart(ChartKind.XBAR_R), [], readings_for(ChartKind.XBAR_R)).weights.any()


def test_specification_upside_down_is_no_capability_and_no_fault() -> None:
    upside_down = chart(ChartKind.XBAR_R, lower_spec=60.0, upper_spec=40.0)
    judgement = judge(upside_down, [], readings_for(ChartKind.XBAR_R))
    assert (judgement.capability, judgement.fault) == (None, "")


@pytest.mark.parametrize(
    ("measure", "size", "kinds"),
    [
        (Measure.VALUES, 5, ["xbar-r", "xbar-s"]),
        (Measure.VALUES, 1, ["i-mr"]),
        (Measure.DEFECTIVES, 1, ["p", "np"]),
        (Measure.DEFECTS, 1, ["u", "c"]),
    ],
)
def test_kinds_suit_what_is_measured(measure: Measure, size: int, kinds: list[str]) -> None:
    assert kinds_for(SimpleNamespace(measure=measure, subgroup_size=size)) == kinds
