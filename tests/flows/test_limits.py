"""At the limits of machine and configuration: refused, delayed or cut as promised, only while it lasts."""

import contextlib
import functools
import os
import re
import signal

import pytest
from tests.flows.client import Client, NumberAsker, in_threads, request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow


def limited(words: str) -> list[str]:
    """Return the words that start a program under limits of the shell."""
    return ["sh", "-c", f'ulimit {words}; exec "$@"', "sh"]


def test_application_that_takes_too_long_is_answered_for_and_its_late_answer_discarded(
    serve, connect
) -> None:
    server = serve("-t", "1")
    server.is_noise_expected = True
    client = connect(server)
    client.send(request("/sleep/3"))
    answer = client.read_answer()
    assert (answer.status, answer.fields["connection"]) == (504, "close")
    assert client.read_to_end() == b""
    assert connect(server).get("/n/1").status == 200
    client.close()
    assert server.stop() == 0
    outcomes = [(line.status, line.outcome) for line in server.accesses()]
    assert outcomes == [(504, "timed_out"), (200, "complete")]
    assert re.search(r"request\.timed_out .*GET /sleep/3", server.errors())
    assert "time.sleep" in server.errors()  # the stack shows where it stood


def test_more_requests_than_threads_wait_and_are_all_answered(serve) -> None:
    server = serve("--threads", "3")
    in_threads([functools.partial(ask_once, server, "/sleep/0.01") for _ in range(150)])
    assert server.stop() == 0
    assert len(server.accesses()) == 150


def ask_once(server, path: str) -> None:
    client = Client(server.address)
    assert client.get(path).status == 200
    client.close()


def test_request_that_turns_out_slow_does_not_hold_up_its_neighbours(serve, connect, tmp_path) -> None:
    server = serve("-w", "1", "--threads", "4")
    client = connect(server)
    for _ in range(300):  # quick ones earn the loop's own thread
        client.get(f"/gate?begun={tmp_path}/quick&until={tmp_path}")
    begun, until = tmp_path / "begun", tmp_path / "until"
    slow = connect(server)
    slow.send(request(f"/gate?begun={begun}&until={until}"))
    wait_until(begun.exists, "the slow one to begin")
    for number in range(300):
        assert client.get(f"/n/{number}").status == 200
    running = server.status()["workers"][0]["current"]
    assert [request["line"].split("?")[0] for request in running] == ["GET /gate"]
    until.touch()
    assert slow.read_answer().body == b"let through\n"
    assert server.stop() == 0


def test_running_request_survives_a_reload(serve, connect, tmp_path) -> None:
    server = serve("-w", "2")
    old = set(server.workers())
    client = connect(server)
    begun = tmp_path / "begun"
    client.send(request(f"/sleep/1?begun={begun}"))
    wait_until(begun.exists, "the request to begin")
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: len(set(server.workers()) - old) == 2, "the new workers")
    assert client.read_answer().body == b"slept\n"
    wait_until(lambda: not old & set(server.members()), "the old workers to leave")
    assert server.stop() == 0


def test_connections_beyond_the_limit_wait_for_their_turn(serve) -> None:
    server = serve(environment={"PENSTOCK_MAX_CONNECTIONS": "10"})
    server.is_noise_expected = True
    first = [Client(server.address) for _ in range(10)]
    assert {client.get("/n/1").status for client in first} == {200}
    second = [Client(server.address) for _ in range(10)]
    for client in second:
        client.send(request("/n/2"))
    wait_until(lambda: "worker.full" in server.errors(), "the limit to be noticed")
    for client in first:
        client.close()
    assert {client.read_answer().status for client in second} == {200}
    for client in second:
        client.close()
    assert server.stop() == 0
    assert server.errors().count("worker.full") < 20


def test_exhausted_descriptors_delay_connections_and_nothing_else(serve) -> None:
    server = serve(prefix=limited("-n 64"))
    server.is_noise_expected = True
    clients = [Client(server.address) for _ in range(120)]
    for number, client in enumerate(clients):
        client.send(request(f"/n/{number}", "Connection: close"))
    for number, client in enumerate(clients):
        assert client.read_answer().body.startswith(b"%09d" % number)
        client.close()
    idle = [Client(server.address) for _ in range(120)]
    wait_until(lambda: "worker.accept_failed" in server.errors(), "the limit to be reached")
    for client in idle:
        client.close()
    NumberAsker(server.address).ask_all(range(1000, 1100))
    assert server.stop() == 0
    assert server.errors().count("worker.accept_failed") < 60


@pytest.mark.parametrize(
    ("environment", "prefix", "size_bytes"),
    [
        pytest.param({"PENSTOCK_SPOOL_DIR": "/no/such/folder"}, [], 20_000_000, id="no-folder"),
        # The shared memory counts as a file too: 96 MiB leave room for small rings and the metrics' tables.
        pytest.param(
            {"PENSTOCK_RING_BYTES": "65536"}, limited("-f 196608"), 110_000_000, id="limited-file-size"
        ),
    ],
)
def test_body_that_cannot_be_spooled_is_refused(serve, connect, environment, prefix, size_bytes) -> None:
    server = serve(environment=environment, prefix=prefix)
    server.is_noise_expected = True
    client = connect(server)
    client.send(request("/upload", method="POST", body=b"x" * 400_000))
    assert client.read_answer().json()["size"] == 400_000
    client.send(request("/upload", f"Content-Length: {size_bytes}", method="POST"))
    with contextlib.suppress(ConnectionError):  # it was refused before all was sent
        client.send(b"x" * size_bytes)
    assert client.read_answer().status == 413
    client.close()
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0
    assert [line.status for line in server.accesses()] == [200, 413, 200]


def test_answer_that_cannot_be_spooled_is_cut(serve, connect) -> None:
    server = serve(
        environment={"PENSTOCK_SPOOL_DIR": "/no/such/folder", "PENSTOCK_SPOOL_MEMORY_BYTES": "65536"}
    )
    server.is_noise_expected = True
    client = connect(server, receive_buffer=4096)
    client.send(request("/stream/30000000"))
    with pytest.raises(ConnectionError):
        client.read_answer()
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0


def test_stopped_agent_costs_lines_and_not_requests(serve) -> None:
    server = serve(environment={"PENSTOCK_RING_BYTES": "65536"})
    server.is_noise_expected = True
    agent = server.agent()
    os.kill(agent, signal.SIGSTOP)
    NumberAsker(server.address).ask_all(range(5000))
    (worker,) = server.status()["workers"]
    assert worker["dropped_access"] > 0
    os.kill(agent, signal.SIGCONT)
    wait_until(lambda: re.search("[0-9]+ access records dropped", server.errors()), "the loss to be said")
    NumberAsker(server.address).ask_all(range(5000, 5100))
    assert server.stop() == 0
    lines = server.accesses()
    assert len(lines) == 5100 - worker["dropped_access"]
    assert lines[-1].line == "GET /n/5099 HTTP/1.1"
