import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.traces.span_record import NOTHING, OwnSpan, SpanRecordError, read_part, recollect

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=9), inner, max_size=8),
)


def test_parts_are_put_together_in_order():
    head = {"id": "a", "own": "b", "trace": "1" * 32, "caller": "2" * 16, "state": "x=1"}
    head |= {"lost": 4, "accepted": 9}
    parts = [
        head | {"spans": [[1, 0, "view", 5, 9, "", {"route": "/a"}]]},
        {"id": "a", "spans": [[2, 1, "db.query", 6, 8, "ValueError", {}]]},
    ]
    found = recollect(parts)
    assert (found.own_id, found.trace_id, found.caller_id) == ("b", "1" * 32, "2" * 16)
    assert (found.tracestate, found.lost, found.accepted_ns) == ("x=1", 4, 9)
    assert found.spans == (
        OwnSpan(1, 0, "view", 5, 9, "", {"route": "/a"}),
        OwnSpan(2, 1, "db.query", 6, 8, "ValueError", {}),
    )


@pytest.mark.parametrize(
    "head",
    [
        pytest.param({"trace": "0" * 32}, id="zero-trace"),
        pytest.param({"trace": "A" * 32}, id="upper-case"),
        pytest.param({"trace": 7, "caller": [], "own": {}, "state": None}, id="other-types"),
        pytest.param({"caller": "0" * 16}, id="zero-caller"),
        pytest.param({"lost": -1, "accepted": 2**70}, id="numbers-out-of-range"),
        pytest.param({"spans": 3}, id="spans-are-no-list"),
        pytest.param({"spans": [[1, 2], {}, None]}, id="spans-of-another-form"),
    ],
)
def test_what_no_worker_of_ours_writes_is_left_out(head):
    assert recollect([head]) == NOTHING


def test_fields_of_a_span_are_made_what_they_should_be():
    attributes = {"a": "x" * 9999, "b": None, "c": [1], "d": 1.5}
    [found] = recollect([{"spans": [["1", -5, "\ud800" * 600, 2**63, True, 7, attributes]]}]).spans
    assert found == OwnSpan(0, 0, "?" * 512, 0, True, "", {"a": "x" * 512, "d": 1.5})


@given(st.lists(st.dictionaries(st.text(max_size=9), JSON), min_size=1, max_size=3))
def test_any_content_is_recollected_as_something(parts):
    recollect(parts)


@given(JSON)
def test_any_json_is_a_part_or_refused(value):
    text = json.dumps(value).encode()
    try:
        request_id, content = read_part(text)
    except SpanRecordError:
        return
    assert content["id"] == request_id


def test_refusal_says_what_came():
    with pytest.raises(SpanRecordError, match="span record b'nothing'; expected JSON"):
        read_part(b"nothing")
