"""Response heads: what the application handed over, checked once and framed.

The mirror of fields.py.  An application sends the same few header lines with
every response, so a pair that was checked before costs one look-up, and a whole
list of headers that was seen before costs one as well.

A header that could end the head early (CR, LF, or a character that becomes one
when encoded carelessly) or that belongs to the connection (Transfer-Encoding)
is refused before anything is sent: response splitting and desynchronisation
begin with exactly these.

In:     status and headers as `start_response` got them; later method, version, body length.
Out:    ResponseHead; then wire bytes, the framing of the body, and whether the connection stays.
Never:  sees the body (apart from encode_chunk), the clock (the caller brings the Date line) or a socket.
Thread: any number; the tables hold only what each thread would compute the same.

Rules:  RFC 9112 section 4 (status line), 6.1 to 6.3 and 7.1 (framing), 9.3 and 9.6 (connection),
        RFC 9110 section 5.5, 6.4.1, 8.6, 15, RFC 8297 (103), PEP 3333 (no hop-by-hop fields).
"""

import enum
import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from penstock.config import ProtocolConfig
from penstock.protocol import grammar
from penstock.protocol.errors import BadResponseError
from penstock.protocol.events import HTTP_1_1

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

# PEP 3333 ("Other HTTP Features"): fields of one connection are the server's.
# Its list is that of RFC 2616 section 13.5.1; Trailer and Proxy-Connection are
# the names that list misses.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)

# 1xx is the server's own business; 6xx and above mean nothing to a client.
_STATUS: Final = re.compile(r"([2-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")

_SERVER_LINE: Final = b"Server: penstock\r\n"
_SERVER_AND_END: Final = _SERVER_LINE + b"\r\n"

# Whole heads that are remembered; at most this many, each at most 1 KiB.
_MAX_HEADS: Final = 512
_MAX_HEAD_BYTES: Final = 1024
_MAX_STATUSES: Final = 256
_MAX_NAMES: Final = 1024
_MAX_NAME_LENGTH: Final = 64

_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304


class Framing(enum.Enum):
    """How the body of a response is delimited."""

    NONE = "none"  # HEAD, 204, 304: whatever the application yields is not sent
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


# What a header line means to the server beside being sent; the sum of all lines
# of a head is looked at once.
_ORDINARY: Final = 0
_SECRET: Final = 1  # Set-Cookie: never remembered
_LENGTH: Final = 2
_DATE: Final = 4
_SERVER: Final = 8

_KINDS: Final = {"set-cookie": _SECRET, "content-length": _LENGTH, "date": _DATE, "server": _SERVER}

# (line with CRLF, its kind, the number if it is a length)
_FieldLine: TypeAlias = tuple[bytes, int, int]


class ResponseHead:
    """A checked response head that is not framed yet; immutable and shared between responses.

    Attributes:
        status_code: 200 to 599.
        block: status line and field lines, each with its CRLF, without the empty line.
        content_length: what the application said, in bytes; None if it did not.
        has_date: the application set Date.
        has_server: the application set Server.
        has_body: the status allows a body (not 204, not 304).
    """

    __slots__ = ("block", "content_length", "has_body", "has_date", "has_server", "is_plain", "status_code")

    def __init__(self, status_code: int, block: bytes, content_length: int | None, kinds: int) -> None:
        self.status_code = status_code
        self.block = block
        self.content_length = content_length
        self.has_date = kinds & _DATE != 0
        self.has_server = kinds & _SERVER != 0
        self.has_body = status_code not in (_NO_CONTENT, _NOT_MODIFIED)
        # The one question of the hot path: is Date all that is missing?
        self.is_plain = content_length is not None and self.has_body and kinds < _DATE


class FieldLineTable(dict[tuple[str, str], _FieldLine]):
    """Response header lines that were checked before; one a worker, bounded, dropped whole when full.

    Attributes:
        lookup: `self.__getitem__`, bound once.
        heads: whole heads by (status, *headers), bounded in the same way; none with Set-Cookie.
        status_lines: (code, line with CRLF) by status, bounded in the same way.
    """

    __slots__ = ("_max_entries", "_max_line_bytes", "_names", "heads", "lookup", "status_lines")

    def __init__(self, config: ProtocolConfig) -> None:
        super().__init__()
        self._max_entries = config.max_memo_entries
        self._max_line_bytes = config.max_memo_line_bytes if config.max_memo_entries else -1
        self._names: dict[str, int] = {}
        self.heads: dict[tuple[object, ...], ResponseHead] = {}
        self.status_lines: dict[str, tuple[int, bytes]] = {}
        self.lookup = self.__getitem__

    def __missing__(self, header: tuple[str, str]) -> _FieldLine:
        """Check and encode one header; remember it unless it is long or Set-Cookie.

        Raises:
            BadResponseError: no pair of str, a name that is no token or belongs to the
                connection, a value with a control character or beyond latin-1.
        """
        if not isinstance(header, tuple) or len(header) != 2:
            raise _shape_error(header)
        name, value = header
        if not isinstance(name, str) or not isinstance(value, str):
            raise _shape_error(header)
        try:
            kind = self._names[name]
        except KeyError:
            kind = self._learn(name)
        value = value.strip(" \t")
        if not (value.isascii() and value.isprintable()) and not grammar.FIELD_VALUE.fullmatch(value):
            msg = f"response header {name}: {value!r:.200}; expected latin-1 without control characters"
            raise BadResponseError(msg)
        line = f"{name}: {value}\r\n".encode("latin-1")
        entry = (line, kind, _parse_length(value) if kind == _LENGTH else 0)
        if kind != _SECRET and len(line) <= self._max_line_bytes:
            if len(self) >= self._max_entries:
                self.clear()
            self[header] = entry
        return entry

    def remember_head(self, key: tuple[object, ...], head: ResponseHead) -> None:
        """Keep a whole head unless it is long."""
        if len(head.block) <= _MAX_HEAD_BYTES and self._max_entries:
            if len(self.heads) >= _MAX_HEADS:
                self.heads.clear()
            self.heads[key] = head

    def remember_status(self, status: str, parsed: tuple[int, bytes]) -> None:
        """Keep a parsed status unless it is long."""
        if len(parsed[1]) <= self._max_line_bytes:
            if len(self.status_lines) >= _MAX_STATUSES:
                self.status_lines.clear()
            self.status_lines[status] = parsed

    def _learn(self, name: str) -> int:
        """Return what a header name means, kept if it is short."""
        kind = _name_kind(name)
        if len(name) <= _MAX_NAME_LENGTH:
            if len(self._names) >= _MAX_NAMES:
                self._names.clear()
            self._names[name] = kind
        return kind


def parse_response_head(
    status: str, headers: Sequence[tuple[str, str]], table: FieldLineTable
) -> ResponseHead:
    """Check a status and headers and return them encoded.

    Args:
        status: "200 OK"; any reason phrase, also none; 200 to 599.
        headers: (name, value) pairs; outer SP and HTAB of a value are trimmed
            (the Set-Cookie of Django begins with one).
        table: the worker's table.

    Raises:
        BadResponseError: anything that cannot be sent; a Content-Length that is no number or comes twice.
    """
    try:
        key = (status, *headers)
        return table.heads.get(key) or _parse_new_head(key, status, headers, table)
    except TypeError:  # no sequence, or pairs that are lists
        msg = f"response headers {headers!r:.200}; expected a list of tuples"
        raise BadResponseError(msg) from None


def _parse_new_head(
    key: tuple[object, ...], status: str, headers: Sequence[tuple[str, str]], table: FieldLineTable
) -> ResponseHead:
    """Build a head line by line, and remember it if no line forbids that."""
    status_code, status_line = table.status_lines.get(status) or _parse_status(status, table)
    lines = [status_line]
    kinds = _ORDINARY
    length = None
    for line, kind, number in map(table.lookup, headers):
        if kind:
            kinds |= kind
            if kind == _LENGTH:
                if length is not None:
                    msg = f"Content-Length twice, {length} and {number}; expected it once"
                    raise BadResponseError(msg)
                length = number
                if status_code == _NO_CONTENT:  # RFC 9110 section 8.6: MUST NOT
                    continue
        lines.append(line)
    head = ResponseHead(status_code, b"".join(lines), None if status_code == _NO_CONTENT else length, kinds)
    if not kinds & _SECRET:
        table.remember_head(key, head)
    return head


def _parse_status(status: str, table: FieldLineTable) -> tuple[int, bytes]:
    """Return code and status line; an empty reason keeps its space (RFC 9112 section 4)."""
    match = _STATUS.fullmatch(status) if isinstance(status, str) else None
    if match is None:
        msg = f"response status {status!r:.100}; expected 200 to 599, a space and a reason phrase in latin-1"
        raise BadResponseError(msg)
    reason = match[2] or ""
    parsed = int(match[1]), f"HTTP/1.1 {match[1]} {reason}\r\n".encode("latin-1")
    table.remember_status(status, parsed)
    return parsed


def _parse_length(value: str) -> int:
    if not grammar.DIGITS.fullmatch(value):
        msg = f"response header Content-Length: {value!r:.100}; expected one run of 1 to 19 digits"
        raise BadResponseError(msg)
    return int(value)


def _name_kind(name: str) -> int:
    if not grammar.TOKEN.fullmatch(name):
        msg = f"response header name {name!r:.100}; expected a token"
        raise BadResponseError(msg)
    lowered = name.lower()
    if lowered in _HOP_BY_HOP:
        msg = f"response header {name}; expected none that belongs to the connection (PEP 3333)"
        raise BadResponseError(msg)
    return _KINDS.get(lowered, _ORDINARY)


def _shape_error(header: object) -> BadResponseError:
    return BadResponseError(f"response header {header!r:.200}; expected a tuple of two str")


def finish_response_head(  # noqa: PLR0913 - all that framing depends on, by keyword
    head: ResponseHead,
    *,
    method: str,
    version: str,
    keep_alive: bool,
    body_length: int | None,
    date_line: bytes,
) -> tuple[bytes, Framing, bool]:
    r"""Frame a response: return the head as sent, the framing, and whether the connection may stay.

    Args:
        head: from parse_response_head().
        method: of the request; HEAD has no body.
        version: of the request; HTTP/1.0 knows neither chunked nor staying by default.
        keep_alive: the client, and the server so far, would keep the connection.
        body_length: bytes of the whole body; None while it is not known.
        date_line: `b"Date: ...\r\n"`, sent unless the application set one.

    The third value is False also where the application said one length and has
    another; the caller sends no byte beyond the length that was said.

    RFC 9112 section 6.3 from the sender's side, and 9.3.
    """
    if (
        head.is_plain
        and keep_alive
        and body_length == head.content_length
        and version == HTTP_1_1
        and method != "HEAD"
    ):
        return head.block + date_line + _SERVER_AND_END, Framing.LENGTH, True
    lines = [head.block]
    framing, length = _response_framing(head, method, version, body_length)
    if length is not None and head.content_length is None:
        lines.append(b"Content-Length: %d\r\n" % length)
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    if framing is Framing.CLOSE or (framing is Framing.LENGTH and body_length not in (None, length)):
        keep_alive = False
    if not keep_alive:
        lines.append(b"Connection: close\r\n")
    elif version != HTTP_1_1:
        lines.append(b"Connection: keep-alive\r\n")
    if not head.has_date:
        lines.append(date_line)
    if not head.has_server:
        lines.append(_SERVER_LINE)
    lines.append(b"\r\n")
    return b"".join(lines), framing, keep_alive


def _response_framing(
    head: ResponseHead, method: str, version: str, body_length: int | None
) -> tuple[Framing, int | None]:
    """Return the framing and the Content-Length to state, None for no such line."""
    if method == "HEAD" or not head.has_body:
        # What the same GET would have: known only if the application made the body
        # all the same (RFC 9110 section 8.6 forbids to guess).
        may_state = head.has_body and body_length
        return Framing.NONE, head.content_length if head.content_length is not None else (may_state or None)
    if head.content_length is not None:
        return Framing.LENGTH, head.content_length
    if body_length is not None:
        return Framing.LENGTH, body_length
    return (Framing.CHUNKED if version == HTTP_1_1 else Framing.CLOSE), None


def encode_chunk(data: bytes) -> bytes:
    """Return one chunk, b"" for no data: an empty chunk would end the body (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def encode_early_hints(headers: Sequence[tuple[str, str]], table: FieldLineTable) -> bytes:
    """Return a 103 response (RFC 8297); never for HTTP/1.0, which knows no 1xx.

    Raises:
        BadResponseError: a header that cannot be sent, or one about the length of a body.
    """
    lines = [b"HTTP/1.1 103 Early Hints\r\n"]
    for header in headers:
        try:
            line, kind, _ = table[header]
        except TypeError:  # a list, which cannot be looked up
            raise _shape_error(header) from None
        if kind == _LENGTH:
            msg = "Content-Length in 103; expected headers about the final response"
            raise BadResponseError(msg)
        lines.append(line)
    lines.append(b"\r\n")
    return b"".join(lines)
