import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.logs.escape import escape_json, escape_text, split_access_text
from penstock.agent.logs.template import COMBINED, COMMON, FIELDS, Template, TemplateError
from penstock.telemetry.clock import NS_PER_S, WallClock
from penstock.telemetry.records.record import JOINED
from penstock.telemetry.traces.trace import ERROR
from penstock.telemetry.traces.trace_context import derive_ids

NOW_NS = 1000 * NS_PER_S
WALL_NS = 1_795_168_200 * NS_PER_S  # 2026-11-20T09:50:00Z
CLOCK = WallClock(lambda: WALL_NS, lambda: NOW_NS)
REQUEST = ["GET /a?b=1 HTTP/1.1", "192.0.2.1", "1f3a", "http://site/", "curl/8"]


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    CLOCK.measure()
    yield
    monkeypatch.undo()
    time.tzset()


def row(outcome=0, lane=1, status=200):
    return (
        1,
        0,
        0,
        NOW_NS + 123_456_789,
        32,
        0,
        32,
        100,
        150,
        90,
        300,
        7,
        1234,
        4121,
        status,
        3,
        outcome,
        lane,
        0,
    )


def line(text, fields=REQUEST, **changes):
    return Template(text, CLOCK).lines([row(**changes)], fields, 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("peer", "192.0.2.1"),
        ("time", "20/Nov/2026:09:50:00 +0000"),
        ("time_iso", "2026-11-20T09:50:00.123+00:00"),
        ("time_utc", "2026-11-20T09:50:00.123456Z"),
        ("request", "GET /a?b=1 HTTP/1.1"),
        ("method", "GET"),
        ("target", "/a?b=1"),
        ("path", "/a"),
        ("query", "b=1"),
        ("protocol", "HTTP/1.1"),
        ("status", "200"),
        ("sent_bytes", "1234"),
        ("received_bytes", "7"),
        ("referer", "http://site/"),
        ("user_agent", "curl/8"),
        ("request_id", "1f3a"),
        ("trace_id", "-"),
        ("pid", "4121"),
        ("worker", "2"),
        ("thread", "3"),
        ("lane", "pool"),
        ("outcome", "complete"),
        ("reason", "-"),
        ("total_ms", "0.019"),
        ("head_ms", "0.002"),
        ("body_ms", "0.000"),
        ("queue_ms", "0.002"),
        ("application_ms", "0.010"),
        ("response_ms", "0.006"),
        ("send_ms", "0.006"),
    ],
)
def test_a_field_stands_in_its_place(name, expected):
    assert line(f"<{{{name}}}>") == f"<{expected}>\n"


def test_every_field_has_been_looked_at():
    tested = test_a_field_stands_in_its_place.pytestmark[0].args[1]
    assert [name for name, _ in tested] == list(FIELDS)


def test_the_documentation_has_every_field():
    documentation = (Path(__file__).resolve().parents[3] / "docs" / "logs.md").read_text()
    rows = "".join(f"| `{name}` | {meaning} |\n" for name, (meaning, _, _) in FIELDS.items())
    assert rows in documentation


def test_a_batch_is_a_line_each():
    template = Template("{status} {peer}", CLOCK)
    rows = [row(), row(status=404)]
    assert (
        template.lines(rows, [*REQUEST, "", "192.0.2.2", "", "", ""], 1) == "200 192.0.2.1\n404 192.0.2.2\n"
    )


def test_a_template_of_one_field_is_a_line_each_too():
    fields = [*REQUEST, *REQUEST, ""]  # as a batch is split: with what follows the last separator
    assert Template("{method}", CLOCK).lines([row(), row()], fields, 1) == "GET\nGET\n"


def test_a_kept_request_has_a_trace_id():
    assert line("{trace_id}", lane=ERROR | 1) == f"{derive_ids('1f3a')[0]}\n"


def test_a_request_of_a_caller_has_the_trace_id_that_came():
    fields = [*REQUEST[:2], "1f3a trace=4bf9", *REQUEST[3:]]
    assert line("{request_id}/{trace_id}", fields, lane=JOINED) == "1f3a/4bf9\n"


def test_no_batch_is_no_line():
    assert Template("{status}", CLOCK).lines([], [""], 1) == ""


@pytest.mark.parametrize(
    "name", ["peer", "referer", "user_agent", "request_id", "query", "method", "protocol"]
)
def test_what_is_not_there_is_a_dash(name):
    assert line(f"{{{name}}}", ["odd", "", "", "", ""]) == "-\n"


def test_a_line_that_is_no_request_line_is_its_own_target():
    assert line("{method} {target} {protocol}", ["\\x16\\x03", "", "", "", ""]) == "- \\x16\\x03 -\n"


def test_a_refused_request_has_its_reason_and_no_user_agent():
    assert (
        line("{outcome} {reason} {user_agent}", [*REQUEST[:4], "bad head"], outcome=5)
        == "refused bad head -\n"
    )


def test_percent_signs_and_doubled_braces_stand_for_themselves():
    assert line("100% %s {{{status}}} é") == "100% %s {200} é\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (COMMON, '192.0.2.1 - - [20/Nov/2026:09:50:00 +0000] "GET / HTTP/1.1" 200 1234\n'),
        (
            COMBINED,
            '192.0.2.1 - - [20/Nov/2026:09:50:00 +0000] "GET / HTTP/1.1" 200 1234 "http://site/" "curl/8"\n',
        ),
    ],
    ids=["common", "combined"],
)
def test_the_known_formats_are_templates(text, expected):
    assert line(text, ["GET / HTTP/1.1", *REQUEST[1:]]) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("{statsu}", "unknown field {statsu}; did you mean {status}?", id="misspelt"),
        pytest.param("{zzzzzz}", "unknown field {zzzzzz}; expected one of peer, time,", id="unknown"),
        pytest.param("{}", "unknown field {}; expected one of", id="empty"),
        pytest.param("{status:>5}", "{status} with '>5'; expected the name alone", id="specification"),
        pytest.param("{status!r}", "{status} with 'r'; expected the name alone", id="conversion"),
        pytest.param("{status", "a brace itself is written twice", id="open"),
        pytest.param("status}", "a brace itself is written twice", id="close"),
        pytest.param("{peer.__class__}", "unknown field {peer.__class__}", id="attribute"),
        pytest.param("{status}\n{peer}", "expected one printable line", id="two-lines"),
        pytest.param("{status}\x1b", "expected one printable line", id="control"),
        pytest.param("jsno", "did you mean 'json'?", id="misspelt-word"),
        pytest.param("%(h)s %(s)s", "expected text, combined, common, json or a template", id="gunicorn"),
        pytest.param('{{"status": {peer}}}', "expected a JSON object", id="unquoted-json"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(text, complaint):
    with pytest.raises(TemplateError) as caught:
        Template(text, CLOCK)
    assert str(caught.value).startswith(f"access_log_format {text!r}")
    assert complaint in str(caught.value)


@given(st.lists(st.binary(max_size=30), min_size=5, max_size=5))
def test_whatever_a_client_sends_makes_one_object_of_a_json_template(fields):
    text = b"".join(field + b"\n" for field in fields)
    safe = split_access_text([(0, 0, len(text))], text, escape_json)
    made = Template('{{"r":"{request}","a":"{user_agent}","t":"{target}"}}', CLOCK).lines([row()], safe, 0)
    assert made.count("\n") == 1
    assert set(json.loads(made)) == {"r", "a", "t"}


@given(st.lists(st.binary(max_size=30), min_size=5, max_size=5))
def test_whatever_a_client_sends_stays_between_its_quotes(fields):
    text = b"".join(field + b"\n" for field in fields)
    safe = split_access_text([(0, 0, len(text))], text, escape_text)
    made = Template('"{request}" "{referer}" "{query}"', CLOCK).lines([row()], safe, 0)
    assert made.isascii()
    assert made.count("\n") == 1
    assert made.replace("\\\\", "").replace('\\"', "").count('"') == 6
