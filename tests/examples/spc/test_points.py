"""The points of a chart, written down for the browser."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from spc.judgement import judge
from spc.points import describe_rule, encode_points
from spc.readings import Readings
from spc.statistics import NELSON, WESTERN_ELECTRIC, ChartKind, Rule, RuleSetting


def chart(**changed: Any) -> Any:
    parameter = SimpleNamespace(unit="nm", is_count=False)
    values = {
        "version": 3, "kind": ChartKind.XBAR_R, "parameter": parameter, "centre": None, "sigma": None,
        "has_entered_limits": False, "baseline_first": 0, "baseline_count": 10, "lower_spec": None,
        "upper_spec": 99.0, "alarm_weight": 1.0,
    }  # fmt: skip
    return SimpleNamespace(**values | changed)


def readings(values: Any) -> Readings:
    table = np.asarray(values, dtype=float)
    numbers = np.arange(5, 5 + len(table))
    return Readings(numbers, numbers * 60, np.full(len(table), table.shape[1]), table)


def encoded(values: Any, **changed: Any) -> dict[str, Any]:
    there = readings(values)
    found = chart(**changed)
    return json.loads(
        encode_points(found, list(WESTERN_ELECTRIC), there, judge(found, WESTERN_ELECTRIC, there))
    )


VALUES = np.random.default_rng(1).normal(50, 1, (12, 3))


def test_limits_that_are_the_same_everywhere_are_one_number() -> None:
    series = encoded(VALUES)["series"][0]
    assert all(isinstance(series[name], float) for name in ("centre", "lower", "upper", "sigma"))


def test_limits_of_a_subgroup_with_a_missing_value_are_told_where_they_begin() -> None:
    values = VALUES.copy()
    values[7, 1] = np.nan
    series = encoded(values)["series"][0]
    assert series["upper"]["begins"] == [0, 7, 8]
    assert series["upper"]["values"][0] == series["upper"]["values"][2] < series["upper"]["values"][1]


def test_point_without_any_value_is_null() -> None:
    values = VALUES.copy()
    values[4] = np.nan
    assert encoded(values)["series"][0]["values"][4] is None


def test_numbers_begin_with_the_first_and_go_on_by_steps() -> None:
    sent = encoded(VALUES)
    assert (sent["numbers"], sent["times"]) == ([5] + [1] * 11, [300] + [60] * 11)


def test_violations_are_places_by_rule() -> None:
    values = np.tile([49.0, 50.0, 51.0], (12, 1))
    values[11] += 20
    assert encoded(values)["series"][0]["violations"] == {"WE1": [11]}


def test_six_digits_are_enough_for_a_screen() -> None:
    (first, *_rest) = encoded(VALUES * 1e6)["series"][0]["values"]
    assert first == pytest.approx(VALUES[0].mean() * 1e6, rel=1e-5)
    assert first == round(first, -2)


def test_values_next_to_nothing_are_not_taken_for_missing_ones() -> None:
    values = encoded(VALUES * 1e-310, kind=ChartKind.I_MR)["series"][0]["values"]
    assert values == [0] * len(VALUES)


def test_chart_without_limits_says_why_and_has_no_series() -> None:
    sent = encoded(VALUES, baseline_first=500)
    assert sent["series"] == []
    assert "baseline" in sent["fault"] or "expected" in sent["fault"]


def test_chart_without_measurements_is_a_document_all_the_same() -> None:
    sent = encoded(np.empty((0, 3)))
    assert (sent["numbers"], sent["series"], sent["fault"]) == ([], [], "no measurements yet")


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        (WESTERN_ELECTRIC[0], "WE1: one point beyond 3 sigma"),
        (WESTERN_ELECTRIC[1], "WE2: 2 of 3 beyond 2 sigma, on one side"),
        (WESTERN_ELECTRIC[3], "WE4: 8 in a row on one side of the centre"),
        (NELSON[2], "N3: 6 in a row steadily up or steadily down"),
        (NELSON[3], "N4: 14 in a row up and down in turn"),
        (NELSON[6], "N7: 15 in a row within 1 sigma of both sides"),
        (NELSON[7], "N8: 8 in a row beyond 1 sigma, on either side"),
        (
            RuleSetting(Rule.WE2, is_on=True, weight=1, run=3, out_of=3, sigmas=1.5),
            "WE2: 3 in a row beyond 1.5 sigma, on one side",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else value.rule,
)
def test_rule_is_described_as_it_is_set(setting: RuleSetting, text: str) -> None:
    assert describe_rule(setting) == text
