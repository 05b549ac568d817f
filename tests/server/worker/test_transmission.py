"""What connections send: large and streamed answers, slow and vanished clients."""

import gc
import os
import threading
import time
import weakref

import pytest

from penstock.server.worker.phase import Phase
from penstock.server.worker.spool import FilePiece
from penstock.telemetry import Outcome

BIG = 12_000_000  # more than the kernel takes of an answer that nobody reads
PIECE = bytes(100_000)


def big(environ, start_response):
    start_response("200 OK", [("Content-Length", str(BIG))])
    return [bytes(BIG)]


class Stream:
    """An application that makes its answers piece by piece, and plain ones below /plain."""

    def __init__(self, pieces: int, piece: bytes = PIECE) -> None:
        self.made = 0
        self.is_closed = threading.Event()
        self._pieces = pieces
        self._piece = piece

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"plain"] if environ["PATH_INFO"] == "/plain" else self

    def __iter__(self):
        for _ in range(self._pieces):
            self.made += 1
            yield self._piece

    def close(self) -> None:
        self.is_closed.set()


def slow_client(rig):
    """Connect a client whose buffer is small, so that output waits with us soon."""
    return rig.connect(receive_buffer_bytes=4096)


# Slow clients


def test_slow_reader_of_a_large_answer_holds_no_thread(serve) -> None:
    rig = serve(big, threads=1)
    slow = rig.connect()
    slow.ask()
    rig.wait_phase(Phase.SENDING)
    other = rig.connect()
    other.ask()
    assert len(other.answer().body) == BIG
    assert len(slow.answer().body) == BIG
    assert [access.outcome for access in rig.wait_accesses(2)] == [Outcome.COMPLETE] * 2


def test_slow_reader_of_a_stream_holds_no_thread_while_there_is_room_to_spool(serve, tmp_path) -> None:
    stream = Stream(100)
    rig = serve(stream, threads=1, spool_memory_bytes=100_000, spool_dir=str(tmp_path))
    slow, other = slow_client(rig), rig.connect()
    slow.ask()
    assert stream.is_closed.wait(20)
    assert other.get("/plain").body == b"plain"
    rig.on_loop(lambda: None)
    answer = slow.answer()
    assert answer.is_whole
    assert answer.body == PIECE * 100


def test_stream_stops_being_made_when_its_client_is_slow_and_goes_on_later(serve) -> None:
    stream = Stream(120)
    rig = serve(stream, spool_memory_bytes=100_000, max_response_spool_bytes=1_000_000)
    client = rig.connect()
    client.ask()
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._flow is not None and connection._flow.pending_bytes >= 1_000_000)
    assert stream.made < 120
    answer = client.answer()
    assert answer.is_whole
    assert answer.body == PIECE * 120
    assert stream.made == 120


def test_client_that_takes_nothing_of_a_stream_is_cut_and_its_application_told(serve) -> None:
    stream = Stream(1000)
    rig = serve(stream, max_response_spool_bytes=1_000_000)
    client = slow_client(rig)
    client.ask()
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._flow is not None and connection._flow.pending_bytes >= 1_000_000)
    rig.expire(connection)
    assert stream.is_closed.wait(20)
    rig.wait_empty()
    assert [access.outcome for access in rig.recorder.accesses] == [Outcome.PEER_GONE]


def test_client_that_goes_away_closes_the_generator_of_its_stream(serve) -> None:
    stream = Stream(100_000)
    rig = serve(stream, max_response_spool_bytes=1_000_000)
    client = rig.connect()
    client.ask()
    client.sock.recv(1000)
    client.reset()
    assert stream.is_closed.wait(20)
    assert stream.made < 100_000
    rig.wait_empty()
    assert [access.outcome for access in rig.recorder.accesses] == [Outcome.PEER_GONE]


def test_stream_that_cannot_be_spooled_is_cut(serve, caplog) -> None:
    stream = Stream(1000)
    rig = serve(stream, spool_memory_bytes=100_000, spool_dir="/nonexistent")
    client = slow_client(rig)
    client.ask()
    assert stream.is_closed.wait(20)
    rig.wait_empty()
    assert "response.spool_failed" in caplog.text
    assert not client.answer().is_whole


def test_early_hints_that_wait_go_out_before_the_answer(serve, failing_socket) -> None:
    def application(environ, start_response):
        if environ["PATH_INFO"] == "/big":
            return big(environ, start_response)
        environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
        start_response("200 OK", [])
        return [b"hello"]

    rig = serve(application)
    client = rig.connect()
    client.get("/")  # learn how it looks
    connection = rig.the_connection()
    hold = connection._mask
    client.answer()

    sock = connection._sock = failing_socket(connection._sock, "send", BlockingIOError())
    client.ask("/")
    rig.wait_until(lambda: connection._phase is Phase.SENDING)
    sock.mend()
    assert client.answer().status == 103
    assert client.answer().body == b"hello"
    rig.wait_until(lambda: connection._mask == hold)


# Files


def files(path, declared: int | None = None):
    def application(environ, start_response):
        fields = [] if declared is None else [("Content-Length", str(declared))]
        start_response("200 OK", fields)
        return environ["wsgi.file_wrapper"](open(path, "rb"))

    return application


@pytest.mark.parametrize("size", [1, 5_000_000])
def test_file_is_sent_whole_and_closed(serve, tmp_path, size: int) -> None:
    (tmp_path / "file").write_bytes(content := os.urandom(size))
    rig = serve(files(tmp_path / "file"))
    client = rig.connect()
    assert client.get().body == content
    assert client.get().body == content


def test_slow_reader_of_a_file_holds_no_thread(serve, tmp_path) -> None:
    (tmp_path / "file").write_bytes(content := os.urandom(BIG))
    rig = serve(files(tmp_path / "file"), threads=1)
    slow = rig.connect()
    slow.ask()
    rig.wait_phase(Phase.SENDING)
    other = rig.connect()
    other.ask()
    assert other.answer().body == content
    assert slow.answer().body == content


def test_file_that_becomes_shorter_while_it_is_sent_ends_the_connection(serve, tmp_path) -> None:
    (tmp_path / "file").write_bytes(bytes(BIG))
    rig = serve(files(tmp_path / "file"))
    client = slow_client(rig)
    client.ask()
    rig.wait_phase(Phase.SENDING)
    os.truncate(tmp_path / "file", 100)
    assert not client.answer().is_whole
    rig.wait_empty()


def test_file_for_a_client_that_has_gone_is_closed(serve, tmp_path) -> None:
    (tmp_path / "file").write_bytes(bytes(1000))
    rig = serve(files(tmp_path / "file"))
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    connection = rig.the_connection()
    client.reset()
    rig.wait_until(lambda: connection._phase is Phase.CLOSED)
    gate.open()
    rig.wait_empty()
    assert [access.outcome for access in rig.wait_accesses(1)] == [Outcome.PEER_GONE]


# What the kernel says


def test_connection_that_cannot_be_half_closed_is_closed(serve, failing_socket) -> None:
    rig = serve()
    client = rig.connect()
    connection = rig.the_connection()
    connection._sock = failing_socket(connection._sock, "shutdown", OSError())
    client.ask("/", "Connection: close")
    assert client.answer().status == 200
    assert client.rest() == b""
    rig.wait_empty()


def test_connection_that_is_closed_twice_is_closed_once(serve) -> None:
    rig = serve()
    rig.connect()
    connection = rig.the_connection()
    rig.on_loop(connection.close)
    rig.on_loop(connection.close)
    assert rig.recorder.connections == 0


def test_file_that_is_handed_over_after_the_end_is_closed(serve, tmp_path) -> None:
    rig = serve()
    rig.connect()
    connection = rig.the_connection()
    file = open(os.devnull, "rb", buffering=0)  # noqa: SIM115 - the connection closes it
    rig.on_loop(connection.close)
    rig.on_loop(lambda: connection.on_output(None, FilePiece(file, 0, 1, is_spool=False)))
    assert file.closed


def test_inline_stream_is_sent_by_the_thread_that_began_it(serve) -> None:
    rig = serve(Stream(3))
    rig.make_inline()
    client = rig.connect()
    assert client.get().body == PIECE * 3
    assert client.get().body == PIECE * 3
    assert [access.lane for access in rig.wait_accesses(2)] == [0, 1]


# Clients that vanish


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "phase"),
    [
        pytest.param(b"", Phase.IDLE, id="idle"),
        pytest.param(b"GET / HT", Phase.HEAD, id="head"),
        pytest.param(HEAD, Phase.BODY, id="body"),
        pytest.param(HEAD + bytes(600_000), Phase.BODY, id="spooled-body"),
        pytest.param(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", Phase.BUSY, id="busy"),
        pytest.param(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n", Phase.SENDING, id="sending"),
        pytest.param(b"BAD\r\n\r\n", Phase.LINGERING, id="lingering"),
    ],
)
def test_reset_in_any_phase_leaves_nothing_open(serve, sent: bytes, phase: Phase) -> None:
    rig = serve(big)
    gate = rig.gate("/slow")
    for _ in range(20):
        client = rig.connect()
        client.send(sent)
        rig.wait_phase(phase)
        client.reset()
        rig.wait_until(lambda: not rig.reception.connections)
    gate.open()
    rig.wait_empty()
    assert len(rig.loop.wheel) == 0
    assert rig.recorder.connections == 0


def test_finished_request_is_freed_without_the_garbage_collector(serve) -> None:
    exchanges = []

    def application(environ, start_response):
        exchanges.append(weakref.ref(start_response.__self__))
        if environ["PATH_INFO"] == "/stream":
            return iter([b"a", b"b"]) if start_response("200 OK", []) else None
        start_response("200 OK", [])
        return [b"hello"]

    rig = serve(application)
    rig.make_inline("/inline")
    client = rig.connect()
    gc.disable()
    try:
        for path in ("/pool", "/inline", "/stream", "/pool"):
            client.get(path)
        client.close()
        rig.wait_empty()
        rig.wait_until(lambda: not any(exchange() for exchange in exchanges[:-1]))
    finally:
        gc.enable()


# Answers that end with the connection


@pytest.mark.parametrize("end", ["deadline", "failure", "stop", "write-deadline", "disk"])
def test_answer_that_ends_with_the_connection_is_reset_when_it_is_cut(serve, monkeypatch, end: str) -> None:
    going_on = threading.Event()

    def application(environ, start_response):
        start_response("200 OK", [])
        yield b"begun"
        going_on.wait(20)
        yield bytes(BIG) if end in ("write-deadline", "disk") else b"more"
        if end == "failure":
            raise RuntimeError
        yield b"the end"

    folder = "/nonexistent" if end == "disk" else ""
    rig = serve(application, request_timeout_s=0.1 if end == "deadline" else 5.0, spool_dir=folder)
    client = rig.connect()
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    connection = rig.the_connection()
    assert client.sock.recv(1000).startswith(b"HTTP/1.1 200")
    if end == "deadline":
        rig.wait_until(lambda: time.monotonic_ns() - connection._exchange.start_ns > 100_000_000)
        rig.expire(connection)
    elif end == "stop":
        rig.on_loop(rig.reception.cut)
    going_on.set()
    if end == "write-deadline":
        rig.wait_until(lambda: connection._outbox is not None)
        rig.expire(connection)
    with pytest.raises(ConnectionResetError):
        client.rest()
