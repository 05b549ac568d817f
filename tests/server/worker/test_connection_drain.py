"""How connections end when their worker is told to leave."""

import errno

import pytest

from penstock.server.worker import connection as connection_module
from penstock.server.worker.phase import Phase

LONG_NS = 60 * 10**9  # more than a busy machine needs for what the test does meanwhile
BIG = 12_000_000  # more than the kernel takes of an answer that nobody reads


@pytest.fixture
def long_last_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an idle client of a worker that leaves ask in its own time: a second is short beside others."""
    monkeypatch.setattr(connection_module, "LAST_REQUEST_NS", LONG_NS)


def big(environ, start_response):
    start_response("200 OK", [("Content-Length", str(BIG))])
    return [bytes(BIG)]


def test_idle_kept_connection_is_closed_by_a_drain(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.get()
    rig.on_loop(rig.reception.drain)
    assert client.rest() == b""
    rig.watcher.join(20)
    assert rig.loop.is_stopped


def test_idle_client_may_ask_once_more_and_is_told_that_it_was_the_last(serve, long_last_request) -> None:
    rig = serve()
    client = rig.connect()
    client.get()
    rig.on_loop(rig.reception.drain)
    answer = client.get()
    assert (answer.status, answer.field("Connection")) == (200, "close")
    assert client.rest() == b""


def test_request_that_crosses_the_end_of_an_idle_connection_sees_an_end_and_no_reset(
    serve, monkeypatch
) -> None:
    monkeypatch.setattr(connection_module, "LAST_LINGER_NS", LONG_NS)
    rig = serve()
    client = rig.connect()
    client.get()
    connection = rig.the_connection()
    rig.on_loop(rig.reception.drain)
    rig.expire(connection)
    rig.on_loop(lambda: connection._phase is Phase.LINGERING or pytest.fail(f"{connection._phase}"))
    client.ask()
    assert client.rest() == b""


def test_idle_connection_that_was_ended_is_closed_when_its_client_stays(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.get()
    connection = rig.the_connection()
    rig.on_loop(rig.reception.drain)
    rig.expire(connection)
    rig.expire(connection)
    rig.watcher.join(20)
    assert rig.loop.is_stopped
    client.close()


def test_request_behind_an_answer_whose_head_promised_to_keep_is_answered(serve, long_last_request) -> None:
    rig = serve(big)
    client = rig.connect()
    client.ask()
    rig.wait_phase(Phase.SENDING)  # its head is out, and says nothing of an end
    rig.on_loop(rig.reception.drain)
    assert client.answer().field("Connection") is None
    client.ask()
    assert client.answer().field("Connection") == "close"
    assert client.rest() == b""


def test_clients_that_wait_for_room_are_answered_before_the_worker_leaves(serve) -> None:
    rig = serve(max_connections=2)
    first = [rig.connect() for _ in range(2)]
    for client in first:
        client.get()
    waiting = [rig.connect() for _ in range(5)]
    for client in waiting:
        client.ask()
    rig.on_loop(rig.reception.drain)
    for client in first:
        client.close()
    for client in waiting:
        assert client.answer().field("Connection") == "close"
        client.close()
    rig.watcher.join(20)
    assert rig.loop.is_stopped
    assert len(rig.recorder.accesses) == 7


def test_clients_that_wait_for_a_descriptor_are_answered_before_the_worker_leaves(serve, monkeypatch) -> None:
    rig = serve()
    rig.on_loop(rig.reception.close)
    client = rig.connect()
    client.ask()

    def refuse():
        monkeypatch.undo()
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(rig.listener, "accept", refuse)
    rig.on_loop(rig.reception.drain)
    assert client.answer().field("Connection") == "close"
    client.close()
    rig.watcher.join(20)
    assert rig.loop.is_stopped


def test_request_that_arrived_just_before_the_drain_is_still_answered(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.get()

    def drain() -> None:
        client.ask()
        rig.reception.drain()

    rig.on_loop(drain)
    assert client.answer().field("Connection") == "close"
    assert client.rest() == b""


def test_new_client_may_still_send_its_first_request_and_has_not_long_for_it(
    serve, long_last_request
) -> None:
    rig = serve()
    first, second = rig.connect(), rig.connect()
    rig.wait_until(lambda: len(rig.reception.connections) == 2)
    rig.on_loop(rig.reception.drain)
    assert first.get().field("Connection") == "close"
    first.close()
    (connection,) = (
        c for c in rig.on_loop(lambda: list(rig.reception.connections)) if c._phase is Phase.IDLE
    )
    rig.loop.order(connection.on_deadline)
    assert second.rest() == b""
    rig.watcher.join(20)
    assert rig.loop.is_stopped


@pytest.mark.parametrize("begun", [b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"])
def test_request_that_is_under_way_is_answered_while_draining(serve, begun: bytes) -> None:
    rig = serve()
    client = rig.connect()
    client.send(begun)
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._phase in (Phase.HEAD, Phase.BODY))
    rig.on_loop(rig.reception.drain)
    client.send(b"TP/1.1\r\nHost: a\r\n\r\n" if begun.startswith(b"GET") else b"cde")
    assert client.answer().field("Connection") == "close"
    assert client.rest() == b""


def test_answer_in_flight_while_draining_says_that_it_is_the_last(serve) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    rig.on_loop(rig.reception.drain)
    gate.open()
    assert client.answer().field("Connection") == "close"


def test_answer_that_the_client_is_still_taking_is_the_last_while_draining(serve) -> None:
    rig = serve(big)
    client = rig.connect()
    client.ask()
    rig.wait_phase(Phase.SENDING)
    rig.on_loop(rig.reception.drain)
    assert len(client.answer().body) == BIG
    assert client.rest() == b""
    client.close()
    rig.watcher.join(20)
    assert rig.loop.is_stopped


def test_connection_is_not_kept_when_the_stop_came_after_the_head_of_its_answer(serve) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    rig.on_loop(lambda: setattr(rig.reception, "keeps_connections", False))
    gate.open()
    assert client.answer().status == 200
    assert client.rest() == b""


def test_empty_line_after_a_request_does_not_hold_a_drain(serve) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    client.send(b"\r\n")
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._read_ahead)
    rig.on_loop(rig.reception.drain)
    connection._exchange.keep_alive = True  # as if the head of the answer had been made before
    gate.open()
    assert client.answer().status == 200
    assert client.rest() == b""


def test_application_whose_client_has_gone_ends_its_work_before_the_worker_leaves(serve) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    client.reset()
    rig.wait_until(lambda: not rig.reception.connections)
    rig.on_loop(rig.reception.drain)
    assert not rig.loop.is_stopped
    gate.open()
    rig.watcher.join(20)
    assert rig.loop.is_stopped
    assert len(rig.recorder.accesses) == 1
