import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.server.master.notify import Notifier, Phase


class Manager:
    """A service manager's end: an address, and what was said."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self.sock = sock
        self.address = address

    def heard(self) -> list[str]:
        """Return the messages so far, as many strings."""
        messages = []
        while True:
            try:
                messages.append(self.sock.recv(4096).decode())
            except BlockingIOError:
                return messages


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        address = str(tmp_path / "notify") if request.param == "path" else f"@penstock-test-{os.getpid()}"
        sock.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        sock.setblocking(False)
        yield Manager(sock, address)


def test_phases_are_told_once_each_with_what_systemd_wants_to_know(manager: Manager) -> None:
    notifier = Notifier(manager.address)
    before_us = time.monotonic_ns() // 1000
    for phase in (Phase.STARTING, Phase.READY, Phase.READY, Phase.RELOADING, Phase.READY, Phase.STOPPING):
        notifier.tell(phase, "")
    ready, reloading, again, stopping = manager.heard()
    assert ready == again == f"READY=1\nMAINPID={os.getpid()}"
    assert stopping == "STOPPING=1"
    match = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=([0-9]+)", reloading)
    assert match
    assert before_us <= int(match[1]) <= time.monotonic_ns() // 1000


def test_status_is_told_when_it_changes(manager: Manager) -> None:
    notifier = Notifier(manager.address)
    for status in ("importing", "importing", "2 workers"):
        notifier.tell(Phase.STARTING, status)
    notifier.tell(Phase.READY, "3 workers")
    assert manager.heard() == [
        "STATUS=importing",
        "STATUS=2 workers",
        f"READY=1\nMAINPID={os.getpid()}\nSTATUS=3 workers",
    ]


def test_watchdog_is_fed_twice_in_its_interval(manager: Manager) -> None:
    notifier = Notifier(manager.address, 10.0)
    for now_s in (100.0, 101.0, 104.9, 105.0, 109.9):
        notifier.beat(now_s)
    assert manager.heard() == ["WATCHDOG=1"] * 2
    assert notifier.wait_s(107.0) == 3.0
    assert notifier.wait_s(120.0) == 0.0


def test_without_a_watchdog_nothing_is_fed_and_nobody_waits(manager: Manager) -> None:
    notifier = Notifier(manager.address)
    notifier.beat(100.0)
    assert notifier.wait_s(100.0) is None
    assert manager.heard() == []


def test_more_time_is_asked_for_and_a_successor_named(manager: Manager) -> None:
    notifier = Notifier(manager.address)
    notifier.extend(32.5)
    notifier.hand_over(4121)
    assert manager.heard() == ["EXTEND_TIMEOUT_USEC=32500000", "MAINPID=4121"]


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens-here", "/" + "x" * 200])
def test_without_a_manager_nothing_happens(address: str) -> None:
    notifier = Notifier(address, 1.0)
    notifier.tell(Phase.READY, "fine")
    notifier.beat(1.0)


def test_manager_that_does_not_read_delays_nobody(manager: Manager) -> None:
    notifier = Notifier(manager.address)
    for number in range(2000):
        notifier.tell(Phase.READY, f"{number} requests")
    assert 0 < len(manager.heard()) < 2000
