"""The store of a running server: what it counted is there after its agent was killed, and after its end."""

import json
import os
import signal
import sqlite3

import pytest
from tests.flows.client import Client
from tests.flows.harness import Server, run_command, wait_until

pytestmark = pytest.mark.flow


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def server(serve, path) -> Server:
    made = serve(environment={"PENSTOCK_STORE": str(path)})
    made.is_noise_expected = True
    return made


def errors(path) -> list[dict]:
    ran = run_command("errors", "--json", "--store", str(path))
    return json.loads(ran.stdout) if ran.returncode == 0 else []


def counts(path) -> list[int]:
    return [group["count"] for group in errors(path)]


def fail(server: Server, count: int) -> None:
    client = Client(server.address)
    for number in range(count):
        assert client.get(f"/fail/x?n={number}").status == 500
    client.close()


def test_errors_are_counted_on_by_the_agent_after_the_one_that_was_killed(server, path) -> None:
    fail(server, 3)
    wait_until(lambda: counts(path) == [3], "three errors in the store")
    killed = server.agent()
    os.kill(killed, signal.SIGKILL)
    fail(server, 4)
    wait_until(lambda: server.status()["agent_pid"] not in {killed, 0}, "a new agent")
    wait_until(lambda: counts(path) == [7], "seven errors in the store")


def test_what_the_last_second_brought_is_in_the_store_when_the_server_has_ended(server, path) -> None:
    fail(server, 5)
    server.stop()
    (group,) = errors(path)
    assert group["count"] == 5
    assert group["example"]["request_line"].startswith("GET /fail/x?n=")
    assert group["application"] == "applications"
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM series")}
    connection.close()
    assert {"penstock_requests", "penstock_request_phase_seconds"} <= names
