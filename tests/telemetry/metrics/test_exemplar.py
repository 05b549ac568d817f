import json
import random

import pytest

from penstock.telemetry.memory import layout
from penstock.telemetry.metrics.definition import MetricError
from penstock.telemetry.metrics.exemplar import (
    KeptExemplar,
    _entry,
    _place,
    check_labels,
    read_exemplars,
    write_exemplar,
)

KEPT = KeptExemplar((("trace_id", "4bf9"),), 0.25, 1_700_000_000.5)


def put_raw(segment, cell: int, entry: bytes) -> None:
    write_exemplar(segment, 1, cell, KEPT)  # counts it
    at = segment.layout.exemplars_at(1) + _place(cell) * layout.EXEMPLAR_BYTES
    segment.memory[at : at + len(entry)] = entry


def test_exemplar_is_read_as_it_was_written(segment) -> None:
    write_exemplar(segment, 1, 77, KEPT)
    write_exemplar(segment, 1, 78, KeptExemplar((), 1.0, 2.0))
    assert read_exemplars(segment, 1) == {77: KEPT, 78: KeptExemplar((), 1.0, 2.0)}
    assert read_exemplars(segment, 2) == {}


def test_newer_exemplar_takes_the_place_of_an_older_one(segment) -> None:
    for cell in range(1000):
        write_exemplar(segment, 1, cell, KEPT)
    found = read_exemplars(segment, 1)
    assert 999 in found
    assert len(found) <= layout.EXEMPLARS


def test_exemplar_that_escapes_blow_up_is_not_kept(segment) -> None:
    write_exemplar(segment, 1, 5, KeptExemplar((("a", "\u2603" * 100),), 1.0, 2.0))
    assert read_exemplars(segment, 1) == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"[", id="no-json"),
        pytest.param(b"7", id="number"),
        pytest.param(b'[["a"]]', id="no-pair"),
        pytest.param(b'[["a-b","c"]]', id="name"),
        pytest.param(b'[["a",3]]', id="value"),
        pytest.param(json.dumps([["a", "x" * 200]]).encode(), id="too-long"),
        pytest.param(b"[" * 200, id="nested"),
    ],
)
def test_forged_labels_are_not_shown(segment, text: bytes) -> None:
    put_raw(segment, 9, _entry(9, 1.0, 2.0, text))
    assert read_exemplars(segment, 1) == {}


@pytest.mark.parametrize(
    ("value", "time_s"), [(float("nan"), 1.0), (1.0, float("nan")), (1.0, -1.0), (1.0, 1e300)]
)
def test_numbers_that_are_none_are_not_shown(segment, value: float, time_s: float) -> None:
    put_raw(segment, 9, _entry(9, value, time_s, b"[]"))
    assert read_exemplars(segment, 1) == {}


def test_torn_exemplar_is_not_shown(segment) -> None:
    whole = _entry(9, 1.0, 2.0, b'[["a","b"]]')
    put_raw(segment, 9, whole[:20] + b"\xff" + whole[21:])
    assert read_exemplars(segment, 1) == {}


def test_random_memory_is_read_without_an_error(segment) -> None:
    write_exemplar(segment, 1, 1, KEPT)
    at = segment.layout.exemplars_at(1)
    size = layout.EXEMPLARS * layout.EXEMPLAR_BYTES
    segment.memory[at : at + size] = random.Random(1).randbytes(size)
    assert read_exemplars(segment, 1) == {}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        pytest.param({"a-b": "c"}, "expected a name and a text", id="name"),
        pytest.param({3: "c"}, "expected a name and a text", id="name-that-is-no-text"),
        pytest.param({"a": 3}, "expected a name and a text", id="value"),
        pytest.param({"a": "x" * 128}, "exemplar of 129 characters; expected at most 128", id="too-long"),
    ],
)
def test_label_of_an_exemplar_that_is_none_is_refused(labels, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        check_labels(labels)
