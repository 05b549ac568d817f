"""Connections as their clients see them, over raw sockets."""

import os
import re
import threading
import time

import pytest

from penstock.config import ProtocolConfig
from penstock.server.worker.phase import Phase
from penstock.telemetry import Outcome

ONE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BIG = 20_000_000  # more than the kernel takes of an answer that nobody reads
lanes = pytest.mark.parametrize("is_inline", [True, False], ids=["inline", "pool"])


def echo(environ, start_response):
    """Answer with what came, in one piece."""
    body = environ["wsgi.input"].read()
    status = environ["PATH_INFO"].strip("/") or "200"
    fields = [] if status in ("204", "304") else [("Content-Type", "text/plain")]
    start_response(f"{status} Yes", fields)
    if status in ("204", "304"):
        return []
    return [environ["REQUEST_METHOD"].encode(), b" ", environ.get("CONTENT_LENGTH", "-").encode(), b" ", body]


def big(environ, start_response):
    start_response("200 OK", [("Content-Length", str(BIG))])
    return [bytes(BIG)]


class Stream:
    """A response that is made piece by piece."""

    def __init__(self, pieces: int, piece: bytes = bytes(100_000), path: str = "") -> None:
        self.made = 0
        self.closed = threading.Event()
        self._pieces = pieces
        self._piece = piece
        self._path = path

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self if environ["PATH_INFO"].startswith(self._path) else [b"other"]

    def __iter__(self):
        for _ in range(self._pieces):
            self.made += 1
            yield self._piece

    def close(self) -> None:
        self.closed.set()


def without_date(wire: bytes) -> bytes:
    return re.sub(rb"Date: [^\r]*\r\n", b"", wire)


# Both lanes


@pytest.mark.parametrize(
    ("request_bytes", "method"),
    [
        pytest.param(ONE, "GET", id="get"),
        pytest.param(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD", id="head"),
        pytest.param(b"GET /204 HTTP/1.1\r\nHost: a\r\n\r\n", "GET", id="no-content"),
        pytest.param(b"GET /304 HTTP/1.1\r\nHost: a\r\n\r\n", "GET", id="not-modified"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET", id="close"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", "GET", id="http-1.0"),
        pytest.param(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", id="http-1.0-kept"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde", "POST", id="counted-body"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            "POST",
            id="chunked-body",
        ),
    ],
)
def test_both_lanes_answer_with_the_same_bytes(serve, request_bytes: bytes, method: str) -> None:
    rig = serve(echo)
    wires = []
    for is_inline in (False, True):
        for path in ("/", "/204", "/304"):
            shape = rig.on_loop(lambda path=path: rig.loop.lanes.choose(method, path))
            shape.is_inline = is_inline
        client = rig.connect()
        client.send(request_bytes)
        wires.append(without_date(client.answer(method).wire))
    assert wires[0] == wires[1]
    assert [access.lane for access in rig.wait_accesses(2)] == [1, 0]


@lanes
def test_record_holds_what_happened_in_its_order(serve, is_inline: bool) -> None:
    rig = serve(echo)
    if is_inline:
        rig.make_inline(method="POST")
    client = rig.connect()
    client.ask(method="POST", body=b"abc")
    client.answer()
    (access,) = rig.wait_accesses(1)
    assert access.line == b"POST / HTTP/1.1"
    assert (access.status, access.outcome, access.received_bytes) == (200, Outcome.COMPLETE, 3)
    assert access.sent_bytes == len(b"POST 3 abc")
    assert list(access.times_ns) == sorted(access.times_ns)
    assert access.times_ns[0] > 0


@lanes
def test_half_closed_client_gets_its_answer_and_then_the_end(serve, is_inline: bool) -> None:
    rig = serve()
    if is_inline:
        rig.make_inline()
    client = rig.connect()
    client.send(ONE)
    client.half_close()
    assert client.answer().body == b"hello"
    assert client.rest() == b""
    rig.wait_empty()


def test_client_that_half_closes_while_the_application_works_gets_its_answer_and_then_the_end(serve) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    client.half_close()
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._mask == 0)
    gate.open()
    assert client.answer().body == b"hello"
    assert client.rest() == b""


def test_connection_is_not_kept_when_keeping_is_switched_off(serve) -> None:
    rig = serve(keep_alive_s=0.0)
    client = rig.connect()
    assert client.get().field("Connection") == "close"
    assert client.rest() == b""


# Heads, bodies


def test_head_that_comes_byte_by_byte_is_one_request(serve) -> None:
    rig = serve()
    client = rig.connect()
    for index in range(len(ONE)):
        client.send(ONE[index : index + 1])
    assert client.answer().body == b"hello"
    assert len(rig.wait_accesses(1)) == 1


def test_client_that_asks_first_is_told_once_to_go_on(serve) -> None:
    rig = serve(echo)
    client = rig.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert client.answer().head == b"HTTP/1.1 100 Continue"
    client.send(b"a")
    client.send(b"bc")
    assert client.answer().body == b"POST 3 abc"


def test_client_that_does_not_wait_is_not_told_to_go_on(serve) -> None:
    rig = serve(echo)
    client = rig.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
    assert client.answer().body == b"POST 3 abc"


def test_expectation_of_a_body_that_is_too_large_is_refused_at_once(serve) -> None:
    rig = serve(echo, protocol=ProtocolConfig(max_body_bytes=2))
    client = rig.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert client.answer().status == 413


@pytest.mark.parametrize(
    "end", [pytest.param("half_close", id="end-of-input"), pytest.param("reset", id="reset")]
)
def test_cut_body_never_reaches_the_application(serve, end: str) -> None:
    rig = serve(echo, spool_memory_bytes=10)
    client = rig.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"x" * 100)
    rig.wait_phase(Phase.BODY)
    getattr(client, end)()
    rig.wait_until(lambda: rig.recorder.refusals)
    (refusal,) = rig.recorder.refusals
    assert refusal.line == b"POST / HTTP/1.1"
    assert refusal.status == (400 if end == "half_close" else 499)
    assert rig.recorder.accesses == []
    rig.wait_empty()


@pytest.mark.parametrize("size", [10, 11, 3_000_000])
def test_body_is_whole_wherever_it_waited(serve, tmp_path, size: int) -> None:
    seen = []

    def application(environ, start_response):
        seen.append(type(environ["wsgi.input"]).__name__)
        return echo(environ, start_response)

    rig = serve(application, spool_memory_bytes=10, spool_dir=str(tmp_path))
    client = rig.connect()
    body = os.urandom(size)
    client.ask(method="POST", body=body)
    assert client.answer().body == b"POST %d %b" % (size, body)
    assert seen == ["BytesIO" if size <= 10 else "BufferedReader"]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_body_that_cannot_be_spooled_is_refused(serve, method: str) -> None:
    rig = serve(echo, spool_memory_bytes=0, spool_dir="/nonexistent")
    client = rig.connect()
    client.ask(method=method, body=b"abc")
    answer = client.answer(method)
    assert answer.status == 413
    assert client.rest() == b""
    (refusal,) = rig.recorder.refusals
    assert refusal.reason.startswith("cannot spool to /nonexistent")


# Pipelining


def test_pipelined_requests_are_answered_in_order_when_the_first_one_is_slow(serve) -> None:
    rig = serve(echo)
    gate = rig.gate("/201")
    rig.make_inline("/202")
    client = rig.connect()
    client.ask("/201")
    client.ask("/202")
    client.ask("/203")
    gate.wait_arrival()
    gate.open()
    assert [client.answer().status for _ in range(3)] == [201, 202, 203]


def test_pipelined_request_that_is_not_whole_goes_on_when_the_rest_comes(serve) -> None:
    rig = serve(echo)
    gate = rig.gate("/201")
    client = rig.connect()
    client.ask("/201")
    gate.wait_arrival()
    client.send(b"POST /202 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._read_ahead)
    gate.open()
    assert client.answer().status == 201
    client.send(b"bc")
    assert client.answer().body == b"POST 3 abc"
    assert rig.on_loop(lambda: connection._read_ahead) == 0


@lanes
def test_client_that_runs_ahead_waits_in_the_kernels_buffer(serve, is_inline: bool) -> None:
    rig = serve()
    if is_inline:
        rig.make_inline()
    client = rig.connect()
    wanted = 20_000
    mark = b"HTTP/1.1 200"
    count = 0

    def read() -> None:
        nonlocal count
        end = b""  # of the last piece: a mark may be cut in two
        while count < wanted:
            piece = end + client.sock.recv(1 << 20)
            count += piece.count(mark)
            end = piece[-len(mark) + 1 :]

    threads = [threading.Thread(target=read), threading.Thread(target=client.send, args=(ONE * wanted,))]
    for thread in threads:
        thread.start()
    connection = rig.the_connection()
    peak = 0
    while threads[0].is_alive():
        peak = max(peak, rig.on_loop(lambda: len(connection._receiver._buffer)))
    for thread in threads:
        thread.join()
    assert count == wanted
    assert peak < 300_000


def test_fault_behind_pipelined_requests_is_refused_once(serve) -> None:
    rig = serve()
    rig.make_inline()
    for _ in range(100):
        client = rig.connect()
        for _ in range(3):
            client.send(ONE * 2)
        client.send(b"BAD\r\n\r\n")
        assert client.rest().count(b"HTTP/1.1 400") == 1
        client.close()
        rig.wait_empty()
        assert [refusal.status for refusal in rig.recorder.refusals] == [400]
        rig.recorder.refusals.clear()


# Refusing


def test_refused_request_is_answered_and_recorded(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    answer = client.answer()
    assert answer.status == 400
    assert answer.field("Connection") == "close"
    assert client.rest() == b""
    (refusal,) = rig.recorder.refusals
    assert (refusal.status, refusal.line, refusal.peer) == (400, b"GET / HTTP/1.1", "127.0.0.1")
    assert "Host" in refusal.reason


def test_fault_that_shows_only_in_the_rest_of_a_head_is_refused(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.send(b"GET / HTTP/1.1\r\n")
    rig.wait_phase(Phase.HEAD)
    client.send(b"Bad Name: x\r\n\r\n")
    assert client.answer().status == 400


def test_client_that_still_sends_can_read_why_it_was_refused(serve) -> None:
    rig = serve(protocol=ProtocolConfig(max_body_bytes=10))
    client = rig.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n")
    client.send(b"x" * 500_000)
    assert client.answer().status == 413
    rig.wait_phase(Phase.LINGERING)
    client.close()
    rig.wait_empty()


def test_client_that_sends_on_and_on_after_a_refusal_is_cut(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.send(b"BAD\r\n\r\n")
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        client.send(bytes(100_000_000))
    rig.wait_empty()


def test_lingering_client_is_closed_when_its_time_is_up(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.send(b"BAD\r\n\r\n")
    rig.expire(rig.wait_phase(Phase.LINGERING))
    rig.wait_empty()


# Deadlines


def test_client_that_says_nothing_is_closed_without_a_word(serve) -> None:
    rig = serve()
    client = rig.connect()
    rig.expire(rig.the_connection())
    assert client.rest() == b""
    assert rig.recorder.refusals == []


def test_new_client_has_the_time_of_a_head_and_a_kept_one_its_own(serve) -> None:
    rig = serve(header_timeout_s=10.0, keep_alive_s=75.0)
    client = rig.connect()
    connection = rig.the_connection()
    first_s = rig.on_loop(lambda: connection.deadline_ns / 1e9 - time.monotonic())
    client.get()
    kept_s = rig.on_loop(lambda: connection.deadline_ns / 1e9 - time.monotonic())
    assert 5 < first_s < 10
    assert 70 < kept_s < 75


def test_head_that_is_not_whole_in_time_is_refused(serve) -> None:
    rig = serve(header_timeout_s=0.1)
    client = rig.connect()
    client.send(b"GET /never HTTP/1.1\r\nHos")
    assert client.answer().status == 408
    assert client.rest() == b""
    assert [(r.status, r.line) for r in rig.recorder.refusals] == [(408, b"GET /never HTTP/1.1")]


def test_body_that_stops_coming_is_refused(serve) -> None:
    rig = serve(body_timeout_s=0.1)
    client = rig.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    assert client.answer().status == 408
    assert [(r.status, r.line) for r in rig.recorder.refusals] == [(408, b"POST / HTTP/1.1")]


def test_client_that_takes_nothing_of_its_answer_is_cut_and_recorded(serve) -> None:
    rig = serve(big)
    rig.connect().ask()
    rig.expire(rig.wait_phase(Phase.SENDING))
    rig.wait_empty()
    assert [access.outcome for access in rig.recorder.accesses] == [Outcome.PEER_GONE]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_request_that_takes_too_long_is_answered_and_its_late_answer_dropped(
    serve, caplog, method: str
) -> None:
    rig = serve(request_timeout_s=0.1)
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow", method=method)
    answer = client.answer(method)
    assert (answer.status, answer.field("Connection")) == (504, "close")
    assert client.rest() == b""
    assert [(a.status, a.outcome) for a in rig.recorder.accesses] == [(504, Outcome.TIMED_OUT)]
    assert "gate.wait()" in caplog.text  # where the thread stands
    client.close()
    gate.open()
    rig.wait_empty()
    assert len(rig.recorder.accesses) == 1


def test_request_that_has_time_left_is_left_alone(serve) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    rig.expire(rig.the_connection())
    gate.open()
    assert client.answer().status == 200


def test_stream_that_takes_too_long_is_cut_without_its_last_chunk(serve) -> None:
    going_on = threading.Event()

    def application(environ, start_response):
        start_response("200 OK", [])
        yield b"begun"
        going_on.wait(20)
        yield b"late"

    rig = serve(application, request_timeout_s=0.1)
    client = rig.connect()
    client.ask()
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._flow is not None)
    rig.wait_until(lambda: connection._exchange.start_ns + 100_000_000 < time.monotonic_ns())
    rig.expire(connection)
    answer = client.answer()
    assert (answer.body, answer.is_whole) == (b"begun", False)
    going_on.set()
    rig.wait_empty()
    assert [access.outcome for access in rig.recorder.accesses] == [Outcome.TIMED_OUT]


def test_inline_request_whose_thread_lost_the_loop_gets_the_deadline_of_one_in_the_pool(serve) -> None:
    rig = serve(request_timeout_s=3.0)
    gate = rig.gate("/slow")
    rig.make_inline("/slow")
    client = rig.connect()
    client.get("/")
    client.ask("/slow")
    gate.wait_arrival()
    connection = rig.the_connection()
    rig.wait_until(lambda: connection.deadline_ns == connection._exchange.start_ns + 3_000_000_000)
