from pathlib import Path

import pytest

from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.running import configuration as module
from penstock.cli.running.configuration import find_running, read_running


@pytest.fixture
def make_process(tmp_path: Path):
    """A process as /proc shows it: its words, its environment, its folder."""

    def make(*words: str, folder: Path | None = None, **environment: str) -> Path:
        place = tmp_path / "proc" / "7"
        place.mkdir(parents=True)
        (place / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
        pairs = [f"{name}={value}".encode() + b"\0" for name, value in environment.items()]
        (place / "environ").write_bytes(b"".join(pairs))
        (place / "cwd").symlink_to(folder or tmp_path)
        return tmp_path / "proc"

    return make


@pytest.mark.parametrize("program", [["/usr/bin/python3", "/usr/bin/penstock"], ["python", "-m", "penstock"]])
def test_flags_of_the_command_are_read(make_process, tmp_path: Path, program: list[str]) -> None:
    proc = make_process(*program, "serve", "--access-log", "a.log", "site.wsgi")
    running = read_running(7, proc)
    assert running.config.agent.access_log == "a.log"
    assert running.folder == tmp_path


def test_server_of_scripts_is_read_like_any_other(make_process) -> None:
    proc = make_process("penstock", "cgi", "--access-log", "a.log", "serve")
    assert read_running(7, proc).config.agent.access_log == "a.log"


def test_variables_of_the_process_are_read_and_not_ours(
    make_process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_ERROR_LOG", "ours.log")
    proc = make_process("penstock", "serve", "app", PENSTOCK_ACCESS_LOG="its.log")
    agent = read_running(7, proc).config.agent
    assert (agent.access_log, agent.error_log) == ("its.log", "-")


def test_the_file_is_looked_for_where_the_process_began(make_process, tmp_path: Path) -> None:
    began = tmp_path / "began"
    began.mkdir()
    (began / "penstock.toml").write_text('error_log = "e.log"\nchdir = "elsewhere"\n')
    elsewhere = began / "elsewhere"
    elsewhere.mkdir()
    running = read_running(7, make_process("penstock", "serve", "app", folder=elsewhere, PWD=str(began)))
    assert running.config.agent.error_log == "e.log"
    assert running.folder == elsewhere


def test_a_process_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot read the configuration of server 7: no such file"):
        read_running(7, tmp_path)


def test_a_process_that_was_started_otherwise_is_said(make_process) -> None:
    with pytest.raises(CommandError, match="not started by `penstock serve` or `cgi`; name the file"):
        read_running(7, make_process("python", "tests.py"))


def test_a_file_that_was_broken_since_is_said(make_process, tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("acess_log = 'x'\n")
    with pytest.raises(CommandError, match=r"configuration of server 7 cannot be used now: .*did you mean"):
        read_running(7, make_process("penstock", "serve", "app"))


class FoundMaster:
    pid = 7


def test_without_a_server_it_is_what_the_configuration_here_would_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "find_masters", list)
    (tmp_path / "penstock.toml").write_text('chdir = "site"\n')
    found = find_running(parse_words(["logs"]))
    assert (found.folder, found.subject) == (Path("site"), "no server runs, and the configuration here")


def test_running_server_comes_before_the_configuration_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_masters", lambda: [FoundMaster()])
    monkeypatch.setattr(module, "read_running", {7: "its"}.get)
    assert find_running(parse_words(["logs"])) == "its"


def test_configuration_that_is_named_comes_before_a_running_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.toml").write_text('chdir = "other"\n')
    monkeypatch.setattr(module, "find_masters", lambda: [FoundMaster()])
    found = find_running(parse_words(["logs", "--config", str(tmp_path / "other.toml")]))
    assert found.folder == Path("other")
