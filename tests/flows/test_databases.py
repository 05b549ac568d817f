"""Several workers and one database: nothing is lost, nothing crosses the fork, nothing stays behind."""

import concurrent.futures
import contextlib
import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from tests.flows.client import Client, request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow

WORKERS, THREADS = 4, 2
PER_REQUEST = 20


class SQLite:
    """A database in a file."""

    def __init__(self, folder) -> None:
        self.file = folder / "counting.sqlite3"
        self.url = f"sqlite:///{self.file}"

    def is_held(self) -> bool:
        """Whether somebody is in a transaction that has written."""
        with contextlib.closing(sqlite3.connect(self.file, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False

    def connections(self) -> int:
        """How many processes have it open."""
        users = 0
        for folder in Path("/proc").glob("[0-9]*/fd"):
            with contextlib.suppress(OSError):  # it has just ended
                users += any(os.readlink(fd) == str(self.file) for fd in folder.iterdir())
        return users


class PostgreSQL:
    """A database of the tests' server."""

    def __init__(self, cluster, url) -> None:
        self.cluster, self.url = cluster, url

    def is_held(self) -> bool:
        """Whether somebody is in a transaction."""
        return any(state == "idle in transaction" for _, state in self.backends())

    def connections(self) -> int:
        """How many there are to it."""
        return len(self.backends())

    def backends(self) -> list[tuple[int, str]]:
        return self.cluster.backends(self.url.rpartition("/")[2])


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        return SQLite(tmp_path)
    return PostgreSQL(request.getfixturevalue("postgresql"), request.getfixturevalue("postgresql_url"))


@pytest.fixture
def counting(serve, database):
    """Serve the counting site: imported once, and its workers forked."""

    def start(workers: int = WORKERS, **environment: str):
        words = ["counting", "-b", "127.0.0.1:0", "-w", str(workers), "--threads", str(THREADS)]
        settings = {"COUNTING_URL": database.url, "PENSTOCK_PRELOAD": "on", **environment}
        return serve(*words, bare=True, environment=settings)

    return start


def ask(server, path: str):
    """Ask on a connection of its own."""
    with contextlib.closing(Client(server.address)) as client:
        return client.get(path)


def get(server, path: str) -> str:
    answer = ask(server, path)
    assert answer.status == 200, answer
    return answer.body.decode()


def test_eight_writers_lose_no_update(counting, is_full) -> None:
    server = counting()
    total = 10_000 if is_full else 500
    with concurrent.futures.ThreadPoolExecutor(WORKERS * THREADS) as clients:
        asked = [clients.submit(get, server, f"/raise/{PER_REQUEST}") for _ in range(total // PER_REQUEST)]
        workers = {each.result() for each in asked}
    assert get(server, "/") == str(total)
    assert len(workers) > 1
    assert "locked" not in server.errors()


def test_worker_killed_in_a_transaction_leaves_nothing_behind(counting, database) -> None:
    server = counting(workers=2)
    server.is_noise_expected = True
    hanging = Client(server.address)
    hanging.send(request("/hang"))
    wait_until(database.is_held, "a transaction that has written")
    (victim,) = [worker["pid"] for worker in server.status()["workers"] if worker["current"]]
    before = database.connections()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not database.is_held(), "the rollback")
    wait_until(lambda: database.connections() < before, "the end of the connection")
    assert get(server, "/") == "0"
    get(server, "/raise/1")
    assert get(server, "/") == "1"
    hanging.close()


def test_request_interrupted_in_a_transaction_leaves_nothing_behind(counting, database) -> None:
    server = counting(workers=1, PENSTOCK_REQUEST_TIMEOUT_S="1")
    server.is_noise_expected = True
    assert ask(server, "/hang").status == 504
    wait_until(lambda: not database.is_held(), "the rollback")
    get(server, "/raise/1")
    assert get(server, "/") == "1"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_connection_of_the_template_is_no_workers(counting, database) -> None:
    server = counting(PENSTOCK_PRELOAD="auto")
    assert len(server.status()["templates"]) == 1  # nothing it left open kept it from forking
    with concurrent.futures.ThreadPoolExecutor(WORKERS * THREADS) as clients:
        asked = [clients.submit(get, server, "/backend") for _ in range(80)]
        told = [json.loads(each.result()) for each in asked]
    speaks = {}
    for each in told:
        speaks.setdefault(each["backend"], set()).add(each["pid"])
    assert all(len(pids) == 1 for pids in speaks.values())
    assert len({pid for pids in speaks.values() for pid in pids}) > 1
    # No backend but those of workers: what the template had opened was closed before the fork.
    assert {pid for pid, _ in database.backends()} == set(speaks)
