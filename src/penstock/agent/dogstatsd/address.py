"""Where datagrams are taken or sent: `127.0.0.1:8125`, `[::1]:8125` or `unix:/run/penstock/dsd.sock`.

In:     texts of options.
Out:    addresses as socket(2) takes them.
Never:  asks a name server: the agent's loop must not wait for one (`localhost` is 127.0.0.1).

Rules:  RFC 3986 section 3.2.2 (brackets around IPv6).
"""

import dataclasses
import ipaddress
import re
import socket
from typing import Final

_HOST_PORT: Final = re.compile(r"(?:udp:(?://)?)?(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):([0-9]{1,5})")
_MAX_PATH_BYTES: Final = 107  # unix(7)


class DatagramAddressError(ValueError):
    """A text that names no place for datagrams; its message says what was expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class DatagramAddress:
    """One place.

    Attributes:
        family: AF_UNIX, AF_INET or AF_INET6.
        place: path, or host and port.
    """

    family: socket.AddressFamily
    place: str | tuple[str, int]

    def __str__(self) -> str:
        """Return it as one would write it in penstock.toml."""
        if isinstance(self.place, str):
            return f"unix:{self.place}"
        host, port = self.place
        return f"[{host}]:{port}" if self.family == socket.AF_INET6 else f"{host}:{port}"


def parse_datagram_address(text: str) -> DatagramAddress:
    """Parse an address.

    Raises:
        DatagramAddressError: it is none.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        path = path.removeprefix("//") if path.startswith("///") else path
        if not path or len(path.encode()) > _MAX_PATH_BYTES or "\0" in path:
            raise DatagramAddressError(f"path {path!r}; expected 1 to {_MAX_PATH_BYTES} bytes")
        return DatagramAddress(socket.AF_UNIX, path)
    match = _HOST_PORT.fullmatch(text)
    if match is None or int(match[2]) > 65535:
        raise DatagramAddressError(f"address {text!r}; expected ADDRESS:PORT or unix:PATH")
    host = "127.0.0.1" if match[1] == "localhost" else match[1].strip("[]")
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        raise DatagramAddressError(f"address {text!r}; expected a numeric one, or localhost") from None
    if (version == 6) != match[1].startswith("["):
        raise DatagramAddressError(f"address {text!r}; expected brackets around IPv6 alone")
    return DatagramAddress(socket.AF_INET6 if version == 6 else socket.AF_INET, (host, int(match[2])))
