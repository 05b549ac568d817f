import json
import os

import pytest

from penstock.cli.agent.status import choose, render
from penstock.cli.command import run_command
from penstock.cli.error import CommandError
from penstock.telemetry.memory.board import Board
from penstock.telemetry.reading.discovery import find_agents

TENANT = {
    "name": "shop",
    "master_pid": 7,
    "uid": 1000,
    "stage": "enrolled",
    "access_records": 5,
    "access_waiting": 1,
    "access_dropped": 2,
    "log_records": 3,
    "lines": 8,
    "damaged": 4,
    "outputs": [
        {
            "name": "access log on /a",
            "kind": "file",
            "trouble": "No space left on device",
            "pending_bytes": 9,
        },
        {"name": "error log on /e", "kind": "file", "trouble": "", "pending_bytes": 0},
    ],
}
REPORT = {
    "mode": "machine",
    "socket": "/run/agent.sock",
    "tenants": [TENANT],
    "stations": {
        "agent": {"uptime_s": 5.0, "cpu_s": 0.25, "resident_bytes": 30 << 20},
        "dogstatsd": {"received": 4, "malformed": 1},
        "idle": {},
    },
}


@pytest.fixture
def board():
    made = Board()
    made.write(json.dumps(REPORT))
    yield made
    made.close()


def test_agent_is_shown_with_its_tenants_outputs_and_stations():
    assert render(REPORT | {"pid": 77}) == (
        "agent 77 (machine on /run/agent.sock), up 5.00 s, 30 MiB, 0.25 s CPU\n"
        "  shop, master 7, user 1000, enrolled\n"
        "    access records: 5 read, 1 waiting, 2 dropped\n"
        "    log records: 3 read, 0 waiting, 0 dropped\n"
        "    lines: 8 written; 4 damaged\n"
        "    access log on /a (file): No space left on device, 9 bytes pending\n"
        "    error log on /e (file): well\n"
        "  dogstatsd: received 4  malformed 1\n"
        "  idle: nothing to report\n"
    )


def test_socket_may_be_named_from_where_one_stands(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    reports = [{"socket": "/a.sock"}, {"socket": f"{tmp_path}/a.sock"}]
    assert choose(reports, "a.sock") == reports[1:]


def test_socket_chooses_the_agent():
    reports = [{"socket": "/a"}, {"socket": ""}]
    assert choose(reports, None) == reports
    assert choose(reports, "/a") == reports[:1]
    with pytest.raises(CommandError, match="no agent on '/b'; running: /a, embedded"):
        choose(reports, "/b")
    with pytest.raises(CommandError, match="no running agent found"):
        choose([], None)


def test_command_prints_what_stands_on_the_boards(board, capsys):
    assert os.getpid() in [agent.pid for agent in find_agents()]
    assert run_command(["agent", "status", "--socket", "/run/agent.sock"]) == 0
    assert f"agent {os.getpid()} (machine" in capsys.readouterr().out
    assert run_command(["agent", "status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert REPORT | {"pid": os.getpid()} in shown
