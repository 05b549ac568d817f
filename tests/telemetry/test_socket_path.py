import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.telemetry.socket_path import remove_stale_socket

KINDS = [
    pytest.param(socket.SOCK_STREAM, id="stream"),
    pytest.param(socket.SOCK_SEQPACKET, id="seqpacket"),
    pytest.param(socket.SOCK_DGRAM, id="datagram"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def hold(path: Path, kind: socket.SocketKind) -> socket.socket:
    """A socket that stands there and, where its type can, listens with the shortest queue."""
    held = socket.socket(socket.AF_UNIX, kind)
    held.bind(str(path))
    if kind != socket.SOCK_DGRAM:
        held.listen(0)
    return held


@pytest.mark.parametrize("kind", KINDS)
def test_socket_of_the_dead_is_removed(path: Path, kind: socket.SocketKind) -> None:
    hold(path, kind).close()
    remove_stale_socket(str(path), kind)
    assert not path.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_socket_that_somebody_holds_is_left(path: Path, kind: socket.SocketKind) -> None:
    with hold(path, kind):
        remove_stale_socket(str(path), kind)
        assert path.is_socket()


@pytest.mark.parametrize("kind", KINDS[:2])
def test_socket_of_which_the_queue_is_full_is_left_without_waiting(
    path: Path, kind: socket.SocketKind
) -> None:
    with hold(path, kind), socket.socket(socket.AF_UNIX, kind) as waiting:
        waiting.connect(str(path))
        remove_stale_socket(str(path), kind)
        assert path.is_socket()


def test_socket_of_another_type_is_left_and_said(path: Path) -> None:
    with hold(path, socket.SOCK_DGRAM):
        with pytest.raises(OSError, match="wrong type"):
            remove_stale_socket(str(path), socket.SOCK_STREAM)
        assert path.is_socket()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.write_text(""), id="file"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(lambda path: path.symlink_to(path), id="link"),
    ],
)
def test_what_is_no_socket_is_left(path: Path, make: Callable[[Path], object]) -> None:
    make(path)
    remove_stale_socket(str(path), socket.SOCK_STREAM)
    assert path.lstat()


def test_path_where_nothing_stands_stays_free(path: Path) -> None:
    remove_stale_socket(str(path), socket.SOCK_STREAM)
    assert not path.exists()
