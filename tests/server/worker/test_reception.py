"""Accepting, refusing to accept, and leaving."""

import errno
import os
import socket
import time

import pytest

from penstock.server.address import TCPAddress, UnixAddress
from penstock.server.listener import Listener, open_listeners
from penstock.server.worker import reception as reception_module
from penstock.server.worker.connection import LAST_REQUEST_NS
from penstock.server.worker.phase import Phase
from penstock.telemetry import Outcome

MANY = 1_000_000  # connections of other workers: this one has never more than its share


def environ_of(keys):
    """Return an application that answers with some of its environ."""

    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [repr(tuple(environ[key] for key in keys)).encode()]

    return application


class FailingListener(Listener):
    """A listener whose accept fails as often as it is told to, with connections waiting."""

    def __init__(self, error: OSError, times: int) -> None:
        (opened,) = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
        super().__init__(opened.sock, opened.address)
        self.error = error
        self.left = times
        self.tries = 0

    def accept(self):
        self.tries += 1
        if self.left:
            self.left -= 1
            raise self.error
        return super().accept()


# Accepting


def test_environ_tells_both_ends_of_the_connection(serve) -> None:
    rig = serve(environ_of(["SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "REMOTE_PORT"]))
    client = rig.connect()
    host, port = client.sock.getpeername()
    own_host, own_port = client.sock.getsockname()
    assert client.get().body == repr((host, str(port), own_host, str(own_port))).encode()


@pytest.mark.parametrize(("threads", "expected"), [(1, (False, True)), (2, (True, True))])
def test_environ_tells_of_other_threads_and_of_processes_that_may_come(serve, threads, expected) -> None:
    rig = serve(environ_of(["wsgi.multithread", "wsgi.multiprocess"]), threads=threads)
    assert rig.connect().get().body == repr(expected).encode()


def test_unix_peer_has_no_address(serve, tmp_path) -> None:
    (listener,) = open_listeners([UnixAddress(str(tmp_path / "a.sock"))], 16)
    rig = serve(environ_of(["SERVER_NAME", "REMOTE_ADDR"]), listener=listener)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(str(tmp_path / "a.sock"))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert sock.recv(65536).endswith(b"('localhost', '')")
        rig.wait_accesses(1)


@pytest.mark.parametrize(
    "shares", [pytest.param([0], id="alone"), pytest.param([MANY, MANY], id="two workers")]
)
def test_connections_that_wait_are_all_accepted(serve, shares: list[int]) -> None:
    rig = serve(shares=shares)
    clients = [rig.connect() for _ in range(50)]
    assert [client.get().status for client in clients] == [200] * 50
    rig.wait_until(lambda: rig.recorder.connections == 50)


def test_two_workers_of_one_listener_share_what_comes(serve) -> None:
    (listener,) = open_listeners([TCPAddress("127.0.0.1", 0)], 128)
    rigs = [
        serve(shares=[MANY, MANY], listener=Listener(listener.sock.dup(), listener.address)) for _ in range(2)
    ]
    listener.close()
    clients = []
    for _ in range(40):
        client = rigs[0].connect()
        client.get()
        clients.append(client)
    counts = [len(rig.reception.connections) for rig in rigs]
    assert sum(counts) == 40
    assert min(counts) >= 4


def test_connection_that_is_reset_before_it_is_looked_at_is_nobody(serve) -> None:
    class Reset:
        """A client whose address cannot be asked for any more."""

        def __init__(self) -> None:
            self.is_closed = False

        def getsockname(self) -> tuple[str, int]:
            raise OSError(errno.ENOTCONN, "not connected")

        def close(self) -> None:
            self.is_closed = True

    class Dead(FailingListener):
        """A listener whose next connection is dead."""

        def accept(self):
            if self.left:
                self.left -= 1
                super().accept()[0].close()
                return dead, ("192.0.2.1", "1")
            return super().accept()

    dead = Reset()
    rig = serve(listener=Dead(OSError(), 1))
    rig.connect()
    assert rig.connect().get().status == 200
    assert dead.is_closed
    assert len(rig.reception.connections) == 1


# Limits


def let_pass(rig, silence_ns: int) -> None:
    """Let all connections be idle for that much longer."""

    def shift() -> None:
        for connection in rig.reception.connections:
            connection.deadline_ns -= silence_ns

    rig.on_loop(shift)


def test_connection_that_was_idle_for_longest_gives_way_to_a_new_one(serve, caplog) -> None:
    rig = serve(max_connections=2)
    first, second = rig.connect(), rig.connect()
    assert [client.get().status for client in (first, second, first)] == [200] * 3
    let_pass(rig, 2 * LAST_REQUEST_NS)
    third = rig.connect()
    assert third.get().status == 200
    assert second.rest() == b""
    assert first.get().field("Connection") is None
    assert third.get().field("Connection") is None
    assert "worker.full connections=2 idle=2" in caplog.text


def test_new_connections_in_a_row_find_room_as_soon_as_a_full_worker_has_idle_ones(serve) -> None:
    rig = serve(max_connections=40)
    first = [rig.connect() for _ in range(40)]
    for client in first:
        client.get()
    let_pass(rig, 2 * LAST_REQUEST_NS)
    assert [rig.connect().get().status for _ in range(40)] == [200] * 40
    assert [client.rest() for client in first] == [b""] * 40


def test_idle_connection_whose_next_request_has_just_come_does_not_give_way(serve) -> None:
    rig = serve(max_connections=1)
    client = rig.connect()
    client.get()
    connection = rig.the_connection()

    def ask_and_give_way() -> None:
        client.ask()
        connection.give_way()

    rig.on_loop(ask_and_give_way)
    assert client.answer().status == 200


def test_client_that_was_answered_a_moment_ago_is_told_with_its_next_answer_that_it_is_the_last(
    serve,
) -> None:
    rig = serve(max_connections=1)
    client = rig.connect()
    client.get()
    let_pass(rig, -1000 * LAST_REQUEST_NS)  # it stays a moment, however slow the machine is
    waiting = rig.connect()
    rig.wait_until(lambda: not rig.reception._is_open)
    answer = client.get()
    assert (answer.status, answer.field("Connection")) == (200, "close")
    client.close()
    assert waiting.get().status == 200


@pytest.mark.parametrize(
    ("silence_ns", "expected"),
    [
        pytest.param(LAST_REQUEST_NS, False, id="a-moment"),
        pytest.param(LAST_REQUEST_NS + 1, True, id="longer"),
        pytest.param(74 * 10**9 - 1, True, id="nearly-over"),
        pytest.param(74 * 10**9, False, id="ends-by-itself"),
    ],
)
def test_kept_connection_gives_way_after_some_silence(serve, silence_ns, expected) -> None:
    rig = serve(keep_alive_s=75)
    rig.connect().get()
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._phase is Phase.IDLE)
    assert connection.may_give_way(connection.deadline_ns - 75 * 10**9 + silence_ns) is expected


def test_client_that_has_just_connected_does_not_give_way_and_one_that_never_asked_does(serve) -> None:
    rig = serve(max_connections=1)
    first = rig.connect()
    connection = rig.the_connection()
    connection._accepted_ns = time.monotonic_ns() + 10**12  # it stays new, however slow the machine is
    second = rig.connect()
    rig.wait_until(lambda: not rig.reception._is_open)
    answer = first.get()
    assert (answer.status, answer.field("Connection")) == (200, "close")
    first.close()
    second.ask()
    assert second.answer().status == 200
    now_ns = connection._accepted_ns = time.monotonic_ns()
    connection._phase = Phase.IDLE
    assert not connection.may_give_way(now_ns + LAST_REQUEST_NS)
    assert connection.may_give_way(now_ns + LAST_REQUEST_NS + 1)


def test_client_that_never_asks_gives_way_to_one_that_came_while_it_was_new(serve) -> None:
    rig = serve(max_connections=1, header_timeout_s=3600)
    silent = rig.connect()
    rig.the_connection()
    assert rig.connect().get().status == 200
    assert silent.rest() == b""


@pytest.mark.parametrize("reason", ["open", "drain", "room"])
def test_full_worker_that_is_over_it_asks_nobody_to_give_way(serve, reason) -> None:
    rig = serve(max_connections=1 + (reason == "room"))
    client = rig.connect()
    client.get()
    rig.the_connection()

    def look() -> None:
        if reason != "open":
            rig.reception.close()
        rig.loop.is_draining = reason == "drain"
        rig.reception._look_again()
        rig.loop.is_draining = False

    rig.on_loop(look)
    assert client.get().status == 200


def test_full_worker_where_nobody_is_idle_keeps_no_connection_until_there_is_room(serve, caplog) -> None:
    rig = serve(max_connections=2, threads=3)
    gates = [rig.gate(path) for path in ("/a", "/b")]
    busy = [rig.connect(), rig.connect()]
    for client, path, gate in zip(busy, ("/a", "/b"), gates, strict=True):
        client.ask(path)
        gate.wait_arrival()
    waiting = rig.connect()
    waiting.ask()
    rig.wait_until(lambda: not rig.reception._is_open)
    assert "worker.full connections=2 idle=0" in caplog.text
    busy[0].reset()
    assert waiting.answer().field("Connection") is None  # there was room again when it was accepted
    for gate in gates:
        gate.open()
    assert busy[1].answer().status == 200


def test_worker_that_stays_full_says_so_once_a_second(serve, caplog) -> None:
    rig = serve(max_connections=1)
    rig.on_loop(lambda: rig.reception._make_room(5 * 10**9))
    rig.on_loop(lambda: rig.reception._make_room(6 * 10**9 - 1))
    assert caplog.text.count("worker.full") == 1
    rig.on_loop(lambda: rig.reception._make_room(6 * 10**9))
    assert caplog.text.count("worker.full") == 2


@pytest.mark.parametrize(("keep_alive_s", "expected"), [(0, "close"), (60, None)])
def test_worker_that_was_full_keeps_connections_as_configured_again(serve, keep_alive_s, expected) -> None:
    rig = serve(keep_alive_s=keep_alive_s)
    rig.on_loop(rig.reception.close)
    rig.on_loop(lambda: rig.reception._make_room(time.monotonic_ns()))
    rig.on_loop(rig.reception.open)
    assert rig.connect().get().field("Connection") == expected


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_worker_without_descriptors_pauses_instead_of_spinning(serve, caplog, code: int) -> None:
    listener = FailingListener(OSError(code, "exhausted"), 1)
    rig = serve(listener=listener)
    client = rig.connect()
    rig.wait_until(lambda: listener.tries)
    for _ in range(20):
        rig.on_loop(lambda: None)
    assert listener.tries == 1
    assert "worker.accept_failed" in caplog.text
    rig.on_loop(rig.reception._pause_end.on_deadline)
    assert client.get().status == 200


def test_connection_that_closes_does_not_cut_the_pause_short(serve) -> None:
    listener = FailingListener(OSError(errno.EMFILE, "exhausted"), 0)
    rig = serve(listener=listener)
    served = rig.connect()
    served.get()
    listener.left = 1000
    rig.connect()
    rig.wait_until(lambda: listener.left == 999)
    served.close()
    rig.wait_until(lambda: not rig.reception.connections)
    assert listener.left == 999
    assert not rig.reception._is_open


def test_pause_ends_by_itself(serve, monkeypatch) -> None:
    monkeypatch.setattr(reception_module, "PAUSE_NS", 1)
    rig = serve(listener=FailingListener(OSError(errno.EMFILE, "exhausted"), 1))
    assert rig.connect().get().status == 200


# Leaving


def test_drain_takes_what_waits_in_the_queue_and_nothing_after_it(serve) -> None:
    rig = serve()
    address = rig.listener.sock.getsockname()
    waiting = []

    def drain() -> None:
        for _ in range(5):
            waiting.append(rig.connect())
            waiting[-1].ask()
        rig.reception.drain()

    rig.on_loop(drain)
    for client in waiting:
        assert client.answer().field("Connection") == "close"
        client.close()
    rig.watcher.join(20)
    assert rig.loop.is_stopped
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address):
        pass


def test_drain_of_an_empty_worker_ends_it_at_once(serve) -> None:
    rig = serve()
    rig.loop.order(rig.reception.drain)
    rig.watcher.join(20)
    assert rig.loop.is_stopped


def test_worker_that_drains_does_not_open_again(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.get()
    gate = rig.gate("/slow")
    client.ask("/slow")
    gate.wait_arrival()
    rig.on_loop(rig.reception.drain)
    rig.on_loop(rig.reception.open)
    assert not rig.on_loop(lambda: rig.reception._is_open)


def test_opening_twice_is_opening_once(serve) -> None:
    rig = serve()
    rig.on_loop(rig.reception.open)
    assert rig.connect().get().status == 200


def test_cut_closes_everybody_and_counts_and_records_what_was_in_flight(serve) -> None:
    rig = serve()
    gate = rig.gate("/stuck")
    clients = [rig.connect() for _ in range(3)]
    clients[0].ask("/stuck")
    gate.wait_arrival()
    rig.wait_until(lambda: len(rig.reception.connections) == 3)
    assert rig.on_loop(rig.reception.cut) == 1
    gate.open()
    assert [client.rest() for client in clients] == [b""] * 3
    assert [(access.status, access.outcome) for access in rig.recorder.accesses] == [(503, Outcome.CUT)]
    assert rig.recorder.connections == 0


def test_take_over_while_draining_leaves_no_idle_connection_behind(serve) -> None:
    rig = serve(threads=4)
    gate = rig.gate("/stuck")
    rig.make_inline("/stuck")
    clients = [rig.connect() for _ in range(10)]
    for client in clients:
        client.get()

    def drain() -> None:
        for client in clients[:2]:
            client.ask("/stuck")
        rig.reception.drain()

    rig.loop.order(drain)
    gate.wait_arrival()
    gate.wait_arrival()
    rig.wait_until(lambda: len(rig.reception.connections) == 2)


def test_time_of_acceptance_is_the_first_request_s_alone(serve) -> None:
    seen = []
    rig = serve()
    client = rig.connect()
    connection = rig.the_connection()
    seen.append(rig.on_loop(lambda: connection._accepted_ns))
    client.get()
    seen.append(rig.on_loop(lambda: connection._accepted_ns))
    assert 0 < seen[0] < time.monotonic_ns()
    assert seen[1] == 0


def test_worker_with_more_than_its_share_lets_the_others_go_first_and_then_takes_the_next(
    serve, monkeypatch
) -> None:
    yields = []
    monkeypatch.setattr(os, "sched_yield", lambda: yields.append(1))
    rig = serve(shares=[0, 0])
    clients = [rig.connect() for _ in range(4)]
    assert [client.get("/").status for client in clients] == [200] * 4
    assert rig.on_loop(lambda: len(rig.reception.connections)) == 4
    assert yields


def test_worker_with_its_share_takes_what_comes(serve, monkeypatch) -> None:
    yields = []
    monkeypatch.setattr(os, "sched_yield", lambda: yields.append(1))
    rig = serve(shares=[4, 4])
    rig.connect().get("/")
    assert not yields
