"""USR2: the program itself is replaced; sockets, log files and clients stay."""

import os
import re
import signal

import pytest
from tests.flows.deploys import Crowd, Site
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow


# Answers when `released` exists in its folder.
WAITING = """
import os, time

def application(environ, start_response):
    while environ["PATH_INFO"] == "/slow" and not os.path.exists("released"):
        time.sleep(0.01)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(tmp_path / "site")


def successor_of(server) -> int:
    found = wait_until(
        lambda: re.search(r"handover_begun .*successor=(\d+)", server.errors()), "the new program"
    )
    return int(found[1])


def agents(server) -> set[int]:
    """Return the processes of the session that hold its access log open."""
    holders = set()
    for pid in server.members():
        try:
            names = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        except OSError:
            continue
        if str(server.access_log) in names:
            holders.add(pid)
    return holders


@pytest.mark.timeout(180)
def test_new_program_takes_over_without_a_lost_request_or_line(serve, site, tmp_path) -> None:
    pid_file = tmp_path / "pid"
    server = site.serve(serve, "--pid-file", str(pid_file))
    crowd = Crowd(server.address, 8)
    try:
        wait_until(lambda: crowd.all_saw(1), "the first answers")
        site.deploy(2)
        server.send_signal(signal.SIGUSR2)
        successor = successor_of(server)
        seen = set()
        wait_until(
            lambda: seen.add(len(agents(server))) or server.process.poll() is not None, "the old one to end"
        )
        wait_until(lambda: crowd.all_saw(2), "the new code")
    finally:
        crowd.stop()
    assert server.process.returncode == 0
    assert crowd.faults() == []
    assert seen <= {0, 1}  # never two that write
    assert pid_file.read_text() == f"{successor}\n"
    os.kill(successor, signal.SIGTERM)
    wait_until(lambda: not server.members(), "the new one to end")
    assert not pid_file.exists()
    assert len(server.accesses()) == crowd.count()


def test_new_program_that_cannot_start_leaves_the_old_one_as_it_was(serve, site, connect, tmp_path) -> None:
    pid_file = tmp_path / "pid"
    server = site.serve(serve, "--pid-file", str(pid_file))
    server.is_noise_expected = True
    before = server.workers()
    site.write("1 / 0\n")
    server.send_signal(signal.SIGUSR2)
    wait_until(lambda: "server.handover_failed" in server.errors(), "its failure")
    assert "ZeroDivisionError" in server.stderr()
    wait_until(lambda: len(server.members()) == 5, "its processes to go")
    assert server.workers() == before
    assert connect(server).get("/").body == b"version 1"
    assert pid_file.read_text() == f"{server.pid}\n"
    site.deploy(2)
    server.send_signal(signal.SIGUSR2)
    assert server.wait() == 0
    wait_until(lambda: connect(server).get("/").body == b"version 2", "the new code")
    os.kill(int(pid_file.read_text()), signal.SIGTERM)
    wait_until(lambda: not server.members(), "the new one to end")


def test_unix_socket_and_ops_port_go_over(serve, site, tmp_path) -> None:
    path, ops = tmp_path / "socket", tmp_path / "ops"
    server = serve(
        "site_of_flow", "-b", f"unix:{path}", "-w", "1", "--ops", f"unix:{ops}", bare=True, chdir=site.folder
    )
    server.send_signal(signal.SIGUSR2)
    successor = successor_of(server)
    assert server.wait() == 0
    assert path.is_socket()
    assert ops.is_socket()
    os.kill(successor, signal.SIGTERM)
    wait_until(lambda: not server.members(), "the new one to end")
    assert not path.exists()
    assert not ops.exists()


def test_new_program_that_cannot_start_leaves_the_unix_sockets_as_they_were(
    serve, site, connect, tmp_path
) -> None:
    path, ops = tmp_path / "socket", tmp_path / "ops"
    server = serve(
        "site_of_flow", "-b", f"unix:{path}", "-w", "1", "--ops", f"unix:{ops}", bare=True, chdir=site.folder
    )
    server.is_noise_expected = True
    site.write("1 / 0\n")
    server.send_signal(signal.SIGUSR2)
    wait_until(lambda: "server.handover_failed" in server.errors(), "its failure")
    assert connect(server).get("/").body == b"version 1"
    assert ops.is_socket()


@pytest.mark.parametrize(
    ("number", "drain_s"),
    [
        pytest.param(signal.SIGTERM, 0, id="graceful"),
        pytest.param(signal.SIGTERM, 0.5, id="with-drain"),
        pytest.param(signal.SIGINT, 0, id="quick"),
    ],
)
def test_stop_during_a_handover_stops_both_programs(serve, site, number, drain_s) -> None:
    (site.folder / "penstock.toml").write_text(f"drain_s = {drain_s}\n")
    server = site.serve(serve)
    site.write(f"import pathlib, time\npathlib.Path('{site.folder}/begun').touch()\ntime.sleep(60)\n")
    server.send_signal(signal.SIGUSR2)
    wait_until((site.folder / "begun").exists, "the new program's import")
    server.send_signal(number)
    assert server.wait() == 0
    assert not server.members()
    assert "server.handover_called_off" in server.errors()


def test_agent_that_dies_while_the_old_program_drains_comes_back_without_the_ops_port(
    serve, site, connect, tmp_path
) -> None:
    site.write(WAITING)
    server = site.serve(serve, "-w", "1", "--ops", f"unix:{tmp_path / 'ops'}")
    server.is_noise_expected = True
    agent = server.agent()
    client = connect(server)
    client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_until(lambda: server.status()["workers"][0]["current"], "the request to run")
    server.send_signal(signal.SIGUSR2)
    successor = successor_of(server)
    wait_until(lambda: "server.handed_over" in server.errors(), "the handover")
    os.kill(agent, signal.SIGKILL)
    (site.folder / "released").touch()
    assert server.wait() == 0
    assert "Traceback" not in server.stderr()
    assert [access.line for access in server.accesses()] == ["GET /slow HTTP/1.1"]
    os.kill(successor, signal.SIGTERM)
    wait_until(lambda: not server.members(), "the new one to end")


def test_stop_of_the_new_program_writes_its_lines_when_the_old_one_has_written_its_own(
    serve, site, connect
) -> None:
    site.write(WAITING)
    server = site.serve(serve, "-w", "1")
    client = connect(server)
    client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_until(lambda: server.status()["workers"][0]["current"], "the request to run")
    site.deploy(2)
    server.send_signal(signal.SIGUSR2)
    successor = successor_of(server)
    wait_until(lambda: "server.handed_over" in server.errors(), "the handover")
    # The old worker may still accept until it has its signal.
    wait_until(lambda: connect(server).get("/probe").body == b"version 2", "the new code")
    assert connect(server).get("/new").body == b"version 2"
    os.kill(successor, signal.SIGTERM)
    (site.folder / "released").touch()
    assert server.wait() == 0
    wait_until(lambda: not server.members(), "the new one to end")
    lines = [access.line for access in server.accesses() if "/probe" not in access.line]
    assert lines == ["GET /slow HTTP/1.1", "GET /new HTTP/1.1"]


def test_new_program_whose_old_one_is_killed_while_it_starts_serves_on(serve, site, connect) -> None:
    server = site.serve(serve, "-w", "1")
    server.is_noise_expected = server.is_killed = True
    site.deploy(2, first="import time; time.sleep(1)")
    server.send_signal(signal.SIGUSR2)
    successor = successor_of(server)
    server.send_signal(signal.SIGKILL)
    server.wait()
    wait_until(lambda: connect(server).get("/").body == b"version 2", "the new code")
    os.kill(successor, signal.SIGTERM)
    wait_until(lambda: not server.members(), "the new one to end")
