import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.cli.error import CommandError
from penstock.cli.running.choice import choose, choose_one, name_server, wanted_pid
from penstock.config import ConfigError
from penstock.telemetry import FoundMaster

ABSENT = (4194305, 4194306)  # beyond the largest pid that Linux gives


@pytest.mark.parametrize("word", ["x", "-1", "", "1.5", "9" * 11])
def test_pid_that_is_no_number_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="expected a number"):
        wanted_pid(word, None)


def test_pid_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot read the pid file '.*nope': no such file or directory"):
        wanted_pid(None, str(tmp_path / "nope"))


def test_without_a_pid_every_server_is_wanted() -> None:
    assert wanted_pid(None, None) is None
    masters = [FoundMaster(1, "/nope", (1,)), FoundMaster(2, "/nope", (2,))]
    assert choose(masters, None) == masters
    assert choose(masters, 2) == masters[1:]


def test_no_server_at_all_says_who_might_not_be_seen() -> None:
    with pytest.raises(CommandError, match="no running server found; those of other users"):
        choose([], None)


def test_another_pid_is_answered_with_the_running_ones() -> None:
    with pytest.raises(CommandError, match="no server with pid 5; running: 4194305, 4194306"):
        choose([FoundMaster(pid, "/nope", (pid,)) for pid in ABSENT], 5)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[int]:
    """A process that stands in a folder of its own."""
    process = subprocess.Popen(["sleep", "600"], cwd=tmp_path)
    yield process.pid
    process.kill()
    process.wait()


def test_of_several_servers_the_one_of_this_folder_is_meant(
    sleeper: int, tmp_path: Path, monkeypatch
) -> None:
    masters = [FoundMaster(pid, "", (pid,)) for pid in (os.getppid(), sleeper)]
    monkeypatch.chdir(tmp_path)
    assert choose_one(masters, None).pid == sleeper
    with pytest.raises(
        CommandError, match=re.escape(f"several servers are running: {sleeper} in {tmp_path}; ")
    ):
        choose_one([masters[1], masters[1]], None)


def test_folder_in_a_message_cannot_command_the_terminal(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "a\nb\x1b[2J"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert name_server(os.getpid()) == f"{os.getpid()} in {tmp_path}/a b\\x1b[2J"


def test_one_of_several_servers_has_to_be_named() -> None:
    masters = [FoundMaster(pid, "", (pid,)) for pid in (ABSENT[0], *ABSENT)]
    told = "several servers are running: 4194305, 4194306; say which with --pid"
    with pytest.raises(CommandError, match=told):
        choose_one(masters, None)
    assert choose_one(masters, ABSENT[1]).pid == ABSENT[1]
