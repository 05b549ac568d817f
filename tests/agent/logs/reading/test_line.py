import json
import math
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.agent.logs.access_line import TextAccess
from penstock.agent.logs.error_line import LogEntry, TextErrors
from penstock.agent.logs.escape import escape_json, escape_text, split_access_text
from penstock.agent.logs.form import access_form
from penstock.agent.logs.json_line import JSONAccess, JSONErrors
from penstock.agent.logs.reading.line import Grammar, severity_number, stamp_s
from penstock.telemetry.clock import NS_PER_S, WallClock
from penstock.telemetry.records.record import JOINED

NOW_NS = 1000 * NS_PER_S
WALL_S = 1_795_168_200  # 2026-11-20T09:50:00Z
CLOCK = WallClock(lambda: WALL_S * NS_PER_S, lambda: NOW_NS)
REQUEST = [b"GET /a?b=1 HTTP/1.1", b"192.0.2.1", b"1f3a", b"http://site/", b"curl/8"]
OWN = '{peer} [{time_iso}] "{request}" {status} {pid} {worker} {total_ms} "{user_agent}" {request_id}'
JSON_OWN = '{{"at":"{time_utc}","p":"{path}","q":"{query}","m":"{method}","s":{status},"ms":{total_ms}}}'


@pytest.fixture(autouse=True)
def zone(monkeypatch):
    """A zone that is not UTC, so that a stamp whose zone is forgotten is an hour off."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    CLOCK.measure()
    yield
    monkeypatch.undo()
    time.tzset()


def row(outcome=0, status=200, lane=1):
    return (1, 0, 0, NOW_NS, 32, 0, 32, 100, 150, 90, 300, 7, 1234, 4121, status, 3, outcome, lane, 0)


def written(word, fields=REQUEST, **changes):
    """One access line as the agent writes it."""
    form, escape = access_form(word, CLOCK)
    text = b"".join(field + b"\n" for field in fields)
    return form.lines([row(**changes)], split_access_text([(0, 0, len(text))], text, escape), 2)


SAID = {
    "http.request.method": "GET",
    "url.path": "/a",
    "url.query": "b=1",
    "network.protocol.version": "1.1",
    "http.response.status_code": 200,
    "client.address": "192.0.2.1",
    "event.name": "http.access",
    "severity_text": "INFO",
}
MORE = {
    "text": {
        "http.response.body.size": 1234,
        "http.request.header.referer": "http://site/",
        "user_agent.original": "curl/8",
        "process.pid": 4121,
        "penstock.request_id": "1f3a",
        "penstock.total_ms": 0.019,
        "penstock.application_ms": 0.01,
    },
    "json": {"process.pid": 4121, "penstock.worker": 2, "penstock.total_ms": 0.019, "penstock.lane": "pool"},
    "common": {"http.response.body.size": 1234},
    "combined": {"user_agent.original": "curl/8", "http.request.header.referer": "http://site/"},
    OWN: {
        "process.pid": 4121,
        "penstock.worker": 2,
        "penstock.total_ms": 0.019,
        "user_agent.original": "curl/8",
        "penstock.request_id": "1f3a",
    },
}


@pytest.mark.parametrize("word", ["text", "json", "{request_id} {trace_id}"], ids=["text", "json", "own"])
def test_trace_of_a_caller_is_read_beside_the_request_id(word):
    fields = [*REQUEST[:2], b"1f3a trace=" + b"a" * 32, *REQUEST[3:]]
    entry = Grammar(word if "{" in word else "").read(written(word, fields, lane=JOINED))
    assert entry.fields["penstock.request_id"] == "1f3a"
    assert entry.fields["trace_id"] == "a" * 32


@pytest.mark.parametrize("word", MORE, ids=["text", "json", "common", "combined", "own"])
def test_a_line_of_each_form_is_read_back(word):
    line = written(word)
    entry = Grammar(word if "{" in word else "").read(line)
    assert entry.text == line
    assert entry.time_s == pytest.approx(WALL_S, abs=1)
    assert SAID.items() | MORE[word].items() <= entry.fields.items()


def test_a_line_of_a_template_that_makes_json_is_read_back():
    entry = Grammar(JSON_OWN).read(written(JSON_OWN))
    assert entry.time_s == pytest.approx(WALL_S, abs=1)
    expected = {
        "url.path": "/a",
        "url.query": "b=1",
        "http.request.method": "GET",
        "penstock.total_ms": 0.019,
    }
    assert expected.items() <= entry.fields.items()


def test_what_a_line_says_of_an_unusual_end_is_read_back():
    assert Grammar().read(written("text", outcome=4)).fields["penstock.outcome"] == "peer_gone"
    refused = Grammar().read(written("text", [b"x", b"", b"", b"", b'a "bad" head'], outcome=5)).fields
    assert refused["penstock.outcome"] == "refused"
    assert refused["penstock.reason"] == 'a "bad" head'
    assert refused["penstock.request_line"] == "x"


def test_what_was_escaped_is_as_it_was():
    fields = Grammar().read(written("text", [*REQUEST[:4], b'a"b\\c\x1b\xff'])).fields
    assert fields["user_agent.original"] == 'a"b\\c\x1b\xff'


@example([b"-", b"", b"", b"", b""])
@example([b"", b"", b"", b"", b"-"])
@given(st.lists(st.binary(max_size=40), min_size=5, max_size=5))
def test_whatever_a_client_sends_text_and_json_say_the_same(fields):
    plain = [field.replace(b"\n", b"") for field in fields]
    plain[1:3] = [b"192.0.2.1", b"1f3a"]
    ascii_only = [bytes(byte & 0x7F for byte in field).replace(b"\n", b"") for field in plain]
    text = Grammar().read(written("text", ascii_only)).fields
    line = Grammar().read(written("json", ascii_only)).fields
    for name in ("url.path", "url.query", "http.request.method", "penstock.request_line"):
        assert text.get(name) == line.get(name)
    if ascii_only[4] not in (b"", b"-"):
        assert text["user_agent.original"] == line["user_agent.original"]


ENTRY = LogEntry(
    time_ns=NOW_NS,
    level=40,
    pid=4121,
    logger="shop.orders",
    message="payment: failed\nsecond line",
    slot=2,
    request_id="1f3a",
    thread_name="pool 3",
    trace="Traceback\n  KeyError",
)


def test_an_entry_as_text_is_read_back_with_its_lines():
    entry = Grammar().read(TextErrors(CLOCK).line(ENTRY))
    assert entry.time_s == WALL_S
    assert entry.fields == {
        "timestamp": "2026-11-20T10:50:00.000+01:00",
        "severity_text": "ERROR",
        "body": "payment: failed\nsecond line\nTraceback\n  KeyError",
        "log.logger": "shop.orders",
        "process.pid": 4121,
        "penstock.worker": 2,
        "thread.name": "pool 3",
        "penstock.request_id": "1f3a",
    }


def test_an_entry_that_says_little_is_read_back():
    small = LogEntry(time_ns=NOW_NS, level=20, pid=1, logger="shop", message="m")
    fields = Grammar().read(TextErrors(CLOCK).line(small)).fields
    assert fields.keys() == {"timestamp", "severity_text", "body", "log.logger", "process.pid"}


def test_an_entry_as_json_is_read_back():
    line = JSONErrors(CLOCK).line(ENTRY)
    assert Grammar().read(line).fields == json.loads(line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "no line of ours\n",
        "{}\n",
        "[1]\n",
        '{"half": \n',
        "{" * 5000,
        "1.2.3.4 - - [x] \n",
        "2026-11-20T\n",
    ],
)
def test_a_line_of_others_says_only_itself(text):
    entry = Grammar().read(text)
    assert entry.text == text
    assert entry.fields == {"body": text.rstrip("\n")}
    assert math.isnan(entry.time_s)


@given(st.text(max_size=200))
def test_no_text_fails(text):
    assert Grammar().read(text).text == text


def test_a_long_line_of_spaces_is_no_riddle():
    own = Grammar("{peer} {request_id} {path} {query} {lane} {outcome} {status}")
    before_s = time.process_time()
    for form in (Grammar(), own):
        form.read(" " * 32_000)
        form.read("a " * 16_000)
        form.read('"\\' * 16_000)
        form.read("2026-11-20T10:50:00.000+01:00 INFO [pid 1" + " id=" * 8_000)
    assert time.process_time() - before_s < 5


@pytest.mark.parametrize(
    "stamp", ["", "x", "99/Nov/2026:10:50:00 +0100", "20/Xyz/2026:10:50:00 +0100", "2026-13-01"]
)
def test_a_stamp_of_others_is_no_time(stamp):
    assert math.isnan(stamp_s(stamp))


@pytest.mark.parametrize(
    "stamp", ["20/Nov/2026:10:50:00 +0100", "2026-11-20T09:50:00.000000Z", "2026-11-20T10:50:00.000+01:00"]
)
def test_a_stamp_of_each_form_is_a_time(stamp):
    assert stamp_s(stamp) == WALL_S


@pytest.mark.parametrize(("name", "number"), [("DEBUG", 10), ("CRITICAL", 50), ("", 20), ("NOTICE", 20)])
def test_a_severity_is_a_number(name, number):
    assert severity_number(name) == number


def test_forms_of_the_agent_are_the_ones_tried():
    assert {TextAccess, JSONAccess} == {type(access_form(word, CLOCK)[0]) for word in ("text", "json")}
    assert access_form("text", CLOCK)[1] is escape_text
    assert access_form("json", CLOCK)[1] is escape_json
