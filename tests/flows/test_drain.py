"""Stopping without loss: what was accepted is answered, what is idle is closed only when that is safe."""

import os
import signal
import threading
import time

import pytest
from tests.flows.client import Answer, Client, request
from tests.flows.harness import ROOMY_RING, wait_until

from penstock.telemetry import WorkerState

pytestmark = pytest.mark.flow


def test_term_answers_the_accept_queue_and_the_slow_requests_in_flight(serve, connect, tmp_path) -> None:
    server = serve("--threads", "4")
    (worker,) = server.workers()
    slow = [connect(server) for _ in range(4)]
    for number, client in enumerate(slow):
        client.send(request(f"/sleep/2?begun={tmp_path / str(number)}"))
    wait_until(lambda: all((tmp_path / str(n)).exists() for n in range(4)), "the slow ones to run")
    os.kill(worker, signal.SIGSTOP)  # it accepts nothing more
    waiting = [connect(server) for _ in range(50)]
    for number, client in enumerate(waiting):
        client.send(request(f"/n/{number}"))
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: "server.stopping" in server.errors(), "the master to stop")
    os.kill(worker, signal.SIGCONT)
    assert [client.read_answer().status for client in waiting] == [200] * 50
    assert [client.read_answer().body for client in slow] == [b"slept\n"] * 4
    for client in [*waiting, *slow]:
        client.close()
    assert server.wait() == 0
    assert len(server.accesses()) == 54
    assert {line.status for line in server.accesses()} == {200}


class Caller(threading.Thread):
    """A client that asks without pause until the server has gone.

    Attributes:
        failures: answers that were lost.  A first request on a connection that the kernel took after the
            server's last accept is none, nor is a connection that was refused.
    """

    def __init__(self, server, *, is_kept: bool) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._is_kept = is_kept
        self.answered = 0
        self.failures: list[str] = []

    def run(self) -> None:
        while True:
            try:
                client = Client(self._server.address)
            except OSError:
                return
            try:
                if not self._ask(client):
                    return
            finally:
                client.close()

    def _ask(self, client: Client) -> bool:
        """Ask on one connection; False = it ended before its first answer."""
        for number in range(1_000_000):
            try:
                answer = client.get(f"/n/{number}")
            except ConnectionError as error:
                if number:
                    self.failures.append(f"request {number} of a kept connection: {error!r}")
                return number > 0
            if answer.status != 200:
                self.failures.append(f"status {answer.status}")
            self.answered += 1
            if not self._is_kept or answer.fields.get("connection") == "close":
                return True
        return True


@pytest.mark.parametrize("workers", [1, 2])
def test_term_under_full_traffic_loses_no_answer(serve, workers) -> None:
    server = serve("-w", str(workers), environment=ROOMY_RING)
    callers = [Caller(server, is_kept=bool(number % 2)) for number in range(8)]
    for caller in callers:
        caller.start()
    wait_until(lambda: all(caller.answered > 50 for caller in callers), "traffic")
    assert server.stop() == 0
    for caller in callers:
        caller.join()
    assert [failure for caller in callers for failure in caller.failures] == []
    assert len(server.accesses()) == sum(caller.answered for caller in callers)


def test_idle_client_may_ask_once_more_after_term_and_is_told_that_it_was_the_last(serve, connect) -> None:
    answer = ask_after_term(serve, connect)
    assert (answer.status, answer.fields["connection"]) == (200, "close")


def ask_after_term(serve, connect) -> Answer:
    """Have a kept connection, stop, and ask within the second in which that is allowed.

    Where a machine holds us up for longer, nothing can be told: then with another server.
    """
    for _ in range(10):
        server = serve()
        client = connect(server)
        client.get("/n/1")
        asked_s = time.monotonic()
        server.send_signal(signal.SIGTERM)
        wait_until(lambda it=server: WorkerState.READY not in it.states(), "the stop")
        try:
            answer = client.get("/n/2")
        except ConnectionError:
            assert time.monotonic() - asked_s >= 1
            continue
        assert client.read_to_end() == b""
        client.close()
        assert server.wait() == 0
        return answer
    raise AssertionError("ten times a second was not enough to ask")


def test_stop_does_not_wait_for_clients_that_stay_silent(serve, connect) -> None:
    server = serve()
    idle = [connect(server) for _ in range(5)]
    for client in idle:
        client.get("/n/1")
    begun_s = time.monotonic()
    server.send_signal(signal.SIGTERM)
    assert [client.read_to_end() for client in idle] == [b""] * 5  # an end, no reset
    assert server.wait() == 0
    assert time.monotonic() - begun_s < 60  # of the 75 s that they may stay idle


def test_stop_without_connections_is_immediate(serve) -> None:
    server = serve()
    begun_s = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun_s < 20  # of the 30 s that it may take


def test_old_worker_lets_its_idle_clients_go_while_the_new_one_serves(serve, connect) -> None:
    server = serve()
    (old,) = server.workers()
    client = connect(server)
    client.get("/n/1")
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: old not in server.members(), "the old worker to leave")
    assert client.read_to_end() == b""
    assert connect(server).get("/n/2").status == 200
    assert server.stop() == 0
