"""Drawings: well-formed whatever the title, true to the chart, quick with ten thousand points."""

import math
from cProfile import Profile
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spc.drawing.svg import Paper, control_chart_svg
from spc.statistics import NELSON, WESTERN_ELECTRIC, c, i_mr, violations, xbar_r, xbar_s

SVG = "{http://www.w3.org/2000/svg}"
VALUES = np.random.default_rng(2).normal(50, 2, (40, 5))


def drawn(chart, rules=WESTERN_ELECTRIC, **words):
    broken = [violations(series, rules) for series in chart.series]
    return ET.fromstring(control_chart_svg(chart, title=words.pop("title", "a"), broken=broken, **words))


def circles(root) -> list:
    return list(root.iter(f"{SVG}circle"))


@given(title=st.text())
def test_any_title_is_shown_and_never_markup(title: str) -> None:
    chart = i_mr([1.0, 2, 3])
    root = ET.fromstring(control_chart_svg(chart, title=title))
    names = {element.tag for element in root.iter()}
    assert names <= {SVG + name for name in ("svg", "title", "rect", "text", "g", "path", "circle")}


def test_title_of_markup_is_escaped_and_characters_that_xml_lacks_are_replaced() -> None:
    text = control_chart_svg(i_mr([1.0, 2, 3]), title="</title><script>alert('\"&')\x00\ufffe</script>")
    assert "<script" not in text
    assert ET.fromstring(text).find(f"{SVG}title").text == (
        "</title><script>alert('\"&')\ufffd\ufffd</script>"
    )


def test_each_broken_rule_is_marked_and_named() -> None:
    values = [10.0] * 30
    values[10], values[20] = 11, 30
    chart = i_mr(values, baseline=slice(0, 12))
    found = violations(chart.series[0], WESTERN_ELECTRIC)
    marks = circles(drawn(chart))
    titles = [mark.find(f"{SVG}title").text for mark in marks]
    assert "point 21: 30; WE1" in titles
    assert len([title for title in titles if title.startswith("point")]) == len(marks)
    assert len(marks) >= int(np.logical_or.reduce(list(found.values())).sum())


def test_limits_are_named_and_the_unit_is_told_and_never_markup() -> None:
    chart = xbar_r(VALUES)
    root = ET.fromstring(control_chart_svg(chart, title="a", unit="<µm>"))
    words = {
        text.text or text[0].tail for text in root.iter(f"{SVG}text")
    }  # after its tooltip, where it has one
    assert {"X-bar (<µm>)", "R (<µm>)"} <= words
    for name, line in (("UCL", "upper"), ("CL", "centre"), ("LCL", "lower")):
        assert f"{name} {getattr(chart.series[0], line)[-1]:.6g}" in words


def test_point_that_breaks_no_rule_is_not_marked() -> None:
    assert circles(ET.fromstring(control_chart_svg(xbar_r(VALUES), title="a"))) == []


@pytest.mark.parametrize("make", [xbar_r, xbar_s])
def test_points_lie_where_their_values_are(make) -> None:
    chart = make(VALUES)
    root = drawn(chart, rules=())
    for series, group in zip(chart.series, root.findall(f"{SVG}g"), strict=True):
        path = next(p for p in group.findall(f"{SVG}path") if p.get("stroke-linejoin") == "round").get("d")
        numbers = np.array(path.removeprefix("M").split(), dtype=float).reshape(-1, 2)
        assert np.corrcoef(numbers[:, 1], series.values)[0, 1] == pytest.approx(-1, abs=1e-4)
        assert (np.diff(numbers[:, 0]) > 0).all()


def test_line_is_interrupted_where_points_are_missing() -> None:
    text = control_chart_svg(c([3, 4, math.nan, 5, 6, math.nan, math.nan, 7]), title="a")
    path = next(p for p in ET.fromstring(text).iter(f"{SVG}path") if p.get("stroke-linejoin") == "round")
    assert path.get("d").count("M") == 3


def test_limits_of_several_sizes_are_steps() -> None:
    values = VALUES.copy()
    values[10:20, 3:] = math.nan
    root = drawn(xbar_r(values))
    upper = next(p for p in root.iter(f"{SVG}path") if p.get("stroke") == "#c0392b").get("d")
    assert upper.count("L") == 5  # three levels have six corners


@pytest.mark.parametrize(
    "values", [[math.nan, 1.0, 1.0], [5.0, 5.0, 5.0]], ids=["missing-first", "never-varies"]
)
def test_chart_without_variation_is_drawn(values) -> None:
    assert drawn(i_mr(values)).tag == f"{SVG}svg"


def test_subgroups_of_which_nothing_was_measured_are_drawn() -> None:
    values = VALUES.copy()
    values[0] = values[-1] = values[7] = math.nan
    assert drawn(xbar_s(values), rules=NELSON).tag == f"{SVG}svg"


def test_paper_has_the_size_that_was_asked_for() -> None:
    root = drawn(xbar_r(VALUES), paper=Paper(600, 100))
    assert (root.get("width"), root.get("viewBox")) == ("600", f"0 0 6000 {int(root.get('height')) * 10}")


def test_ten_thousand_points_are_drawn_in_fewer_steps_than_there_are_points() -> None:
    """12 ms were measured: 4,161 calls, one for each point that is marked and none for the others."""
    chart = xbar_r(np.random.default_rng(2).normal(50, 2, (10_000, 5)))
    broken = [violations(series, WESTERN_ELECTRIC) for series in chart.series]
    steps = Profile(builtins=True)
    text = steps.runcall(control_chart_svg, chart, title="a", broken=broken)
    assert sum(each.callcount for each in steps.getstats()) < 10_000
    assert text.count("<path") < 100
