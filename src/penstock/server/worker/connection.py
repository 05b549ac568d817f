"""One client connection: bytes in, requests out; answers in, bytes out (phase.py draws its life).

In:     readiness from the loop, answers from the application's threads.
Out:    complete requests to a lane; one access record a request.
Never:  blocks; gives a half received request to the application.

Rules:  RFC 9112 section 9 (persistence, pipelining), RFC 9110 section 10.1.1 (100-continue).
"""

import contextlib
import logging
import socket
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from penstock.protocol import (
    CONTINUE,
    NEED_DATA,
    PEER_CLOSED,
    Framing,
    PeerError,
    RequestHead,
    RequestReceiver,
    RequestTimeoutError,
    Signal,
    refusal,
)
from penstock.server.worker.phase import BODY, BUSY, CLOSED, HEAD, IDLE, LINGERING, NEXT, SENDING
from penstock.server.worker.pool import POOL_LANE
from penstock.server.worker.spool import BodySpool, SpoolError
from penstock.server.worker.timekeeper import GONE_NS, Timekeeper
from penstock.server.worker.transmission import NS
from penstock.server.worker.upload import Upload
from penstock.telemetry import NEVER_SLOW, Outcome
from penstock.wsgi import Exchange

if TYPE_CHECKING:
    from penstock.server.worker.lanes import Shape
    from penstock.server.worker.reception import Reception

log = logging.getLogger("penstock.server")

RECEIVE_BYTES: Final = 65536
# What a client may still send after a refusal, so that it can read the answer.
MAX_LINGER_BYTES: Final = 1 << 20
# A client that has just connected is about to ask, and one whose connection was kept may be asking right
# now: for so long a worker that leaves waits for them.  After that much silence a request and our end hardly
# cross.
LAST_REQUEST_NS: Final = NS
# If they cross all the same: how long the client may send into a connection that we have ended, and sees the
# end of it, not a reset.
LAST_LINGER_NS: Final = NS // 2
# What is read ahead of a request in flight before its client has to wait.
MAX_READ_AHEAD_BYTES: Final = 65536


class Connection(Timekeeper):
    """A connection of one listener, served by one loop.

    Args:
        sock: non-blocking, connected.
        peer: address of the other end, "unix" for Unix-domain sockets.
        template: the environ that its requests start from; the connection adds what the server offers them.
        reception: what all connections of the worker share.
        now_ns: when it was accepted.
    """

    __slots__ = (
        "_accepted_ns",
        "_first_byte_ns",
        "_is_trusted",
        "_linger_bytes",
        "_read_ahead",
        "_receiver",
        "_shape",
        "_template",
        "_upload",
        "peer",
    )

    def __init__(
        self, sock: socket.socket, peer: str, template: dict[str, Any], reception: "Reception", now_ns: int
    ) -> None:
        super().__init__(sock, reception)
        self._receiver = RequestReceiver(reception.protocol, reception.field_table, template)
        template["penstock.extend_deadline"] = self.extend_deadline
        self._template = template
        self._is_trusted = reception.gateway.trusted.is_trusted(peer)
        self.peer = peer
        self._accepted_ns = now_ns
        self._first_byte_ns = 0
        self._upload: Upload | None = None
        self._shape: Shape | None = None
        self._read_ahead = 0
        self._linger_bytes = 0
        # The first head is due from the start: a client that connects and says nothing is a slow head.
        self.deadline_ns = now_ns + reception.header_timeout_ns
        reception.loop.watch(self._fd, EPOLLIN, self.receive)
        reception.loop.wheel.file(self)

    # What the loop calls

    def receive(self, mask: int = EPOLLIN) -> None:
        """Read once and go on with what came.

        This is the first function of every request and deliberately one piece: a head that came whole and has
        no body, which is nearly every request, passes through without another call of ours.
        """
        if mask != EPOLLIN:
            self._on_other_event(mask)
            return
        try:
            data = self._sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._lose_peer()
            return
        if self._phase is not IDLE:
            self._receive_more(data)
            return
        receiver = self._receiver
        receiver.receive_data(data)
        self._first_byte_ns = self._reception.loop.batch_ns
        try:
            event = receiver.next_event()
        except PeerError as error:
            self._refuse(error)
            return
        if isinstance(event, RequestHead) and event.content_length == 0:
            self._begin(event, None, 0)
        else:
            self._go_on(event)

    def _on_other_event(self, mask: int) -> None:
        """Serve what the kernel reports beside or instead of bytes to read."""
        if mask & EPOLLIN:
            self.receive()
        if self._phase is CLOSED:
            return
        if mask & EPOLLOUT:
            self.transmit()
        elif mask & (EPOLLERR | EPOLLHUP):
            self._lose_peer()

    def advance(self) -> None:
        """Go on with what is already in the buffer."""
        if self._phase is not NEXT:
            return
        self._phase = IDLE
        self._first_byte_ns = monotonic_ns()
        try:
            event = self._receiver.next_event()
        except PeerError as error:
            self._refuse(error)
        else:
            self._go_on(event)

    def on_answered(self, exchange: Exchange) -> None:
        """Take an answered exchange back from the pool."""
        if exchange is not self._exchange:  # disowned: its client was answered, or has gone
            self._reception.came_back(exchange)
            return
        self._learn(exchange, exchange.end_ns)
        if self._phase is CLOSED:
            exchange.outcome = Outcome.PEER_GONE
            self._record(exchange)
            self._reception.loop.wheel.forget(self)
            self._reception.stop_when_empty()
        elif self._outbox is not None:
            self._phase = SENDING
            self.deadline_ns = self._write_due_ns
            for piece in exchange.output:  # behind early hints that the client has not taken
                self._outbox.append(piece)
        elif exchange.output:
            self._send_output(exchange)
        else:
            self._finish(exchange)

    def _learn(self, exchange: Exchange, end_ns: int) -> None:
        shape = self._shape
        assert shape is not None  # noqa: S101 - set with the exchange
        if exchange.end_ns and not exchange.output:
            shape.belongs_to_pool()
        elif exchange.lane:
            self._reception.loop.lanes.learn(shape, end_ns - exchange.start_ns)
        else:
            shape.was_slow_inline()

    def on_deadline(self) -> None:
        """Do what the phase asks for when nothing happened in time."""
        now_ns = monotonic_ns()
        phase = self._phase
        if phase is IDLE and self._reception.loop.is_draining:
            self._linger()
            self.deadline_ns = now_ns + LAST_LINGER_NS
            self._reception.loop.wheel.file(self)
        elif phase is IDLE or phase is LINGERING:
            self.close()
        elif phase is HEAD:
            self._refuse(RequestTimeoutError("request head; expected whole within the header timeout"))
        elif phase is BODY:
            self._refuse(RequestTimeoutError("request body; expected to arrive faster"))
        elif phase is BUSY or (phase is CLOSED and self._exchange is not None):
            self._on_busy_deadline(now_ns)
        elif self._outbox is not None:
            self._lose_peer()
        elif phase is NEXT or phase is SENDING:  # its turn comes before this batch ends, or the next one
            self.deadline_ns = now_ns + self._reception.header_timeout_ns
            self._reception.loop.wheel.file(self)

    def drain(self) -> None:
        """Let the answer in flight, or the next one, be the last; an idle client has a moment for asking."""
        if self._phase is IDLE:
            self.receive()  # what arrived just now is still answered
            if self._phase is IDLE:
                self._expect_last_request()
        elif self._exchange is not None and not self._exchange.response_ns:  # its head is still to be made
            self._exchange.keep_alive = False

    def may_give_way(self, now_ns: int) -> bool:
        """Whether it has been silent for so long that its client hardly asks just now.

        One that ends within that time by itself need not be asked: not every idle one was told at its answer.
        """
        if self._phase is not IDLE:
            return False
        if self._accepted_ns:  # its client has never asked
            return now_ns - self._accepted_ns > LAST_REQUEST_NS
        left_ns = self.deadline_ns - now_ns
        return LAST_REQUEST_NS < left_ns < self._reception.keep_alive_ns - LAST_REQUEST_NS

    def give_way(self) -> None:
        """Close for a new client, unless this one has asked again just now."""
        if self._phase is IDLE:
            self.receive()
            if self._phase is IDLE:
                self.close()

    def close(self) -> None:
        """Close now; nothing else is said to the client."""
        if self._upload is not None:
            self._upload.close()
            self._upload = None
        self._template.pop("penstock.extend_deadline", None)  # a method of ours: a cycle
        super().close()

    def stop(self) -> bool:
        """Close now, because the server stops; True = a request was in flight, and is recorded so."""
        exchange = self._exchange
        if exchange is not None:
            exchange.outcome = Outcome.CUT
            exchange.status_code = exchange.status_code or 503  # for the log; the client was told nothing
            if not self._reception.loop.withdraw(exchange) and not exchange.end_ns:
                self._reception.recorder.answered(exchange.thread)
            self._record(exchange)
        self.cut(exchange)
        return exchange is not None

    @property
    def has_peer_ended(self) -> bool:
        """Whether the client has said that it will send nothing more."""
        return self._receiver.has_ended

    # Receiving

    def _receive_more(self, data: bytes) -> None:
        """Go on with a request that did not come whole, or read ahead of one in flight."""
        phase = self._phase
        if phase is LINGERING:
            self._linger_bytes += len(data)
            if not data or self._linger_bytes > MAX_LINGER_BYTES:
                self.close()
            return
        self._receiver.receive_data(data)
        if phase is HEAD or phase is BODY:
            try:
                event = self._receiver.next_event()
            except PeerError as error:
                self._refuse(error)
            else:
                self._go_on(event)
            return
        self._read_ahead += len(data) or 1  # the end counts: after the answer it is asked for again
        if not data or self._read_ahead > MAX_READ_AHEAD_BYTES:
            # Who half-closed still gets the answer, unless it waits in a queue for it (timekeeper.py); who
            # runs ahead waits in the kernel's buffer.
            self._watch_for(self._mask & ~EPOLLIN)
            if not data and phase is BUSY:
                self.deadline_ns = min(self.deadline_ns, monotonic_ns() + GONE_NS)
                self._reception.loop.wheel.file(self)

    def _go_on(self, event: RequestHead | bytes | Signal) -> None:
        """Follow the receiver's events until it needs more or the request is complete."""
        try:
            while True:
                if isinstance(event, RequestHead):
                    if self._begin_body(event):
                        return
                elif event is NEED_DATA:
                    self._wait_for_more()
                    return
                elif event is PEER_CLOSED:
                    self.close()
                    return
                elif self._upload is not None:  # what follows belongs to a body
                    if isinstance(event, bytes):
                        self._upload.keep(event)
                    else:
                        self._complete_body(self._upload)
                        return
                event = self._receiver.next_event()
        except PeerError as error:
            self._refuse(error)
        except SpoolError as error:
            log.error("request.spool_failed peer=%s %s", self.peer, error)
            self._answer_refusal(error.status, str(error))

    def _wait_for_more(self) -> None:
        reception = self._reception
        if self._read_ahead:
            self._read_on()
        if self._upload is not None:
            self.deadline_ns = self._upload.deadline_ns(
                monotonic_ns(), reception.body_timeout_ns, reception.min_body_rate
            )
            reception.loop.wheel.file(self)
            return
        if self._receiver.at_start:
            self._phase = IDLE
            if reception.loop.is_draining:
                self._expect_last_request()
            return
        if self._phase is IDLE:
            self._phase = HEAD
            self.deadline_ns = self._first_byte_ns + reception.header_timeout_ns
            reception.loop.wheel.file(self)

    def _read_on(self) -> None:
        """All that was read ahead is used up: the client may send more."""
        self._read_ahead = 0
        self._watch_for(self._mask | EPOLLIN)

    def _begin_body(self, head: RequestHead) -> bool:
        """Start on a head; True = it has no body and the request has begun."""
        if head.content_length == 0:
            self._begin(head, None, 0)
            return True
        reception = self._reception
        self._phase = BODY
        spool = BodySpool(reception.spool_memory_bytes, reception.spool_dir)
        self._upload = Upload(head, spool, monotonic_ns())
        if head.expects_continue and not self._receiver.has_pending:
            with contextlib.suppress(OSError):  # the client will tell by going away
                self._sock.send(CONTINUE)
        return False

    def _complete_body(self, upload: Upload) -> None:
        self._upload = None
        self._begin(upload.head, upload.finish(), upload.size)

    # The request

    def _begin(self, head: RequestHead, body: BinaryIO | None, body_size: int) -> None:
        """Give a complete request to its lane."""
        reception = self._reception
        loop = reception.loop
        if not reception.keeps_connections:
            head.keep_alive = False
        exchange = reception.gateway.exchange(head, body, body_size, self, is_trusted=self._is_trusted)
        if self._accepted_ns:
            exchange.trace.accepted_ns = self._accepted_ns
        exchange.first_byte_ns = self._first_byte_ns
        now_ns = exchange.head_ns = exchange.body_ns = exchange.start_ns = monotonic_ns()
        self._exchange = exchange
        self._phase = BUSY
        shape = self._shape = loop.lanes.choose(head.method, head.path)
        if shape.is_inline:
            loop.last_inline_ns = now_ns
            try:
                loop.pool.slots.pop()
            except IndexError:
                pass
            else:
                loop.run_inline(exchange, shape)
                self._phase = SENDING
                loop.outgoing.append(self)
                return
            self._await_slot(exchange)
            loop.wait_for_slot(exchange)
        else:
            exchange.lane = POOL_LANE
            loop.arrived.append(self)  # it runs when the batch of events is read

    def wait_for_thread(self) -> Exchange:
        """Return the request that arrived and found no slot: a thread takes it when one is free (loop)."""
        exchange = self._exchange
        assert exchange is not None  # noqa: S101 - it arrived
        self._await_slot(exchange)
        return exchange

    def _await_slot(self, exchange: Exchange) -> None:
        reception = self._reception
        exchange.start_ns = 0
        self.deadline_ns = exchange.body_ns + min(reception.max_queue_wait_ns, reception.slow_after_ns)
        reception.loop.wheel.file(self)

    def run_at_last(self) -> int:
        """Run the request that waited for the slot now held (loop); returns how long it waited, in ns."""
        exchange, shape = self._exchange, self._shape
        assert exchange is not None  # noqa: S101 - it waits
        assert shape is not None  # noqa: S101 - chosen with it
        exchange.start_ns = monotonic_ns()
        waited_ns = exchange.start_ns - exchange.body_ns
        loop = self._reception.loop
        loop.run_inline(exchange, shape)
        self._phase = SENDING
        loop.outgoing.append(self)
        return waited_ns

    def _finish(self, exchange: Exchange) -> None:
        """The last byte of the answer is with the kernel: record it, then keep or close the connection."""
        reception = self._reception
        now_ns = exchange.last_byte_ns = monotonic_ns()
        reception.recorder.access(exchange, self._shape.threshold)  # type: ignore[union-attr]  # set with it
        self._exchange = None
        self._flow = None
        if not exchange.keep_alive:
            if exchange.outcome is Outcome.FAILED and exchange.framing is Framing.CLOSE:
                self.cut(exchange)
            else:
                self._linger()
            return
        self._accepted_ns = 0
        self.deadline_ns = now_ns + reception.keep_alive_ns
        if self._receiver.next_request():
            self._phase = NEXT
            reception.loop.again.append(self)
            return
        self._phase = IDLE
        if self._read_ahead:
            self._read_on()
        if not reception.keeps_connections:  # the stop came after the head of the answer was made
            self._expect_last_request()

    def _expect_last_request(self) -> None:
        self.deadline_ns = min(self.deadline_ns, monotonic_ns() + LAST_REQUEST_NS)
        self._reception.loop.wheel.file(self)

    def _record(self, exchange: Exchange) -> None:
        exchange.last_byte_ns = monotonic_ns()
        self._reception.recorder.access(exchange, self._shape.threshold if self._shape else NEVER_SLOW)
        self._exchange = None

    # Refusing and closing

    def _refuse(self, error: PeerError) -> None:
        """Answer a request that is refused before the application sees it."""
        self._answer_refusal(error.status, str(error), is_answerable=getattr(error, "answerable", True))

    def _answer_refusal(self, status: int, reason: str, *, is_answerable: bool = True) -> None:
        reception = self._reception
        upload, self._upload = self._upload, None
        line = upload.head.line if upload is not None else self._receiver.partial_line
        reception.recorder.refused(
            status=status,
            line=line,
            peer=self.peer,
            now_ns=monotonic_ns(),
            reason=reason,
        )
        if upload is not None:
            upload.close()
        if is_answerable:
            self._say_and_linger(refusal(status, method=line.split(b" ", 1)[0].decode("latin-1")))
        else:
            self._linger()

    def _lose_peer(self) -> None:
        """The client has gone; what it asked for is recorded so (in BUSY: when the application answers)."""
        exchange = self._exchange
        if exchange is not None and self._phase is SENDING:
            exchange.outcome = Outcome.PEER_GONE
            self._record(exchange)
        elif exchange is not None and self._reception.loop.withdraw(exchange):
            self._skip(exchange)
        elif self._upload is not None:
            self._reception.recorder.refused(
                status=499,
                line=self._upload.head.line,
                peer=self.peer,
                now_ns=monotonic_ns(),
                reason="client went away",
            )
        self.cut(exchange)
        if self._exchange is not None:  # the application goes on, and may become late all the same
            self._on_busy_deadline(monotonic_ns())
