import math
import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from penstock.agent.metrics.exposition import OPENMETRICS, PROMETHEUS, number, render
from penstock.agent.metrics.family import Exemplar, Family, HistogramValue, Kind, Sample, SummaryValue

EXEMPLAR = Exemplar((("trace_id", "4bf9"),), 0.3, 1.5)
ALL_KINDS = [
    Family("x_orders", Kind.COUNTER, "Orders.", "", (Sample((("kind", "a"),), 3, EXEMPLAR),)),
    Family("x_depth", Kind.GAUGE, "Depth.", "", (Sample((), -0.5),)),
    Family(
        "x_wait_seconds",
        Kind.HISTOGRAM,
        "Waiting.",
        "seconds",
        (Sample((("kind", "a"),), HistogramValue((0.25, 1.0), (2, 1, 0), 0.75, (None, EXEMPLAR, None))),),
    ),
    Family("x_size_bytes", Kind.SUMMARY, "Sizes.", "bytes", (Sample((), SummaryValue(2, 9.5)),)),
    Family("x_build", Kind.INFO, "Build.", "", (Sample((("version", "1"),), 1),)),
    Family("x_door", Kind.STATES, "Door.", "", (Sample((("x_door", "open"),), 1),)),
]
PROMETHEUS_PAGE = """\
# HELP x_orders_total Orders.
# TYPE x_orders_total counter
x_orders_total{kind="a"} 3
# HELP x_depth Depth.
# TYPE x_depth gauge
x_depth -0.5
# HELP x_wait_seconds Waiting.
# TYPE x_wait_seconds histogram
x_wait_seconds_bucket{kind="a",le="0.25"} 2
x_wait_seconds_bucket{kind="a",le="1.0"} 3
x_wait_seconds_bucket{kind="a",le="+Inf"} 3
x_wait_seconds_sum{kind="a"} 0.75
x_wait_seconds_count{kind="a"} 3
# HELP x_size_bytes Sizes.
# TYPE x_size_bytes summary
x_size_bytes_count 2
x_size_bytes_sum 9.5
# HELP x_build_info Build.
# TYPE x_build_info gauge
x_build_info{version="1"} 1
# HELP x_door Door.
# TYPE x_door gauge
x_door{x_door="open"} 1
"""


def test_prometheus_text_of_every_kind() -> None:
    assert render(ALL_KINDS, PROMETHEUS) == PROMETHEUS_PAGE


def test_openmetrics_has_units_exemplars_and_an_end() -> None:
    lines = render(ALL_KINDS, OPENMETRICS).splitlines()
    assert "# TYPE x_orders counter" in lines
    assert 'x_orders_total{kind="a"} 3 # {trace_id="4bf9"} 0.3 1.500' in lines
    assert "# UNIT x_wait_seconds seconds" in lines
    assert 'x_wait_seconds_bucket{kind="a",le="1.0"} 3 # {trace_id="4bf9"} 0.3 1.500' in lines
    assert "# TYPE x_build info" in lines
    assert "# TYPE x_door stateset" in lines
    assert lines[-1] == "# EOF"


@pytest.mark.parametrize(
    ("form", "parse"),
    [
        pytest.param(PROMETHEUS, parse_text, id="prometheus"),
        pytest.param(OPENMETRICS, parse_openmetrics, id="openmetrics"),
    ],
)
def test_parser_of_prometheus_reads_every_kind_back(form, parse) -> None:
    found = {
        sample.name: sample.value for family in parse(render(ALL_KINDS, form)) for sample in family.samples
    }
    assert found["x_orders_total"] == 3
    assert found["x_depth"] == -0.5
    assert found["x_wait_seconds_sum"] == 0.75
    assert found["x_size_bytes_count"] == 2
    assert found["x_build_info"] == 1
    assert found["x_door"] == 1


@pytest.mark.skipif(
    shutil.which("promtool") is None and "CI" not in os.environ, reason="promtool is not installed"
)
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(HistogramValue((0.25,), (2, 1), -0.75), Kind.HISTOGRAM, id="negative-values"),
        pytest.param(HistogramValue((0.25,), (2, 1), math.nan), Kind.HISTOGRAM, id="no-number"),
        pytest.param(HistogramValue((-5.0, 5.0), (2, 1, 0), 3.5), Kind.HISTOGRAM, id="negative-bound"),
        pytest.param(SummaryValue(3, -0.75), Kind.SUMMARY, id="negative-summary"),
        pytest.param(SummaryValue(3, math.nan), Kind.SUMMARY, id="no-number-summary"),
    ],
)
def test_sum_that_may_fall_is_left_out_where_it_would_cost_the_page(value, kind: Kind) -> None:
    family = Family("x_degrees", kind, "Outside.", "", (Sample((), value),))
    (strict,) = parse_openmetrics(render([family], OPENMETRICS))
    assert "x_degrees_sum" not in {sample.name for sample in strict.samples}
    (plain,) = parse_text(render([family], PROMETHEUS))
    assert {"x_degrees_sum", "x_degrees_count"} <= {sample.name for sample in plain.samples}


def test_promtool_has_nothing_to_say_of_any_kind() -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=PROMETHEUS_PAGE, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_family_without_samples_is_left_out() -> None:
    assert render([Family("x", Kind.GAUGE, "h", "", ())]) == ""


@pytest.mark.parametrize(
    ("form", "parse"),
    [
        pytest.param(PROMETHEUS, parse_text, id="prometheus"),
        pytest.param(OPENMETRICS, parse_openmetrics, id="openmetrics"),
    ],
)
def test_label_and_help_cannot_end_their_line_or_their_quotes(form, parse) -> None:
    text = 'a"b\\c\nd'
    (family,) = parse(render([Family("x", Kind.GAUGE, text, "", (Sample((("l", text),), 1),))], form))
    assert family.documentation == text
    assert family.samples[0].labels == {"l": text}


@pytest.mark.parametrize(
    ("form", "parse"),
    [
        pytest.param(PROMETHEUS, parse_text, id="prometheus"),
        pytest.param(OPENMETRICS, parse_openmetrics, id="openmetrics"),
    ],
)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20), value=st.floats() | st.integers())
def test_whatever_stands_in_a_label_is_read_back(form, parse, text: str, value: float) -> None:
    samples = (Sample((("l", text),), value), Sample((("l", text + "2"),), 1))
    page = render([Family("x", Kind.GAUGE, "h", "", samples)], form)
    (family,) = parse(page)
    assert [sample.labels for sample in family.samples] == [{"l": text}, {"l": text + "2"}]
    assert family.samples[0].value == pytest.approx(float(value), nan_ok=True)


def test_half_a_surrogate_pair_is_written_as_its_escape() -> None:
    (family,) = parse_text(render([Family("x", Kind.GAUGE, "h", "", (Sample((("l", "a\udc80"),), 1),))]))
    assert family.samples[0].labels == {"l": "a\\udc80"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(7, "7", id="whole"),
        pytest.param(7.0, "7", id="whole-float"),
        pytest.param(0.1, "0.1", id="fraction"),
        pytest.param(1e-9, "1e-09", id="small"),
        pytest.param((1 << 64) - 1, "1.8446744073709552e+19", id="beyond-a-double"),
        pytest.param(float("inf"), "+Inf", id="infinite"),
        pytest.param(float("-inf"), "-Inf", id="below-all"),
    ],
)
def test_number_is_written_so_that_it_reads_back_the_same(value: float, text: str) -> None:
    assert number(value) == text
    assert float(text) == float(value)


def test_no_number_is_written_as_prometheus_spells_it() -> None:
    assert number(math.nan) == "NaN"
