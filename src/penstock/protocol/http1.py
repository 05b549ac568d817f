"""One connection's requests, from bytes to events: HTTP/1.1 and HTTP/1.0, sans-IO.

              +------------------ next_request() -----------------+
              v                                                   |
    HEAD <-> PARTIAL --head, body follows--> BODY --last byte--> PAUSED
                `------head, no body follows-----------------------^
    A PeerError in any of them is final: `_failure` is set and the buffer is gone.

HEAD is the quick lane: the buffer is empty or holds one whole read.  PARTIAL is
the other one: a head that came in pieces, or behind another request.  The common
request never sees it, and what it does costs time linear in what came.

The receiver stops behind each request.  A pipelined successor stays unparsed
until `next_request()`, so responses keep their order without a queue, and
nothing behind a refused request is ever taken for one.

In:     bytes from the peer; b"" when it closed its side.
Out:    RequestHead, body bytes, Signal; or a PeerError, again and again.
Never:  does I/O, looks at a clock, decides what is answered, or keeps a buffer while idle.
Thread: the owner of the loop.

Rules:  RFC 9112 section 2.2 (line ends, one empty line before a request), 3, 5, 6, 9.3.
"""

import enum
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from penstock.config import ProtocolConfig
from penstock.protocol.body import BodyReader, ChunkedReader, CountedReader
from penstock.protocol.errors import (
    BadFieldError,
    BadFramingError,
    BadHostError,
    BadLineEndError,
    BadRequestLineError,
    HeaderTooLargeError,
    PeerError,
    TruncatedBodyError,
    TruncatedHeadError,
    UriTooLongError,
)
from penstock.protocol.events import (
    END_OF_MESSAGE,
    HTTP_1_1,
    NEED_DATA,
    PEER_CLOSED,
    RequestHead,
    Signal,
)
from penstock.protocol.fields import DROPPED, DROPPED_NAME, FORWARDING, FRAMING, FieldTable
from penstock.protocol.framing import expects_continue, may_keep_alive, request_framing
from penstock.protocol.request_line import RequestLine, parse_request_line

_END: Final = b"\r\n\r\n"

# What ends a line wrongly, so that a client that sends LF only is told at once
# instead of waiting for its deadline.
_BAD_LINE_END: Final = re.compile(rb"(?<!\r)\n|\r[^\n]|\0")
_LINE_ENDS: Final = re.compile(rb"[\r\n]")
_METHOD_BEGINS: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]|\r\n?\Z")

# Fields that may not come twice; all others are joined.  Host: RFC 9112 section
# 3.2; the rest have no list syntax (RFC 9110 section 5.3), and two readers of
# one message must not pick a different one.
_SINGLETONS: Final[Mapping[str, type[PeerError]]] = {
    "HTTP_HOST": BadHostError,
    "CONTENT_LENGTH": BadFramingError,
    "CONTENT_TYPE": BadFieldError,
    "HTTP_AUTHORIZATION": BadFieldError,
    "HTTP_PROXY_AUTHORIZATION": BadFieldError,
}

_MAX_PARTIAL_LINE_BYTES: Final = 256

_new_head: Final = object.__new__


class _State(enum.Enum):
    HEAD = "head"  # waiting for a request; the buffer is empty or one read
    PARTIAL = "partial head"  # the buffer is a bytearray, or begins behind another request
    BODY = "body"
    PAUSED = "paused"  # the request is complete; its response is not


_HEAD: Final = _State.HEAD
_PARTIAL: Final = _State.PARTIAL
_BODY: Final = _State.BODY
_PAUSED: Final = _State.PAUSED


class RequestReceiver:
    """The requests of one connection, one after the other.

    `receive_data()` what the socket gave, then `next_event()` until NEED_DATA.
    After a head with `content_length == 0`, or after END_OF_MESSAGE, the
    receiver says NEED_DATA until `next_request()`.

    Args:
        config: the limits.
        table: the worker's.
        common: what `fields` of every head starts from, the caller's business; no HTTP_*, CONTENT_* or
            "" among its keys.  (Making one dict instead of two and their union saves 0.5 us a request.)
    """

    __slots__ = (
        "_buffer",
        "_common",
        "_config",
        "_failure",
        "_has_ended",
        "_has_skipped",
        "_reader",
        "_scanned",
        "_state",
        "_table",
    )

    def __init__(
        self, config: ProtocolConfig, table: FieldTable, common: dict[str, Any] | None = None
    ) -> None:
        self._config = config
        self._table = table
        self._common = {} if common is None else common
        self._state = _HEAD
        self._buffer: bytes | bytearray = b""
        self._scanned = 0  # PARTIAL: so many bytes of the buffer were searched before
        self._has_skipped = False  # the one empty line before a request was there
        self._has_ended = False
        self._reader: BodyReader | None = None
        self._failure: tuple[PeerError, bytes] | None = None

    # ---- What the server calls

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; b"" = it closed its side."""
        if self._buffer or not data:
            self._receive_more(data)
        else:
            self._buffer = data

    def next_event(self) -> RequestHead | bytes | Signal:
        """Return what comes next; body data are never empty.

        Raises:
            PeerError: the peer broke a rule or a limit.  Answer `status` if `answerable`, then close;
                each further call raises an error of the same type and text.
        """
        data = self._buffer
        if self._state is _HEAD and data.endswith(_END) and len(data) <= self._config.max_head_bytes:
            # The quick lane: one read, one head.  Where the read holds more than
            # that, or a fault, the other lane finds out; no error leaves from here.
            try:
                # A bytearray lives in PARTIAL only; cast() would cost a call.
                return self._read_head(data[:-3].split(b"\n"), b"")  # type: ignore[arg-type]
            except PeerError:  # contextlib.suppress would cost 0.2 us
                pass
        return self._next_other_event()

    def next_request(self) -> bool:
        """Allow the next head: the response to this one is on its way.

        Returns:
            Whether bytes of it are here already (`has_pending`).

        Raises:
            RuntimeError: the current request is not complete.
        """
        if self._state is not _PAUSED:
            msg = f"next_request() cannot happen while {self._state.value!r}"
            raise RuntimeError(msg)
        if self._buffer:
            self._state = _PARTIAL
            return True
        self._state = _HEAD
        return False

    @property
    def has_pending(self) -> bool:
        """Bytes were received that no event has covered yet."""
        return len(self._buffer) > 0 and self._failure is None

    @property
    def at_start(self) -> bool:
        """No byte of the next head was received: the connection is idle."""
        return not self._buffer and (self._state is _HEAD or self._state is _PARTIAL)

    @property
    def has_ended(self) -> bool:
        """The peer closed its side."""
        return self._has_ended

    @property
    def partial_line(self) -> bytes:
        """The first line of an unfinished or refused head, as far as it came, at most 256 bytes."""
        if self._failure is not None:
            return self._failure[1]
        if self._state is _BODY or self._state is _PAUSED:
            return b""
        return _LINE_ENDS.split(bytes(self._buffer[:_MAX_PARTIAL_LINE_BYTES]), maxsplit=1)[0]

    # ---- Bytes and states

    def _receive_more(self, data: bytes) -> None:
        """Take what does not find an empty buffer, or the end of input."""
        if not data:
            self._has_ended = True
        elif isinstance(self._buffer, bytearray):
            self._buffer += data
        elif self._failure is None:
            self._buffer = bytearray(self._buffer) + data
            if self._state is _HEAD:
                self._state = _PARTIAL

    def _next_other_event(self) -> RequestHead | bytes | Signal:
        """Return the next event of every state but the quick lane of HEAD."""
        if self._failure is not None:
            # A fresh one: the first holds its traceback, and that holds this object.
            error = self._failure[0]
            raise type(error)(*error.args)
        try:
            if self._state is _BODY:
                return self._next_body_event()
            if self._state is _PAUSED:
                return NEED_DATA
            return self._next_head_event()
        except PeerError as error:
            self._failure = type(error)(*error.args), self.partial_line
            self._buffer = b""
            self._reader = None
            raise

    # ---- Heads

    def _next_head_event(self) -> RequestHead | Signal:
        """Look for the end of a head that came in pieces or behind another one."""
        self._state = _PARTIAL
        self._skip_empty_line()
        buffer = self._buffer
        end = buffer.find(_END, max(0, self._scanned - 3))
        if end < 0:
            return self._wait_head()
        lines = bytes(buffer[: end + 1]).split(b"\n")
        if end + 4 > self._config.max_head_bytes:
            self._parse_request_line(lines[0])  # a line that is too long is the better answer
            msg = f"head of {end + 4} bytes; expected at most {self._config.max_head_bytes}"
            raise HeaderTooLargeError(msg)
        return self._read_head(lines, bytes(buffer[end + 4 :]))

    def _skip_empty_line(self) -> None:
        """Drop one empty line before a request (RFC 9112 section 2.2), and no second one."""
        if self._buffer[:2] != b"\r\n":
            return
        if self._has_skipped:
            msg = "two empty lines; expected a request line"
            raise BadRequestLineError(msg)
        self._has_skipped = True
        self._scanned = 0
        self._buffer = self._buffer[2:]

    def _wait_head(self) -> Signal:
        """Refuse what cannot become a head any more; else ask for the rest."""
        buffer, scanned = self._buffer, self._scanned
        if buffer:
            self._check_partial_head(buffer, scanned)
        if not self._has_ended:
            self._scanned = len(buffer)
            return NEED_DATA
        if buffer:
            msg = f"end of input in a head, after {len(buffer)} bytes; expected the whole head"
            raise TruncatedHeadError(msg)
        return PEER_CLOSED

    def _check_partial_head(self, buffer: bytes | bytearray, scanned: int) -> None:
        """Refuse early: a client with a fault should hear of it now, not at its deadline.

        Raises:
            BadRequestLineError: the first byte begins no method (TLS to a plain port, for one).
            BadLineEndError: a bare CR or LF, or a NUL.
            UriTooLongError, HeaderTooLargeError: a limit is passed already.
        """
        if not _METHOD_BEGINS.match(buffer):
            msg = f"request line {bytes(buffer[:16])!r}; expected a method"
            raise BadRequestLineError(msg)
        if _BAD_LINE_END.search(buffer, max(0, scanned - 1)):
            msg = f"line end in {bytes(buffer[max(0, scanned - 16) :][:64])!r}; expected CRLF, no NUL"
            raise BadLineEndError(msg)
        stop = buffer.find(b"\n")
        if stop >= scanned:  # the first line has just become complete
            self._parse_request_line(bytes(buffer[:stop]))
        elif stop < 0:
            self._check_request_line_length(len(buffer) - 1)  # its CR may be there
        if len(buffer) > self._config.max_head_bytes:
            msg = f"head of {len(buffer)} bytes or more; expected at most {self._config.max_head_bytes}"
            raise HeaderTooLargeError(msg)

    def _parse_request_line(self, line: bytes) -> RequestLine:
        """Parse a request line that the table does not hold (RFC 9112 section 3)."""
        if len(line) > self._config.max_request_line_bytes:
            self._check_request_line_length(len(line) - 1)
        request = parse_request_line(line)
        if not request[3]:  # a query may hold a secret
            self._table.remember_request_line(line, request)
        return request

    def _check_request_line_length(self, length: int) -> None:
        if length > self._config.max_request_line_bytes:
            most = self._config.max_request_line_bytes
            msg = f"request line of {length} bytes or more; expected at most {most}"
            raise UriTooLongError(msg)

    def _read_head(self, lines: list[bytes], rest: bytes) -> RequestHead:
        """Return the head that these lines are, and leave `rest` in the buffer.

        This is the hot function: a request of 15 known lines spends 1.7 us in
        it, of which the split and the look-ups, both in C, take 1.3.
        """
        table = self._table
        table.seen = 0
        line = lines.pop(0)
        request = table.request_lines.get(line) or self._parse_request_line(line)
        if len(lines) > self._config.max_fields:
            msg = f"{len(lines)} fields; expected at most {self._config.max_fields}"
            raise HeaderTooLargeError(msg)
        common = self._common
        fields = common.copy()
        fields.update(map(table.lookup, lines))
        head: RequestHead = _new_head(RequestHead)
        (
            head.method,
            head.target,
            head.path,
            head.query,
            head.version,
            head.authority,
            head.scheme,
            head.line,
            is_ordinary,
        ) = request
        seen = table.seen
        if (
            seen >= FRAMING
            or not is_ordinary
            or len(fields) != len(common) + len(lines)
            or "HTTP_HOST" not in fields
        ):
            self._settle(head, fields, lines)
        else:
            fields.pop("HTTP_CONNECTION", None)  # "keep-alive", or it would have been seen
            head.fields = fields
            head.content_length = 0
            head.chunked = head.expects_continue = False
            head.keep_alive = True
            head.has_forwarding = seen >= FORWARDING
            self._state = _PAUSED
        self._buffer = rest
        self._scanned = 0
        self._has_skipped = False
        return head

    def _settle(self, head: RequestHead, fields: dict[str, Any], lines: list[bytes]) -> None:
        """Fill in a head that is not ordinary.

        That is: framing fields, doubled or dropped ones, HTTP/1.0, absolute-form.
        """
        table = self._table
        if len(fields) != len(self._common) + len(lines):
            fields = self._common | _join_fields(map(table.lookup, lines))
            fields.pop(DROPPED_NAME, None)
        elif table.seen & DROPPED:
            del fields[DROPPED_NAME]
        _settle_host(head, fields)
        codings = fields.pop("HTTP_TRANSFER_ENCODING", None)
        stated = fields.get("CONTENT_LENGTH")
        length = request_framing(head.version, head.method, codings, stated, self._config.max_body_bytes)
        if stated is not None:
            fields["CONTENT_LENGTH"] = str(length)  # without leading zeros, which some read as octal
        head.fields = fields
        head.content_length = length
        head.chunked = length is None
        head.keep_alive = may_keep_alive(head.version, fields.pop("HTTP_CONNECTION", None))
        head.expects_continue = expects_continue(head.version, fields.get("HTTP_EXPECT")) and length != 0
        head.has_forwarding = table.seen & FORWARDING != 0
        self._begin_body(length)

    # ---- Bodies

    def _begin_body(self, length: int | None) -> None:
        if length == 0:
            self._state = _PAUSED
            return
        self._reader = ChunkedReader(self._config, self._table) if length is None else CountedReader(length)
        self._state = _BODY

    def _next_body_event(self) -> bytes | Signal:
        """Feed the reader with all there is; its surplus belongs to the next request."""
        reader = self._reader
        assert reader is not None  # noqa: S101 - BODY is entered by _begin_body alone
        if self._buffer and not reader.is_finished:
            piece, self._buffer = reader.feed(bytes(self._buffer))
            if piece:
                return piece
        if reader.is_finished:
            self._reader = None
            self._state = _PAUSED
            return END_OF_MESSAGE
        if self._has_ended:
            msg = "end of input in a body; expected the whole body"
            raise TruncatedBodyError(msg)
        return NEED_DATA


def _join_fields(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the fields with the values of doubled ones joined (RFC 9110 section 5.3).

    Raises:
        BadHostError, BadFramingError, BadFieldError: a field came twice that may come once.
    """
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name not in fields:
            fields[name] = value
        elif name in _SINGLETONS:
            msg = f"{name} twice, {fields[name]!r:.200} and {value!r:.200}; expected it once"
            raise _SINGLETONS[name](msg)
        else:  # RFC 6265 section 5.4 and RFC 9113 section 8.2.3: crumbs of Cookie
            fields[name] += ("; " if name == "HTTP_COOKIE" else ", ") + value
    return fields


def _settle_host(head: RequestHead, fields: dict[str, Any]) -> None:
    """Check that Host is there, and let an absolute-form target replace it (RFC 9112 section 3.2.2).

    Raises:
        BadHostError: HTTP/1.1 without Host.
    """
    if "HTTP_HOST" not in fields and head.version == HTTP_1_1:
        msg = "no Host in HTTP/1.1; expected one"
        raise BadHostError(msg)
    if head.authority is not None:
        fields["HTTP_HOST"] = head.authority
