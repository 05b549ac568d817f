"""Where a server listens, as people write it.

In:     `HOST:PORT`, `:PORT`, `PORT`, `[IPV6]:PORT`, `unix:PATH`, `fd://N`.
Out:    an Address value.
Never:  opens a socket (listener.py does) or resolves a name.
"""

import dataclasses
from typing import Final

from penstock.server.errors import StartError

MAX_PORT: Final = 65535
# sun_path holds 108 bytes with the closing NUL on Linux (unix(7)).
MAX_UNIX_PATH_BYTES: Final = 107


class AddressError(StartError):
    """The word is no address we can listen on; the operator has to change it."""


@dataclasses.dataclass(frozen=True, slots=True)
class TCPAddress:
    """An internet address; `host` is "" for all interfaces."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclasses.dataclass(frozen=True, slots=True)
class UnixAddress:
    """A Unix-domain stream socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclasses.dataclass(frozen=True, slots=True)
class InheritedAddress:
    """A listening socket that the parent process opened."""

    fd: int

    def __str__(self) -> str:
        return f"fd://{self.fd}"


Address = TCPAddress | UnixAddress | InheritedAddress


def parse_address(word: str) -> Address:
    """Return the address that `word` names.

    Raises:
        AddressError: `word` is none of the six forms, or its port or path is out of range.
    """
    if word.startswith("unix:"):
        return _unix(word)
    if word.startswith("fd://"):
        return _inherited(word)
    return _tcp(word)


def _unix(word: str) -> UnixAddress:
    path = word.removeprefix("unix:")
    size = len(path.encode("utf-8", "surrogateescape"))
    if not 1 <= size <= MAX_UNIX_PATH_BYTES:
        raise AddressError(
            f"address {word!r}; expected unix:PATH with a path of 1 to {MAX_UNIX_PATH_BYTES} bytes"
        )
    return UnixAddress(path)


def _inherited(word: str) -> InheritedAddress:
    number = word.removeprefix("fd://")
    if not (number.isascii() and number.isdigit() and len(number) < 8):
        raise AddressError(f"address {word!r}; expected fd://N with N an open descriptor")
    return InheritedAddress(int(number))


def _tcp(word: str) -> TCPAddress:
    host, colon, port = word.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise AddressError(f"address {word!r}; expected an IPv6 host in brackets, as in [::1]:8000")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) <= MAX_PORT):
        hint = "HOST:PORT, [IPV6]:PORT, unix:PATH or fd://N"
        raise AddressError(f"address {word!r}; expected {hint} with a port from 0 to {MAX_PORT}")
    if not colon:
        host = "127.0.0.1"
    return TCPAddress(host, int(port))
