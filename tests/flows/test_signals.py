"""What each signal does, and what becomes of the requests that are running."""

import os
import signal
import socket
import threading
from pathlib import Path

import pytest
from tests.flows.client import Client, NumberAsker, number_of, request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow

FOR_EVER_S = "600"  # far beyond the patience of any flow


def begin_sleep(client: Client, folder: Path, seconds: str) -> None:
    """Ask for a sleep and return when the application has begun it."""
    begun = folder / "begun"
    client.send(request(f"/sleep/{seconds}?begun={begun}"))
    wait_until(begun.exists, "the application to begin")


def is_refused(address) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) != 0


def test_term_finishes_the_running_request_and_exits_with_0(serve, connect, tmp_path) -> None:
    server = serve("-w", "2")
    client, idle = connect(server), connect(server)
    idle.get("/n/1")
    begin_sleep(client, tmp_path, "0.5")
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: is_refused(server.address), "the listener to close")
    assert client.read_answer().body == b"slept\n"
    assert client.read_to_end() == b""
    assert idle.read_to_end() == b""
    assert server.wait() == 0
    assert [line.status for line in server.accesses()] == [200, 200]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_int_and_quit_do_not_wait_for_the_running_request(serve, connect, tmp_path, number) -> None:
    server = serve("-t", FOR_EVER_S, "--graceful-timeout", FOR_EVER_S)
    server.is_noise_expected = True  # the cut connection is a warning
    client = connect(server)
    begin_sleep(client, tmp_path, FOR_EVER_S)
    assert server.stop(number) == 0
    assert "requests_cut=1" in server.errors()
    assert [line.outcome for line in server.accesses()] == ["cut"]


def test_second_term_does_not_wait_either(serve, connect, tmp_path) -> None:
    server = serve("-t", FOR_EVER_S, "--graceful-timeout", FOR_EVER_S)
    server.is_noise_expected = True
    client = connect(server)
    begin_sleep(client, tmp_path, FOR_EVER_S)
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: is_refused(server.address), "the first to be obeyed")
    assert server.stop(signal.SIGTERM) == 0


def test_term_ends_what_is_still_running_after_the_graceful_timeout(serve, connect, tmp_path) -> None:
    server = serve("-t", FOR_EVER_S, "--graceful-timeout", "0.2")
    server.is_noise_expected = True
    client = connect(server)
    begin_sleep(client, tmp_path, FOR_EVER_S)
    assert server.stop() == 0


def test_interrupt_of_the_terminal_reaches_every_process_and_stops_in_order(serve) -> None:
    server = serve("-w", "2")
    asker = NumberAsker(server.address)
    asker.ask(1)
    asker.client.close()
    os.killpg(server.pid, signal.SIGINT)
    assert server.wait() == 0
    assert len(server.accesses()) == 1
    assert "server.stopped" in server.errors()


def test_ttin_and_ttou_change_the_number_of_workers(serve, connect) -> None:
    server = serve("-w", "2")
    first = set(server.workers())
    server.send_signal(signal.SIGTTIN)
    wait_until(lambda: len(server.workers()) == 3, "a third worker")
    assert first < set(server.workers())
    for count in (2, 1, 1):  # the last one stays
        server.send_signal(signal.SIGTTOU)
        wait_until(
            lambda n=count: len(server.workers()) == n == len(server.members()) - 3, f"{count} workers"
        )
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0


def test_usr1_makes_the_agent_reopen_its_files_and_loses_no_line(serve, tmp_path) -> None:
    server = serve("-w", "2")
    agent = server.agent()
    stop = threading.Event()
    asked = []

    def ask() -> None:
        asker = NumberAsker(server.address)
        while not stop.is_set():
            asker.ask(len(asked))
            asked.append(len(asked))
        asker.client.close()

    thread = threading.Thread(target=ask)
    thread.start()
    rotated = [tmp_path / f"access.log.{turn}" for turn in range(3)]
    try:
        for path in rotated:
            wait_until(lambda: server.access_log.exists() and server.access_log.stat().st_size, "lines")
            server.access_log.rename(path)
            server.error_log.rename(f"{path}.error")
            server.send_signal(signal.SIGUSR1)
            wait_until(server.access_log.exists, "the access log to be opened again")
            wait_until(server.error_log.exists, "the error log to be opened again")
    finally:
        stop.set()
        thread.join()
    assert server.agent() == agent
    assert server.stop() == 0
    lines = [line for path in [*rotated, server.access_log] for line in server.accesses(path)]
    assert [number_of(line.line) for line in lines] == list(range(len(asked)))


def test_signals_of_other_servers_habits_do_not_end_this_one(serve, connect) -> None:
    server = serve()
    server.is_noise_expected = True  # it may say that they mean nothing here
    for number in (signal.SIGUSR2, signal.SIGPIPE):
        server.send_signal(number)
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0


def test_master_killed_leaves_no_process_and_frees_the_port(serve, connect, tmp_path) -> None:
    server = serve("-w", "2", "-t", FOR_EVER_S)
    server.is_noise_expected = server.is_killed = True
    running, stuck = connect(server), connect(server)
    begin_sleep(running, tmp_path, "0.3")
    stuck.send(request(f"/sleep/{FOR_EVER_S}"))
    server.send_signal(signal.SIGKILL)
    assert running.read_answer().body == b"slept\n"
    wait_until(lambda: not server.members(), "workers and agent to leave", within_s=10)
    with socket.socket() as successor:
        successor.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        successor.bind(server.address)
        successor.listen()
    assert "worker.orphaned" in server.errors()
    assert {(line.line, line.outcome) for line in server.accesses()} == {
        (f"GET /sleep/0.3?begun={tmp_path}/begun HTTP/1.1", "complete"),
        ("GET /sleep/600 HTTP/1.1", "cut"),
    }


def test_agent_killed_is_replaced_and_no_line_is_lost(serve) -> None:
    server = serve("-w", "2")
    server.is_noise_expected = True
    asker = NumberAsker(server.address)
    for turn in range(3):
        agent = server.agent()
        for number in range(turn * 500, turn * 500 + 250):
            asker.ask(number)
        os.kill(agent, signal.SIGKILL)
        for number in range(turn * 500 + 250, turn * 500 + 500):
            asker.ask(number)
        wait_until(lambda agent=agent: server.agent() not in (0, agent), "the agent's successor")
    asker.client.close()
    assert server.stop() == 0
    assert [number_of(line.line) for line in server.accesses()] == list(range(1500))


# HUP

SOURCE = """
def application(environ, start_response):
    body = b"version {}"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


class Reader:
    """Asks for the version until told to stop, on a new connection each time, or on a kept one.

    Attributes:
        versions: what was answered, in order, without repetitions.
        faults: what went wrong.
    """

    def __init__(self, address, *, keeps: bool) -> None:
        self._address = address
        self._keeps = keeps
        self._stop = threading.Event()
        self.versions: list[bytes] = []
        self.count = 0
        self.faults: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        client = None
        while not self._stop.is_set():
            is_fresh = client is None
            try:
                client = client or Client(self._address)
                answer = client.get("/", *([] if self._keeps else ["Connection: close"]))
            except ConnectionError as error:
                # An idle connection may be closed, a fresh one or an answer may not (RFC 9112 section 9.5).
                if is_fresh or client.is_answering:
                    self.faults.append(error)
                client = None
                continue
            self.count += 1
            if answer.status != 200:
                self.faults.append(AssertionError(answer))
            if self.versions[-1:] != [answer.body]:
                self.versions.append(answer.body)
            if not self._keeps or answer.fields.get("connection") == "close":
                client.close()
                client = None

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def write_version(folder: Path, text: str) -> None:
    aside = folder / "aside"
    aside.write_text(text)
    aside.rename(folder / "site_of_flow.py")  # never half a file


def test_hup_serves_new_code_without_a_failed_request_and_broken_code_keeps_the_old(serve, tmp_path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    write_version(site, SOURCE.format(1))
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}  # two versions within a second would share their bytecode
    server = serve(
        "site_of_flow", "-b", "127.0.0.1:0", "-w", "2", bare=True, chdir=site, environment=environment
    )
    server.is_noise_expected = True
    readers = [Reader(server.address, keeps=keeps) for keeps in (False, True)]
    try:
        for version in (2, 3):
            old = set(server.workers())
            write_version(site, SOURCE.format(version))
            server.send_signal(signal.SIGHUP)
            wait_until(
                lambda old=old: len(server.workers()) == 2 and not old & set(server.workers()),
                "the new generation",
            )
            new = b"version %d" % version
            wait_until(
                lambda new=new: all(reader.versions[-1:] == [new] for reader in readers), "the new code"
            )

        old = set(server.workers())
        write_version(site, "def application(environ, start_response:\n")
        server.send_signal(signal.SIGHUP)
        wait_until(lambda: "server.reload_failed" in server.errors(), "the broken code to be noticed")
        asked = [reader.count for reader in readers]
        wait_until(
            lambda: all(r.count > n + 50 for r, n in zip(readers, asked, strict=True)), "answers of the old"
        )
        wait_until(
            lambda: set(server.workers()) == old and len(server.members()) == 5, "the failed ones to go"
        )

        write_version(site, SOURCE.format(4))
        server.send_signal(signal.SIGHUP)
        wait_until(lambda: all(r.versions[-1:] == [b"version 4"] for r in readers), "the repaired code")
    finally:
        for reader in readers:
            reader.stop()
    assert [reader.faults for reader in readers] == [[], []]
    assert all(set(r.versions) == {b"version %d" % n for n in (1, 2, 3, 4)} for r in readers)
    assert "SyntaxError" in server.errors()
    assert server.stop() == 0
    assert len(server.accesses()) == sum(reader.count for reader in readers)
