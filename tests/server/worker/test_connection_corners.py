"""Connections in unlikely moments: late, gone, interrupted."""

import select

import pytest

from penstock.server.worker.phase import Phase
from penstock.telemetry import Outcome


def test_inline_request_whose_client_goes_while_it_waits_is_recorded_and_harms_nobody(serve) -> None:
    rig = serve(threads=1)
    gate = rig.gate("/slow")
    rig.make_inline("/quick")
    slow, gone, next_one = rig.connect(), rig.connect(), rig.connect()
    slow.ask("/slow")
    gate.wait_arrival()
    gone.ask("/quick?gone")
    rig.wait_until(lambda: len(rig.loop.waiting_inline) == 1)
    gone.reset()
    rig.wait_until(lambda: len(rig.reception.connections) == 2)
    next_one.ask("/quick")
    gate.open()
    assert slow.answer().status == 200
    assert next_one.answer().status == 200
    by_line = {access.line: access for access in rig.wait_accesses(3)}
    assert by_line[b"GET /quick?gone HTTP/1.1"].outcome is Outcome.PEER_GONE


def test_inline_request_that_waits_longer_than_the_request_timeout_is_still_answered(serve) -> None:
    rig = serve(threads=1, request_timeout_s=0.1)
    gate = rig.gate("/slow")
    rig.make_inline("/quick")
    slow, waiting = rig.connect(), rig.connect()
    slow.ask("/slow")
    gate.wait_arrival()
    waiting.ask("/quick")
    rig.wait_until(lambda: len(rig.loop.waiting_inline) == 1)
    (exchange,) = rig.loop.waiting_inline
    assert slow.answer().status == 504
    rig.expire(exchange.sink)
    gate.open()
    assert waiting.answer().status == 200


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(BlockingIOError(), Outcome.COMPLETE, id="full"),
        pytest.param(BrokenPipeError(), Outcome.PEER_GONE, id="gone"),
    ],
)
def test_answer_that_cannot_be_sent_now_waits_and_one_for_nobody_is_dropped(
    serve, failing_socket, error, outcome
) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    connection = rig.the_connection()
    sock = connection._sock = failing_socket(connection._sock, "send", error)
    gate.open()
    rig.wait_until(lambda: connection._phase in (Phase.SENDING, Phase.CLOSED))
    sock.mend()
    assert [access.outcome for access in rig.wait_accesses(1)] == [outcome]


def test_event_that_is_over_when_it_is_served_does_nothing(serve) -> None:
    rig = serve()
    client = rig.connect()
    connection = rig.the_connection()
    rig.on_loop(connection.receive)  # nothing to read any more
    rig.on_loop(lambda: connection.receive(select.EPOLLOUT))  # nothing to send any more
    rig.on_loop(connection.advance)
    assert client.get().status == 200


def test_connection_whose_turn_is_late_is_not_closed_for_idling(serve) -> None:
    rig = serve()
    client = rig.connect()
    connection = rig.the_connection()

    def pass_deadline() -> None:
        connection._phase = Phase.NEXT
        connection.deadline_ns = 0
        rig.loop.wheel.forget(connection)
        connection.on_deadline()
        connection.advance()

    rig.on_loop(pass_deadline)
    assert client.get().status == 200
    assert len(rig.loop.wheel) == 1


def test_deadline_that_passes_while_an_answer_waits_for_its_turn_is_set_anew(serve) -> None:
    rig = serve()
    rig.make_inline()
    client = rig.connect()
    connection = rig.the_connection()

    def ask_late() -> None:
        client.ask()
        select.select([connection._sock], [], [], 5)
        connection.receive()
        assert connection._phase is Phase.SENDING
        rig.loop.wheel.forget(connection)
        connection.on_deadline()

    rig.on_loop(ask_late)
    assert client.answer().status == 200
    assert len(rig.loop.wheel) == 1


def test_body_that_is_malformed_from_its_first_chunk_is_refused(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
    assert client.answer().status == 400
    assert [refusal.line for refusal in rig.recorder.refusals] == [b"POST / HTTP/1.1"]


def test_inline_stream_belongs_to_the_pool_from_then_on(serve) -> None:
    def application(environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        yield b"b"

    rig = serve(application)
    rig.make_inline()
    client = rig.connect()
    assert [client.get().body for _ in range(2)] == [b"ab", b"ab"]
    assert [access.lane for access in rig.wait_accesses(2)] == [0, 1]
