"""Listening sockets: opened once by the master, shared by all workers.

In:     addresses.
Out:    Listener objects; `accept` gives non-blocking client sockets.
Never:  sets SO_REUSEPORT: each socket would have a queue of its own, and what
        waits in the queue of a worker that leaves is lost.

Rules:  socket(7), tcp(7), unix(7); worker/loop.py says who waits.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from penstock.server.address import Address, InheritedAddress, TCPAddress, UnixAddress
from penstock.server.errors import StartError
from penstock.telemetry.socket_path import remove_stale_socket

# accept(2): these belong to the connection that was being accepted, not to us.
PASSING_FAULTS: Final = frozenset(
    {
        errno.ECONNABORTED,
        errno.EPROTO,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EPERM,
        errno.EAGAIN,
        errno.EINTR,
    }
)


class ListenError(StartError):
    """The kernel refused to listen there; the message says why and what would help."""


class Listener:
    """One listening socket and what environs say about it.

    Attributes:
        name: (SERVER_NAME, SERVER_PORT) of connections whose own name is not more exact.
        is_lent: whether another program, which has opened it, listens here too: a path is that one's.
    """

    def __init__(self, sock: socket.socket, address: Address, *, is_lent: bool = False) -> None:
        self.sock = sock
        self.is_lent = is_lent
        self.fd = sock.fileno()
        self.address = address
        self.is_unix = sock.family == socket.AF_UNIX
        self.name = ("localhost", "") if self.is_unix else _text_name(sock.getsockname())

    def __str__(self) -> str:
        """Where it really listens, written as people write addresses."""
        if self.is_unix:
            return f"unix:{_unix_path(self.sock)}"
        return str(TCPAddress(self.name[0], int(self.name[1])))

    def accept(self) -> tuple[socket.socket, tuple[str, str]] | None:
        """Return a non-blocking client socket and its peer's (host, port), or None when there is none now.

        Unix-domain peers are `("unix", "")`.

        Raises:
            OSError: descriptors or memory are exhausted (EMFILE, ENFILE, ENOBUFS, ENOMEM); the caller pauses.
        """
        try:
            client, peer = self.sock.accept()
        except OSError as error:
            if error.errno in PASSING_FAULTS:
                return None
            raise
        client.setblocking(False)
        if self.is_unix:
            return client, ("unix", "")
        # One send for each response: Nagle could only delay it (tcp(7) TCP_NODELAY).
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client, (peer[0], str(peer[1]))

    def close(self, *, unlink: bool = False) -> None:
        """Close the socket, once; with `unlink`, remove the Unix path unless it is lent."""
        if self.sock.fileno() < 0:
            return
        is_ours = isinstance(self.address, UnixAddress) and not self.is_lent
        path = _unix_path(self.sock) if unlink and is_ours else ""
        self.sock.close()
        if path:
            with contextlib.suppress(OSError):
                Path(path).unlink()


def open_listeners(
    addresses: Sequence[Address],
    backlog: int,
    unix_mode: int = 0o666,
    inherited: Mapping[str, int] = MappingProxyType({}),
) -> list[Listener]:
    """Open every address, or none.

    Args:
        addresses: where.
        backlog: pending connections of each; the kernel caps it at net.core.somaxconn.
        unix_mode: permissions of Unix sockets, whatever the umask: who connects must be able to write, and a
            proxy runs as another user (nginx and we would not meet at the usual 0644; gunicorn's are 0777).
        inherited: descriptors, by address, of listeners that an earlier program has opened already.

    Raises:
        ListenError: an address is in use, forbidden, unknown, or not a listening socket.
    """
    opened: list[Listener] = []
    try:
        for address in addresses:
            fd = inherited.get(str(address), -1)
            opened.extend(_open(address, backlog, unix_mode) if fd < 0 else [_take_over(address, fd)])
    except OSError as error:
        for listener in opened:
            listener.close(unlink=True)
        raise ListenError(f"cannot listen on {address}: {_cause(error, address)}") from error
    return opened


def _open(address: Address, backlog: int, unix_mode: int) -> list[Listener]:
    if isinstance(address, InheritedAddress):
        sock = _adopt(address.fd)
    elif isinstance(address, UnixAddress):
        sock = _bind_unix(address.path, unix_mode)
    else:
        sock = _bind_tcp(address)
    sock.listen(backlog)
    sock.setblocking(False)
    return [Listener(sock, address)]


def _take_over(address: Address, fd: int) -> Listener:
    os.set_inheritable(fd, False)
    sock = _adopt(fd)
    sock.setblocking(False)
    return Listener(sock, address, is_lent=True)


def _bind_tcp(address: TCPAddress) -> socket.socket:
    host = address.host or "0.0.0.0"
    found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # `localhost` may name both families; IPv4 is what its users type elsewhere.
    family, kind, protocol, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # [::] alone takes both families where the system allows it, as gunicorn and nginx users expect.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        sock.bind(where)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_unix(path: str, mode: int) -> socket.socket:
    remove_stale_socket(path, socket.SOCK_STREAM)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        Path(path).chmod(mode)
    except BaseException:
        sock.close()
        raise
    return sock


def _adopt(fd: int) -> socket.socket:
    sock = socket.socket(fileno=fd)
    if sock.type != socket.SOCK_STREAM:
        raise OSError(errno.EPROTOTYPE, "not a stream socket")
    sock.set_inheritable(False)  # a service manager passes it to us, not to what the application starts
    return sock


def _unix_path(sock: socket.socket) -> str:
    name = sock.getsockname()
    return name if isinstance(name, str) else name.decode("utf-8", "replace")


def _text_name(name: tuple[str, int]) -> tuple[str, str]:
    return name[0], str(name[1])


def _cause(error: OSError, address: Address) -> str:
    if isinstance(error, socket.gaierror):
        return f"the host is unknown ({error.strerror})"
    if error.errno == errno.EACCES and isinstance(address, TCPAddress):
        return "permission denied (need CAP_NET_BIND_SERVICE or a port above 1023)"
    if error.errno == errno.EADDRINUSE:
        return "the address is in use (another server is running there?)"
    if error.errno == errno.EPROTOTYPE:
        return "it is not a stream socket"
    if error.errno == errno.EADDRNOTAVAIL:
        return "the address is not one of this machine's"
    return os.strerror(error.errno).lower() if error.errno else str(error)
