import os
import socket
import stat

import pytest

from penstock.cli.agent import command as agent_module
from penstock.cli.agent.command import Supervision, listen
from penstock.cli.command import run_command
from penstock.cli.error import CommandError
from penstock.server.master.notify import Notifier, Phase


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agent.sock"


@pytest.mark.parametrize(("has_guests", "mode"), [(False, 0o600), (True, 0o666)])
def test_socket_is_for_us_alone_unless_others_are_allowed(path, has_guests, mode):
    with listen(str(path), has_guests=has_guests) as listener:
        assert stat.S_IMODE(path.stat().st_mode) == mode
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.connect(str(path))
            listener.accept()[0].close()
    assert not path.exists()


def test_socket_that_a_dead_agent_left_is_taken(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
        dead.bind(str(path))
    with listen(str(path), has_guests=False):
        assert path.exists()


def test_socket_of_a_successor_is_left(path):
    with listen(str(path), has_guests=False):
        path.unlink()
        path.write_text("another's")
    assert path.exists()


def test_socket_of_an_agent_that_lives_is_not_taken(path):
    with (
        listen(str(path), has_guests=False),
        pytest.raises(CommandError, match="another agent does"),
        listen(str(path), has_guests=False),
    ):
        pass


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda path: path.write_text(""), "a file that is no socket", id="file"),
        pytest.param(lambda path: path.mkdir(), "a file that is no socket", id="folder"),
        pytest.param(lambda path: path.symlink_to(path), "a file that is no socket", id="link"),
    ],
)
def test_place_that_is_something_else_is_refused(path, make, expected):
    make(path)
    with pytest.raises(CommandError, match=expected), listen(str(path), has_guests=False):
        pass


def test_place_where_nothing_can_be_is_refused():
    with pytest.raises(CommandError, match="no such file"), listen("/nowhere/s", has_guests=False):
        pass
    with pytest.raises(CommandError, match="path too long"), listen("/tmp/" + "x" * 200, has_guests=False):
        pass


def test_agent_runs_with_what_the_flags_say(path, monkeypatch, tmp_path, capsys):
    seen = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(agent_module, "run_machine", lambda *arguments: seen.extend(arguments))
    words = ["--socket", str(path), "--allow-uid", "33", "--allow-uid", "34", "--allow-gid", "5"]
    assert run_command(["agent", *words, "--log-folder", "/l", "--ops", "127.0.0.1:0"]) == 0
    listener, config, _, ops = seen
    assert listener.family is socket.AF_UNIX
    assert config.machine.agent_allow_uids == ("33", "34")
    assert (config.machine.agent_allow_gids, config.machine.agent_log_folder) == (("5",), "/l")
    assert ops is not None
    told = capsys.readouterr().err
    assert f"  at      unix:{path} " in told
    assert "  ops     http://127.0.0.1:0\n" in told


def test_socket_is_named_as_servers_have_to_name_it(monkeypatch, tmp_path, capsys):
    seen = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(agent_module, "run_machine", lambda *arguments: seen.extend(arguments))
    assert run_command(["agent", "--socket", "a.sock"]) == 0
    assert f"  at      unix:{tmp_path}/a.sock " in capsys.readouterr().err
    assert seen[1].machine.agent_socket == f"{tmp_path}/a.sock"


def test_user_that_is_no_number_is_refused_before_anybody_is_told_where_to_come(path, capsys):
    assert run_command(["agent", "--socket", str(path), "--allow-uid", "bob"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "penstock: agent_allow_uids 'bob'; expected a number, as `id` prints it"
    assert not path.exists()


def test_socket_of_an_agent_that_failed_is_removed(path):
    with pytest.raises(ZeroDivisionError), listen(str(path), has_guests=False):
        raise ZeroDivisionError
    assert not path.exists()


def test_agent_without_a_socket_is_told_how(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run_command(["agent"]) == 2
    assert "penstock agent --socket PATH" in capsys.readouterr().err


def test_service_manager_hears_where_the_agent_stands():
    told = []
    notifier = Notifier()
    notifier.tell = lambda phase, status: told.append((phase, status))
    notifier.beat = told.append
    manager = Supervision(notifier)
    manager.tell(is_stopping=False, status="2 masters")
    manager.beat(5.0)
    manager.tell(is_stopping=True, status="writing out")
    assert told == [(Phase.READY, "2 masters"), 5.0, (Phase.STOPPING, "writing out")]


def test_own_process_has_no_socket_left(path):
    before = len(os.listdir("/proc/self/fd"))
    with listen(str(path), has_guests=False):
        pass
    assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector
