import subprocess
import sys
from pathlib import Path

import pytest

from penstock.config import ProtocolConfig
from penstock.protocol import (
    END_OF_MESSAGE,
    NEED_DATA,
    PEER_CLOSED,
    BadChunkError,
    BadFieldError,
    BadHostError,
    BadLineEndError,
    BadRequestLineError,
    BodyTooLargeError,
    FieldTable,
    HeaderTooLargeError,
    PeerError,
    RequestHead,
    RequestReceiver,
    TruncatedBodyError,
    TruncatedHeadError,
    UriTooLongError,
)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
LONG = b"a" * 8000
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def new_receiver(**limits: int) -> RequestReceiver:
    config = ProtocolConfig(**limits)
    return RequestReceiver(config, FieldTable(config))


def receive(receiver: RequestReceiver, *parts: bytes) -> list[object]:
    """Return all events, heads by their method and path; NEED_DATA only where it is the last."""
    events: list[object] = []
    for part in parts:
        receiver.receive_data(part)
        while True:
            event = receiver.next_event()
            if event is NEED_DATA:
                break
            is_head = isinstance(event, RequestHead)
            events.append(f"{event.method} {event.path}" if is_head else event)
            if event is PEER_CLOSED:
                break
    return events


# ---- The life of a connection


def test_a_new_receiver_is_at_the_start_and_needs_data() -> None:
    receiver = new_receiver()
    assert receiver.next_event() is NEED_DATA
    assert (receiver.at_start, receiver.has_pending, receiver.has_ended) == (True, False, False)


def test_a_request_without_a_body_pauses_at_once() -> None:
    receiver = new_receiver()
    assert receive(receiver, GET) == ["GET /"]
    assert (receiver.next_event(), receiver.at_start, receiver.has_pending) == (NEED_DATA, False, False)


def test_a_request_with_a_body_pauses_after_its_end() -> None:
    receiver = new_receiver()
    assert receive(receiver, POST + b"ab", b"c") == ["POST /", b"ab", b"c", END_OF_MESSAGE]
    assert receiver.next_event() is NEED_DATA


def test_a_paused_receiver_begins_again_with_the_next_request() -> None:
    receiver = new_receiver()
    receive(receiver, GET)
    receiver.next_request()
    assert receiver.at_start
    assert receive(receiver, POST, b"abc") == ["POST /", b"abc", END_OF_MESSAGE]
    receiver.next_request()
    assert receive(receiver, GET) == ["GET /"]


def test_a_pipelined_request_waits_for_its_turn() -> None:
    receiver = new_receiver()
    assert receive(receiver, GET + POST + b"abc" + GET) == ["GET /"]
    assert (receiver.has_pending, receiver.at_start) == (True, False)
    receiver.next_request()
    assert receive(receiver, b"x") == ["POST /", b"abc", END_OF_MESSAGE]
    receiver.next_request()
    assert receiver.next_event().method == "GET"
    assert receiver.has_pending
    receiver.next_request()
    assert not receiver.at_start
    assert receiver.partial_line == b"x"


def test_bytes_that_come_while_paused_join_those_that_wait() -> None:
    receiver = new_receiver()
    assert receive(receiver, GET, GET[:10], GET[10:20], GET[20:]) == ["GET /"]
    receiver.next_request()
    assert receiver.next_event().path == "/"
    assert not receiver.has_pending


def test_two_reads_without_an_event_between_are_one() -> None:
    receiver = new_receiver()
    receiver.receive_data(GET[:10])
    receiver.receive_data(GET[10:])
    assert receiver.next_event().path == "/"


@pytest.mark.parametrize("part", [b"", GET[:10], POST, POST + b"a"])
def test_next_request_before_the_end_of_the_request_is_our_own_mistake(part: bytes) -> None:
    receiver = new_receiver()
    if part:
        receive(receiver, part)
    with pytest.raises(RuntimeError, match=r"next_request\(\) cannot happen while"):
        receiver.next_request()


def test_an_empty_line_between_requests_leaves_the_connection_idle() -> None:
    receiver = new_receiver()
    receive(receiver, GET)
    receiver.next_request()
    assert receive(receiver, b"\r\n") == []
    assert receiver.at_start
    assert receive(receiver, GET) == ["GET /"]


def test_a_second_empty_line_is_refused_although_it_came_later() -> None:
    with pytest.raises(BadRequestLineError, match="two empty lines"):
        receive(new_receiver(), b"\r\n", b"\r\n")


# ---- The end of input


def test_an_end_between_requests_is_clean() -> None:
    receiver = new_receiver()
    assert receive(receiver, b"") == [PEER_CLOSED]
    assert receiver.has_ended
    assert receiver.next_event() is PEER_CLOSED


def test_an_end_behind_a_request_is_told_after_its_response() -> None:
    receiver = new_receiver()
    assert receive(receiver, GET, b"") == ["GET /"]
    assert receiver.has_ended
    receiver.next_request()
    assert receiver.next_event() is PEER_CLOSED


def test_an_end_behind_pipelined_requests_loses_none_of_them() -> None:
    receiver = new_receiver()
    assert receive(receiver, GET + GET, b"") == ["GET /"]
    receiver.next_request()
    assert receiver.next_event().path == "/"
    receiver.next_request()
    assert receiver.next_event() is PEER_CLOSED


def test_an_end_inside_a_head_is_a_fault_that_may_be_answered() -> None:
    with pytest.raises(TruncatedHeadError, match="after 10 bytes") as caught:
        receive(new_receiver(), GET[:10], b"")
    assert caught.value.answerable


def test_an_end_inside_a_body_is_a_fault_that_is_not_answered() -> None:
    with pytest.raises(TruncatedBodyError) as caught:
        receive(new_receiver(), POST + b"ab", b"")
    assert not caught.value.answerable


def test_an_end_with_the_last_byte_of_a_body_is_clean() -> None:
    receiver = new_receiver()
    receiver.receive_data(POST + b"abc")
    receiver.receive_data(b"")
    assert receiver.next_event().path == "/"
    assert [receiver.next_event(), receiver.next_event()] == [b"abc", END_OF_MESSAGE]


# ---- Faults


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"\x16\x03\x01", BadRequestLineError, id="tls"),
        pytest.param(b"\r\n\r\n" + GET, BadRequestLineError, id="two-empty-lines"),
        pytest.param(b"GET / HTTP/1.1\n", BadLineEndError, id="lf"),
        pytest.param(b"GET / HTTP/1.1\r\nX: a\0", BadLineEndError, id="nul"),
        pytest.param(b"GET / HTTP/1.1\r\nX: a\rb", BadLineEndError, id="cr"),
        pytest.param(b"GET /\r\n", BadRequestLineError, id="http-0.9"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", BadHostError, id="no-host"),
        pytest.param(GET[:-2] + b"Host: y\r\n\r\n", BadHostError, id="two-hosts"),
        pytest.param(GET[:-2] + b"a:\r\nb:\r\nc:\r\n\r\n", HeaderTooLargeError, id="fields"),
        pytest.param(GET[:-2] + b"a: " + b"b" * 300 + b"\r\n\r\n", HeaderTooLargeError, id="head"),
        pytest.param(GET[:-2] + b"a: " + b"b" * 300, HeaderTooLargeError, id="head-unfinished"),
        pytest.param(b"GET /" + b"a" * 80 + b" HTTP/1.1\r\n\r\n", UriTooLongError, id="line"),
        pytest.param(b"GET /" + b"a" * 80, UriTooLongError, id="line-unfinished"),
        pytest.param(
            b"GET /" + b"a" * 300 + b" HTTP/1.1\r\n\r\n", UriTooLongError, id="line-longer-than-head"
        ),
        pytest.param(GET[:-2] + b"Content-Length: 9\r\n\r\n", BodyTooLargeError, id="body"),
        pytest.param(CHUNKED + b"x\r\n", BadChunkError, id="chunk"),
    ],
)
def test_a_fault_is_raised_again_and_nothing_behind_it_is_read(data: bytes, error: type[PeerError]) -> None:
    receiver = new_receiver(max_fields=3, max_head_bytes=256, max_request_line_bytes=64, max_body_bytes=8)
    with pytest.raises(error) as first:
        receive(receiver, data)
    for _ in range(3):
        receiver.receive_data(GET)
        with pytest.raises(error) as again:
            receiver.next_event()
        assert (again.value is first.value, str(again.value)) == (False, str(first.value))
    assert not receiver.has_pending
    assert len(receiver._buffer) <= len(GET)


def test_a_fault_leaves_no_mark_for_the_next_connection() -> None:
    config = ProtocolConfig()
    table = FieldTable(config)
    with pytest.raises(BadFieldError):
        receive(
            RequestReceiver(config, table), b"GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nX_Y: a\r\nX : a\r\n\r\n"
        )
    receiver = RequestReceiver(config, table)
    receiver.receive_data(GET)
    head = receiver.next_event()
    assert (head.has_forwarding, head.fields) == (False, {"HTTP_HOST": "x"})


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"GET / HT", b"GET / HT", id="unfinished"),
        pytest.param(b"\r\nGET / HT", b"GET / HT", id="behind-an-empty-line"),
        pytest.param(GET[:-2], b"GET / HTTP/1.1", id="finished"),
        pytest.param(b"GET /" + b"a" * 600, b"GET /" + b"a" * 251, id="long"),
        pytest.param(b"", b"", id="nothing"),
        pytest.param(POST + b"a", b"", id="in-a-body"),
        pytest.param(GET + GET, b"", id="paused"),
    ],
)
def test_partial_line_is_what_came_of_the_first_line(data: bytes, line: bytes) -> None:
    receiver = new_receiver()
    if data:
        receive(receiver, data)
    assert receiver.partial_line == line


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/9.9", id="line"),
        pytest.param(b"GET / HTTP/1.1\nX", b"GET / HTTP/1.1", id="lf"),
        pytest.param(GET[:-2] + b"X : a\r\n\r\n", b"GET / HTTP/1.1", id="field"),
        pytest.param(b"GET /" + b"a" * 9000, b"GET /" + b"a" * 251, id="long"),
        pytest.param(CHUNKED + b"x\r\n", b"", id="in-a-body"),
    ],
)
def test_partial_line_of_a_refused_request_is_kept_for_its_access_line(data: bytes, line: bytes) -> None:
    receiver = new_receiver()
    with pytest.raises(PeerError):
        receive(receiver, data)
    receiver.receive_data(b"later")
    assert receiver.partial_line == line


# ---- Heads


def head_of(data: bytes) -> RequestHead:
    receiver = new_receiver()
    receiver.receive_data(data)
    return receiver.next_event()


def test_an_ordinary_head_has_every_slot_set() -> None:
    head = head_of(b"GET /a%20b?c HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nCookie: d\r\n\r\n")
    assert {name: getattr(head, name) for name in RequestHead.__slots__} == {
        "authority": None,
        "chunked": False,
        "content_length": 0,
        "expects_continue": False,
        "fields": {"HTTP_HOST": "x", "HTTP_COOKIE": "d"},
        "has_forwarding": False,
        "keep_alive": True,
        "line": b"GET /a%20b?c HTTP/1.1",
        "method": "GET",
        "path": "/a b",
        "query": "c",
        "scheme": None,
        "target": "/a%20b?c",
        "version": "HTTP/1.1",
    }


def test_a_head_that_is_not_ordinary_has_every_slot_set() -> None:
    head = head_of(
        b"PUT http://y/a HTTP/1.1\r\nHost: x\r\nX_Z: 1\r\nX-Forwarded-For: 1\r\nX-Forwarded-For: 2\r\n"
        b"Connection: close\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert {name: getattr(head, name) for name in RequestHead.__slots__} == {
        "authority": "y",
        "chunked": True,
        "content_length": None,
        "expects_continue": True,
        "fields": {"HTTP_HOST": "y", "HTTP_X_FORWARDED_FOR": "1, 2", "HTTP_EXPECT": "100-continue"},
        "has_forwarding": True,
        "keep_alive": False,
        "line": b"PUT http://y/a HTTP/1.1",
        "method": "PUT",
        "path": "/a",
        "query": "",
        "scheme": "http",
        "target": "http://y/a",
        "version": "HTTP/1.1",
    }


def test_one_dropped_field_alone_is_dropped() -> None:
    assert head_of(GET[:-2] + b"X_Z: 1\r\n\r\n").fields == {"HTTP_HOST": "x"}


@pytest.mark.parametrize("name", [b"Content-Length", b"Content-Type", b"Authorization", b"Host"])
def test_a_singleton_that_came_twice_is_refused(name: bytes) -> None:
    line = name + b": 1\r\n"
    with pytest.raises(PeerError, match="twice"):
        head_of(b"GET / HTTP/1.1\r\nHost: x\r\n" + line + line + b"\r\n")


def test_fields_of_two_requests_are_never_shared() -> None:
    receiver = new_receiver()
    heads = []
    for _ in range(2):
        receiver.receive_data(GET)
        heads.append(receiver.next_event())
        receiver.next_request()
    heads[0].fields["HTTP_X"] = "y"
    assert "HTTP_X" not in heads[1].fields


# ---- What a hostile client can cost


@pytest.mark.parametrize(
    "data",
    [
        b"GET " + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        LONG + b"\r\n\r\n",
        b"GET /" + LONG + b"# HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + LONG + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + LONG + b"(: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: \x01" + LONG + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: " + LONG + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: " + LONG + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + LONG + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nExpect: " + LONG + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Type: " + LONG + b"\r\nContent-Type: " + LONG + b"\r\n\r\n",
        CHUNKED + b"1;=" + LONG[:1000] + b"\r\n",
    ],
)
def test_a_message_for_the_log_never_repeats_what_came_at_length(data: bytes) -> None:
    with pytest.raises(PeerError) as caught:
        receive(new_receiver(), data)
    assert len(str(caught.value)) < 600


def count_calls(messages: list[bytes], step: int) -> list[int]:
    """Return how many functions, Python's and C's, are called for each message, `step` bytes at a time."""
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "counting.py")],
        input="".join(f"{(message, step)!r}\n" for message in messages),
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(line) for line in ran.stdout.split()]


@pytest.mark.parametrize(
    ("head", "unit", "tail"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"a", b"\r\n\r\n", id="long-value"),
        pytest.param(b"GET /", b"a", b" HTTP/1.1\r\nHost: x\r\n\r\n", id="long-line"),
        pytest.param(CHUNKED, b"1\r\na\r\n", b"0\r\n\r\n", id="tiny-chunks"),
        pytest.param(b"", GET, b"", id="pipelined"),
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 30], ids=["bytewise", "whole"])
def test_work_grows_in_line_with_what_came(head: bytes, unit: bytes, tail: bytes, step: int) -> None:
    of_400, of_800 = count_calls([head + unit * count + tail for count in (400, 800)], step)
    assert 0 < of_400 <= of_800 <= 2.2 * of_400


def test_an_unfinished_head_is_not_searched_again_from_its_beginning() -> None:
    receiver = new_receiver()
    for byte in GET[:-1]:
        receiver.receive_data(bytes([byte]))
        receiver.next_event()
    assert receiver._scanned == len(GET) - 1


def test_an_idle_receiver_keeps_no_buffer_and_is_small() -> None:
    receiver = new_receiver()
    receive(receiver, POST + b"abc")
    receiver.next_request()
    assert receiver._buffer == b""
    assert receiver._reader is None
    assert sys.getsizeof(receiver) < 200


@pytest.mark.parametrize(
    ("target", "is_remembered"), [(b"/a", True), (b"/a?token=secret", False)], ids=["path", "query"]
)
def test_a_request_line_is_remembered_unless_its_query_may_hold_a_secret(
    target: bytes, is_remembered: bool
) -> None:
    config = ProtocolConfig()
    table = FieldTable(config)
    receiver = RequestReceiver(config, table)
    receiver.receive_data(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target)
    receiver.next_event()
    assert bool(table.request_lines) is is_remembered
