"""Accepting, refusing to accept, and leaving."""

import errno
import os
import socket
import time

import pytest

from penstock.server.address import TCPAddress, UnixAddress
from penstock.server.listener import Listener, open_listeners
from penstock.server.worker import reception as reception_module
from penstock.telemetry import Outcome


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


@pytest.mark.parametrize(
    ("threads", "is_alone", "expected"),
    [(1, True, (False, False)), (2, True, (True, False)), (1, False, (False, True))],
)
def test_environ_tells_the_truth_about_threads_and_processes(serve, threads, is_alone, expected) -> None:
    rig = serve(environ_of(["wsgi.multithread", "wsgi.multiprocess"]), threads=threads, is_alone=is_alone)
    assert rig.connect().get().body == repr(expected).encode()


def test_unix_peer_has_no_address(serve, tmp_path) -> None:
    (listener,) = open_listeners([UnixAddress(str(tmp_path / "a.sock"))], 16)
    rig = serve(environ_of(["SERVER_NAME", "REMOTE_ADDR"]), listener=listener)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(tmp_path / "a.sock"))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert sock.recv(65536).endswith(b"('localhost', '')")
        rig.wait_accesses(1)


@pytest.mark.parametrize("is_alone", [True, False])
def test_connections_that_wait_are_all_accepted(serve, is_alone: bool) -> None:
    rig = serve(is_alone=is_alone)
    clients = [rig.connect() for _ in range(50)]
    assert [client.get().status for client in clients] == [200] * 50
    rig.wait_until(lambda: rig.recorder.connections == 50)


def test_two_workers_of_one_listener_share_what_comes(serve) -> None:
    (listener,) = open_listeners([TCPAddress("127.0.0.1", 0)], 128)
    rigs = [serve(is_alone=False, listener=Listener(listener.sock.dup(), listener.address)) for _ in range(2)]
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


def test_worker_at_its_limit_lets_others_wait_until_one_leaves(serve, caplog) -> None:
    rig = serve(max_connections=2)
    first, second = rig.connect(), rig.connect()
    assert first.get().status == second.get().status == 200
    third, fourth = rig.connect(), rig.connect()
    third.ask()
    rig.wait_until(lambda: not rig.reception._is_open)
    first.close()
    assert third.answer().status == 200
    third.close()
    assert fourth.get().status == 200
    full = [record for record in caplog.records if record.getMessage().startswith("worker.full")]
    assert len(full) == 1  # said once a second, not at each connection


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
    rig = serve(is_alone=False)
    rig.recorder.mean = 0.0
    clients = [rig.connect() for _ in range(4)]
    assert [client.get("/").status for client in clients] == [200] * 4
    assert rig.on_loop(lambda: len(rig.reception.connections)) == 4
    assert yields


def test_worker_with_its_share_takes_what_comes(serve, monkeypatch) -> None:
    yields = []
    monkeypatch.setattr(os, "sched_yield", lambda: yields.append(1))
    rig = serve(is_alone=False)
    rig.recorder.mean = 4.0
    rig.connect().get("/")
    assert not yields
