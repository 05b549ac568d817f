"""The sending half of a connection: what the client has not taken yet, and closing in stages.

In:     wire bytes from the loop, streamed output from application threads.
Out:    bytes in the socket; a thread that waits when its client is too far behind.
Never:  blocks the loop; closes while the client could still miss an answer.

Rules:  RFC 9112 section 9.6 (close in stages).
"""

import contextlib
import logging
import os
import socket
import struct
from select import EPOLLIN, EPOLLOUT
from time import monotonic_ns
from typing import TYPE_CHECKING, Final

from penstock.protocol import Framing
from penstock.server.worker.flow import Flow
from penstock.server.worker.phase import BUSY, CLOSED, IDLE, LINGERING, SENDING, Phase
from penstock.server.worker.spool import FilePiece, Outbox, SpoolError
from penstock.wsgi import Exchange

if TYPE_CHECKING:
    from penstock.server.worker.reception import Reception

log = logging.getLogger("penstock.server")

NS: Final = 1_000_000_000
# What a client may still send after a refusal, and for how long, so that it can read the answer
# (nginx's lingering_timeout is 5 s).
LINGER_NS: Final = 2 * NS


class Transmission:
    """What Connection is when it sends; never made by itself.

    Args:
        sock: non-blocking, connected.
        reception: what all connections of the worker share.
    """

    __slots__ = (
        "_exchange",
        "_fd",
        "_flow",
        "_mask",
        "_outbox",
        "_phase",
        "_reception",
        "_sock",
        "_write_due_ns",
        "deadline_ns",
        "tick",
    )

    def __init__(self, sock: socket.socket, reception: "Reception") -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._reception = reception
        self._phase: Phase = IDLE
        self._mask: int = EPOLLIN
        self._exchange: Exchange | None = None
        self._outbox: Outbox | None = None
        self._flow: Flow | None = None
        self._write_due_ns = 0
        self.deadline_ns = 0
        self.tick = 0

    def on_deadline(self) -> None:
        """Do what the phase asks for when nothing happened in time."""
        raise NotImplementedError

    def _finish(self, exchange: Exchange) -> None:
        raise NotImplementedError

    def _lose_peer(self) -> None:
        raise NotImplementedError

    def send_output(self) -> None:
        """Send the answer of an inline request (loop, when its batch is done)."""
        if self._phase is SENDING and self._exchange is not None:  # else it was closed meanwhile
            self._send_output(self._exchange)

    def _send_output(self, exchange: Exchange) -> None:
        """Send a complete answer: one send, and EPOLLOUT only when the client is slow."""
        self._phase = SENDING
        output = exchange.output
        data = output[0] if len(output) == 1 else b"".join(output)
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lose_peer()
            return
        if sent == len(data):
            self._finish(exchange)
            return
        self._outbox = self._new_outbox()
        self._outbox.append(memoryview(data)[sent:])
        self._wait_for_peer()

    def transmit(self) -> None:
        """Send what the client takes now."""
        outbox = self._outbox
        if outbox is None:
            self._watch_for(self._mask & ~EPOLLOUT)
            return
        try:
            sent = outbox.transmit(self._sock)
        except (OSError, EOFError):
            self._lose_peer()
            return
        if self._flow is not None and sent:
            self._flow.taken(sent)
        if sent:
            self._on_progress()
        if not outbox.size:
            self._outbox = None
            self._watch_for(self._mask & ~EPOLLOUT)
            if self._phase is SENDING and self._exchange is not None:
                self._finish(self._exchange)
            elif self._phase is LINGERING:
                self._half_close()

    def on_output(self, exchange: Exchange, data: bytes | FilePiece) -> None:
        """Take output of a streamed response."""
        if exchange is not self._exchange or self._phase is CLOSED:
            if isinstance(data, FilePiece):
                data.file.close()
            return
        if self._outbox is None:
            self._outbox = self._new_outbox()
        try:
            self._outbox.spool(data)
        except SpoolError as error:
            log.error("response.spool_failed request=%s %s", exchange.request_id, error)
            self._lose_peer()
            return
        if not self._mask & EPOLLOUT:
            self.transmit()
            self._wait_for_peer()

    def close(self) -> None:
        """Close now; nothing else is said to the client."""
        if self._phase is CLOSED:
            return
        self._phase = CLOSED
        self._reception.release(self)
        self._reception.loop.forget(self._fd)
        self._sock.close()
        if self._outbox is not None:
            self._outbox.close()
            self._outbox = None
        if self._flow is not None:
            self._flow.cut()

    # What application threads call (ResponseSink): nothing of the connection but its flow

    def send(self, exchange: Exchange, data: bytes) -> None:
        """Hand output of a stream to the loop; wait while the client is too far behind.

        Raises:
            PeerGoneError: nobody will take it.
        """
        self._running_flow(exchange).add(len(data))
        self._reception.loop.hand_off(exchange, data)

    def send_file(self, exchange: Exchange, fd: int, offset: int, count: int) -> None:
        """Hand part of a file to the loop; the descriptor stays the caller's.

        Raises:
            PeerGoneError: nobody will take it.
        """
        flow = self._running_flow(exchange)
        flow.add(count)
        file = open(os.dup(fd), "rb", buffering=0)  # noqa: SIM115, PTH123 - the outbox closes it
        self._reception.loop.hand_off(exchange, FilePiece(file, offset, count, is_spool=False))

    def _running_flow(self, exchange: Exchange) -> Flow:
        flow = self._flow
        if flow is None:
            reception = self._reception
            reception.loop.give_up_loop(exchange.thread)
            flow = self._flow = Flow(reception.spool_memory_bytes, reception.max_response_spool_bytes)
            if self._phase is CLOSED or self._exchange is not exchange:
                flow.cut()
        return flow

    # Closing

    def _say_and_linger(self, data: bytes) -> None:
        self._phase = LINGERING
        self._outbox = self._new_outbox()
        self._outbox.append(data)
        self._watch_for(EPOLLIN)
        self.transmit()
        self._wait_for_peer()

    def cut(self, exchange: Exchange | None) -> None:
        """Close inside the answer of `exchange`, None = there is none.

        Where closing ends the message, with a reset: a plain close would say that it is whole.
        """
        if exchange is not None and exchange.framing is Framing.CLOSE:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _linger(self) -> None:
        """Close in stages (RFC 9112 section 9.6): say that we are done, read until the client has closed."""
        self._phase = LINGERING
        self._half_close()

    def _half_close(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()
            return
        self._watch_for(EPOLLIN)
        self.deadline_ns = monotonic_ns() + LINGER_NS
        self._reception.loop.wheel.file(self)

    # Small things

    def _new_outbox(self) -> Outbox:
        return Outbox(self._reception.spool_memory_bytes, self._reception.spool_dir)

    def _wait_for_peer(self) -> None:
        """If output is left, go on when the client takes some, and not for ever."""
        if self._outbox is not None and self._phase is not CLOSED:
            self._on_progress()
            self._reception.loop.wheel.file(self)
            self._watch_for(self._mask | EPOLLOUT)

    def _on_progress(self) -> None:
        """Give the client its time anew; while the application works, its own time may be up before."""
        due_ns = self._write_due_ns = monotonic_ns() + self._reception.write_timeout_ns
        self.deadline_ns = min(self.deadline_ns, due_ns) if self._phase is BUSY else due_ns

    def _watch_for(self, mask: int) -> None:
        if mask != self._mask:
            self._mask = mask
            self._reception.loop.epoll.modify(self._fd, mask)
