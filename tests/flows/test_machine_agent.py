"""One agent for several servers: it comes, goes, is killed; they serve and lose no line."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from tests.flows.client import NumberAsker, number_of
from tests.flows.harness import (
    PATIENCE_S,
    ROOMY_RING,
    ROOT,
    clean_environment,
    read_text_line,
    run_command,
    wait_until,
)

from penstock.cli.running.board import look
from penstock.telemetry.reading.discovery import find_agents

pytestmark = pytest.mark.flow

MAX_RESIDENT_BYTES = 80_000_000


class MachineAgent:
    """A `penstock agent` that a flow starts, kills and starts again."""

    def __init__(self, folder):
        self.path = folder / "agent.sock"
        self.log = folder / "agent.log"
        self.process = None

    @property
    def environment(self):
        """What tells a server of it."""
        return {"PENSTOCK_AGENT": f"unix:{self.path}"}

    def start(self):
        words = ["agent", "--socket", str(self.path), "--error-log", str(self.log)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "penstock", *words], env=clean_environment(), cwd=self.path.parent
        )
        wait_until(lambda: self.report() is not None, "the agent to put up its report")
        return self

    def report(self):
        """What it has put up; None = nothing yet."""
        return next((look(found) for found in find_agents() if found.pid == self.process.pid), None)

    def wait_for_masters(self, count):
        def are_there():
            report = self.report()
            return report and len(report["tenants"]) == count

        wait_until(are_there, f"{count} masters at the agent")

    def wait_for_master(self, pid):
        def is_there():
            report = self.report()
            return report and pid in [
                tenant["master_pid"] for tenant in report["tenants"] if tenant["stage"] == "enrolled"
            ]

        wait_until(is_there, f"master {pid} at the agent")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


@pytest.fixture
def agent(tmp_path):
    made = MachineAgent(tmp_path)
    yield made
    if made.process.poll() is None:
        made.kill()


def ask_while(server, do):
    """Ask number after number while `do` runs; return how many were answered."""
    asker, is_over = NumberAsker(server.address), threading.Event()
    asked = []

    def ask():
        while not is_over.is_set():
            asker.ask(len(asked))
            asked.append(1)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        do()
    finally:
        is_over.set()
        thread.join()
        asker.client.close()
    return len(asked)


def test_agent_killed_twice_under_load_loses_no_line_of_two_servers(serve, agent) -> None:
    agent.start()
    servers = [serve("-w", "2", environment=agent.environment | ROOMY_RING) for _ in range(2)]
    for server in servers:
        server.is_noise_expected = True
    agent.wait_for_masters(2)

    def kill_twice():
        for _ in range(2):
            agent.kill()
            agent.start()
            agent.wait_for_masters(2)

    quiet = NumberAsker(servers[1].address)
    for number in range(100):
        quiet.ask(number)
    count = ask_while(servers[0], kill_twice)
    quiet.client.close()
    report = agent.report()
    shown = run_command("agent", "status", "--socket", str(agent.path)).stdout
    assert shown.count("access records:") == 2
    assert [server.stop() for server in servers] == [0, 0]
    assert [number_of(line.line) for line in servers[0].accesses()] == list(range(count))
    assert [number_of(line.line) for line in servers[1].accesses()] == list(range(100))
    assert report["stations"]["agent"]["resident_bytes"] < MAX_RESIDENT_BYTES
    assert all(tenant["access_dropped"] == 0 for tenant in report["tenants"])
    assert agent.stop() == 0


def test_server_without_its_agent_serves_and_writes_its_last_lines_itself(serve, agent) -> None:
    server = serve(environment=agent.environment)
    server.is_noise_expected = True
    asker = NumberAsker(server.address)
    for number in range(50):
        asker.ask(number)
    asker.client.close()
    assert not server.access_log.exists()
    assert server.stop() == 0
    assert [number_of(line.line) for line in server.accesses()] == list(range(50))
    assert f"no agent at unix:{agent.path}" in server.stderr()
    agent.start()  # for the fixture: it must find the place free
    assert agent.stop() == 0


def test_agent_that_comes_later_writes_what_has_waited(serve, agent) -> None:
    server = serve(environment=agent.environment)
    server.is_noise_expected = True
    asker = NumberAsker(server.address)
    for number in range(50):
        asker.ask(number)
    agent.start()
    server.wait_accesses(50)
    assert agent.stop() == 0
    for number in range(50, 60):
        asker.ask(number)
    agent.start()
    asker.client.close()
    assert server.stop() == 0
    assert [number_of(line.line) for line in server.accesses()] == list(range(60))
    assert "agent.found" in server.errors()
    assert agent.stop() == 0


def test_master_killed_is_written_to_its_end_and_forgotten(serve, agent) -> None:
    agent.start()
    server = serve("-w", "2", environment=agent.environment)
    server.is_noise_expected = server.is_killed = True
    agent.wait_for_masters(1)
    asker = NumberAsker(server.address)
    for number in range(50):
        asker.ask(number)
    server.send_signal(signal.SIGKILL)
    with contextlib.suppress(ConnectionError):
        asker.client.close()
    wait_until(lambda: not server.members(), "workers to leave")
    agent.wait_for_masters(0)
    assert [number_of(line.line) for line in server.accesses()] == list(range(50))
    assert "worker.orphaned" in server.errors()
    assert agent.stop() == 0


def test_agent_and_masters_killed_in_turn_lose_no_line_of_their_one_file(serve, agent, tmp_path) -> None:
    log = tmp_path / "access.log"
    words = ("--access-log", str(log), "--error-log", str(tmp_path / "error.log"))
    numbers = iter(range(1000))

    def ask(server) -> None:
        asker = NumberAsker(server.address)
        for _ in range(40):
            asker.ask(next(numbers))
        asker.client.close()

    def start():
        server = serve("-w", "2", *words, logs=False, environment=agent.environment)
        server.is_noise_expected = server.is_killed = True
        agent.wait_for_master(server.pid)
        ask(server)
        return server

    agent.start()
    first = start()
    agent.kill()
    ask(first)
    agent.start()
    agent.wait_for_master(first.pid)
    ask(first)
    first.send_signal(signal.SIGKILL)
    wait_until(lambda: not first.members(), "workers to leave")
    second = start()  # its agent takes it when the file is no longer the dead master's
    assert second.stop() == 0
    lines = [read_text_line(line) for line in log.read_text().splitlines()]
    # What waited in the rings of two workers is written ring by ring.
    assert sorted(number_of(line.line) for line in lines) == list(range(next(numbers)))
    assert agent.stop() == 0


def test_usr1_of_a_master_opens_its_own_logs(serve, agent) -> None:
    agent.start()
    server = serve(environment=agent.environment)
    agent.wait_for_masters(1)
    os.rename(server.access_log, server.folder / "rotated")
    server.send_signal(signal.SIGUSR1)
    wait_until(server.access_log.exists, "the new log")
    assert server.stop() == 0
    assert agent.stop() == 0


def measure(*words, environment=None):
    """What bench/exactness.py finds: lines beside requests, while somebody is killed each second."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench.exactness", *words],
        cwd=ROOT,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def test_every_finished_request_has_its_line_while_workers_are_killed(is_full) -> None:
    requests = 30_000 if is_full else 10_000
    result = measure("--workers", "4", "--requests", str(requests), environment=ROOMY_RING)
    assert result["answered"] == 4 * requests
    assert result["lines"] == result["finished"]
    assert [result[fault] for fault in ("dropped", "doubled", "damaged_lines")] == [0, 0, 0]
    assert result["worker_kills"] >= 1
    assert result["agent_peak_bytes"] < MAX_RESIDENT_BYTES


def test_every_finished_request_has_its_line_or_is_counted_while_the_agent_is_killed_too() -> None:
    result = measure("--workers", "2", "--requests", "15000", "--kill-agent-every", "1")
    assert result["lines"] + result["dropped"] == result["finished"]
    assert result["agent_kills"] >= 1
