"""What the flows share: starting servers that cannot outlive their test, and the size of the heavy cases."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.flows.client import Client
from tests.flows.harness import PATIENCE_S, Server

# Taken out at once: to a server, and to the tests of the command line, it would be an unknown option.
SIZE = os.environ.pop("PENSTOCK_FLOWS", "short")


@pytest.fixture(scope="session")
def is_full() -> bool:
    """Whether the heavy cases run at full size (PENSTOCK_FLOWS=full) or at that of every day (short)."""
    assert SIZE in {"short", "full"}, f"PENSTOCK_FLOWS={SIZE!r}; expected short or full"
    return SIZE == "full"


@pytest.fixture(scope="session")
def bar_s(is_full: bool) -> Callable[[float], float]:
    """Return how long something may take that must be done within `seconds` on a machine of its own.

    That is measured at full size.  Every day many share the machine, and all that can be told is whether it
    comes to an end.
    """
    return lambda seconds: seconds if is_full else PATIENCE_S


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers; after the test each is ended, and must have left nothing behind.

    `serve(*words)` starts `penstock serve applications -b 127.0.0.1:0 -w 1 *words` and waits until ready.
    With `bare=True` only the words, with `ready=False` without waiting.
    """
    servers: list[Server] = []

    def start(*words: str, bare: bool = False, ready: bool = True, **settings: Any) -> Server:
        if not bare:
            defaults = [] if "-b" in words else ["-b", "127.0.0.1:0"]
            defaults += [] if "-w" in words else ["-w", "1"]
            words = ("applications", *defaults, *words)
        server = Server(words, tmp_path / f"server-{len(servers)}", **settings)
        servers.append(server)
        return server.wait_ready() if ready else server

    yield start
    for server in servers:
        server.end()
    for server in servers:
        server.check_end()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Open connections that are closed after the test: `connect(server)`."""
    clients: list[Client] = []

    def open_client(server: Server, **settings: Any) -> Client:
        clients.append(Client(server.address, **settings))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
