import os
import socket
from pathlib import Path

import pytest

from penstock.server.address import InheritedAddress, TCPAddress, UnixAddress
from penstock.server.listener import Listener, ListenError, open_listeners


def test_tcp_listener_says_where_it_really_listens() -> None:
    (listener,) = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
    host, port = listener.sock.getsockname()
    assert str(listener) == f"127.0.0.1:{port}"
    assert listener.name == (host, str(port))
    listener.close()


def test_accepted_socket_is_non_blocking_and_knows_its_peer() -> None:
    (listener,) = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
    assert listener.accept() is None
    with socket.create_connection(listener.sock.getsockname()) as client:
        accepted = listener.accept()
        assert accepted is not None
        sock, peer = accepted
        assert peer == (client.getsockname()[0], str(client.getsockname()[1]))
        assert not sock.getblocking()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        sock.close()
    listener.close()


def test_ipv6_listener_shows_brackets() -> None:
    (listener,) = open_listeners([TCPAddress("::1", 0)], 16)
    assert str(listener).startswith("[::1]:")
    listener.close()


def test_unix_listener_accepts_and_is_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    (listener,) = open_listeners([UnixAddress(str(path))], 16)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        accepted = listener.accept()
        assert accepted is not None
        assert accepted[1] == ("unix", "")
        accepted[0].close()
    listener.close(unlink=True)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o666, 0o660])
def test_unix_socket_has_the_mode_it_was_given_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.sock"
    umask = os.umask(0o077)
    (listener,) = open_listeners([UnixAddress(str(path))], 16, mode)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == mode
    listener.close(unlink=True)
    listener.close(unlink=True)  # once more is nothing


def test_stale_unix_socket_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "a.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    (listener,) = open_listeners([UnixAddress(path)], 16)
    listener.close()


@pytest.mark.parametrize("kind", ["live", "file"])
def test_unix_path_that_is_taken_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.sock"
    live = socket.socket(socket.AF_UNIX)
    if kind == "live":
        live.bind(str(path))
        live.listen()
    else:
        path.write_text("precious")
    with pytest.raises(ListenError, match="in use"):
        open_listeners([UnixAddress(str(path))], 16)
    assert path.exists()
    live.close()


def test_port_in_use_is_said_and_nothing_stays_open() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{port}: the address is in use"):
            open_listeners([TCPAddress("127.0.0.1", 0), TCPAddress("127.0.0.1", port)], 16)
        assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        pytest.param(TCPAddress("192.0.2.1", 8000), "not one of this machine's", id="foreign-address"),
        pytest.param(TCPAddress("no-such-host.invalid", 8000), "the host is unknown", id="unknown-host"),
        pytest.param(InheritedAddress(987654), "bad file descriptor", id="closed-descriptor"),
        pytest.param(UnixAddress("/nonexistent/a.sock"), "no such file", id="missing-folder"),
    ],
)
def test_address_that_cannot_be_had_is_said_with_its_reason(address, reason: str) -> None:
    with pytest.raises(ListenError, match=reason):
        open_listeners([address], 16)


def test_inherited_socket_is_adopted() -> None:
    with socket.socket() as parent:
        parent.bind(("127.0.0.1", 0))
        parent.listen()
        (listener,) = open_listeners([InheritedAddress(os.dup(parent.fileno()))], 16)
        assert listener.name == ("127.0.0.1", str(parent.getsockname()[1]))
        listener.close()


def test_inherited_datagram_socket_is_refused() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as parent,
        pytest.raises(ListenError, match="not a stream socket"),
    ):
        open_listeners([InheritedAddress(os.dup(parent.fileno()))], 16)


class Refusing:
    """A listening socket whose accept fails."""

    family = socket.AF_INET

    def __init__(self, error: OSError) -> None:
        self.error = error

    def fileno(self) -> int:
        return 99

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 1

    def accept(self) -> None:
        raise self.error


def test_connection_that_broke_before_it_was_accepted_is_nobody() -> None:
    listener = Listener(Refusing(ConnectionAbortedError(103, "aborted")), TCPAddress("", 1))
    assert listener.accept() is None


def test_exhausted_descriptors_are_the_callers_to_handle() -> None:
    listener = Listener(Refusing(OSError(24, "too many open files")), TCPAddress("", 1))
    with pytest.raises(OSError, match="too many open files"):
        listener.accept()


def test_listener_that_an_earlier_program_opened_is_taken_over(tmp_path) -> None:
    address = UnixAddress(str(tmp_path / "socket"))
    (before,) = open_listeners([address], 16)
    fd = os.dup(before.fd)
    os.set_inheritable(fd, True)
    (after,) = open_listeners([address], 16, inherited={str(address): fd})
    assert (after.fd, after.address, os.get_inheritable(fd)) == (fd, address, False)
    before.close()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address.path)
        accepted, _ = after.accept()
        accepted.close()
    after.close(unlink=True)
    assert os.path.exists(address.path)  # it was lent: who opened it may be serving still
