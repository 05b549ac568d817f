"""Which peers are our own proxies.

In:     the operator's words: addresses, CIDR networks, `unix`.
Out:    yes or no for an address.
Never:  resolves a name: an answer of the DNS is not a credential.

Rules:  RFC 4632 (CIDR), RFC 4291 section 2.5.5.2 (IPv4-mapped addresses are the IPv4 address).
"""

import ipaddress
from collections.abc import Iterable
from typing import Final

UNIX_PEER: Final = "unix"

# field name in the configuration -> environ key
FORWARDING_KEYS: Final = {
    "forwarded": "HTTP_FORWARDED",
    "x-forwarded-for": "HTTP_X_FORWARDED_FOR",
    "x-forwarded-proto": "HTTP_X_FORWARDED_PROTO",
    "x-forwarded-host": "HTTP_X_FORWARDED_HOST",
    "x-forwarded-port": "HTTP_X_FORWARDED_PORT",
    "x-forwarded-prefix": "HTTP_X_FORWARDED_PREFIX",
    "x-real-ip": "HTTP_X_REAL_IP",
}

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Parsing an address takes 2 us, and behind a proxy each request has one or more.
_MAX_REMEMBERED: Final = 4096  # addresses; like the header lines, dropped whole when full
_MAX_ADDRESS_CHARACTERS: Final = 64  # the longest IPv6 address has 45, a zone adds an interface name of 16


class TrustConfigError(ValueError):
    """A word of the operator cannot be understood: fatal at boot, the message is for them."""


class TrustedProxies:
    """The peers whose forwarding fields are believed, and which fields.

    Args:
        words: addresses, networks, or `unix` for peers on Unix sockets.
        fields: names from FORWARDING_KEYS that those peers overwrite or append to.

    Attributes:
        unbelieved: the environ keys that are removed even when a trusted peer sent them.

    Raises:
        TrustConfigError: a word is neither, or a field is not one of the names.
    """

    __slots__ = ("_hops", "_networks", "_trusts_unix", "unbelieved")

    def __init__(self, words: Iterable[str], fields: Iterable[str] = tuple(FORWARDING_KEYS)) -> None:
        words = tuple(words)
        believed = {_key(name) for name in fields}
        self.unbelieved = tuple(key for key in FORWARDING_KEYS.values() if key not in believed)
        self._trusts_unix = UNIX_PEER in words
        self._networks = tuple(_network(word) for word in words if word != UNIX_PEER)
        self._hops: dict[str, tuple[str, bool]] = {}

    def is_trusted(self, peer: str) -> bool:
        """Return whether the socket's other end, an address or `unix`, is one of our proxies."""
        return self._trusts_unix if peer == UNIX_PEER else self.hop(peer)[1]

    def believed_from(self, peer: str) -> "TrustedProxies | None":
        """Return what `build_environ` takes for this peer: self, or None when it is not trusted."""
        return self if self.is_trusted(peer) else None

    def hop(self, text: str) -> tuple[str, bool]:
        """Return (address in its usual spelling, whether it is trusted); ("", False) for no address."""
        known = self._hops.get(text)
        if known is None:
            known = self._read_hop(text)
        return known

    def _read_hop(self, text: str) -> tuple[str, bool]:
        address = _maybe_address(text)
        if address is None:
            return "", False
        if len(self._hops) >= _MAX_REMEMBERED:
            self._hops.clear()
        hop = self._hops[text] = str(address), any(address in network for network in self._networks)
        return hop


def _maybe_address(text: str) -> _Address | None:
    if len(text) > _MAX_ADDRESS_CHARACTERS:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    # A zone is any text at all, and means something on the machine that wrote it only.
    unzoned = ipaddress.IPv6Address(int(address)) if address.scope_id else address
    return unzoned.ipv4_mapped or unzoned


def _network(word: str) -> _Network:
    try:
        return ipaddress.ip_network(word)
    except ValueError as error:
        raise TrustConfigError(
            f"trusted proxy {word!r}; expected an address, a CIDR network or {UNIX_PEER!r}{_hint(word)}"
        ) from error


def _hint(word: str) -> str:
    """Return what was probably meant by an address with a mask."""
    try:
        return f" (did you mean {str(ipaddress.ip_network(word, strict=False))!r}?)"
    except ValueError:
        return ""


def _key(name: str) -> str:
    try:
        return FORWARDING_KEYS[name.lower()]
    except KeyError:
        names = ", ".join(FORWARDING_KEYS)
        raise TrustConfigError(f"forwarding field {name!r}; expected one of {names}") from None
