"""Accepting connections for one worker, and what all its connections share.

A listener is shared by all workers.  The kernel wakes the waiter that came first,
so one worker would get every connection of a quiet site; after each accept the
listener is unregistered and registered again, which puts this worker at the end of the queue.
(EPOLL_CTL_MOD is refused on exclusive entries, epoll_ctl(2).)

In:     listeners, configuration, the worker's tables.
Out:    Connection objects in the loop.
Never:  looks into a request.
"""

import heapq
import logging
import operator
import os
import select
import socket
from collections.abc import Sequence
from time import monotonic_ns
from typing import Any, Final

from penstock.config import ProtocolConfig, ServerConfig, TelemetryConfig, WSGIConfig
from penstock.protocol import FieldTable
from penstock.server.listener import Listener
from penstock.server.worker.connection import LAST_REQUEST_NS, Connection
from penstock.server.worker.deadlines import NEVER, Alarm
from penstock.server.worker.loop import Loop
from penstock.server.worker.transmission import Transmission
from penstock.wsgi import Exchange, Gateway, connection_environ

log = logging.getLogger("penstock.server")

NS: Final = 1_000_000_000
# With one worker nobody else can take them; with several, one each keeps the share fair.
ACCEPT_BATCH: Final = 64
# Late enough to be news, early enough to show where the thread stands.
SLOW_PART: Final = 0.8
# Descriptors come back when connections close; asking at once again would spin.
PAUSE_NS: Final = NS // 2
# A full worker ends this part of its connections, idle ones, at once: nginx keeps as much room free.
ROOM_PART: Final = 16
# A worker that has this much more than the mean lets the others go first: a burst that one worker could take
# before the others have woken up would stay with it, kept alive, for minutes.
SHARE_FACTOR: Final = 1.125
SHARE_MARGIN: Final = 1


class Reception:
    """The door of one worker.

    Args:
        loop: the worker's loop.
        listeners: shared with the other workers.
    """

    def __init__(  # noqa: PLR0913 - one configuration a package
        self,
        loop: Loop,
        listeners: Sequence[Listener],
        *,
        server: ServerConfig,
        protocol: ProtocolConfig,
        wsgi: WSGIConfig,
        telemetry: TelemetryConfig | None = None,
    ) -> None:
        self.loop = loop
        self.recorder = loop.recorder
        self.protocol = protocol
        self.field_table = FieldTable(protocol)
        self.gateway = Gateway(wsgi, protocol, telemetry)
        self._wsgi = wsgi
        self.connections: set[Connection] = set()
        self.keeps_connections = server.keep_alive_s > 0
        self.header_timeout_ns = int(server.header_timeout_s * NS)
        self.body_timeout_ns = int(server.body_timeout_s * NS)
        self.write_timeout_ns = int(server.write_timeout_s * NS)
        self.keep_alive_ns = int(server.keep_alive_s * NS)
        self.request_timeout_ns = int(server.request_timeout_s * NS)
        self.slow_after_ns = int(server.request_timeout_s * SLOW_PART * NS)
        self.request_grace_ns = int(server.request_grace_s * NS)
        self.is_interrupting = server.timeout_interrupt == "raise"
        self.max_queue_wait_ns = server.max_queue_wait_ms * 1_000_000 or NEVER
        self.min_body_rate = server.min_body_rate
        self.spool_memory_bytes = server.spool_memory_bytes
        self.spool_dir = server.spool_dir
        self.max_response_spool_bytes = server.max_response_spool_bytes
        self._max_connections = server.max_connections
        self._listeners = listeners
        self._threads = server.threads
        self._disowned: set[Exchange] = set()
        self._is_open = False
        self._pause_end = Alarm(0, self._resume)
        self._next_look = Alarm(0, self._look_again)
        self._backlog = server.backlog
        self._owed = 0  # while draining: how many who wait in the accept queues are still to be taken
        self._said_full_ns = -NS
        self._said_overloaded_ns = -NS

    def open(self) -> None:
        """Begin to accept."""
        if self._is_open or self.loop.is_draining:
            return
        self._is_open = True
        self.keeps_connections = self.keep_alive_ns > 0
        for listener in self._listeners:
            self.loop.watch(listener.fd, select.EPOLLIN | select.EPOLLEXCLUSIVE, self._accepting(listener))

    def close(self) -> None:
        """Stop accepting; connections that are open stay."""
        if self._is_open:
            self._is_open = False
            for listener in self._listeners:
                self.loop.forget(listener.fd)

    def drain(self) -> None:
        """Take what is in the accept queues, then nothing more; every answer is its connection's last.

        Where there is no room for all that wait, the rest is taken as connections go.
        """
        self.keeps_connections = False
        self.close()
        self.loop.is_draining = True
        # An order each: a request that is taken over while it drains unwinds only its own.
        self.loop.orders.extend(connection.drain for connection in self.connections)
        self._owed = self._backlog * len(self._listeners)  # more cannot wait now
        self._empty_queues()
        self.loop.orders.append(self.stop_when_empty)

    def cut(self) -> int:
        """Close every connection now and return how many requests were in flight."""
        self._owed = 0
        return sum(connection.stop() for connection in list(self.connections))

    def template(self, listener: Listener, sock: socket.socket, peer: tuple[str, str]) -> dict[str, Any]:
        """Return the environ that every request of the connection starts from."""
        if listener.is_unix:
            name = listener.name
        else:
            host, port = sock.getsockname()[:2]
            name = (host, str(port))
        return connection_environ(
            self._wsgi,
            server=name,
            peer=peer,
            scheme="http",
            multithread=self._threads > 1,
            multiprocess=True,  # a single worker has a second beside it after TTIN, and in every reload
        )

    def release(self, connection: Transmission) -> None:
        """Forget a connection that closes."""
        self.connections.discard(connection)
        self.loop.wheel.forget(connection)
        self.recorder.set_connections(len(self.connections))
        if self.loop.is_draining:
            self._empty_queues()
            self.stop_when_empty()
        elif not (self._is_open or self._pause_end.tick) and len(self.connections) < self._max_connections:
            self.open()

    def stop_when_empty(self) -> None:
        """End the loop if it drains and nothing is left: no connection, and no call whose client has gone."""
        loop = self.loop
        if loop.is_draining and not self._owed and not self.connections and loop.is_quiet:
            loop.stop()

    # Late requests

    def disown(self, exchange: Exchange, lost_ns: int) -> None:
        """Wait for the thread of an exchange that was answered in its place until `lost_ns`, and no more."""
        self._disowned.add(exchange)
        self.loop.wheel.file(Alarm(lost_ns, lambda: self._give_up(exchange)))

    def came_back(self, exchange: Exchange) -> None:
        """Forget a disowned exchange: its thread is done with it."""
        self._disowned.discard(exchange)
        self.loop.lost.discard(exchange)
        self.stop_when_empty()

    def _give_up(self, exchange: Exchange) -> None:
        if exchange in self._disowned:
            self.loop.lost.add(exchange)
            self.stop_when_empty()

    # Accepting

    def _empty_queues(self) -> None:
        """Accept what waits; let go of the listeners when nothing does."""
        for listener in self._listeners:
            while self._owed and self._accept_one(listener):
                self._owed -= 1
        if len(self.connections) < self._max_connections and not self._pause_end.tick:
            self._owed = 0
            # When the last process has closed it, the kernel refuses who comes.
            for listener in self._listeners:
                listener.close()

    def _resume(self) -> None:
        """Descriptors may have come back."""
        if self.loop.is_draining:
            self._empty_queues()
            self.stop_when_empty()
        else:
            self.open()

    def _accepting(self, listener: Listener) -> "Any":
        """Return what the loop calls when `listener` has connections."""
        epoll = self.loop.epoll

        def accept(_mask: int) -> None:
            shares = self.recorder.connections_by_worker()
            is_alone = len(shares) <= 1  # now; after TTIN and in a reload it is not
            if not is_alone and self._has_more_than_its_share(shares):
                os.sched_yield()  # they have been woken; let them run first
            room = self._max_connections - len(self.connections)
            # Without room one try, because somebody does wait; else no more than there is room for: who
            # waits behind them is news of the next turn.
            for _ in range(max(1, min(room, ACCEPT_BATCH if is_alone else 1))):
                if not self._accept_one(listener):
                    return
            if not is_alone and self._is_open:
                epoll.unregister(listener.fd)
                epoll.register(listener.fd, select.EPOLLIN | select.EPOLLEXCLUSIVE)

        return accept

    def _has_more_than_its_share(self, shares: list[int]) -> bool:
        """Whether clearly more are open here than in the mean of the workers."""
        return len(self.connections) > SHARE_FACTOR * sum(shares) / len(shares) + SHARE_MARGIN

    def _accept_one(self, listener: Listener) -> bool:
        """Accept one connection; False = there is none, or no room for it."""
        if len(self.connections) >= self._max_connections:
            self.close()
            self._make_room(monotonic_ns())
            return False
        try:
            accepted = listener.accept()
        except OSError as error:
            log.error(
                "worker.accept_failed listener=%s error=%r pause_s=%.1f",
                listener,
                error.strerror,
                PAUSE_NS / NS,
            )
            self.close()
            self._pause_end.deadline_ns = monotonic_ns() + PAUSE_NS
            self.loop.wheel.file(self._pause_end)
            return False
        if accepted is None:
            return False
        sock, peer = accepted
        try:
            template = self.template(listener, sock, peer)
        except OSError:  # reset before we looked: nobody to serve
            sock.close()
            return True
        connection = Connection(sock, peer[0], template, self, monotonic_ns())
        self.connections.add(connection)
        self.recorder.set_connections(len(self.connections))
        if self.loop.is_draining:
            self.loop.orders.append(connection.drain)
        return True

    def say_overloaded(self, now_ns: int, wait_s: float) -> None:
        """Log that a request was turned away, once a second: it happens to all that are in the queue."""
        if now_ns - self._said_overloaded_ns >= NS:
            self._said_overloaded_ns = now_ns
            log.warning("worker.overloaded queued=%d wait_s=%.1f", len(self.loop.pool.jobs), wait_s)

    def _make_room(self, now_ns: int) -> None:
        """Let the connections that were idle for longest give way to who waits outside.

        Some at once, so that the next few find room without another look at all of them.  Where nobody is
        idle, the next answer is its connection's last; `open` ends that.
        """
        if self.loop.is_draining:  # every answer is the last already
            return
        self.keeps_connections = False
        self._say_full(now_ns, self._ask_the_idle(now_ns))

    def _ask_the_idle(self, now_ns: int) -> int:
        """Let some idle connections give way; returns how many idle ones there were.

        Where there is none one looks again: who has just connected and says nothing is idle in a moment.
        """
        idle = [connection for connection in self.connections if connection.may_give_way(now_ns)]
        leaving = heapq.nsmallest(
            max(1, len(self.connections) // ROOM_PART), idle, key=operator.attrgetter("deadline_ns")
        )
        self.loop.orders.extend(connection.give_way for connection in leaving)
        if not idle:
            self._next_look.deadline_ns = now_ns + LAST_REQUEST_NS
            self.loop.wheel.file(self._next_look)
        return len(idle)

    def _look_again(self) -> None:
        """Without a word in the log: nobody has come since."""
        is_over = self._is_open or self._pause_end.tick or self.loop.is_draining
        if not is_over and len(self.connections) >= self._max_connections:
            self._ask_the_idle(monotonic_ns())

    def _say_full(self, now_ns: int, idle_count: int) -> None:
        """Log it, once a second: while connections come and go at the limit, it happens at each of them."""
        if now_ns - self._said_full_ns >= NS:
            self._said_full_ns = now_ns
            log.warning("worker.full connections=%d idle=%d", len(self.connections), idle_count)
