from types import SimpleNamespace

import pytest

from penstock.agent.errors.tracker import MAX_GROUPS, ErrorTracker
from penstock.agent.logs.error_line import LogEntry

TENANT = SimpleNamespace(name="shop", has_query=True)


def trace(kind: str = "ValueError", line: int = 12) -> str:
    frame = f'  File "/srv/shop/views.py", line {line}, in pay\n    x'
    return f"Traceback (most recent call last):\n{frame}\n{kind}: bad"


def entry(**changes) -> LogEntry:
    values = {"time_ns": 5, "level": 40, "pid": 4121, "logger": "shop", "message": "m", "trace": trace()}
    return LogEntry(**values | changes)


def batch(*records: tuple[str, str]) -> SimpleNamespace:
    """Access records by request line and id."""
    text = "".join(f"{line}\n192.0.2.1\n{request_id}\n-\ncurl/8\n" for line, request_id in records)
    return SimpleNamespace(rows=[()] * len(records), text=text.encode())


@pytest.fixture
def tracker(now) -> ErrorTracker:
    return ErrorTracker(now=now)


def counts(tracker: ErrorTracker) -> dict:
    (family,) = tracker.families()
    return {dict(sample.labels)["type"]: sample.value for sample in family.samples}


def test_request_of_a_caller_is_found_by_its_id_alone(tracker) -> None:
    tracker.logged(TENANT, entry(request_id="r1"))
    tracker.access(TENANT, batch(("GET /a HTTP/1.1", "r12"), ("GET /b HTTP/1.1", f"r1 trace={'a' * 32}")))
    (change,) = tracker.take_changes()
    assert change.example.request_line == "GET /b HTTP/1.1"


def test_an_entry_without_a_traceback_is_no_error(tracker) -> None:
    tracker.logged(TENANT, entry(trace=""))
    tracker.logged(TENANT, entry(trace="Stack (most recent call last):\n"))
    assert tracker.take_changes() == []
    assert counts(tracker) == {}


def test_entries_are_grouped_by_type_and_place(tracker, now) -> None:
    tracker.logged(TENANT, entry())
    now.pass_s(2)
    tracker.logged(TENANT, entry(message="again", slot=3, thread_name="pool-1"))
    tracker.logged(TENANT, entry(trace=trace("KeyError")))
    first, second = tracker.take_changes()
    assert (first.origin.place, first.count) == ("srv/shop/views.py:pay:12", 2)
    assert first.last_s - first.first_s == 2
    assert (first.example.message, first.example.slot, first.example.thread_name) == ("again", 3, "pool-1")
    assert (second.origin.kind, second.count, second.application) == ("KeyError", 1, "shop")
    assert counts(tracker) == {"ValueError": 2, "KeyError": 1}
    assert tracker.report()["errors"] == 3


def test_one_request_counts_once_a_group_however_often_it_is_logged(tracker) -> None:
    tracker.logged(TENANT, entry(request_id="r1"))
    tracker.logged(TENANT, entry(request_id="r1", logger="django.request"))
    tracker.logged(TENANT, entry(request_id="r2"))
    assert counts(tracker) == {"ValueError": 2}


@pytest.mark.parametrize("is_first", [True, False], ids=["first-of-batch", "in-the-middle"])
def test_the_access_record_gives_the_request_line(tracker, is_first) -> None:
    tracker.logged(TENANT, entry(request_id="r1"))
    tracker.take_changes()
    before = [] if is_first else [("GET /other HTTP/1.1", "r0")]
    tracker.access(TENANT, batch(*before, ("GET /pay?card=4111 HTTP/1.1", "r1"), ("GET /x HTTP/1.1", "r10")))
    (change,) = tracker.take_changes()
    assert (change.count, change.example.request_line) == (0, "GET /pay?card=4111 HTTP/1.1")
    tracker.access(TENANT, batch(("GET /late HTTP/1.1", "r1")))
    assert tracker.take_changes() == []


def test_queries_are_left_out_where_the_logs_of_that_server_leave_them_out(tracker) -> None:
    tenant = SimpleNamespace(name="shop", has_query=False)
    tracker.logged(tenant, entry(request_id="r1"))
    tracker.access(tenant, batch(("GET /pay?card=4111 HTTP/1.1", "r1")))
    assert tracker.take_changes()[0].example.request_line == "GET /pay HTTP/1.1"


def test_requests_that_never_come_are_awaited_in_bounded_number(tracker) -> None:
    for number in range(100):
        tracker.logged(TENANT, entry(request_id=f"r{number}"))
    assert len(tracker._awaited) == 16
    tracker.access(TENANT, batch(("GET /old HTTP/1.1", "r0")))
    tracker.access(TENANT, batch(("GET /new HTTP/1.1", "r99")))
    assert tracker.take_changes()[0].example.request_line == "GET /new HTTP/1.1"


def test_a_request_that_does_not_come_for_a_minute_is_awaited_no_more(tracker, now) -> None:
    tracker.logged(TENANT, entry(request_id="r1"))
    now.pass_s(50)
    tracker.logged(TENANT, entry(request_id="r2"))
    now.pass_s(11)
    tracker.tick(0.0)
    assert list(tracker._awaited) == ["r2"]


def test_groups_beyond_the_limit_count_as_one(tracker) -> None:
    for number in range(MAX_GROUPS + 10):
        tracker.logged(TENANT, entry(trace=trace(line=number + 1)))
    changes = tracker.take_changes()
    assert len(changes) == MAX_GROUPS + 1
    assert (changes[-1].origin.kind, changes[-1].count) == ("other", 10)
    assert tracker.is_full


def test_changes_that_could_not_be_written_come_again(tracker) -> None:
    tracker.logged(TENANT, entry())
    changes = tracker.take_changes()
    tracker.give_back(changes)
    assert tracker.take_changes() == changes


@pytest.mark.parametrize("text", [b"", b"\nr1\n", b"a\nr1\n", b"\n\n\nr1\n"])
def test_damaged_text_gives_no_request_line_and_no_error(tracker, text) -> None:
    tracker.logged(TENANT, entry(request_id="r1"))
    tracker.access(TENANT, SimpleNamespace(rows=[], text=text))
    assert tracker.take_changes()[0].example.request_line == ""


def test_tick_and_close_change_no_group(tracker) -> None:
    tracker.logged(TENANT, entry())
    tracker.tick(1.0)
    tracker.close()
    assert len(tracker.take_changes()) == 1
