import json
import zlib

import pytest

from penstock.agent.store.trace_form import dump_trace, load_trace


def test_a_trace_comes_back_as_it_was(trace) -> None:
    made = trace(1, padding=100, reasons=("error", "slow"), lost_spans=3)
    assert load_trace(dump_trace(made)) == made


def test_a_trace_of_another_release_is_read_as_far_as_it_is_known(trace) -> None:
    values = json.loads(zlib.decompress(dump_trace(trace())))
    values["mood"] = values["spans"][0]["mood"] = "bad"
    del values["lost_spans"]
    assert load_trace(zlib.compress(json.dumps(values).encode())) == trace()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"x", id="not-compressed"),
        pytest.param(zlib.compress(b"[]"), id="list"),
        pytest.param(zlib.compress(b"{}"), id="no-spans"),
        pytest.param(zlib.compress(b'{"spans": [], "reasons": []}'), id="no-id"),
        pytest.param(zlib.compress(b'{"spans": [{"kind": "odd"}], "reasons": []}'), id="odd-span"),
        pytest.param(zlib.compress(b"{"), id="no-json"),
    ],
)
def test_what_is_no_trace_is_refused(body) -> None:
    with pytest.raises(ValueError, match=r"expected|odd|Expecting"):
        load_trace(body)
