import dataclasses
import socket
from pathlib import Path

import pytest

from penstock.cli.supervision import (
    PassedSocket,
    make_notifier,
    passed_sockets,
    take_passed,
)
from penstock.config import ConfigError, ServerConfig
from penstock.server.master.notify import Phase


def environment(**changes: str) -> dict[str, str]:
    return {"LISTEN_PID": "77", "LISTEN_FDS": "2"} | changes


def test_passed_sockets_begin_at_3() -> None:
    assert passed_sockets(environment(), 77) == [PassedSocket(3, ""), PassedSocket(4, "")]


def test_passed_sockets_have_the_names_of_their_units() -> None:
    names = [passed.name for passed in passed_sockets(environment(LISTEN_FDNAMES="http:ops"), 77)]
    assert names == ["http", "ops"]


def test_names_that_are_missing_are_empty() -> None:
    passed = passed_sockets(environment(LISTEN_FDS="3", LISTEN_FDNAMES="http"), 77)
    assert [each.name for each in passed] == ["http", "", ""]


@pytest.mark.parametrize("variables", [{}, {"LISTEN_PID": "78", "LISTEN_FDS": "2"}], ids=["none", "stranger"])
def test_what_was_passed_to_another_process_is_left_alone(variables: dict[str, str]) -> None:
    assert passed_sockets(variables, 77) == []


@pytest.mark.parametrize("word", ["", "-1", "two", "²", "9999999"])
def test_number_of_sockets_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="LISTEN_FDS"):
        passed_sockets(environment(LISTEN_FDS=word), 77)


SOCKETS = [PassedSocket(3, "http"), PassedSocket(4, "ops"), PassedSocket(5, "")]


def test_all_passed_sockets_are_taken_where_nobody_said_where_to_listen() -> None:
    server = take_passed(ServerConfig(), SOCKETS, is_bound=False)
    assert (server.bind, server.ops) == (("fd://3", "fd://5"), "fd://4")


def test_address_that_was_configured_counts_alone() -> None:
    server = take_passed(ServerConfig(bind=("fd://5",), ops="127.0.0.1:9000"), SOCKETS, is_bound=True)
    assert (server.bind, server.ops) == (("fd://5",), "127.0.0.1:9000")


def test_without_passed_sockets_nothing_changes() -> None:
    assert take_passed(ServerConfig(), [], is_bound=False) == ServerConfig()


def test_ops_socket_alone_leaves_the_default_address() -> None:
    server = take_passed(ServerConfig(), [PassedSocket(3, "ops")], is_bound=False)
    assert server == dataclasses.replace(ServerConfig(), ops="fd://3")


@pytest.mark.parametrize(
    ("variables", "wait_s"),
    [
        pytest.param({"WATCHDOG_USEC": "4000000"}, 2.0, id="nobodys"),
        pytest.param({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "77"}, 2.0, id="ours"),
        pytest.param({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "78"}, None, id="a-strangers"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no-number"),
        pytest.param({}, None, id="none"),
    ],
)
def test_watchdog_is_fed_if_it_is_ours(tmp_path: Path, variables: dict[str, str], wait_s: float) -> None:
    notifier = make_notifier({"NOTIFY_SOCKET": str(tmp_path / "n")} | variables, 77)
    notifier.beat(100.0)
    assert notifier.wait_s(100.0) == wait_s


def test_manager_is_told_at_its_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        make_notifier({"NOTIFY_SOCKET": str(tmp_path / "n")}, 77).tell(Phase.STOPPING, "")
        assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative"])
def test_address_of_no_unix_socket_is_nobodys(address: str) -> None:
    notifier = make_notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}, 77)
    notifier.tell(Phase.READY, "")
    assert notifier.wait_s(0.0) is None
