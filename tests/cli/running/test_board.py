import json
import os
import socket
from pathlib import Path

import pytest

from penstock.cli.running.board import find_store_of_agent, look
from penstock.telemetry.memory.board import Board
from penstock.telemetry.reading.discovery import FoundAgent

REPORT = {"mode": "machine", "tenants": [], "stations": {"store": {"file": "/var/lib/store.db"}}}


@pytest.fixture
def board():
    made = Board()
    yield made
    made.close()


@pytest.fixture
def found(board):
    return FoundAgent(os.getpid(), f"/proc/self/fd/{board.fd}")


@pytest.fixture
def path(tmp_path):
    """A socket that this process, whose board it is, listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as made:
        made.bind(str(tmp_path / "agent.sock"))
        yield str(tmp_path / "agent.sock")


def put_up(board, **changes):
    board.write(json.dumps(REPORT | changes))


def test_report_of_an_agent_is_what_it_put_up_and_its_pid_the_kernels(board, found):
    put_up(board, pid=1)
    assert look(found) == REPORT | {"pid": os.getpid()}


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "5", "{}", '{"tenants": 5}', "[" * 100_000])
def test_what_is_no_report_is_none(board, found, text):
    board.write(text)
    assert look(found) is None


def test_agent_that_has_gone_has_no_report():
    assert look(FoundAgent(1, "/proc/self/fd/99999")) is None


def test_store_of_the_agent_on_a_socket_is_found(board, path):
    put_up(board, socket=path)
    assert find_store_of_agent(path) == Path("/var/lib/store.db")
    assert find_store_of_agent(f"{path}.other") is None


@pytest.mark.parametrize("stations", [{}, {"store": {}}, {"store": 5}, 7, {"store": {"file": 5}}])
def test_agent_that_keeps_no_store_has_none(board, path, stations):
    put_up(board, socket=path, stations=stations)
    assert find_store_of_agent(path) is None


def test_board_that_names_the_socket_of_another_user_is_not_believed(board, path, monkeypatch):
    put_up(board, socket=path)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(Path, "lstat", lambda _: os.stat("/"))
    assert find_store_of_agent(path) is None


def test_socket_that_has_gone_is_nobodys(board, path):
    put_up(board, socket=path)
    Path(path).unlink()
    assert find_store_of_agent(path) is None
