import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.serve import command
from penstock.cli.serve.command import enter_folder, run_serve, start_reloading
from penstock.config import (
    ConfigError,
)


def test_folder_is_entered_and_modules_are_found_from_it(folder: Path) -> None:
    (folder / "site").mkdir()
    enter_folder("site")
    assert Path.cwd() == folder / "site"
    assert sys.path[0] == str(folder / "site")


def test_current_folder_is_found_from_once(folder: Path) -> None:
    enter_folder("")
    enter_folder("")
    assert sys.path.count(str(folder)) == 1


def test_folder_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="--chdir 'nope': no such file or directory"):
        enter_folder("nope")


def test_watcher_is_started_when_a_hup_can_no_longer_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = []
    before = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(command, "start_watcher", lambda: handlers.append(signal.getsignal(signal.SIGHUP)))
    try:
        start_reloading()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert handlers == [signal.SIG_IGN]


def test_reload_is_asked_for_before_the_server_starts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(command, "start_reloading", lambda: started.append(True))
    with pytest.raises(CommandError, match="umask 'nonsense'"):
        run_serve(parse_words(["serve", "some_app", "--reload", "--umask", "nonsense"]))
    assert started == [True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_stop_ends_process_1_before_the_master_listens(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)}
    own = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(command, "open_standard_streams", lambda: os.kill(own, number))
    try:
        with pytest.raises(SystemExit) as ended:
            run_serve(parse_words(["serve", "some_app"]))
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert ended.value.code == 128 + number


def test_nothing_to_serve_is_said(folder: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to serve; name the application"):
        run_serve(parse_words(["serve"]))


def test_port_that_is_taken_is_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        word = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CommandError, match=f"cannot listen on {word}"):
            run_serve(parse_words(["serve", "some_app", "--bind", word]))


def test_target_of_the_configuration_is_served_where_the_command_names_none(folder: Path) -> None:
    (folder / "penstock.toml").write_text('application = "some_app"\numask = "nonsense"\n')
    with pytest.raises(CommandError, match="umask 'nonsense'"):
        run_serve(parse_words(["serve", "--bind", "127.0.0.1:0"]))


def test_after_the_server_has_stopped_no_signal_changes_the_exit_status(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: signal.getsignal(number) for number in command.LATE_SIGNALS}
    monkeypatch.setattr(command, "serve", lambda plan: 7)
    try:
        assert run_serve(parse_words(["serve", "some_app"])) == 7
        for number in command.LATE_SIGNALS:
            os.kill(os.getpid(), number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
