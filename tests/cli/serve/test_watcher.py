import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from penstock.cli.serve import watcher
from penstock.cli.serve.watcher import is_source, require_watchfiles, start_watcher
from penstock.config import ConfigError

# A master that tells when it hears HUP, and ends at the first line of its standard input.
MASTER = """
import os, signal, sys
from penstock.cli.serve.watcher import start_watcher
signal.signal(signal.SIGHUP, lambda *_: os.write(1, b"reload\\n"))
print(start_watcher(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def master(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    (tmp_path / "views.py").write_text("")
    command = [sys.executable, "-c", MASTER]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("site/views.py", True, id="source"),
        pytest.param("site/templates/page.html", True, id="template"),
        pytest.param("site/page.jinja2", True, id="jinja"),
        pytest.param("penstock.toml", True, id="configuration"),
        pytest.param("site/db.sqlite3", False, id="database"),
        pytest.param("site/__pycache__/views.cpython-313.pyc", False, id="compiled"),
        pytest.param("README", False, id="no-suffix"),
    ],
)
def test_only_what_changes_the_site_is_a_source(path: str, expected: bool) -> None:
    assert is_source(path) is expected


def test_watchfiles_that_is_there_is_enough() -> None:
    require_watchfiles()
    assert "watchfiles" not in vars(watcher), "the master must not load it"


def test_missing_watchfiles_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError) as refused:
        require_watchfiles()
    assert str(refused.value) == "--reload needs the package watchfiles; pip install 'penstock[reload]'"


def save_until_heard(path: Path, answer: IO[str]) -> str:
    """Save a file until somebody says something: the watcher does not tell when it is ready."""
    for _ in range(100):
        path.write_text("# saved\n")
        if select.select([answer], [], [], 0.1)[0]:
            return answer.readline()
    return "nothing"


@pytest.mark.flow
def test_change_of_a_source_becomes_a_hup_and_the_watcher_ends_with_the_master(
    master: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert master.stdin
    assert master.stdout
    watcher = os.pidfd_open(int(master.stdout.readline()))
    assert save_until_heard(tmp_path / "views.py", master.stdout) == "reload\n"
    master.stdin.close()
    assert master.wait(10) == 0
    assert select.select([watcher], [], [], 10)[0], "it lives on without its master"
    os.close(watcher)


def test_watcher_is_a_process_of_its_own_group() -> None:
    pid = start_watcher()
    try:
        assert os.getpgid(pid) == pid, "Ctrl-C in the terminal would reach it"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


# A master that saves a source until it hears HUP.
SAVING_MASTER = """
import pathlib, select, signal, sys
signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))
while True:
    for name in ("notes.txt", "views.py", "urls.py"):
        pathlib.Path(name).write_text("# saved")
    select.select([], [], [], 0.1)
"""


def test_watching_lasts_until_the_master_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with subprocess.Popen([sys.executable, "-c", SAVING_MASTER], cwd=tmp_path) as process:
        monkeypatch.setattr(os, "getppid", lambda: process.pid)
        try:
            assert watcher.main([str(process.pid)]) == 0
            assert process.wait(10) == 0, "it was not HUP that ended it"
        finally:
            process.kill()  # else one that never hears HUP is waited for, for ever
    said = capsys.readouterr().err
    assert " changed: reloading\n" in said
    assert "notes.txt" not in said


def test_change_that_comes_after_the_end_of_the_master_is_told_to_nobody() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    pidfd = os.pidfd_open(ended.pid)
    ended.wait()
    assert watcher._tell(pidfd, ["views.py", "urls.py"]) is None
    os.close(pidfd)


def test_watcher_whose_master_has_gone_leaves_at_once() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert watcher.main([str(ended.pid)]) == 0


def test_watcher_that_is_no_child_of_the_pid_leaves_at_once() -> None:
    assert watcher.main([str(os.getpid())]) == 0
