"""Connections as their clients see them, over raw sockets."""

import threading

import pytest

ONE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
lanes = pytest.mark.parametrize("is_inline", [True, False], ids=["inline", "pool"])


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def gated(gates):
    """Return an application that waits at the gate of its path, if there is one."""

    def application(environ, start_response):
        if environ["PATH_INFO"] in gates:
            gates[environ["PATH_INFO"]].wait()
        return hello(environ, start_response)

    return application


# Pipelining


@lanes
def test_client_that_runs_ahead_waits_in_the_kernels_buffer(serve, is_inline: bool) -> None:
    rig = serve(hello)
    if is_inline:
        rig.make_inline()
    client = rig.connect()
    wanted = 30_000
    got = []

    def read() -> None:
        count = 0
        while count < wanted:
            count += client.sock.recv(1 << 20).count(b"HTTP/1.1 200")
        got.append(count)

    threads = [threading.Thread(target=read), threading.Thread(target=client.send, args=(ONE * wanted,))]
    for thread in threads:
        thread.start()
    connection = rig.the_connection()
    peak = 0
    while threads[0].is_alive():
        peak = max(peak, rig.on_loop(lambda: len(connection._receiver._buffer)))
    for thread in threads:
        thread.join()
    assert peak < 300_000


def test_fault_behind_pipelined_requests_is_refused_once(serve) -> None:
    rig = serve(hello)
    rig.make_inline()
    for _ in range(200):
        client = rig.connect()
        for _ in range(3):
            client.send(ONE * 2)
        client.send(b"BAD\r\n\r\n")
        assert client.rest().count(b"HTTP/1.1 400") == 1
        client.close()
        rig.wait_empty()
        assert [refusal.status for refusal in rig.recorder.refusals] == [400]
        rig.recorder.refusals.clear()


# Deadlines


def test_inline_request_whose_thread_lost_the_loop_gets_the_deadline_of_one_in_the_pool(serve) -> None:
    gates: dict[str, object] = {}
    rig = serve(gated(gates), request_timeout_s=3.0, keep_alive_s=75.0)
    gates["/slow"] = gate = rig.gate()
    rig.make_inline("/slow")
    client = rig.connect()
    client.get("/")
    client.ask("/slow")
    gate.wait_arrival()
    connection = rig.the_connection()
    rig.wait_until(lambda: len(rig.loop.pool.slots) == rig.loop.threads - 1)
    assert rig.on_loop(lambda: connection.deadline_ns == connection._exchange.start_ns + 3_000_000_000)


# Draining


def test_answer_in_flight_while_draining_says_that_it_is_the_last(serve) -> None:
    gates: dict[str, object] = {}
    rig = serve(gated(gates))
    gates["/"] = gate = rig.gate()
    client = rig.connect()
    client.ask("/")
    gate.wait_arrival()
    rig.on_loop(rig.reception.drain)
    gate.open()
    assert client.answer().field("Connection") == "close"


def test_application_whose_client_has_gone_ends_its_work_before_the_worker_leaves(serve) -> None:
    gates: dict[str, object] = {}
    rig = serve(gated(gates))
    gates["/"] = gate = rig.gate()
    client = rig.connect()
    client.ask("/")
    gate.wait_arrival()
    client.reset()
    rig.wait_until(lambda: not rig.reception.connections)
    rig.on_loop(rig.reception.drain)
    assert not rig.loop.is_stopped
    gate.open()
    rig.watcher.join(5)
    assert rig.loop.is_stopped
    assert len(rig.recorder.accesses) == 1
