import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.logs.error_line import LogEntry
from penstock.agent.logs.escape import escape_json, split_access_text
from penstock.agent.logs.json_line import JSONAccess, JSONErrors, RequestLineTexts
from penstock.telemetry.clock import NS_PER_S, WallClock
from penstock.telemetry.records.record import JOINED, WITH_SPANS
from penstock.telemetry.traces.trace import ERROR, SLOW
from penstock.telemetry.traces.trace_context import derive_ids

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"

# 2026-11-20T09:50:00Z
WALL_NS = 1_795_168_200 * NS_PER_S
NOW_NS = 1000 * NS_PER_S
CLOCK = WallClock(lambda: WALL_NS, lambda: NOW_NS)
FIELDS = ["GET /a?b=1 HTTP/1.1", "192.0.2.1", "1f3a", "http://site/", "curl/8"]


def row(outcome=0, lane=1, last_ns=NOW_NS + 123_456_789):
    return (1, 0, 0, last_ns, 32, 0, 32, 100, 150, 90, 300, 7, 1234, 4121, 200, 3, outcome, lane, 0)


def read(*rows, fields=FIELDS):
    return [
        json.loads(line) for line in JSONAccess(CLOCK).lines(list(rows), fields * len(rows), 2).splitlines()
    ]


def test_a_line_is_an_object_with_the_names_of_opentelemetry():
    assert read(row()) == [
        {
            "timestamp": "2026-11-20T09:50:00.123456Z",
            "severity_text": "INFO",
            "event.name": "http.access",
            "http.request.method": "GET",
            "url.path": "/a",
            "url.query": "b=1",
            "network.protocol.version": "1.1",
            "http.response.status_code": 200,
            "http.response.body.size": 1234,
            "http.request.body.size": 7,
            "client.address": "192.0.2.1",
            "http.request.header.referer": "http://site/",
            "user_agent.original": "curl/8",
            "process.pid": 4121,
            "penstock.worker": 2,
            "thread.id": 3,
            "penstock.request_id": "1f3a",
            "penstock.lane": "pool",
            "penstock.outcome": "complete",
            "penstock.total_ms": 0.019,
            "penstock.head_ms": 0.002,
            "penstock.body_ms": 0.0,
            "penstock.queue_ms": 0.002,
            "penstock.application_ms": 0.01,
            "penstock.response_ms": 0.006,
            "penstock.send_ms": 0.006,
        }
    ]


def test_a_refused_request_has_its_reason_and_its_whole_line():
    (found,) = read(row(outcome=5), fields=["GET / x y", "192.0.2.1", "", "", "bad request line"])
    assert found["penstock.request_line"] == "GET / x y"
    assert found["penstock.reason"] == "bad request line"
    assert "user_agent.original" not in found


def test_lines_that_were_cut_up_are_remembered_within_bounds():
    texts = RequestLineTexts()
    for number in range(5000):
        assert texts[f"GET /{number} HTTP/1.1"] == texts[f"GET /{number} HTTP/1.1"]
    assert len(texts) <= 4096
    size = len(texts)
    assert '"url.path":"/aaa' in texts["GET /" + "a" * 600 + " HTTP/1.1"]
    assert len(texts) == size


@pytest.mark.parametrize(("lane", "name"), [(0, "inline"), (1, "pool"), (255, "pool")])
def test_lanes_have_names(lane, name):
    assert read(row(lane=lane))[0]["penstock.lane"] == name


def test_other_outcomes_have_names():
    assert read(row(outcome=4))[0]["penstock.outcome"] == "peer_gone"


def test_each_line_has_its_own_microsecond():
    stamps = [NOW_NS, NOW_NS + 999_999_999, NOW_NS + NS_PER_S]
    found = [line["timestamp"][17:] for line in read(*[row(last_ns=stamp) for stamp in stamps])]
    assert found == ["00.000000Z", "00.999999Z", "01.000000Z"]


@given(st.lists(st.binary(max_size=30), min_size=5, max_size=5))
def test_whatever_a_client_sends_makes_one_object_a_line(fields):
    text = b"".join(field + b"\n" for field in fields)
    safe = split_access_text([(0, 0, len(text))], text, escape_json)
    lines = JSONAccess(CLOCK).lines([row()], safe, 0)
    assert lines.count("\n") == 1
    assert json.loads(lines)["penstock.request_id"] == json.loads(f'"{safe[2]}"')


def test_a_kept_request_has_the_trace_id_of_its_id():
    (kept,) = read(row(lane=SLOW | WITH_SPANS | 1))
    assert kept["trace_id"] == derive_ids("1f3a")[0]
    assert kept["penstock.lane"] == "pool"


@pytest.mark.parametrize("lane", [0, 1, JOINED])
def test_a_request_that_is_not_kept_and_no_callers_has_no_trace_id(lane):
    (found,) = read(row(lane=lane))
    assert "trace_id" not in found


@pytest.mark.parametrize("lane", [JOINED, 1 | JOINED, SLOW | JOINED, ERROR | JOINED | WITH_SPANS])
def test_a_request_of_a_caller_has_its_trace_id_kept_or_not(lane):
    (found,) = read(row(lane=lane), fields=["GET / HTTP/1.1", "192.0.2.1", f"1f3a trace={TRACE_ID}", "", ""])
    assert (found["trace_id"], found["penstock.request_id"]) == (TRACE_ID, "1f3a")


def test_a_log_entry_is_an_object_too():
    entry = LogEntry(
        time_ns=NOW_NS,
        level=40,
        pid=4121,
        logger="shop",
        message='say "hi"\n\u2028',
        request_id="1f3a",
        thread_name="pool-3",
        trace="Traceback\nKeyError",
    )
    line = JSONErrors(CLOCK).line(entry)
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "timestamp": "2026-11-20T09:50:00.000000Z",
        "severity_text": "ERROR",
        "severity_number": 17,
        "body": 'say "hi"\n\u2028',
        "log.logger": "shop",
        "process.pid": 4121,
        "thread.name": "pool-3",
        "penstock.request_id": "1f3a",
        "exception.stacktrace": "Traceback\nKeyError",
    }


def test_what_a_log_entry_does_not_have_is_left_out():
    entry = LogEntry(time_ns=NOW_NS, level=20, pid=1, logger="shop", message="m")
    assert set(json.loads(JSONErrors(CLOCK).line(entry))) == {
        "timestamp",
        "severity_text",
        "severity_number",
        "body",
        "log.logger",
        "process.pid",
    }


@pytest.mark.parametrize(
    ("level", "number"), [(0, 1), (10, 5), (20, 9), (30, 13), (40, 17), (50, 21), (99, 21)]
)
def test_severities_have_opentelemetrys_numbers(level, number):
    entry = LogEntry(time_ns=NOW_NS, level=level, pid=1, logger="shop", message="m")
    assert json.loads(JSONErrors(CLOCK).line(entry))["severity_number"] == number
