"""More than the threads can do: who waits too long is told so, who has gone is skipped, nobody spins."""

import os
import re
import time
from pathlib import Path

import pytest
from tests.flows.client import Client, request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow


def occupy(server, connect, tmp_path: Path) -> Client:
    """Keep the only thread busy, from before this returns until `released` exists."""
    begun = tmp_path / "begun"
    client = connect(server)
    client.send(request(f"/gate?begun={begun}&until={tmp_path / 'released'}"))
    wait_until(begun.exists, "the thread to be busy")
    return client


def release(tmp_path: Path) -> None:
    (tmp_path / "released").touch()


def queued(server) -> int:
    return server.status()["workers"][0]["queued"]


@pytest.mark.parametrize("is_warm", [False, True], ids=["pool", "inline"])
def test_request_that_waits_too_long_for_a_thread_is_told_to_come_back_and_never_runs(
    serve, connect, tmp_path, is_warm
) -> None:
    server = serve("--threads", "1", environment={"PENSTOCK_MAX_QUEUE_WAIT_MS": "1500"})
    server.is_noise_expected = True
    if is_warm:
        client = connect(server)
        for _ in range(300):
            client.get(f"/gate?begun={tmp_path / 'warm'}&until={tmp_path}")
    busy = occupy(server, connect, tmp_path)
    ran = tmp_path / "ran"
    waiting = connect(server)
    waiting.send(request(f"/gate?begun={ran}&until={tmp_path}"))
    answer = waiting.read_answer()
    assert (answer.status, answer.fields["connection"]) == (503, "close")
    assert 2 <= int(answer.fields["retry-after"]) <= 30
    release(tmp_path)
    assert busy.read_answer().status == 200
    assert server.stop() == 0
    assert not ran.exists()
    (refused,) = [line for line in server.accesses() if line.status == 503]
    assert refused.outcome == "refused"
    assert re.search(r"waited [0-9.]+ s for a thread", server.access_log.read_text())
    assert "worker.overloaded" in server.errors()


def test_request_that_waits_less_is_answered(serve, connect, tmp_path) -> None:
    server = serve("--threads", "1", environment={"PENSTOCK_MAX_QUEUE_WAIT_MS": "20000"})
    busy, waiting = occupy(server, connect, tmp_path), connect(server)
    waiting.send(request("/n/1"))
    wait_until(lambda: queued(server) == 1, "the request to be queued")
    release(tmp_path)
    assert busy.read_answer().status == waiting.read_answer().status == 200
    assert server.stop() == 0


@pytest.mark.parametrize(
    "leave", [pytest.param(Client.close, id="closed"), pytest.param(Client.reset, id="reset")]
)
def test_queued_request_whose_client_has_gone_is_skipped(serve, connect, tmp_path, leave) -> None:
    server = serve("--threads", "1")
    busy = occupy(server, connect, tmp_path)
    ran = tmp_path / "ran"
    gone = connect(server)
    gone.send(request(f"/sleep/0?begun={ran}"))
    wait_until(lambda: queued(server) == 1, "the request to be queued")
    leave(gone)
    wait_until(lambda: queued(server) == 0, "the request to be skipped")
    release(tmp_path)
    assert busy.read_answer().status == 200
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0
    assert not ran.exists()
    skipped = [line for line in server.accesses() if line.status == 499]
    assert [(line.line.split("?")[0], line.outcome) for line in skipped] == [("GET /sleep/0", "peer_gone")]


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_worker_without_descriptors_waits_and_does_not_spin(serve) -> None:
    server = serve(prefix=["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"])
    server.is_noise_expected = True
    (worker,) = server.workers()
    clients = [Client(server.address) for _ in range(120)]
    wait_until(lambda: "worker.accept_failed" in server.errors(), "the limit to be reached")
    before_s = cpu_s(worker)
    time.sleep(2)  # what is measured is a time in which nothing happens
    assert cpu_s(worker) - before_s < 0.5
    for client in clients:
        client.close()
    late = Client(server.address)
    assert late.get("/n/1").status == 200
    late.close()
    assert server.stop() == 0
