import dataclasses
import json

import pytest

from penstock.agent.store.rows import write_anchor, write_traces
from penstock.agent.store.schema import open_for_writing
from penstock.agent.store.timeline import Clocks, Timeline
from penstock.agent.traces import SpanKind, Trace, TraceSpan
from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.store.trace import render_table, render_trace, run_trace
from penstock.config import ConfigError

SPAN = TraceSpan(
    span_id="1" * 16,
    parent_id="",
    name="GET /pay",
    kind=SpanKind.SERVER,
    start_ns=10**18,
    duration_ns=12_300_000,
)
TRACE = Trace(
    trace_id="ab" * 16, caller_id="", tracestate="", request_id="r1", request_line="GET /pay?\x1b HTTP/1.1",
    status=500, outcome="complete", peer="192.0.2.1", pid=7, server="shop.wsgi", reasons=("error", "slow"),
    start_ns=10**18, duration_ns=12_300_000, spans=(SPAN,),
)  # fmt: skip
QUICK = dataclasses.replace(TRACE, trace_id="cd" * 16, request_id="r2", duration_ns=5, reasons=("sampled",))


@pytest.fixture
def store(tmp_path) -> str:
    path = tmp_path / "store.db"
    connection = open_for_writing(path)
    timeline = Timeline(None, Clocks.of_this_machine())
    write_traces(connection, [TRACE], timeline.now())
    write_traces(connection, [QUICK], timeline.now() + 1)
    write_anchor(connection, timeline.anchor())
    connection.close()
    return str(path)


def run(capsys, *words: str) -> str:
    assert run_trace(parse_words(["trace", *words])) == 0
    return capsys.readouterr().out


def test_traces_are_a_line_each() -> None:
    header, line = render_table([TRACE]).splitlines()
    assert header.split() == ["trace", "time", "ms", "status", "kept", "request"]
    assert line.startswith("abababababab  2001-09-09 ")
    assert line.endswith("12.3  500     error,slow  GET /pay?\\x1b HTTP/1.1")
    assert render_table([]) == "no traces\n"


def test_a_trace_is_shown_with_its_head_and_its_waterfall() -> None:
    lines = render_trace(dataclasses.replace(TRACE, lost_spans=3), 70).splitlines()
    assert lines[0] == "GET /pay?\\x1b HTTP/1.1"
    assert lines[1:3] == ["  status   500 complete", "  kept as  error, slow"]
    assert lines[3].endswith(", 12.300 ms")
    assert lines[4:9] == [
        f"  trace    {'ab' * 16}",
        "  request  r1",
        "  worker   pid 7 of shop.wsgi",
        "  client   192.0.2.1",
        "  lost     3 spans found no room",
    ]
    assert lines[10].startswith("GET /pay     0.000    12.300 ms  ====")


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        pytest.param((), ["cdcdcdcdcdcd", "abababababab"], id="latest"),
        pytest.param(("--slowest",), ["abababababab", "cdcdcdcdcdcd"], id="slowest"),
        pytest.param(("--errors",), ["abababababab"], id="errors"),
        pytest.param(("-n", "1"), ["cdcdcdcdcdcd"], id="count"),
    ],
)
def test_the_list_is_in_the_order_that_was_asked_for(store, capsys, words, ids) -> None:
    assert [line.split()[0] for line in run(capsys, "--store", store, *words).splitlines()[1:]] == ids


@pytest.mark.parametrize("word", ["abab", "ab" * 16, "r1"])
def test_a_trace_is_found_by_its_beginning_or_by_its_request(store, capsys, word) -> None:
    assert run(capsys, word, "--store", store).startswith("GET /pay?")


def test_json_has_spans_with_their_attributes(store, capsys) -> None:
    (found,) = json.loads(run(capsys, "r1", "--json", "--store", store))
    assert (found["trace_id"], found["spans"][0]["kind"]) == ("ab" * 16, "server")


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        pytest.param(("ef",), CommandError, "trace 'ef' is not there", id="unknown"),
        pytest.param(("-n", "0"), ConfigError, "from 1 to 1000", id="none"),
        pytest.param(("-n", "many"), ConfigError, "from 1 to 1000", id="word"),
    ],
)
def test_what_cannot_be_shown_is_said(store, words, error, message) -> None:
    with pytest.raises(error, match=message):
        run_trace(parse_words(["trace", *words, "--store", store]))
