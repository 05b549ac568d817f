"""The time of the request in flight: what a connection does when the application is late.

        dispatched           started                      80 %            100 %           grace
            |---- queued -------|------ application --------|---------------|---------------|
         max_queue_wait: 503                          request.slow   504, disowned,   thread lost
         client gone:    499                          with its       interrupted
                                                      stack

The application's time is what counts: not the queue before it, and not what its thread waits for a client
that takes its output slowly.

In:     a deadline that has passed, `extend_deadline` from the application.
Out:    records, a 504 or 503, an interrupted thread; the next deadline.
Never:  waits for the application's thread: whatever that does, its client is answered in time.
"""

import logging
import math
import socket
from time import monotonic_ns
from typing import TYPE_CHECKING, Final

from penstock.protocol import refusal
from penstock.server.worker.phase import BUSY, CLOSED
from penstock.server.worker.transmission import NS, Transmission
from penstock.telemetry import Outcome
from penstock.telemetry.records.text import without_query
from penstock.wsgi import Exchange

if TYPE_CHECKING:
    from penstock.server.worker.reception import Reception

log = logging.getLogger("penstock.server")

# A client that has ended its side may have gone, or only have nothing more to say.  While there is a queue,
# one that waits for so long is taken for gone: its request would hold up those who are there.
GONE_NS: Final = NS
LANE_NAMES: Final = ("inline", "pool")


class Timekeeper(Transmission):
    """What Connection is while an application works for it; never made by itself."""

    __slots__ = ("_slow_start_ns",)

    def __init__(self, sock: socket.socket, reception: "Reception") -> None:
        super().__init__(sock, reception)
        self._slow_start_ns = 0  # of the request that was last said to be slow

    def extend_deadline(self, seconds: float) -> None:
        """Let the request that runs take at least `seconds` from now on (application's thread).

        `environ["penstock.extend_deadline"]`.  It never shortens; after the deadline it has no effect.

        Raises:
            ValueError: `seconds` is not a positive, finite number.
        """
        if not 0 < seconds < math.inf:
            raise ValueError(f"extend_deadline({seconds!r}); expected a positive number of seconds")
        exchange = self._exchange
        if exchange is None or not exchange.start_ns:
            return
        deadline_ns = monotonic_ns() + int(seconds * NS)
        if deadline_ns > exchange.deadline_ns:
            exchange.deadline_ns = deadline_ns
            self._reception.recorder.extend(exchange.thread, deadline_ns)

    def on_taken_over(self, exchange: Exchange) -> None:
        """Keep the time of a request whose thread has lost the loop: it has become one of the pool."""
        if exchange is self._exchange and self._phase is BUSY:
            self._on_busy_deadline(exchange.start_ns)

    def _on_busy_deadline(self, now_ns: int) -> None:
        """Do what is due while the application works, and find out when to look again."""
        exchange = self._exchange
        assert exchange is not None  # noqa: S101 - the phase says so
        if self._outbox is not None and now_ns >= self._write_due_ns:
            self._lose_peer()
        elif exchange.start_ns:
            self._on_late(exchange, now_ns)
        else:
            self._on_queued(exchange, now_ns)

    # Inside the application

    def _on_late(self, exchange: Exchange, now_ns: int) -> None:
        reception = self._reception
        if exchange.end_ns:  # it is done, and its answer on the way to us
            self._look_again(now_ns + NS // 4)
            return
        due_ns = self._due_ns(exchange, now_ns)
        slow_ns = due_ns - (reception.request_timeout_ns - reception.slow_after_ns)
        if now_ns >= due_ns:
            self._time_out(exchange, now_ns, due_ns)
            return
        if now_ns >= slow_ns and self._slow_start_ns != exchange.start_ns:
            self._slow_start_ns = exchange.start_ns
            log.warning("request.slow %s", self._describe(exchange, now_ns, due_ns))
        self._look_again(due_ns if self._slow_start_ns == exchange.start_ns else slow_ns)

    def _due_ns(self, exchange: Exchange, now_ns: int) -> int:
        """Return when the application has to be done; more than configured is shown to the master."""
        due_ns = usual_ns = exchange.start_ns + self._reception.request_timeout_ns
        if self._flow is not None:
            due_ns += self._flow.waited_ns(now_ns)
        due_ns = max(due_ns, exchange.deadline_ns)
        if due_ns > usual_ns:
            self._reception.recorder.extend(exchange.thread, due_ns)
        return due_ns

    def _time_out(self, exchange: Exchange, now_ns: int, due_ns: int) -> None:
        """Answer in the application's place and disown what it may still say."""
        reception = self._reception
        log.error("request.timed_out %s", self._describe(exchange, now_ns, due_ns))
        exchange.outcome = Outcome.TIMED_OUT
        exchange.keep_alive = False
        has_begun = self._flow is not None
        if not has_begun:
            exchange.status_code = 504
        reception.recorder.beat(now_ns)  # a loop that turns at a deadline is alive: only this thread is late
        reception.recorder.answered(exchange.thread)
        self._learn(exchange, now_ns)
        self._record(exchange)
        reception.disown(exchange, now_ns + reception.request_grace_ns)
        if has_begun:  # without the last chunk: the client sees that it is not whole
            self.cut(exchange)
        elif self._phase is not CLOSED:  # else nobody is there to be told
            self._say_and_linger(refusal(504, method=exchange.head.method))
        # A thread that waits for its client has just been told by the cut, in our own code.
        if reception.is_interrupting and not (self._flow is not None and self._flow.is_waiting):
            self._interrupt(exchange)

    def _interrupt(self, exchange: Exchange) -> None:
        if self._reception.loop.pool.guards[exchange.thread].interrupt(exchange):
            self._reception.recorder.interrupted(exchange.thread)

    def _describe(self, exchange: Exchange, now_ns: int, due_ns: int) -> str:
        """Return all that an operator asks: which request, how old, how long it may take, where it stands."""
        return (
            f"request={exchange.request_id} line={without_query(exchange.line.decode('latin-1'))!r}"
            f" age_s={(now_ns - exchange.start_ns) / NS:.1f} limit_s={(due_ns - exchange.start_ns) / NS:.1f}"
            f" thread={exchange.thread} lane={LANE_NAMES[exchange.lane]}"
            f"\n{self._reception.loop.pool.stack(exchange.thread)}"
        )

    # In the queue

    def _on_queued(self, exchange: Exchange, now_ns: int) -> None:
        """Turn away a request that has waited for a thread too long, or whose client has not waited."""
        reception = self._reception
        end_ns = exchange.body_ns + reception.max_queue_wait_ns
        gone_ns = exchange.body_ns + GONE_NS
        if now_ns >= end_ns and reception.loop.withdraw(exchange):
            self._turn_away(exchange, now_ns)
        elif self.has_peer_ended and now_ns >= gone_ns and reception.loop.withdraw(exchange):
            self._skip(exchange)
            self.close()
        else:
            # Once it has started nobody files it anew: look before it can be slow.
            moments = [end_ns, now_ns + reception.slow_after_ns, *([gone_ns] if self.has_peer_ended else [])]
            self._look_again(max(min(moments), now_ns + NS // 4))

    def _turn_away(self, exchange: Exchange, now_ns: int) -> None:
        reception = self._reception
        wait_s = (now_ns - exchange.body_ns) / NS
        reception.say_overloaded(now_ns, wait_s)
        reception.recorder.refused(
            status=503,
            line=exchange.line,
            peer=exchange.peer,
            now_ns=now_ns,
            reason=f"waited {wait_s:.1f} s for a thread",
            request_id=exchange.request_id,
            first_byte_ns=exchange.first_byte_ns,
        )
        self._exchange = None
        # Who was in front of it needed this long: earlier there is no point in coming back.
        retry = b"Retry-After: %d\r\n" % math.ceil(wait_s)
        self._say_and_linger(refusal(503, method=exchange.head.method, extra_lines=retry))

    def _skip(self, exchange: Exchange) -> None:
        """Record a request that never ran: its client has gone."""
        exchange.status_code = 499  # as for a client that goes away inside its body
        exchange.outcome = Outcome.PEER_GONE
        self._record(exchange)

    def _look_again(self, deadline_ns: int) -> None:
        if self._outbox is not None:
            deadline_ns = min(deadline_ns, self._write_due_ns)
        self.deadline_ns = deadline_ns
        self._reception.loop.wheel.file(self)

    # Connection's

    @property
    def has_peer_ended(self) -> bool:
        """Whether the client has said that it will send nothing more."""
        raise NotImplementedError

    def _record(self, exchange: Exchange) -> None:
        raise NotImplementedError

    def _learn(self, exchange: Exchange, end_ns: int) -> None:
        """Let the shape of the request know how it went until `end_ns`."""
        raise NotImplementedError
