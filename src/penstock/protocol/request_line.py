"""The request line: `method SP request-target SP HTTP-version`, exactly.

In:     the line with the CR that ended it (lines are split at LF, see fields.py).
Out:    a `RequestLine`, a plain tuple that http1.py unpacks into a RequestHead.
Never:  accepts other white space, a missing version (HTTP/0.9) or a second space.

Rules:  RFC 9112 section 3 (the "lenient" reading of section 3.0 is not taken), 2.3 (version).
"""

import re
from typing import Final, TypeAlias

from penstock.protocol import grammar
from penstock.protocol.errors import BadLineEndError, BadRequestLineError, PeerError, VersionError
from penstock.protocol.events import HTTP_1_0, HTTP_1_1
from penstock.protocol.target import parse_target

# (method, target, path, query, version, authority, scheme, line, is_ordinary).
# is_ordinary: HTTP/1.1 and origin-form, so nothing about the line needs a second look.
RequestLine: TypeAlias = tuple[str, str, str, str, str, str | None, str | None, bytes, bool]

_VERSIONS: Final = {b"HTTP/1.1\r": HTTP_1_1, b"HTTP/1.0\r": HTTP_1_0}
_VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]\r")
_METHODS: Final = {
    method.encode(): method
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
}


def parse_request_line(line: bytes) -> RequestLine:
    """Return the parts of a request line.

    Args:
        line: the line as sent, CR included, LF not.

    Raises:
        BadRequestLineError: not three parts with one space between, or a method that is no token.
        BadLineEndError: no CR at the end (a bare LF), or one inside.
        BadTargetError, UnsupportedMethodError: see target.py.
        VersionError: HTTP-version other than 1.0 and 1.1.
    """
    parts = line.split(b" ")
    if len(parts) == 3 and parts[2] == b"HTTP/1.1\r" and parts[1].isascii() and parts[0] in _METHODS:
        # What browsers send, in the fewest steps; the general reading below agrees with it.
        target = parts[1].decode("ascii")
        if target[:1] == "/" and target.isprintable() and "#" not in target and "%" not in target:
            path, _, query = target.partition("?")
            return _METHODS[parts[0]], target, path, query, HTTP_1_1, None, None, line[:-1], True
    return _parse_other_request_line(line, parts)


def _parse_other_request_line(line: bytes, parts: list[bytes]) -> RequestLine:
    """Parse every form of request line, without haste."""
    if len(parts) != 3 or parts[2] not in _VERSIONS:
        raise _request_line_error(line, parts)
    version = _VERSIONS[parts[2]]
    method = _METHODS.get(parts[0]) or _parse_method(parts[0])
    target = parts[1].decode("latin-1")
    path, query, authority, scheme = parse_target(method, target)
    is_ordinary = scheme is None and version is HTTP_1_1
    return method, target, path, query, version, authority, scheme, line[:-1], is_ordinary


def _parse_method(method: bytes) -> str:
    if grammar.TOKEN_BYTES.fullmatch(method):
        return method.decode("ascii")
    msg = f"method {method!r:.200}; expected a token"
    raise BadRequestLineError(msg)


def _request_line_error(line: bytes, parts: list[bytes]) -> PeerError:
    """Return the error for a line that has not three parts or no version of ours."""
    if not line.endswith(b"\r"):
        return BadLineEndError(f"request line {line!r:.200}; expected CRLF at its end")
    if len(parts) == 3 and _VERSION.fullmatch(parts[2]):
        return VersionError(f"version {parts[2][:-1]!r:.200}; expected HTTP/1.1 or HTTP/1.0")
    return BadRequestLineError(
        f"request line {line[:-1]!r:.200}; expected method, target and version, one space between"
    )
