"""The port with real sockets: its rounds run by the test, or by its own thread."""

import contextlib
import errno
import gc
import os
import select
import socket
import struct
import threading
import types

import pytest

from penstock.agent.ops import port as port_module
from penstock.agent.ops.desk import Answer
from penstock.agent.ops.port import FAREWELL_S, MAX_VISITS, PAUSE_S, OpsPort
from penstock.agent.ops.visit import ANSWER_S, HEAD_S, IDLE_S

GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
DEADLINE_S = 20


@pytest.fixture
def listener():
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    made.setblocking(False)
    yield made
    made.close()


@pytest.fixture
def desk():
    return types.SimpleNamespace(answer=lambda head: Answer("200 OK", b"fine\n"))


@pytest.fixture
def port(listener, desk, now):
    """A port whose rounds the test calls."""
    made = OpsPort(listener, desk, now)
    made._thread = types.SimpleNamespace(join=lambda: None)
    yield made
    with contextlib.suppress(OSError):
        made.stop()


@pytest.fixture
def connect(listener):
    """Open connections to the listener."""
    opened = []

    def open_one() -> socket.socket:
        client = socket.create_connection(listener.getsockname(), DEADLINE_S)
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        client.close()


class Failing:
    """A listener that cannot accept."""

    def __init__(self, listener, number):
        self._listener = listener
        self._number = number

    def __getattr__(self, name):
        return getattr(self._listener, name)

    def accept(self):
        raise OSError(self._number, os.strerror(self._number))


def wait_for(is_so) -> None:
    poll = select.poll()
    for _ in range(DEADLINE_S * 1000):
        if is_so():
            return
        poll.poll(1)
    pytest.fail("waited in vain")


def is_closed(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_requests_of_one_connection_are_answered(port, connect) -> None:
    client = connect()
    port.turn()
    for _ in range(3):
        client.sendall(GET)
        port.turn()
        assert client.recv(4096).endswith(b"\r\n\r\nfine\n")


def test_its_own_thread_answers_until_it_is_stopped(listener, desk, connect) -> None:
    port = OpsPort(listener, desk)
    port.start()
    client = connect()
    client.sendall(GET)
    assert client.recv(4096).endswith(b"fine\n")
    address = listener.getsockname()
    port.stop()
    assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_who_has_connected_when_it_stops_is_answered(listener, desk, connect, monkeypatch) -> None:
    monkeypatch.setattr(port_module, "FAREWELL_S", DEADLINE_S)
    port = OpsPort(listener, desk)
    port.start()
    asked, asking = connect(), connect()
    asked.sendall(GET)
    assert asked.recv(4096).endswith(b"fine\n")
    wait_for(lambda: len(port._guests) == 2)
    stopping = threading.Thread(target=port.stop)
    stopping.start()
    asking.sendall(GET)
    assert asking.recv(4096).endswith(b"fine\n")
    stopping.join()
    assert asked.recv(1) == b""
    assert asking.recv(1) == b""


def test_who_has_connected_and_says_nothing_does_not_hold_a_stop_up(port, listener, connect, now) -> None:
    connect()
    port.turn()
    port._now = lambda: now.pass_s(FAREWELL_S / 4) or now()
    port._farewell()
    assert len(port._guests) == 1


def test_silent_peer_is_closed_after_its_time(port, connect, now) -> None:
    client = connect()
    port.turn()
    now.pass_s(IDLE_S)
    port.turn()
    assert is_closed(client)


def test_peer_that_sends_its_head_slowly_is_closed(port, connect, now) -> None:
    client = connect()
    port.turn()
    for byte in GET[:5]:
        client.sendall(bytes([byte]))
        port.turn()
        now.pass_s(HEAD_S / 5)
    port.turn()
    assert is_closed(client)


def test_newcomer_takes_the_place_of_the_most_silent(port, connect, now) -> None:
    clients = []
    for _ in range(MAX_VISITS):
        clients.append(connect())
        port.turn()
        now.pass_s(0.01)
    clients[0].sendall(GET)  # so that the second is the most silent
    port.turn()
    newcomer = connect()
    port.turn()
    newcomer.sendall(GET)
    port.turn()
    assert newcomer.recv(4096).endswith(b"fine\n")
    assert clients[0].recv(4096).endswith(b"fine\n")
    assert [place for place, client in enumerate(clients) if is_closed(client)] == [1]


def test_peer_that_resets_is_forgotten(port, connect) -> None:
    client = connect()
    port.turn()
    client.sendall(GET)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    port.turn()
    assert not port._guests


def test_peer_that_takes_nothing_delays_nobody_and_is_closed(port, desk, connect, now) -> None:
    desk.answer = lambda head: Answer("200 OK", b"x" * (1 << 24))
    port._desk = desk
    deaf = connect()
    port.turn()
    deaf.sendall(GET * 50)
    port.turn()
    (guest,) = port._guests.values()
    assert 0 < len(guest.visit.output) <= (1 << 24) + 200  # one answer, not fifty
    desk.answer = lambda head: Answer("200 OK", b"fine\n")
    other = connect()
    port.turn()
    other.sendall(GET)
    port.turn()
    assert other.recv(4096).endswith(b"fine\n")
    now.pass_s(ANSWER_S)
    port.turn()
    assert len(port._guests) == 1


def test_answer_arrives_although_the_peer_sent_a_body_that_nobody_reads(port, connect) -> None:
    client = connect()
    port.turn()
    client.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000)
    client.shutdown(socket.SHUT_WR)
    while port._guests:
        port.turn()
    received = b""
    while piece := client.recv(65536):
        received += piece
    assert received.endswith(b"fine\n")


def test_scarce_descriptors_pause_the_listener(port, connect, now, monkeypatch) -> None:
    listener = port._listener
    monkeypatch.setattr(port, "_listener", Failing(listener, errno.EMFILE))
    client = connect()
    port.turn()
    assert port._resume_s
    monkeypatch.setattr(port, "_listener", listener)
    now.pass_s(PAUSE_S)
    port.turn()
    port.turn()
    client.sendall(GET)
    port.turn()
    assert client.recv(4096).endswith(b"fine\n")


def test_connection_that_went_before_it_was_accepted_is_no_fault(port, connect, monkeypatch) -> None:
    monkeypatch.setattr(port, "_listener", Failing(port._listener, errno.ECONNABORTED))
    connect()
    assert port.turn()
    assert not port._resume_s


def test_failure_of_the_thread_ends_the_process(port, monkeypatch, capsys) -> None:
    statuses = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    monkeypatch.setattr(port_module.signal, "pthread_sigmask", lambda how, numbers: None)
    monkeypatch.setattr(port, "turn", lambda: 1 / 0)
    port._run()
    assert statuses == [1]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_requests_leave_no_cycles_behind(port, connect) -> None:
    def ask(data: bytes) -> None:
        client = connect()
        port.turn()
        client.sendall(data)
        port.turn()
        client.close()
        while port._guests:
            port.turn()

    ask(GET)
    gc.collect()
    gc.disable()  # as in the agent
    try:
        for data in (GET, b"nonsense\r\n\r\n", GET[:9]) * 5:
            ask(data)
        assert gc.collect() == 0
    finally:
        gc.enable()
