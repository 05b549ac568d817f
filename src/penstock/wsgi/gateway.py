"""Calls the application; sees that what it returns is iterated, cut, completed and closed as PEP 3333 says.

An answer that is all there when the application returns is given back as
bytes, and the server need not care for threads or waiting.  Everything else is
streamed, by a second call on the same thread.

The application may do anything: raise SystemExit, return None, fail half way,
call start_response late.  Nothing of it leaves this file except as a response
and a log record; and close() is called exactly once, whatever happened.

In:     complete requests; a WSGI application.
Out:    exchanges; the same, answered.
Never:  raises, or retries the application.

Rules:  PEP 3333 "Specification Details", "Buffering and Streaming", "Error Handling".
"""

import contextlib
from collections.abc import Iterator
from time import monotonic_ns
from typing import Any, BinaryIO, Final
from wsgiref.types import WSGIApplication

from penstock.config import ProtocolConfig, TelemetryConfig, WSGIConfig
from penstock.protocol import Framing, RequestHead, parse_response_head
from penstock.telemetry import Outcome, RequestTrace
from penstock.wsgi.environ import build_environ
from penstock.wsgi.exchange import (
    ENDED,
    HTTP_1_1,
    OPEN,
    ApplicationError,
    Exchange,
    PeerGoneError,
    ResponseSink,
    check_item,
    log,
)
from penstock.wsgi.file_wrapper import FileWrapper
from penstock.wsgi.forwarded import believed_request_id
from penstock.wsgi.tables import GatewayTables
from penstock.wsgi.trace_request import TRACEPARENT
from penstock.wsgi.trust import UNIX_PEER, TrustedProxies

_NONE: Final = Framing.NONE

# What iter() of a list or tuple gives: all items are there, taking them runs no code of the application.
# A Django HttpResponse is iterable this way.  A generator is not, even one that has a single item.
_READY_ITERATORS: Final[tuple[type, ...]] = (type(iter([])), type(iter(())))

_UNREAD: Final = (Outcome.PEER_GONE, Outcome.TIMED_OUT)
_FAILURE_STATUS: Final = "500 Internal Server Error"
_FAILURE_PAGE: Final = b"Internal Server Error\n"


class Gateway:
    """One worker's way from requests to exchanges; made after the fork, which the request ids depend on.

    Args:
        config: of the seam.
        protocol: says how many response lines are remembered.
        telemetry: which requests are kept as traces.

    Attributes:
        tables: what all exchanges share.
        trusted: whose forwarding fields are believed.

    Raises:
        TrustConfigError: the configuration names a proxy or a field that does not exist.
    """

    __slots__ = ("tables", "trusted")

    def __init__(
        self,
        config: WSGIConfig,
        protocol: ProtocolConfig | None = None,
        telemetry: TelemetryConfig | None = None,
    ) -> None:
        self.tables = GatewayTables(config, protocol or ProtocolConfig(), telemetry)
        self.trusted = TrustedProxies(config.trusted_proxies, config.forwarding_fields)

    def exchange(
        self,
        head: RequestHead,
        body: BinaryIO | None,
        body_size: int,
        sink: ResponseSink,
        *,
        is_trusted: bool,
    ) -> Exchange:
        """Return the exchange of a complete request.

        Args:
            head: of the request; its fields are completed and become the environ.
            body: the whole body, at its beginning; None = there is none.
            body_size: bytes of it.
            sink: where streamed output goes.
            is_trusted: what the peer says about the client is believed.
        """
        environ = build_environ(head, self.trusted if is_trusted else None, body, body_size)
        tables = self.tables
        exchange = Exchange()
        exchange.head = head
        exchange.environ = environ
        exchange.sink = sink
        exchange.tables = tables
        exchange.peer = environ["REMOTE_ADDR"] or UNIX_PEER
        exchange.line = head.line
        exchange.received_bytes = body_size
        exchange.keep_alive = head.keep_alive
        exchange.response = None
        exchange.stage = OPEN
        trace = exchange.trace = RequestTrace()
        request_id = trace.own_id = next(tables.request_ids)
        if is_trusted:
            request_id = believed_request_id(environ, request_id)
            if request_id != trace.own_id:
                trace.believed_id = request_id
        exchange.request_id = environ["penstock.request_id"] = request_id
        marks = next(tables.trace_marks)
        if marks:
            trace.mark(marks)
        if TRACEPARENT in environ or tables.reads_traces:
            tables.trace_reader.read(trace, environ, is_trusted=is_trusted)
        if head.version == HTTP_1_1:  # RFC 9110 section 15.2: no 1xx to HTTP/1.0
            environ["wsgi.early_hints"] = exchange.send_early_hints
        return exchange


def call_application(application: WSGIApplication, exchange: Exchange) -> bool:
    """Call the application.

    Returns:
        True: `exchange.output` holds the whole answer and close() was called.
        False: call `stream_response` next, on this thread.

    An application that raises, SystemExit included, is answered with a 500 page and logged.
    """
    try:
        iterable = application(exchange.environ, exchange.start_response)
        kind = type(iterable)
        if (kind is list or kind is tuple) and exchange.stage is OPEN:
            body = iterable[0] if len(iterable) == 1 else None  # type: ignore[index, arg-type]
            exchange.complete(body if type(body) is bytes else _joined(iterable))
            exchange.end_ns = exchange.response_ns
            exchange.environ.pop("wsgi.early_hints", None)  # as in _end
            return True
    except BaseException as error:  # noqa: BLE001 - SystemExit of an application must not end the server
        is_answered = _fail(exchange, error)
    else:
        is_answered = _take_iterable(exchange, iterable)
    if is_answered:
        _end(exchange)
    return is_answered


def _joined(items: Any) -> bytes:
    """Return the items of a list or tuple in one piece.

    Raises:
        TypeError: one is not bytes; join() alone would take a bytearray too.
    """
    for item in items:
        check_item(item)
    return b"".join(items)


def _take_iterable(exchange: Exchange, iterable: Any) -> bool:
    """Complete the answer if all of it is there; otherwise keep the iterable and return False."""
    exchange.iterable = iterable
    try:
        if isinstance(iterable, FileWrapper):
            return False
        chunks = exchange.chunks = _iterator(iterable)
        if exchange.stage is not OPEN or type(chunks) not in _READY_ITERATORS:
            return False
        exchange.complete(_joined(list(chunks)))
    except BaseException as error:  # noqa: BLE001 - as above
        return _fail(exchange, error)
    return True


def _iterator(iterable: Any) -> Iterator[Any]:
    """Return iter() of what the application returned.

    Raises:
        ApplicationError: None, bytes or str: the first cannot be iterated, the others never mean it.
    """
    if iterable is None or isinstance(iterable, bytes | str):
        raise ApplicationError(
            f"application returned {type(iterable).__name__}; expected an iterable of bytes"
        )
    return iter(iterable)


def stream_response(exchange: Exchange) -> None:
    """Send the rest of an answer through `exchange.sink`, then close the iterable.

    Runs on the thread that called the application: frameworks keep their state there.  Sets `outcome` and
    `keep_alive`; on any outcome but COMPLETE the server closes the connection.
    """
    exchange.output = []
    try:
        if exchange.stage is not ENDED:
            _stream(exchange)
    except BaseException as error:  # noqa: BLE001 - as above
        _fail_streamed(exchange, error)
    _end(exchange)


def _stream(exchange: Exchange) -> None:
    iterable = exchange.iterable
    if isinstance(iterable, FileWrapper) and exchange.stage is OPEN:
        span = iterable.maybe_span()
        if span is not None:
            exchange.send_span(span)
            exchange.finish()
            return
    chunks = iterable if exchange.chunks is None else exchange.chunks
    for item in chunks:
        check_item(item)
        # The head goes with the first byte of the body, so an empty item must not send it.
        if item and (not exchange.send_body(item) or exchange.framing is _NONE):
            break  # the rest would not be sent
    exchange.finish()


def _fail_streamed(exchange: Exchange, error: BaseException) -> None:
    """Send a page if nothing is out yet; otherwise leave the message visibly incomplete."""
    if _fail(exchange, error):
        output, exchange.output = exchange.output, []
        with contextlib.suppress(PeerGoneError):
            exchange.hand_over(*output)


def _fail(exchange: Exchange, error: BaseException) -> bool:
    """Log the application's failure; True = the 500 page is in `output`, False = nothing more may be sent."""
    if exchange.outcome in _UNREAD:
        exchange.abandon(Outcome.PEER_GONE)  # its failure follows from ours, and is no news
        return False
    _log_failure("application.failed", exchange, error)
    if exchange.stage is not OPEN:
        exchange.abandon(Outcome.FAILED)
        return False
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    exchange.response = parse_response_head(_FAILURE_STATUS, headers, exchange.tables.lines)
    exchange.complete(_FAILURE_PAGE)
    return True


def end_interrupted(exchange: Exchange) -> None:
    """End an exchange whose RequestTimeout came while the gateway was at work, not the application.

    The thread that called the application calls this, once; close() may still be due.
    """
    exchange.abandon(Outcome.TIMED_OUT)
    exchange.output = []
    _end(exchange)


def _end(exchange: Exchange) -> None:
    """Call close() of the iterable, if it has one, and let go of everything."""
    try:
        _close(exchange)
    except BaseException as error:  # noqa: BLE001 - the response stands; this is for the log
        if exchange.iterable is not None:  # a RequestTimeout came before the call
            with contextlib.suppress(BaseException):
                _close(exchange)
        _log_failure("application.close_failed", exchange, error)
    exchange.end_ns = monotonic_ns()
    # A method of the exchange, which holds the environ: a cycle.
    exchange.environ.pop("wsgi.early_hints", None)


def _close(exchange: Exchange) -> None:
    close = getattr(exchange.iterable, "close", None)
    # An exception from outside may come after a call returns, not between these two lines: never twice.
    exchange.iterable = exchange.chunks = None
    if close is not None:
        close()


def _log_failure(event: str, exchange: Exchange, error: BaseException) -> None:
    with contextlib.suppress(Exception):  # a log handler's fault is not the response's
        log.error("%s request=%s %s", event, exchange.request_id, exchange.describe(), exc_info=error)
