"""The server under a service manager: what it takes from it and what it tells it."""

import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.flows.client import Client, request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow


class Manager:
    """The manager's end of a notification socket, and all it has heard."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self._sock = sock
        self.address = address
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """Take what has come; return all messages so far."""
        while True:
            try:
                self.heard.append(self._sock.recv(4096).decode())
            except BlockingIOError:
                return self.heard

    def wait_for(self, text: str) -> str:
        """Wait for a message that holds `text`, and return it."""
        return wait_until(lambda: next((m for m in self.listen() if text in m), None), f"{text!r} to be told")

    def forget(self) -> None:
        self.listen()
        self.heard.clear()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        address = str(tmp_path / "notify") if request.param == "path" else f"@penstock-flow-{os.getpid()}"
        sock.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        sock.setblocking(False)
        yield Manager(sock, address)


# As systemd starts a service: the watchdog is meant for one process.
WATCHED = ("sh", "-c", 'export WATCHDOG_PID=$$; exec "$@"', "sh")


def test_life_of_a_server_is_told(serve, connect, manager: Manager) -> None:
    server = serve("-w", "2", environment={"NOTIFY_SOCKET": manager.address})
    ready = manager.wait_for("READY=1")
    assert f"MAINPID={server.pid}" in ready
    assert "STATUS=2 of 2 workers ready" in ready
    assert connect(server).get("/n/1").status == 200  # ready means ready
    manager.forget()

    asked_us = time.monotonic_ns() // 1000
    server.send_signal(signal.SIGHUP)
    reloading = re.search(r"MONOTONIC_USEC=([0-9]+)", manager.wait_for("RELOADING=1"))
    assert reloading
    assert asked_us <= int(reloading[1]) <= time.monotonic_ns() // 1000
    manager.wait_for("READY=1")
    manager.forget()

    assert server.stop() == 0
    manager.wait_for("STOPPING=1")
    assert any(message.startswith("EXTEND_TIMEOUT_USEC=") for message in manager.heard)
    assert not [message for message in manager.heard if "READY=1" in message]


def test_reload_that_fails_is_over_and_says_why(serve, manager: Manager, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def application(e, s):\n    s('200 OK', [])\n    return [b'x']\n")
    server = serve(
        "app", "-b", "127.0.0.1:0", "-w", "1", bare=True, chdir=tmp_path,
        environment={"NOTIFY_SOCKET": manager.address},
    )  # fmt: skip
    server.is_noise_expected = True
    manager.wait_for("READY=1")
    manager.forget()
    (tmp_path / "app.py").write_text("syntax error\n")
    server.send_signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    manager.wait_for("READY=1")
    manager.wait_for("the last reload failed: ")
    manager.forget()
    (tmp_path / "penstock.toml").write_text("nonsense = 1\n")
    server.send_signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    manager.wait_for("READY=1")


def test_new_program_is_named_to_the_manager_and_feeds_its_watchdog(serve, manager: Manager) -> None:
    server = serve(environment={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1000000"}, prefix=WATCHED)
    manager.wait_for("READY=1")
    manager.forget()
    server.send_signal(signal.SIGUSR2)
    named = wait_until(
        lambda: next((m for m in manager.listen() if re.fullmatch("MAINPID=[0-9]+", m)), None),
        "the new program to be named",
    )
    successor = int(named.removeprefix("MAINPID="))
    assert successor != server.pid
    assert server.wait() == 0  # the old one
    manager.forget()
    manager.wait_for("WATCHDOG=1")
    os.kill(successor, signal.SIGTERM)
    wait_until(lambda: successor not in server.members(), "the new one to end")
    assert not server.members()


def test_application_that_cannot_be_imported_is_never_told_ready(serve, manager: Manager) -> None:
    server = serve("no_such_module", bare=True, ready=False, environment={"NOTIFY_SOCKET": manager.address})
    server.is_noise_expected = True
    assert server.wait() == 1
    assert not [message for message in manager.listen() if "READY" in message]


def feedings_within(manager: Manager, seconds: float) -> int:
    """Return how often the watchdog is fed in that time; a loop that turns when it must would come to 2."""
    manager.forget()
    until_s = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until_s, "the time to pass")
    return manager.listen().count("WATCHDOG=1")


def test_watchdog_is_fed_while_the_loop_of_the_master_turns_and_only_then(serve, manager: Manager) -> None:
    server = serve(environment={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1000000"})
    manager.wait_for("READY=1")
    wait_until(lambda: feedings_within(manager, 3.0) >= 4, "the watchdog to be fed as often as it asked for")
    server.send_signal(signal.SIGSTOP)
    state = Path(f"/proc/{server.pid}/stat")
    wait_until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "the master to stand still")
    manager.forget()
    quiet_until_s = time.monotonic() + 1.5
    wait_until(lambda: time.monotonic() > quiet_until_s, "a while")
    assert manager.listen() == []
    server.send_signal(signal.SIGCONT)
    manager.wait_for("WATCHDOG=1")


ACTIVATE = """
import fcntl, os, sys
ours, names = sys.argv[1].split(","), sys.argv[2]
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in ours]  # none is overwritten before it was moved
for place, fd in enumerate(high):
    os.dup2(fd, 3 + place)
os.closerange(3 + len(ours), 200)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(ours)), "LISTEN_FDNAMES": names}
os.execv(sys.argv[3], sys.argv[3:])
"""


def activated(sockets: list[socket.socket], names: str = "") -> dict[str, object]:
    """Return settings of a server that is started as a manager does: the sockets are descriptors 3 and up."""
    fds = [sock.fileno() for sock in sockets]
    words = (sys.executable, "-c", ACTIVATE, ",".join(map(str, fds)), names)
    return {"inherit": fds, "prefix": words}


@pytest.fixture
def passed() -> Iterator[list[socket.socket]]:
    """Three listening sockets."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    yield sockets
    for sock in sockets:
        sock.close()


def test_all_passed_sockets_are_served_and_one_is_the_ops_port(serve, passed: list[socket.socket]) -> None:
    waiting = Client(passed[0].getsockname())  # who comes before the service is served all the same
    waiting.send(request("/n/1"))
    server = serve("applications", "-w", "1", bare=True, **activated(passed, "a:b:ops"))
    ports = [sock.getsockname()[1] for sock in passed]
    assert [address.rpartition(":")[2] for address in server.addresses] == [str(port) for port in ports[:2]]
    assert waiting.read_answer().status == 200
    for port, path in ((ports[0], "/n/1"), (ports[1], "/n/2"), (ports[2], "/readyz")):
        client = Client(("127.0.0.1", port))
        assert client.get(path).status == 200
        client.close()
    waiting.close()


def test_passed_sockets_do_not_reach_what_the_application_starts(
    serve, connect, passed: list[socket.socket]
) -> None:
    server = serve("applications", "-w", "1", bare=True, **activated(passed[:1]))
    assert b"socket:" not in connect(server).get("/child").body


def test_address_that_was_said_wins_over_passed_sockets(serve, passed: list[socket.socket]) -> None:
    assert serve(**activated(passed[:1])).port != passed[0].getsockname()[1]


def test_passed_socket_survives_a_restart_of_the_service(serve, passed: list[socket.socket]) -> None:
    words = ("applications", "-w", "1", "--bind", "fd://3")
    first = serve(*words, bare=True, **activated(passed[:1]))
    assert first.stop() == 0
    between = Client(passed[0].getsockname())
    between.send(request("/n/7"))
    serve(*words, bare=True, **activated(passed[:1]))
    assert between.read_answer().status == 200
    between.close()
