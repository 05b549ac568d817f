"""What each signal does, and what becomes of the requests that are running."""

import os
import signal
import socket
import threading
import time
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
    server.send_signal(signal.SIGPIPE)
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0


def test_master_killed_leaves_no_process_and_frees_the_port(serve, connect, tmp_path) -> None:
    server = serve("-w", "2", "-t", FOR_EVER_S)
    server.is_noise_expected = server.is_killed = True
    running, stuck = connect(server), connect(server)
    begin_sleep(stuck, tmp_path, FOR_EVER_S)
    (tmp_path / "begun").unlink()
    begin_sleep(running, tmp_path, "0.3")
    server.send_signal(signal.SIGKILL)
    assert running.read_answer().body == b"slept\n"
    wait_until(lambda: not server.members(), "workers and agent to leave")
    with socket.socket() as successor:
        successor.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        successor.bind(server.address)
        successor.listen()
    assert "worker.orphaned" in server.errors()
    assert {(line.line, line.outcome) for line in server.accesses()} == {
        (f"GET /sleep/0.3?begun={tmp_path}/begun HTTP/1.1", "complete"),
        (f"GET /sleep/{FOR_EVER_S}?begun={tmp_path}/begun HTTP/1.1", "cut"),
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


def test_winch_lets_the_workers_go_and_ttin_brings_them_back(serve, connect) -> None:
    server = serve("-w", "2")
    server.send_signal(signal.SIGWINCH)
    wait_until(lambda: server.workers() == [], "the workers to leave")
    waiting = connect(server)
    waiting.send(request("/n/1"))
    server.send_signal(signal.SIGTTIN)
    assert waiting.read_answer().status == 200  # who came meanwhile waited in the queue
    wait_until(lambda: len(server.workers()) == 2, "the workers to come back")
    assert server.stop() == 0


def test_hup_reloads_as_the_command_does(serve) -> None:
    server = serve()
    before = server.workers()
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: len(server.workers()) == 1 and server.workers() != before, "another worker")
    assert server.stop() == 0


def test_master_killed_while_the_application_is_imported_leaves_no_process(serve, tmp_path) -> None:
    (tmp_path / "slow_site.py").write_text("import time\nopen('begun', 'w').close()\ntime.sleep(600)\n")
    server = serve("slow_site", "-b", "127.0.0.1:0", bare=True, ready=False, chdir=tmp_path)
    server.is_noise_expected = server.is_killed = True
    wait_until((tmp_path / "begun").exists, "the import to begin")
    server.send_signal(signal.SIGKILL)
    wait_until(lambda: not server.members(), "template and agent to leave")


@pytest.mark.parametrize("preload", ["auto", "off"])
def test_stop_while_the_application_is_imported_is_obeyed_at_once(serve, tmp_path, preload) -> None:
    (tmp_path / "slow_site.py").write_text("import time\nopen('begun', 'w').close()\ntime.sleep(600)\n")
    words = ("slow_site", "-b", "127.0.0.1:0", "-w", "2")
    server = serve(*words, bare=True, ready=False, chdir=tmp_path, environment={"PENSTOCK_PRELOAD": preload})
    wait_until((tmp_path / "begun").exists, "the import to begin")
    begun_s = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun_s < 20  # of the 30 s that a graceful stop may take


def test_term_for_the_whole_group_is_a_stop_like_any_other(serve, connect) -> None:
    server = serve("-w", "2")
    assert connect(server).get("/n/1").status == 200
    os.killpg(server.pid, signal.SIGTERM)  # as systemd does unless told KillMode=mixed
    assert server.wait() == 0
    assert [line.line for line in server.accesses()] == ["GET /n/1 HTTP/1.1"]
    assert server.noise() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM])
def test_program_that_the_application_starts_can_be_told_to_stop(serve, connect, number) -> None:
    """What a worker passes over is no business of its children."""
    assert connect(serve()).get(f"/signalled/{number}").body == b"-%d" % number
