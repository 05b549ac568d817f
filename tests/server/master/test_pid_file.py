import os
from pathlib import Path

import pytest

from penstock.server.errors import StartError
from penstock.server.master.pid_file import hold_pid_file


def test_pid_file_names_this_process_and_goes_with_it(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text("not a pid")
    with hold_pid_file(str(file)):
        assert int(file.read_text()) == os.getpid()
    assert not file.exists()


def test_pid_file_that_another_server_took_over_stays(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with hold_pid_file(str(file)):
        file.write_text("1\n")
    assert file.read_text() == "1\n"


def test_pid_file_that_names_a_running_process_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{os.getppid()}\n")
    with pytest.raises(StartError, match="which is running"), hold_pid_file(str(file)):
        pass


def test_pid_file_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(StartError, match="expected a writable place"), hold_pid_file("/nonexistent/pid"):
        pass


def test_no_pid_file_is_asked_for_by_an_empty_path(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with hold_pid_file(""):
        assert not list(tmp_path.iterdir())


def test_pid_file_of_the_server_we_take_over_from_is_ours(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{os.getppid()}\n")
    with hold_pid_file(str(file), os.getppid()):
        assert int(file.read_text()) == os.getpid()
    assert int(file.read_text()) == os.getppid()  # it still runs: we have failed
