import re
import time

import pytest

from penstock.agent.logs.access_line import MillisecondTexts, TextAccess, outcome_name
from penstock.telemetry.clock import NS_PER_S, WallClock

# 2026-11-20T09:50:00Z
WALL_NS = 1_795_168_200 * NS_PER_S
NOW_NS = 1000 * NS_PER_S


@pytest.fixture
def form(monkeypatch):
    monkeypatch.setattr("penstock.telemetry.clock.time.localtime", time.gmtime)
    return TextAccess(WallClock(lambda: WALL_NS, lambda: NOW_NS))


def row(outcome=0, last_ns=NOW_NS, total=300):
    ticks = (32, 0, 32, 100, 150, 90, total)
    return (1, 0, 0, last_ns, *ticks, 0, 1234, 4121, 200, 1, outcome, 0, 0)


FIELDS = ["GET /a HTTP/1.1", "192.0.2.1", "1f3a", "http://site/", "curl/8"]


def test_a_line_is_combined_and_then_ours(form):
    assert form.lines([row()], FIELDS) == (
        '192.0.2.1 - - [20/Nov/2026:09:50:00 +0000] "GET /a HTTP/1.1" 200 1234 "http://site/" "curl/8" '
        "pid=4121 id=1f3a total_ms=0.019 head_ms=0.002 body_ms=0.000 queue_ms=0.002 application_ms=0.010 "
        "send_ms=0.006\n"
    )


def test_what_is_empty_is_a_dash(form):
    line = form.lines([row()], ["GET / HTTP/1.1", "", "", "", ""])
    assert line.startswith("- - - [")
    assert '200 1234 "-" "-" pid=4121 id=- ' in line


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        (1, '"curl/8" pid=4121 id=1f3a total_ms=0.019 .* outcome=truncated\n'),
        (4, '"curl/8" pid=4121 id=1f3a total_ms=0.019 .* outcome=peer_gone\n'),
        (5, '"-" pid=4121 id=1f3a total_ms=0.019 .* outcome=refused reason="curl/8"\n'),
        (99, '"curl/8" pid=4121 id=1f3a total_ms=0.019 .* outcome=99\n'),
    ],
)
def test_what_was_not_complete_says_so(form, outcome, ending):
    assert re.search(ending + r"\Z", form.lines([row(outcome)], FIELDS))


def test_an_outcome_without_user_agent_is_still_a_dash(form):
    assert '"-" pid=' in form.lines([row(4)], [*FIELDS[:4], ""])


def test_each_line_has_the_second_it_ended_in(form):
    stamps = [NOW_NS, NOW_NS + NS_PER_S - 1, NOW_NS + NS_PER_S, NOW_NS]
    lines = form.lines([row(last_ns=stamp) for stamp in stamps], FIELDS * 4).splitlines()
    assert [line[27:35] for line in lines] == ["09:50:00", "09:50:00", "09:50:01", "09:50:00"]


def test_an_empty_batch_is_empty(form):
    assert form.lines([], [""]) == ""


@pytest.mark.parametrize(
    ("ticks", "text"),
    [(0, "0.000"), (7, "0.000"), (16, "0.001"), (15625, "1.000"), (2**58, "18446744073709.551")],
)
def test_ticks_are_shown_in_milliseconds(ticks, text):
    texts = MillisecondTexts()
    assert (texts[ticks], texts[ticks]) == (text, text)


def test_the_table_of_texts_is_bounded():
    texts = MillisecondTexts()
    for ticks in range(70_000):
        texts[ticks]
    assert len(texts) == 65536


def test_outcomes_have_names():
    assert [outcome_name(number) for number in (0, 7, 99)] == ["complete", "cut", "99"]
