import math

import pytest

from penstock.telemetry.metrics.definition import Definition, Kind, Merge, MetricError, tidy_bounds


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"name": ""}, "expected letters, digits", id="no-name"),
        pytest.param({"name": "a-b"}, "'a-b'; expected letters, digits", id="dash"),
        pytest.param({"name": "1a"}, "a letter first", id="digit-first"),
        pytest.param({"name": "a\n"}, "expected letters, digits", id="line-feed"),
        pytest.param({"name": "a" * 201}, "expected letters, digits", id="long-name"),
        pytest.param({"name": 3}, "name 3; expected letters", id="name-that-is-no-text"),
        pytest.param({"help": "x" * 1001}, "expected at most 1000 characters", id="long-help"),
        pytest.param({"help": None}, "help None", id="help-that-is-no-text"),
        pytest.param({"unit": "bytes"}, "expected a word that the name ends in", id="unit-not-in-the-name"),
        pytest.param({"labels": ("a", "a")}, "label 'a' is there twice", id="label-twice"),
        pytest.param({"labels": ("__a",)}, "label '__a'; expected letters", id="label-of-prometheus"),
        pytest.param({"labels": ("a-b",)}, "label 'a-b'; expected letters", id="label-with-dash"),
        pytest.param({"labels": (3,)}, "label 3; expected letters", id="label-that-is-no-text"),
        pytest.param(
            {"labels": tuple(f"l{n}" for n in range(21))}, "21 labels; expected at most 20", id="many"
        ),
        pytest.param({"bounds": (1.0,)}, "expected none but in a histogram", id="bounds-of-a-counter"),
        pytest.param({"merge": Merge.MAX}, "merge 'max'; expected 'sum' or 'each'", id="merge-of-a-counter"),
        pytest.param({"kind": Kind.HISTOGRAM}, "expected 1 to 200 rising", id="no-bounds"),
        pytest.param({"kind": Kind.HISTOGRAM, "bounds": (2.0, 1.0)}, "rising numbers", id="falling"),
        pytest.param({"kind": Kind.HISTOGRAM, "bounds": (1.0, 1.0)}, "rising numbers", id="equal"),
        pytest.param({"kind": Kind.HISTOGRAM, "bounds": (math.nan,)}, "rising numbers", id="no-number"),
        pytest.param(
            {"kind": Kind.HISTOGRAM, "bounds": (1.0,), "labels": ("le",)}, "the format's own", id="le"
        ),
        pytest.param({"kind": Kind.SUMMARY, "labels": ("quantile",)}, "the format's own", id="quantile"),
        pytest.param({"merge": Merge.EACH, "labels": ("worker",)}, "the format's own", id="worker"),
    ],
)
def test_definition_that_cannot_be_a_metric_is_refused(fields, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        Definition(**{"name": "orders", "kind": Kind.COUNTER} | fields)


@pytest.mark.parametrize(
    ("definition", "cells"),
    [
        pytest.param(Definition("a", Kind.COUNTER), 1, id="counter"),
        pytest.param(Definition("a", Kind.GAUGE, merge=Merge.LAST), 3, id="gauge"),
        pytest.param(Definition("a", Kind.HISTOGRAM, bounds=(1.0, 2.0)), 4, id="histogram"),
        pytest.param(Definition("a", Kind.SUMMARY), 2, id="summary"),
        pytest.param(Definition("a", Kind.INFO, labels=("version",), merge=Merge.MAX), 3, id="info"),
    ],
)
def test_definition_comes_back_from_json_with_its_cells(definition: Definition, cells: int) -> None:
    assert Definition.unpack(definition.pack()) == definition
    assert definition.cells == cells


def test_help_does_not_make_another_metric() -> None:
    one = Definition("a_bytes", Kind.COUNTER, "One.")
    assert one.is_same_as(Definition("a_bytes", Kind.COUNTER, "Other.", unit="bytes"))
    assert not one.is_same_as(Definition("a_bytes", Kind.COUNTER, "One.", ("kind",)))


def test_bound_above_all_is_taken_off() -> None:
    assert tidy_bounds([1, 2.5, math.inf]) == (1.0, 2.5)


@pytest.mark.parametrize("bounds", [["a"], [None], 3], ids=str)
def test_bound_that_is_no_number_is_refused(bounds) -> None:
    with pytest.raises(MetricError, match="expected rising numbers"):
        tidy_bounds(bounds)
