import datetime as dt
import math
import time

import pytest

from penstock.agent.logs.reading.line import Entry
from penstock.agent.logs.reading.query import Query, QueryError, parse_query

NOW_S = 1_795_168_200.0  # 2026-11-20T09:50:00Z


@pytest.fixture(autouse=True)
def zone(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def entry(time_s=NOW_S, **fields):
    return Entry("", time_s, {name.replace("__", "."): value for name, value in fields.items()})


def asked(**words):
    return parse_query(now=lambda: NOW_S, **words)


@pytest.mark.parametrize(
    ("word", "matching", "others"),
    [
        ("404", [404], [400, 405, 500, 0]),
        ("5xx", [500, 599], [499, 600, 0]),
        ("200-299", [200, 299], [199, 300]),
        ("404, 5xx", [404, 503], [403, 200]),
        ("0", [0], [200]),
    ],
)
def test_a_status_is_asked_for_in_three_ways(word, matching, others):
    query = asked(status=word)
    for status in matching:
        given = entry(http__response__status_code=status)
        assert query.matches(given)
        assert all(needle.search(b'"GET / HTTP/1.1" %d 7' % status) for needle in query.needles())
    assert not any(query.matches(entry(http__response__status_code=status)) for status in others)
    assert not query.matches(entry(body="no request"))


@pytest.mark.parametrize(
    ("word", "least_ms"), [("200ms", 200), ("1.5s", 1500), ("200", 200), ("2m", 120_000), ("0.5ms", 0.5)]
)
def test_slower_is_a_duration(word, least_ms):
    query = asked(slower=word)
    assert query.matches(entry(penstock__total_ms=least_ms + 0.001))
    assert all(needle.search(b"total_ms=%.3f" % (least_ms + 0.001)) for needle in query.needles())
    assert not query.matches(entry(penstock__total_ms=float(least_ms)))
    assert not query.matches(entry(penstock__total_ms="x"))
    assert not query.matches(entry())


def test_a_request_is_asked_for_by_its_whole_id():
    query = asked(request="1f3a")
    assert query.matches(entry(penstock__request_id="1f3a"))
    assert not query.matches(entry(penstock__request_id="1f3ab"))
    assert not query.matches(entry())
    assert [needle.pattern for needle in query.needles()] == [b"1f3a"]


def test_a_trace_is_asked_for_as_a_request_is():
    query = asked(request="0af7")
    assert query.matches(entry(penstock__request_id="1f3a", trace_id="0af7"))
    assert not query.matches(entry(penstock__request_id="1f3a", trace_id=["0af7"]))
    assert not query.matches(entry(penstock__request_id="1f3a"))


@pytest.mark.parametrize(
    ("word", "matching", "others"),
    [
        ("/shop/", ["/shop/", "/shop/1"], ["/shop", "/", "/a/shop/"]),
        ("/shop/*/edit", ["/shop/1/edit", "/shop/a/b/edit"], ["/shop/1", "/shop/1/editor"]),
        ("/shop/?", ["/shop/1"], ["/shop/12"]),
        ("*.png", ["/a.png"], ["/a.png.txt"]),
    ],
)
def test_a_path_is_a_beginning_or_a_pattern(word, matching, others):
    query = asked(path=word)
    assert all(query.matches(entry(url__path=path)) for path in matching)
    assert not any(query.matches(entry(url__path=path)) for path in others)
    assert not query.matches(entry())


def test_what_text_and_json_write_differently_is_not_looked_for_beforehand():
    assert asked(path="/a\\b").needles() == []
    assert asked(path="/é").needles() == []
    assert asked(path="*.png").needles() == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("10m", "2026-11-20T09:40:00+00:00"),
        ("10min", "2026-11-20T09:40:00+00:00"),
        ("2h", "2026-11-20T07:50:00+00:00"),
        ("3d", "2026-11-17T09:50:00+00:00"),
        ("1w", "2026-11-13T09:50:00+00:00"),
        ("90s", "2026-11-20T09:48:30+00:00"),
        ("10:30", "2026-11-20T10:30:00+01:00"),
        ("9:30", "2026-11-20T09:30:00+01:00"),
        ("10:30:15", "2026-11-20T10:30:15+01:00"),
        ("2026-11-19", "2026-11-19T00:00:00+01:00"),
        ("2026-11-19T10:30", "2026-11-19T10:30:00+01:00"),
        ("2026-11-19 10:30", "2026-11-19T10:30:00+01:00"),
        ("2026-11-19T10:30Z", "2026-11-19T10:30:00+00:00"),
    ],
)
def test_a_moment_is_ago_or_a_time_of_the_local_clock(word, expected):
    moment_s = dt.datetime.fromisoformat(expected).timestamp()
    since, until = asked(since=word), asked(until=word)
    assert since.since_s == until.until_s == moment_s
    assert since.matches(entry(moment_s))
    assert not since.matches(entry(moment_s - 1))
    assert until.matches(entry(moment_s))
    assert not until.matches(entry(moment_s + 1))


def test_what_does_not_say_when_is_in_no_span_of_time():
    timeless = entry(math.nan, body="x")
    assert asked().matches(timeless)
    assert not asked(since="10m").matches(timeless)
    assert not asked(until="10m").matches(timeless)


@pytest.mark.parametrize(
    ("level", "matching", "others"),
    [
        ("warning", ["WARNING", "ERROR", "CRITICAL"], ["INFO", "DEBUG"]),
        ("DEBUG", ["DEBUG", "CRITICAL"], []),
        ("critical", ["CRITICAL"], ["ERROR"]),
    ],
)
def test_a_level_is_the_least(level, matching, others):
    query = asked(level=level)
    assert all(query.matches(entry(severity_text=name)) for name in matching)
    assert not any(query.matches(entry(severity_text=name)) for name in others)


def test_a_worker_is_asked_for_by_its_pid():
    query = asked(pid="4121")
    assert query.matches(entry(process__pid=4121))
    assert not query.matches(entry(process__pid=4122))
    assert not query.matches(entry())


def test_nothing_asked_is_everything():
    assert asked() == Query()
    assert asked().needles() == []
    assert asked().matches(entry())


def test_all_that_is_asked_for_must_hold():
    query = asked(status="5xx", slower="1s")
    assert query.matches(entry(http__response__status_code=500, penstock__total_ms=1001.0))
    assert not query.matches(entry(http__response__status_code=500, penstock__total_ms=1.0))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"status": "6xx"}, "--status '6xx'; expected 404, 5xx, 200-299"),
        ({"status": "404,"}, "--status '404,'; expected"),
        ({"slower": "fast"}, "--slower 'fast'; expected a duration"),
        ({"slower": "1h"}, "--slower '1h'; expected a duration"),
        ({"since": "yesterday"}, "--since 'yesterday'; expected 10m, 2h"),
        ({"until": "25:00"}, "--until '25:00'; expected"),
        ({"since": "5"}, "--since '5'; expected"),
        ({"level": "loud"}, "--level 'loud'; expected debug, info, warning, error or critical"),
        ({"pid": "x"}, "--worker 'x'; expected a pid"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_word_that_cannot_be_understood_says_what_is_expected(words, complaint):
    with pytest.raises(QueryError) as caught:
        asked(**words)
    assert str(caught.value).startswith(complaint)
