import json
import os
import sys
from pathlib import Path

import pytest

from penstock.cli.serve.handover import VARIABLE, make_exec, take_inheritance
from penstock.server.master.handover import Inheritance

LEFT = {"sockets": {"127.0.0.1:80": 7}, "channel": 9, "pid": 42}


def test_what_the_parent_left_is_taken_once() -> None:
    environment = {VARIABLE: json.dumps(LEFT), "HOME": "/"}
    assert take_inheritance(environment, 42) == Inheritance({"127.0.0.1:80": 7}, 9, 42)
    assert environment == {"HOME": "/"}
    assert take_inheritance(environment, 42) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(LEFT | {"pid": 1}), id="of-another-process"),
        pytest.param("{", id="no-json"),
        pytest.param("[]", id="no-object"),
        pytest.param(json.dumps(LEFT | {"sockets": [7]}), id="no-addresses"),
        pytest.param(json.dumps(LEFT | {"channel": "x"}), id="no-number"),
    ],
)
def test_what_is_not_meant_for_us_is_nothing(text: str) -> None:
    environment = {VARIABLE: text}
    assert take_inheritance(environment, 42) is None
    assert environment == {}


def test_what_a_parent_left_that_was_killed_meanwhile_is_taken() -> None:
    gone = os.fork()
    if not gone:
        os._exit(0)
    os.waitpid(gone, 0)
    environment = {VARIABLE: json.dumps(LEFT | {"pid": gone})}
    assert take_inheritance(environment, 1) == Inheritance({"127.0.0.1:80": 7}, 9, gone)


def test_command_is_begun_anew_where_it_was_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(os, "execve", lambda *words: seen.extend(words))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "penstock", "serve", "app"])
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    monkeypatch.setenv("WATCHDOG_PID", "1")
    monkeypatch.chdir("/")
    make_exec(tmp_path)({"127.0.0.1:80": 7}, 9)
    program, words, environment = seen
    assert program == sys.executable
    assert words == [sys.executable, "-m", "penstock", "serve", "app"]
    assert json.loads(environment[VARIABLE]) == LEFT | {"pid": os.getppid()}
    assert environment["LISTEN_PID"] == str(os.getpid())
    assert environment["WATCHDOG_PID"] == "1"  # never ours
    assert Path.cwd() == tmp_path
