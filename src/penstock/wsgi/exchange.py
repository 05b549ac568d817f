"""One request and its response, between the server and the application.

The application's side of a response is a small machine of its own:

          start_response        first body byte, or the end
    OPEN ----------------> OPEN ---------------------------> BEGUN ----> ENDED
     (response is None)     (response is set, replaceable)    (the head is out)

Nothing is sent before there is a body byte or the end, so that an application
that fails early can still be answered with a whole page.

In:     a RequestHead, an environ, a sink for what is streamed.
Out:    wire bytes: in `output` when the answer is complete, through the sink when it is streamed.
Never:  calls the application (gateway.py), waits by itself, or touches a socket.

Rules:  PEP 3333 "The start_response() Callable", "Handling the Content-Length Header"; RFC 9112 section 6;
        HTTP1.md items 2, 3, 12, 14.
"""

import contextlib
import enum
import logging
from time import monotonic_ns
from types import TracebackType
from typing import Any, Final, Protocol

from penstock.protocol import (
    LAST_CHUNK,
    Framing,
    RequestHead,
    ResponseHead,
    encode_chunk,
    encode_early_hints,
    finish_response_head,
    parse_response_head,
)
from penstock.telemetry import Outcome, RequestTrace
from penstock.wsgi.file_wrapper import FileSpan
from penstock.wsgi.tables import GatewayTables

log: Final = logging.getLogger("penstock.wsgi")

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

HTTP_1_1: Final = "HTTP/1.1"

# Up to here, one copy into a single piece is cheaper than a second piece in the system call.
MAX_JOINED_BYTES: Final = 16384

# An enum's member is looked up by Python code on 3.11; a global is not.
_NONE: Final = Framing.NONE
_LENGTH: Final = Framing.LENGTH
_CHUNKED: Final = Framing.CHUNKED
_COMPLETE: Final = Outcome.COMPLETE


class PeerGoneError(Exception):
    """Nobody will read the rest: the client went away, or the exchange was disowned after its deadline."""


class ApplicationError(Exception):
    """The application breaks PEP 3333; the fault is logged and answered with 500, or the message is cut."""


class Stage(enum.Enum):
    """How much of the response is out."""

    OPEN = "open"  # nothing: headers may be replaced
    BEGUN = "begun"  # the head is out
    ENDED = "ended"  # nothing more may follow


OPEN: Final = Stage.OPEN
BEGUN: Final = Stage.BEGUN
ENDED: Final = Stage.ENDED


class ResponseSink(Protocol):
    """Where streamed output goes; called on the thread that runs the application."""

    def send(self, exchange: "Exchange", data: bytes, /) -> None:
        """Take `data`; may wait for a slow client.

        Raises:
            PeerGoneError: nobody will read it.
        """

    def send_file(self, exchange: "Exchange", fd: int, offset: int, count: int, /) -> None:
        """Send `count` bytes of a regular file; the descriptor may be closed once this returns.

        Raises:
            PeerGoneError: nobody will read it.
        """


class Exchange:
    """A request on its way through the application; made by Gateway.exchange().

    Defaults stand in the class, so that a new exchange stores only what it has: no __slots__, which would
    cost 70 ns more, and at most 30 attributes, beyond which CPython gives each object a dict of its own.

    Times are CLOCK_MONOTONIC in nanoseconds, 0 = not reached.  The server sets all but `response_ns`
    and `end_ns`.

    Attributes:
        peer: address of the client, as far as it can be believed; "unix" for one that has none.
        line: the request line as sent.
        keep_alive: before the call, whether the connection could be kept (the server clears it while
            draining); after it, whether it may be: only if the response was exactly complete.
        output: the wire bytes of a complete answer, head first; empty when it was streamed.
        trace: whose trace it is, and the spans of its application.
        received_bytes: of the request's body.
        sent_bytes: of the response's body, without framing.
        framing: None until the head is out.
        iterable: what the application returned, when it must be streamed; `chunks` is its iterator.
        deadline_ns: until when it may run if it asked for more than is configured.
    """

    head: RequestHead
    environ: dict[str, Any]
    sink: ResponseSink
    tables: GatewayTables
    request_id: str
    trace: RequestTrace
    peer: str
    line: bytes
    keep_alive: bool
    response: ResponseHead | None
    stage: Stage
    output: list[bytes]
    first_byte_ns: int = 0
    head_ns: int = 0
    body_ns: int = 0
    start_ns: int = 0
    response_ns: int = 0
    end_ns: int = 0
    last_byte_ns: int = 0
    thread: int = 0
    lane: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    status_code: int = 0
    outcome: Outcome = _COMPLETE
    framing: Framing | None = None
    iterable: Any = None
    chunks: Any = None
    deadline_ns: int = 0
    _left_bytes: int = 0

    # What the application calls

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExceptionInfo | None = None, /
    ) -> Any:
        """Take status and headers; they are checked now and sent with the first body byte.

        Returns:
            `write`.

        Raises:
            BadResponseError: they cannot be sent.
            ApplicationError: called a second time without `exc_info`.
            BaseException: the one in `exc_info`, when the head is out already.
        """
        if exc_info is not None or self.response is not None:
            self._check_restart(exc_info)
        self.response = parse_response_head(status, headers, self.tables.lines)
        return self.write

    def _check_restart(self, exc_info: ExceptionInfo | None) -> None:
        if exc_info is None:
            raise ApplicationError("start_response called twice; expected exc_info with the second call")
        if self.stage is OPEN:
            return
        try:
            if exc_info[1] is None:
                raise ApplicationError(
                    "start_response called after output began; expected an exception in exc_info"
                )
            raise exc_info[1].with_traceback(exc_info[2])
        finally:
            exc_info = None  # its traceback holds this frame: a cycle otherwise

    def write(self, data: bytes, /) -> None:
        """Send body bytes at once, the way before iterables; b"" sends nothing.

        Raises:
            ApplicationError: the response has ended, or `data` goes beyond its Content-Length.
            TypeError: `data` is not bytes.
            PeerGoneError: nobody will read it.
        """
        check_item(data)
        if self.stage is ENDED:
            raise ApplicationError("write() after the response ended")
        if data and not self.send_body(data):
            raise ApplicationError("write() beyond Content-Length")

    def send_early_hints(self, headers: list[tuple[str, str]], /) -> None:
        """Send 103 (Early Hints, RFC 8297) with these headers; nothing once the final head is out.

        Raises:
            BadResponseError: they cannot be sent.
            PeerGoneError: nobody will read it.
        """
        hints = encode_early_hints(headers, self.tables.lines)
        if self.stage is OPEN:
            self.hand_over(hints)

    # What the gateway calls

    def begin(self, body_length: int | None) -> bytes:
        """Return the response head; from here on it stands.

        Args:
            body_length: bytes, if the body is known; None = it is streamed.

        Raises:
            ApplicationError: start_response was not called.
        """
        response = self.response
        if response is None:
            raise ApplicationError("start_response was not called; expected before the first body byte")
        tables, head = self.tables, self.head
        now_ns = self.response_ns = monotonic_ns()
        if now_ns >= tables.date.expires_ns:
            tables.renew(now_ns)
        wire, self.framing, self.keep_alive = finish_response_head(
            response,
            method=head.method,
            version=head.version,
            keep_alive=self.keep_alive,
            body_length=body_length,
            date_line=tables.date.line,
        )
        if tables.is_returning:
            wire = self._with_ids(wire)
        self.status_code = response.status_code
        self.stage = BEGUN
        return wire

    def _with_ids(self, wire: bytes) -> bytes:
        """A response head with the ids that are to be shown. Not by the table of lines: each comes once."""
        lines = ""
        if self.tables.returns_request_id:
            lines = f"X-Request-ID: {self.request_id}\r\n"
        if self.tables.returns_trace:
            lines += f"traceresponse: {self.trace.context().traceparent}\r\n"
        return b"%b%b\r\n" % (wire[:-2], lines.encode("ascii"))

    def complete(self, body: bytes) -> None:
        """Put the whole answer into `output`; a body of the wrong length is cut or closes the connection.

        Raises:
            ApplicationError: start_response was not called.
        """
        response, head, tables = self.response, self.head, self.tables
        length = len(body)
        # What nearly every answer is, 300 ns quicker: the end of its head was composed by the same function
        # of protocol/ that begin() calls, once a second.
        if (
            response is not None
            and response.is_plain
            and response.content_length == length
            and self.keep_alive
            and head.version == HTTP_1_1
            and head.method != "HEAD"
            and length <= MAX_JOINED_BYTES
            and not tables.is_returning
        ):
            now_ns = self.response_ns = monotonic_ns()
            if now_ns >= tables.date.expires_ns:
                tables.renew(now_ns)
            self.output = [response.block + tables.plain_end + body]
            self.framing = _LENGTH
            self.sent_bytes = length
            self.status_code = response.status_code
        else:
            self._complete_otherwise(body)
        self.stage = ENDED

    def _complete_otherwise(self, body: bytes) -> None:
        response = self.response
        if response is not None and response.content_length not in (None, len(body)):
            body = self._fit(body, response)
        wire = self.begin(len(body))
        if self.framing is _NONE:
            self.output = [wire]
        else:
            self.sent_bytes = len(body)
            self.output = [wire + body] if len(body) <= MAX_JOINED_BYTES else [wire, body]

    def send_body(self, data: bytes) -> bool:
        """Stream body bytes, after the head if it is not out yet.

        Returns:
            False when `data` went beyond Content-Length: it was cut, and nothing more may follow.

        Raises:
            ApplicationError: start_response was not called.
            PeerGoneError: nobody will read it.
        """
        wire = b""
        if self.stage is OPEN:
            wire = self.begin(None)
            if self.framing is _LENGTH:
                self._left_bytes = self.response.content_length  # type: ignore[union-attr, assignment]  # so it says
        framing = self.framing
        is_within = True
        if framing is _NONE:
            data = b""
        elif framing is _LENGTH:
            is_within = len(data) <= self._left_bytes
            if not is_within:
                self._note_surplus(len(data) - self._left_bytes)
                data = data[: self._left_bytes]
            self._left_bytes -= len(data)
        self.sent_bytes += len(data)
        if data and framing is _CHUNKED:
            data = encode_chunk(data)
        self.hand_over(wire, data)
        return is_within

    def send_span(self, span: FileSpan) -> None:
        """Stream a file from its position to its end or to Content-Length, whichever comes first.

        Raises:
            ApplicationError: start_response was not called.
            PeerGoneError: nobody will read it.
        """
        declared = None if self.response is None else self.response.content_length
        count = span.length if declared is None else min(declared, span.length)
        self.hand_over(self.begin(count))
        if self.framing is _NONE:
            return
        self._left_bytes = 0 if declared is None else declared - count
        try:
            self.sink.send_file(self, span.fd, span.offset, count)
        except PeerGoneError:
            self._note_peer_gone()
            raise
        self.sent_bytes += count

    def finish(self) -> None:
        """Send what completes a streamed message: the head if nothing is out, the last chunk.

        Raises:
            ApplicationError: start_response was not called.
            PeerGoneError: nobody will read it.
        """
        if self.stage is OPEN:
            self.complete(b"")
            self.hand_over(*self.output)
            self.output = []
        elif self.framing is _CHUNKED:
            self.hand_over(LAST_CHUNK)
        elif self._left_bytes:
            self._note_truncation(self.sent_bytes, self.sent_bytes + self._left_bytes)
        self.stage = ENDED

    def abandon(self, outcome: Outcome) -> None:
        """End without completing the message: the server closes, and the client sees that it is not whole."""
        if self.outcome is _COMPLETE:
            self.outcome = outcome
        self.keep_alive = False
        self.stage = ENDED

    # Lengths

    def _fit(self, body: bytes, response: ResponseHead) -> bytes:
        """Return what of a complete body may be sent under the Content-Length it was given."""
        declared = response.content_length
        if declared is None or self.head.method == "HEAD" or not response.has_body:
            return body
        if len(body) < declared:
            self._note_truncation(len(body), declared)
        else:
            self._note_surplus(len(body) - declared)
        return body[:declared]

    def _note_truncation(self, sent_bytes: int, declared_bytes: int) -> None:
        if self.outcome is not _COMPLETE:
            return
        self.outcome = Outcome.TRUNCATED
        self.keep_alive = False
        self._warn("response.truncated", f"sent_bytes={sent_bytes} content_length={declared_bytes}")

    def _note_surplus(self, surplus_bytes: int) -> None:
        # On the wire the message is exact.  Which of body and length the application got wrong is not known,
        # so the connection closes all the same (HTTP1.md item 2, the strict reading).
        self.keep_alive = False
        if self.outcome is _COMPLETE:
            self.outcome = Outcome.SURPLUS
            self._warn("response.surplus", f"cut_bytes={surplus_bytes}")

    def _warn(self, event: str, fields: str) -> None:
        with contextlib.suppress(Exception):  # a log handler's fault is not the response's
            log.error("%s request=%s %s %s", event, self.request_id, self.describe(), fields)

    def describe(self) -> str:
        """Return the request for a log line, without its query: its access line has that, if any may."""
        return f"method={self.head.method} target={self.head.target.partition('?')[0]!r}"

    # The sink

    def hand_over(self, *pieces: bytes) -> None:
        """Send what is not empty, in one piece where that is cheap.

        Raises:
            PeerGoneError: nobody will read it.
        """
        if sum(map(len, pieces)) <= MAX_JOINED_BYTES:
            pieces = (b"".join(pieces),)
        try:
            for piece in pieces:
                if piece:
                    self.sink.send(self, piece)
        except PeerGoneError:
            self._note_peer_gone()
            raise

    def _note_peer_gone(self) -> None:
        self.keep_alive = False
        if self.outcome is _COMPLETE:  # TIMED_OUT, where the server disowned the exchange, stays
            self.outcome = Outcome.PEER_GONE


def check_item(item: object) -> None:
    """Check one piece of a body.

    Raises:
        TypeError: it is not bytes; a bytearray is not either (PEP 3333, "A Note On String Types").
    """
    if type(item) is not bytes and not isinstance(item, bytes):
        raise TypeError(f"response body item of type {type(item).__name__}; expected bytes")
