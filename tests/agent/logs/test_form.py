import pytest

from penstock.agent.logs.access_line import TextAccess
from penstock.agent.logs.error_line import LogEntry
from penstock.agent.logs.escape import escape_json, escape_text
from penstock.agent.logs.form import access_form, access_format, entry_form, entry_format, is_servers
from penstock.agent.logs.json_line import JSONAccess
from penstock.agent.logs.template import Template, TemplateError
from penstock.telemetry.clock import WallClock
from penstock.telemetry.records.record import ACCESS
from penstock.telemetry.records.ring import Batch, RingReader

CLOCK = WallClock()


@pytest.mark.parametrize(
    ("word", "kind", "escape"),
    [
        ("text", TextAccess, escape_text),
        ("json", JSONAccess, escape_json),
        ("common", Template, escape_text),
        ("combined", Template, escape_text),
        ("{status}", Template, escape_text),
        ('{{"s":{status}}}', Template, escape_json),
    ],
)
def test_each_word_is_a_form_and_a_way_to_escape(word, kind, escape):
    form, found = access_form(word, CLOCK)
    assert (type(form), found) == (kind, escape)


def test_a_word_that_is_none_is_refused():
    with pytest.raises(TemplateError):
        access_form("jsonn", CLOCK)


def test_a_batch_becomes_one_portion(segment, recorder, finished):
    recorder.access(finished())
    recorder.access(finished(status_code=404))
    batch = RingReader(segment, segment.layout.access_ring(1), ACCESS, 1).take(10)
    form = access_format("{worker} {status} {request} {referer}", CLOCK, has_query=False)
    assert form(batch) == ((b"1 200 GET /a HTTP/1.1 http://site/\n1 404 GET /a HTTP/1.1 http://site/\n", 2),)


def entry(logger):
    return LogEntry(time_ns=0, level=20, pid=1, logger=logger, message="m")


BATCH = Batch([], b"", 0, 0)


def test_entries_of_one_log_are_one_portion():
    entries = [entry("shop"), entry("penstock.server.master")]
    form = entry_format(lambda each: f"{each.logger}\n", lambda batch: entries, is_split=False)
    assert form(BATCH) == ((b"shop\npenstock.server.master\n", 2),)


def test_entries_of_two_logs_are_the_servers_and_the_applications():
    entries = [entry("shop"), entry("penstock.server.master"), entry("stdout")]
    form = entry_format(lambda each: f"{each.logger}\n", lambda batch: entries, is_split=True)
    assert form(BATCH) == ((b"penstock.server.master\n", 1), (b"shop\nstdout\n", 2))


@pytest.mark.parametrize(
    ("logger", "expected"),
    [
        ("penstock.server.worker", True),
        ("penstock.uncaught", True),
        ("penstock.wsgi.errors", True),
        ("penstock.agent", True),
        ("py.warnings", True),
        ("django.request", False),
        ("penstocks", False),
        ("root", False),
        ("stderr", False),
    ],
)
def test_the_servers_own_loggers_are_known(logger, expected):
    assert is_servers(logger) is expected


@pytest.mark.parametrize(("word", "start"), [("text", "1970"), ("json", "{")])
def test_entries_have_two_forms(word, start):
    clock = WallClock(lambda: 0, lambda: 0)
    assert entry_form(word, clock)(entry("shop")).startswith(start)
