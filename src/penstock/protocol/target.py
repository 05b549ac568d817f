"""Request targets: the four forms of RFC 9112 section 3.2 and what each of them names.

Proxies and servers that read a target differently route one request to two
places.  So a target with a fragment, a control character, a raw byte above
0x7E, a malformed percent-encoding or userinfo is refused, never repaired.
`|`, `"`, `[` and the like are outside RFC 3986 but sent by browsers: kept.

In:     the target as text, and the method where the form depends on it.
Out:    a `Target`: path, query, authority, scheme.
Never:  normalises dot segments or double slashes; the application sees what was sent.

Rules:  RFC 9112 section 3.2.1 (origin), 3.2.2 (absolute), 3.2.3 (authority), 3.2.4 (asterisk).
"""

import re
import urllib.parse
from typing import Final, TypeAlias

from penstock.protocol import grammar
from penstock.protocol.errors import BadTargetError, UnsupportedMethodError

# (path, query, authority, scheme).  A plain tuple: it is unpacked per request,
# and CPython unpacks exact tuples only at full speed.
Target: TypeAlias = tuple[str, str, str | None, str | None]

_ABSOLUTE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)(/[^?]*)?(?:\?(.*))?")
_ESCAPES: Final = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*+")
_SCHEMES: Final = frozenset({"http", "https"})


def parse_target(method: str, target: str) -> Target:
    """Return what a request target names.

    Args:
        method: the request method; CONNECT and OPTIONS have forms of their own.
        target: the target, each byte one latin-1 character.

    Raises:
        BadTargetError: the target is in none of the forms its method may use.
        UnsupportedMethodError: CONNECT with a well-formed target.
    """
    if not target.isascii() or not target.isprintable() or "#" in target or " " in target:
        msg = f"request target {target!r:.200}; expected visible ASCII without a fragment"
        raise BadTargetError(msg)
    if method == "CONNECT":
        raise _connect_error(target)
    if target[:1] == "/":
        path, _, query = target.partition("?")
        return (decode_path(path) if "%" in path else path), query, None, None
    if target == "*":
        return _parse_asterisk(method)
    return _parse_absolute(method, target)


def decode_path(path: str) -> str:
    """Return the path with percent-encoding removed, each byte as one latin-1 character.

    Raises:
        BadTargetError: `%` without two hexadecimal digits, or `%00` (nginx and Apache refuse both).
    """
    if not _ESCAPES.fullmatch(path):
        msg = f"request target {path!r:.200}; expected two hexadecimal digits after each %"
        raise BadTargetError(msg)
    decoded = urllib.parse.unquote_to_bytes(path).decode("latin-1")
    if "\0" in decoded:
        msg = f"request target {path!r:.200}; expected no %00"
        raise BadTargetError(msg)
    return decoded


def _connect_error(target: str) -> BadTargetError | UnsupportedMethodError:
    """Return the refusal of CONNECT: its form is checked first, so that 501 means a sound request."""
    host, colon, port = target.rpartition(":")
    if colon and port and grammar.HOST.fullmatch(target) and host:
        return UnsupportedMethodError(
            f"method CONNECT to {target!r:.200}; expected a method of an origin server"
        )
    return BadTargetError(f"request target {target!r:.200} of CONNECT; expected host:port")


def _parse_asterisk(method: str) -> Target:
    if method == "OPTIONS":
        return "*", "", None, None
    msg = f"request target '*' of {method}; expected it with OPTIONS only"
    raise BadTargetError(msg)


def _parse_absolute(method: str, target: str) -> Target:
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        msg = f"request target {target!r:.200}; expected a path, an absolute URI or *"
        raise BadTargetError(msg)
    scheme, authority, path, query = match.groups()
    scheme = scheme.lower()
    if scheme not in _SCHEMES or not grammar.HOST.fullmatch(authority):
        msg = f"request target {target!r:.200}; expected http:// or https:// with a host and an optional port"
        raise BadTargetError(msg)
    if path is None:  # section 3.2.4: OPTIONS without a path means the server as a whole
        path = "*" if method == "OPTIONS" and query is None else "/"
    return decode_path(path), query or "", authority, scheme
