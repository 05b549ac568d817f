"""The loop: waits for sockets, and for threads that have an answer.

It is an object with an owner.  The owner is the one thread that touches
sockets; when it is stuck in the application, the watcher appoints another
(watcher.py), and the old owner finds out when the application returns.

In:     readiness from the kernel, hand-offs from the pool.
Out:    calls to Connection, Listener and the pool.
Never:  parses or calls the application except through `run_inline`.

Rules:  epoll(7), level-triggered: what an owner leaves half done is reported to the next one.
"""

import contextlib
import logging
import os
import select
from collections import deque
from collections.abc import Callable
from time import monotonic_ns
from typing import TYPE_CHECKING, Final
from wsgiref.types import WSGIApplication

from penstock.server.worker.deadlines import Alarm, DeadlineWheel, Expiring
from penstock.server.worker.lanes import SLOW_NS, Lanes, Shape
from penstock.server.worker.pool import POOL_LANE, Pool
from penstock.server.worker.watcher import Watcher
from penstock.wsgi import Exchange, RequestTimeout, call_application, end_interrupted, stream_response

if TYPE_CHECKING:
    from penstock.server.worker.connection import Connection
    from penstock.server.worker.spool import FilePiece
    from penstock.telemetry import Recorder

log = logging.getLogger("penstock.server")

# An inline request that waited so long for a slot shows that the pool is busy with long ones: from then on
# one slot is kept for inline requests, until none has come for a while.
LONG_WAIT_NS: Final = 20_000_000
RESERVE_NS: Final = 1_000_000_000
# Unless the pool has answered so many meanwhile: a slot came back each 2 ms, and the long wait was a moment
# in which the machine had no time for us.
FREQUENT_ANSWERS: Final = RESERVE_NS // 2_000_000
# The first answer of a batch waits for the last request of it: some 0.2 ms.
MAX_BATCH: Final = 32
# An owner that always finds work gives the GIL away for single system calls only, too short for a thread
# that comes back from waiting to get hold of it.  So after this time it leaves the loop to another thread and
# rests: who waits for the GIL comes first.
TURN_NS: Final = 500_000
# A wait for events that took so long let everybody else pass.
IDLE_NS: Final = 20_000


class TakenOver(BaseException):
    """Unwinds the old owner; nothing between the application call and `own` may catch it."""


class Loop:
    """One worker's sockets and their requests in flight.

    Args:
        application: what complete requests are given to.
        recorder: telemetry of this worker.
        threads: application calls at once.
        lanes: which requests may run on the owner's thread.

    Attributes:
        claim: [exchange] while the owner is inside the application; see watcher.py.  Each thread has its
            own list, so that an old owner cannot mistake its successor's claim for its own.
        batch_ns: when the kernel reported the events that are being served: a request that waits for its
            neighbours in the batch waits on our side.
        last_inline_ns: when the last request came that may run on the owner's thread.
        handlers: by descriptor, what to call with the epoll mask.
        arrived: connections whose request, of the pool lane, came with this batch of events.
        waiting_inline: exchanges that may run on the owner's thread once a slot is free, or on the thread
            that frees it.
        outgoing: connections whose answer is sent when the batch of events is done.  One send behind the
            other costs less than one between two requests: a client that is awake need not be woken.
        lost: exchanges that were answered in their place, and whose threads nobody waits for any more.
        again: connections with a further request in their buffer.
    """

    def __init__(
        self, application: WSGIApplication, recorder: "Recorder", threads: int, lanes: Lanes
    ) -> None:
        self.application = application
        self.recorder = recorder
        self.threads = threads
        self.lanes = lanes
        self._claims: list[list[Exchange]] = [[] for _ in range(threads + 1)]
        self.claim = self._claims[0]
        self.batch_ns = 0
        self.last_inline_ns = 0
        self.is_stopped = False
        self.is_draining = False
        self.arrived: deque[Connection] = deque()
        self.waiting_inline: deque[Exchange] = deque()
        self.outgoing: deque[Connection] = deque()
        self.again: deque[Connection] = deque()
        self.wheel: DeadlineWheel[Expiring] = DeadlineWheel()
        self.handlers: dict[int, Callable[[int], None]] = {}
        self.epoll = select.epoll()
        self.pool = Pool(threads)
        self.lost: set[Exchange] = set()
        self.watcher = Watcher(self)
        self.orders: deque[Callable[[], None]] = deque()
        self._handed_off: deque[tuple[Exchange, bytes | FilePiece | None]] = deque()
        self._is_asleep = False
        self._turn_ns = 0  # when everybody who waited for the GIL could last pass
        self._queued = 0  # as the scoreboard shows it
        self._answer_count = 0  # of the pool's threads, since the reserve was looked at
        self._thread = 0
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.watch(self._wake_fd, select.EPOLLIN, self._on_wake)

    # Descriptors

    def watch(self, fd: int, mask: int, handler: Callable[[int], None]) -> None:
        """Call `handler(mask)` on the loop whenever `fd` is ready for `mask`."""
        self.handlers[fd] = handler
        self.epoll.register(fd, mask)

    def forget(self, fd: int) -> None:
        """Stop watching `fd`; called before it is closed."""
        del self.handlers[fd]
        self.epoll.unregister(fd)

    # The owner

    def own(self, thread: int) -> bool:
        """Run the loop on this thread until it stops or is taken over; True = it was left to another thread.

        Args:
            thread: this thread's number in the scoreboard.
        """
        self._thread = thread
        self.claim = self._claims[thread]
        try:
            return self._run()
        except TakenOver:
            return False
        except BaseException:
            # A fault of ours: the loop cannot be trusted any more, and a worker without a loop serves nobody.
            log.critical("worker.loop_failed pid=%d", os.getpid(), exc_info=True)
            os._exit(70)

    def _run(self) -> bool:
        """Serve until stopped: wait, serve who is ready, collect what the pool has answered.

        True = the loop was left to the thread that is on its way.
        """
        handlers = self.handlers
        handed_off = self._handed_off
        outgoing = self.outgoing
        again = self.again
        poll = self.epoll.poll
        arrived = self.arrived
        pool = self.pool
        self._send_outgoing()  # what a predecessor had answered when its thread got stuck
        while not self.is_stopped:
            self._is_asleep = True
            is_ready = handed_off or again or arrived or self.orders or (self.waiting_inline and pool.slots)
            idle_ns = monotonic_ns()
            events = poll(0 if is_ready else self.wheel.wait_s(idle_ns), MAX_BATCH)
            self._is_asleep = False
            self.batch_ns = monotonic_ns()
            if self.batch_ns - idle_ns > IDLE_NS:
                self._turn_ns = self.batch_ns
            for fd, mask in events:
                handler = handlers.get(fd)
                if handler is not None:  # closed by an earlier event of this batch
                    handler(mask)
            if handed_off:
                self._collect()
            if self.waiting_inline and pool.slots:
                self._run_waiting()
            for _ in range(len(again)):
                again.popleft().advance()
            if not events or self.wheel.wait_s(self.batch_ns) == 0:
                for item in self.wheel.due(self.batch_ns):
                    item.on_deadline()
            while self.orders:
                self.orders.popleft()()
            if (arrived or pool.has_work()) and not self.is_stopped:  # else they were cut
                self._run_arrived()
            if (
                self.batch_ns - self._turn_ns > TURN_NS
                and len(pool.slots) < self.threads
                and pool.may_abdicate()
            ):
                self._turn_ns = self.batch_ns
                return True
            if outgoing:
                self._send_outgoing()
            queued = len(pool.jobs)
            if queued and pool.has_work():
                pool.wake()
            if queued != self._queued:
                self._queued = queued
                self.recorder.set_queued(queued)
        return False

    def _send_outgoing(self) -> None:
        outgoing = self.outgoing
        while outgoing:
            outgoing.popleft().send_output()

    def appoint(self, exchange: Exchange) -> None:
        """Let a waiting thread own the loop; the caller has popped the claim, which is `exchange`."""
        self._note_taken_over(exchange)
        self.pool.appoint()

    @property
    def is_stuck(self) -> bool:
        """Whether the owner is inside a request of the pool lane: who finds it so may take the loop over."""
        try:
            return self.claim[0].lane == POOL_LANE
        except IndexError:
            return False

    def maybe_take_over(self) -> bool:
        """Take the loop from an owner that is stuck; True = the caller owns it now (any pool thread)."""
        if not self.is_stuck:
            return False
        try:
            exchange = self.claim.pop()
        except IndexError:  # the owner, or another thread, was quicker
            return False
        self._note_taken_over(exchange)
        return True

    def _note_taken_over(self, exchange: Exchange) -> None:
        connection: Connection = exchange.sink  # type: ignore[assignment]  # every sink here is one
        self.orders.append(lambda: connection.on_taken_over(exchange))

    def order(self, call: Callable[[], None]) -> None:
        """Run `call` on the loop soon (signal handlers, other threads)."""
        self.orders.append(call)
        self._wake()

    def stop(self) -> None:
        """End the loop and its threads."""
        self.is_stopped = True
        self.pool.stop()
        self.watcher.wake()

    @property
    def is_quiet(self) -> bool:
        """Whether no application call runs or waits, but those whose threads are lost."""
        is_waiting = self.pool.jobs or self.arrived or self.waiting_inline
        return len(self.pool.slots) + len(self.lost) >= self.threads and not is_waiting

    # Lanes

    def run_inline(self, exchange: Exchange, shape: Shape) -> None:
        """Call the application on this thread; the caller holds a slot for it, which is given back.

        `exchange.output` then holds the whole answer, and the shape knows how it went.

        Raises:
            TakenOver: another thread owns the loop now; it will get the answer.
        """
        thread = exchange.thread = self._thread
        claim = self.claim
        claim.append(exchange)
        # After the claim: a watcher that parks, or a thread that goes to bed, sets its flag first and looks
        # at the claim then.
        if exchange.lane:
            self.pool.wake()
        else:
            shape.inline_runs += 1
            if self.watcher.is_parked:
                self.watcher.wake()
        self.recorder.enter(thread, exchange.start_ns, exchange.line, exchange.request_id, exchange.trace)
        try:
            if call_application(self.application, exchange):
                try:
                    claim.pop()
                except IndexError:  # the watcher was quicker
                    pass
                else:
                    self.recorder.leave(thread)  # before the slot is free: no more than `threads` are seen
                    self.pool.slots.append(None)
                    if exchange.lane:
                        self.lanes.learn(shape, exchange.end_ns - exchange.start_ns)
                    elif exchange.end_ns - exchange.start_ns > SLOW_NS:
                        shape.was_slow_inline()
                    return
            else:
                self.give_up_loop(thread)
                stream_response(exchange)
            if self.pool.guards[thread].is_armed:  # it was taken over, and late: see interrupt.py
                self.pool.guards[thread].leave()
        except RequestTimeout:
            end_interrupted(exchange)
            self.pool.guards[thread].leave()
        self.recorder.leave(thread)
        self.pool.slots.append(None)
        self.hand_off_quietly(exchange)
        if not self.waiting_inline:  # else this thread runs them first
            self.nudge()
        raise TakenOver

    def give_up_loop(self, thread: int) -> None:
        """Appoint another owner if `thread`, the caller, still owns the loop inside the application."""
        try:
            exchange = self._claims[thread].pop()
        except IndexError:  # the watcher was quicker
            return
        self.appoint(exchange)

    def _run_arrived(self) -> None:
        """Run requests of the pool lane here, oldest first, while a thread waits for the GIL to take over.

        No system call of ours stands between them, so that thread gets the GIL only when a request waits for
        something, or computes for a switch interval.  What finds no slot goes to the pool's queue.

        Raises:
            TakenOver: as in `run_inline`; the next owner goes on with the rest at once.
        """
        arrived = self.arrived
        pool = self.pool
        while pool.has_slot():
            try:
                pool.slots.pop()
            except IndexError:  # a thread came before us
                continue
            connection = self._maybe_next_in_line()
            if connection is None:
                pool.slots.append(None)
                return
            connection.run_at_last()
        while arrived:
            pool.jobs.append(arrived.popleft().wait_for_thread())

    def _maybe_next_in_line(self) -> "Connection | None":
        try:
            return self.pool.jobs.popleft().sink  # type: ignore[return-value]  # every sink here is one
        except IndexError:
            return self.arrived.popleft() if self.arrived else None

    def wait_for_slot(self, exchange: Exchange) -> None:
        """Run the request as soon as a slot is free, before any job: here or on the thread that frees it."""
        self.waiting_inline.append(exchange)

    def _run_waiting(self) -> None:
        waiting = self.waiting_inline
        slots = self.pool.slots
        while waiting:
            try:
                slots.pop()
            except IndexError:
                return
            try:
                exchange = waiting.popleft()
            except IndexError:  # a thread with a slot of its own was quicker
                slots.append(None)
                return
            connection: Connection = exchange.sink  # type: ignore[assignment]  # every sink here is one
            self.note_wait(connection.run_at_last())

    def note_wait(self, waited_ns: int) -> None:
        """Keep one slot for inline requests if one of them has waited for long (any thread)."""
        if waited_ns > LONG_WAIT_NS and self.threads > 1 and not self.pool.reserved_slots:
            self.pool.reserved_slots = 1
            self.orders.append(self._watch_reserve)

    def _watch_reserve(self) -> None:
        self._answer_count = 0
        self.wheel.file(Alarm(self.last_inline_ns + RESERVE_NS, self._review_reserve))

    def _review_reserve(self) -> None:
        """Give the reserved slot back if no inline request has come for a while or would wait for long."""
        if monotonic_ns() < self.last_inline_ns + RESERVE_NS and self._answer_count < FREQUENT_ANSWERS:
            self._watch_reserve()
        else:
            self.pool.reserved_slots = 0

    # Late requests

    def withdraw(self, exchange: Exchange) -> bool:
        """Take a request that has not begun out of its queue; False = it is in none any more.

        One operation on the queue decides between us and a thread that takes it.
        """
        for queue, item in (
            (self.arrived, exchange.sink),
            (self.waiting_inline, exchange),
            (self.pool.jobs, exchange),
        ):
            with contextlib.suppress(ValueError):
                queue.remove(item)  # type: ignore[arg-type]  # each holds one kind of the two
                return True
        return False

    # The hand-off queue: all of ours that application threads touch

    def hand_off(self, exchange: Exchange, data: "bytes | FilePiece | None") -> None:
        """Give the loop output of `exchange`; None = the exchange is answered (any thread)."""
        self._handed_off.append((exchange, data))
        if self._is_asleep:
            self._wake()

    def hand_off_quietly(self, exchange: Exchange) -> None:
        """Give the loop an answered exchange; the caller nudges the loop when it has handed over a few."""
        self._handed_off.append((exchange, None))

    def nudge(self) -> None:
        """Make the loop look at what was handed over quietly, and at a slot that came back."""
        if self._is_asleep and (self._handed_off or (self.waiting_inline and self.pool.slots)):
            self._wake()

    def _wake(self) -> None:
        self._is_asleep = False
        os.eventfd_write(self._wake_fd, 1)

    def _on_wake(self, _mask: int) -> None:
        os.eventfd_read(self._wake_fd)

    def _collect(self) -> None:
        """Take what the pool has handed over until now."""
        handed_off = self._handed_off
        for _ in range(len(handed_off)):
            exchange, data = handed_off.popleft()
            connection: Connection = exchange.sink  # type: ignore[assignment]  # every sink here is one
            if data is None:
                self._answer_count += 1
                connection.on_answered(exchange)
            else:
                connection.on_output(exchange, data)
