"""The worker's pen: what it writes into its slot on every request, without a system call, lock or exception.

In:     finished exchanges, log records, states.
Out:    words and records in the slot's part of the segment.
Never:  blocks (a full ring waits 2 ms at most, see records/ring.py), raises, or writes into the slot from
        another process: a child that the application forks finds the recorder on private memory that nobody
        reads.

Threads: enter and leave on the thread that runs the application, each thread its own number; access and
refused on the thread that owns the loop, whichever that is at the moment; log on any.
"""

import contextlib
import os
import struct
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final

from penstock.config.telemetry import TelemetryConfig
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.histogram import (
    LONG_BITS,
    LONG_BUCKETS,
    LONG_TICKS,
    PHASE_BUCKETS,
    TABLE_TICKS,
    TICK_BITS,
    bucket_of,
)
from penstock.telemetry.memory.layout import (
    HISTOGRAM_WORDS,
    MAX_TEXT_BYTES,
    PARKED_WORD,
    PHASES,
    RECORD_BYTES,
    WORD_BYTES,
)
from penstock.telemetry.memory.pulse import RunningRequest
from penstock.telemetry.memory.scoreboard import WorkerState, fold_counts
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.records.record import ACCESS, CHECK, LOG, Outcome
from penstock.telemetry.records.ring import RingWriter
from penstock.telemetry.records.text import LOG_MOST, access_part, access_text, log_part, trace_part
from penstock.telemetry.traces.keeper import TraceKeeper
from penstock.telemetry.traces.request import FinishedRequest, id_field
from penstock.telemetry.traces.threshold import NEVER_SLOW, Threshold
from penstock.telemetry.traces.trace import CURRENT, ERROR, RequestTrace
from penstock.telemetry.traces.trace_context import TraceContext
from penstock.telemetry.writing.stamps import phases_ns, stamps_ns

# All of a thread's line but its last words, which are right only where they repeat the first.
_LINE: Final = struct.Struct(layout.THREAD_FORMAT.removesuffix("QQ"))
_CLASS_WORDS: Final = len(PHASES) * HISTOGRAM_WORDS
_MAX_WORD: Final = (1 << 64) - 1

# Bound once: an attribute of a module or of a Struct costs 10 to 20 ns each time.
_pack_line: Final = _LINE.pack_into
_pack_access: Final = ACCESS.pack_into
_set_current: Final = CURRENT.set
_COMPLETE: Final = Outcome.COMPLETE  # on 3.11 a member of an enum is looked up by Python code
_head_buckets, _body_buckets, _queue_buckets, _application_buckets, _send_buckets, _total_buckets = (
    PHASE_BUCKETS
)


class Recorder:
    """One slot's writer. Made in the process that owns the slot, after the fork that made that process."""

    __slots__ = (
        "__weakref__",
        "_access_ring",
        "_config",
        "_first_word",
        "_keeper",
        "_lines",
        "_log_lock",
        "_log_ring",
        "_memory",
        "_pid",
        "_segment",
        "_slot",
        "_status_counts",
        "_thread_words",
        "_wait",
        "_words",
        "is_own",
    )

    def __init__(
        self,
        segment: Segment,
        slot: int,
        wake_fd: int | None = None,
        wait: Callable[[float], object] = time.sleep,
        config: TelemetryConfig | None = None,
    ) -> None:
        """Continue the slot's rings where its last writer stopped.

        Args:
            segment: mapped writable.
            slot: 0 for the master, 1 and up for workers.
            wake_fd: eventfd that wakes the agent; the segment's own unless given.
            wait: how a full ring waits for the agent (records/ring.py).
            config: which requests are kept as traces.
        """
        self._wait = wait
        self._config = config or TelemetryConfig()
        self._pid = os.getpid()
        self.is_own = True
        self._bind(segment, slot, segment.wake_fd if wake_fd is None else wake_fd)
        os.register_at_fork(after_in_child=_disowner(weakref.ref(self)))

    def _bind(self, segment: Segment, slot: int, wake_fd: int) -> None:
        """Point everything at one slot of one segment."""
        plan = segment.layout
        self._segment = segment
        self._slot = slot
        self._memory = segment.memory
        self._words = segment.words
        self._first_word = plan.slot_word(slot)
        self._lines = [plan.thread_at(slot, thread) for thread in range(plan.threads)]
        self._thread_words = [line // WORD_BYTES for line in self._lines]
        self._status_counts = _status_counts(segment, slot)
        self._access_ring = RingWriter(segment, plan.access_ring(slot), wake_fd, self._wait)
        self._log_ring = RingWriter(segment, plan.log_ring(slot), wake_fd, self._wait)
        self._log_lock = threading.Lock()
        self._keeper = TraceKeeper(segment, slot, self._pid, wake_fd, self._config, self._wait)

    def reset(self, pid: int, generation: int) -> None:
        """Give the slot to a new pid: retire its predecessor's counts, clear words and lines; BOOTING."""
        words, first = self._words, self._first_word
        fold_counts(self._segment, self._slot)
        finished = words[first + layout.ACCESS_END] + words[first + layout.ACCESS_DROPPED]
        words[first + layout.REQUESTS_BEFORE] = finished & _MAX_WORD
        words[first + layout.REFUSED_BEFORE] = words[first + layout.REFUSED]
        for word in (layout.CONNECTIONS, layout.QUEUED, layout.BEAT_NS, layout.INTERRUPTS):
            words[first + word] = 0
        for word in self._thread_words:
            words[word] = 0
        words[first + layout.GENERATION] = generation
        words[first + layout.STARTED_NS] = time.monotonic_ns()
        words[first + layout.PID] = self._pid = self._keeper.pid = pid
        words[first + layout.STATE] = WorkerState.BOOTING

    def set_state(self, state: WorkerState) -> None:
        """Publish the worker's state."""
        self._words[self._first_word + layout.STATE] = state

    def set_connections(self, current_count: int) -> None:
        """Publish the number of open connections."""
        self._words[self._first_word + layout.CONNECTIONS] = current_count

    def connections_by_worker(self) -> list[int]:
        """Return the number of open connections of each worker that is ready, this one included."""
        words, plan = self._segment.words, self._segment.layout
        firsts = map(plan.slot_word, range(1, plan.slots))
        return [
            words[first + layout.CONNECTIONS]
            for first in firsts
            if words[first + layout.STATE] == WorkerState.READY
        ]

    def set_queued(self, current_count: int) -> None:
        """Publish the number of complete requests that wait for a thread."""
        self._words[self._first_word + layout.QUEUED] = current_count

    def enter(
        self, thread: int, now_ns: int, line: bytes, request_id: str = "", trace: RequestTrace | None = None
    ) -> None:
        """A request begins on this application thread: show it, and let what it logs carry its ids. Hot."""
        try:
            _pack_line(self._memory, self._lines[thread], now_ns, 0, request_id.encode(), line)
            _set_current(trace)
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def leave(self, thread: int) -> None:
        """The application is done with the request of this thread. Hot."""
        try:
            self._words[self._thread_words[thread]] = 0
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def extend(self, thread: int, deadline_ns: int) -> None:
        """Publish that the running request of a thread may take until `deadline_ns` (CLOCK_MONOTONIC)."""
        try:
            self._words[self._thread_words[thread] + layout.THREAD_DEADLINE] = deadline_ns
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def answered(self, thread: int) -> None:
        """Publish that the running request of a thread was answered in its place. Owner of the loop."""
        try:
            words, first = self._words, self._thread_words[thread]
            words[first + layout.THREAD_ANSWERED] = words[first]
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def interrupted(self, thread: int) -> None:
        """Publish that the running request of a thread was interrupted. Owner of the loop."""
        try:
            words, first = self._words, self._thread_words[thread]
            words[first + layout.THREAD_INTERRUPTED] = words[first]
            words[self._first_word + layout.INTERRUPTS] += 1
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def beat(self, now_ns: int) -> None:
        """Publish that the loop turns. Owner of the loop; hot."""
        self._words[self._first_word + layout.BEAT_NS] = now_ns

    def access(self, exchange: FinishedRequest, threshold: Threshold = NEVER_SLOW) -> None:
        """Count a finished request, keep its trace if it is worth it, write its access record. Hot.

        What is slow is judged without what the client did: its body's arrival, its taking of the answer.

        One long function because a call costs 50 ns and this runs once a request. In the first part whatever
        can fail stands before the first count, so that _count_slowly may begin again from nothing.
        """
        try:
            first_ns = exchange.first_byte_ns
            head_ns = exchange.head_ns
            start_ns = exchange.start_ns
            end_ns = exchange.end_ns
            last_ns = exchange.last_byte_ns
            head = (head_ns - first_ns) >> TICK_BITS
            application = (end_ns - start_ns) >> TICK_BITS
            send = (last_ns - end_ns) >> TICK_BITS
            total = (last_ns - first_ns) >> TICK_BITS
            status = exchange.status_code
            counts = self._status_counts[status]
            body = queue = 0
            if start_ns != head_ns:  # usually they are one stamp: no body, no queue, nothing to count
                body_ns = exchange.body_ns
                body = (body_ns - head_ns) >> TICK_BITS
                queue = (start_ns - body_ns) >> TICK_BITS
            if total < TABLE_TICKS:
                head_bucket = _head_buckets[head]
                application_bucket = _application_buckets[application]
                send_bucket = _send_buckets[send]
                total_bucket = _total_buckets[total]
                if start_ns != head_ns:
                    body_bucket = _body_buckets[body]
                    counts[_queue_buckets[queue]] += 1
                    counts[body_bucket] += 1
                counts[head_bucket] += 1
                counts[application_bucket] += 1
                counts[send_bucket] += 1
                counts[total_bucket] += 1
            else:
                _count_long(counts, (head, body, queue, application, send, total))
        except Exception:  # noqa: BLE001 - a stamp that was never reached, an odd value
            self._count_slowly(exchange)
            self._write_slowly(exchange, threshold)
            return
        kept = 0
        is_slow = queue + application > threshold.ticks
        if is_slow or status > 499 or exchange.outcome is not _COMPLETE or exchange.trace.marks:
            kept = self._judge(exchange, threshold, is_slow=is_slow)
        try:
            get = exchange.environ.get
            request_id = id_field(exchange, kept) if kept else exchange.request_id
            text = (
                exchange.line
                + (
                    f"\n{exchange.peer}\n{request_id}\n"
                    f"{get('HTTP_REFERER', '')}\n{get('HTTP_USER_AGENT', '')}\n"
                ).encode()
            )
            ring = self._access_ring
            start = ring.text
            stop = start + len(text)
            if stop > ring.text_stop or ring.offset == ring.offset_stop:
                if len(text) > MAX_TEXT_BYTES:
                    self._write_slowly(exchange, None, kept)
                    return
                if not ring.make_room(len(text)):
                    return
                start = ring.text
                stop = start + len(text)
            self._memory[start:stop] = text
            number = ring.number + 1
            _pack_access(
                self._memory, ring.offset, number, start, stop, last_ns, head, body, queue,
                (exchange.response_ns - start_ns) >> TICK_BITS, application, send, total,
                exchange.received_bytes, exchange.sent_bytes, self._pid, status, exchange.thread,
                exchange.outcome, exchange.lane | kept, number + CHECK,
            )  # fmt: skip
            ring.text = stop
            ring.offset += RECORD_BYTES
            words = self._words
            words[ring.end_word] = ring.number = number
            if words[PARKED_WORD]:
                ring.wake()
        except Exception:  # noqa: BLE001 - what the application left in its environ
            self._write_slowly(exchange, None, kept)

    def _judge(self, exchange: FinishedRequest, threshold: Threshold, *, is_slow: bool) -> int:
        """Let the keeper decide; what it stumbles over in a span costs that trace, not the access record."""
        try:
            return self._keeper.judge(exchange, threshold, is_slow=is_slow)
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()
            return 0

    def _count_slowly(self, exchange: FinishedRequest) -> None:
        """Count any request: phases of any length, 0 where a stamp was not reached."""
        try:
            counts = self._status_counts[exchange.status_code]
            for number, phase_ns in enumerate(phases_ns(stamps_ns(exchange))):
                counts[number * HISTOGRAM_WORDS + bucket_of(phase_ns)] += 1
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def _write_slowly(self, exchange: FinishedRequest, threshold: Threshold | None, kept: int = 0) -> None:
        """Write any request: texts cut and escaped, durations bounded. None = it was judged already."""
        try:
            stamps = stamps_ns(exchange)
            ticks = [phase_ns >> TICK_BITS for phase_ns in phases_ns(stamps)]
            response = max(exchange.response_ns - stamps[3], 0) >> TICK_BITS
            if threshold is not None:
                is_slow = ticks[2] + ticks[3] > threshold.ticks
                kept = self._judge(exchange, threshold, is_slow=is_slow)
            environ = exchange.environ
            parts = (
                bytes(exchange.line),
                access_part(exchange.peer),
                access_part(id_field(exchange, kept)),
                access_part(environ.get("HTTP_REFERER", "")),
                access_part(environ.get("HTTP_USER_AGENT", "")),
            )
            fields = (
                stamps[-1],
                *ticks[:3], response, *ticks[3:],
                exchange.received_bytes, exchange.sent_bytes, self._pid, exchange.status_code,
                exchange.thread, exchange.outcome, exchange.lane | kept,
            )  # fmt: skip
            self._access_ring.append(ACCESS, fields, access_text(parts))
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def refused(  # noqa: PLR0913 - what is known of a request that has no exchange
        self,
        *,
        status: int,
        line: bytes,
        peer: str,
        now_ns: int,
        reason: str,
        request_id: str = "",
        first_byte_ns: int = 0,
        sent_bytes: int = 0,
        outcome: Outcome = Outcome.REFUSED,
    ) -> None:
        """Write the access record of a request that never reached the application. Owner of the loop.

        Args:
            status: what the client was answered; 0 = closed without an answer.
            line: as much of the request line as was seen; any bytes.
            peer: the socket's other end.
            now_ns: CLOCK_MONOTONIC.
            reason: why, for the reader of the log.
            request_id: if it had one by then.
            first_byte_ns: CLOCK_MONOTONIC; 0 = no byte came.
            sent_bytes: body bytes of the answer.
            outcome: TIMED_OUT where a deadline did it. (It has no phases: nothing is counted in histograms.)
        """
        try:
            total = max(now_ns - first_byte_ns, 0) >> TICK_BITS if first_byte_ns else 0
            parts = (
                line.replace(b"\n", b"\\n"),
                access_part(peer),
                access_part(request_id),
                b"",
                access_part(reason),
            )
            fields = (now_ns, 0, 0, 0, 0, 0, 0, total, 0, sent_bytes, self._pid, status, 0, outcome, 0)
            self._words[self._first_word + layout.REFUSED] += 1
            self._access_ring.append(ACCESS, fields, access_text(parts))
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def killed(self, request: RunningRequest, pid: int, outcome: Outcome, now_ns: int) -> None:
        """Write the access record of a request whose worker is no more. The master.

        Args:
            request: as it stood in the worker's slot.
            pid: the worker's.
            outcome: TIMED_OUT for the one that was the reason, CUT for others.
            now_ns: CLOCK_MONOTONIC.
        """
        try:
            ticks = min(max(now_ns - request.since_ns, 0), now_ns) >> TICK_BITS
            status = 504 if outcome is Outcome.TIMED_OUT else 503  # for the log; the client was told nothing
            fields = (
                now_ns, 0, 0, 0, 0, ticks, 0, ticks,
                0, 0, pid, status, request.thread, outcome, 1 | ERROR,
            )  # fmt: skip
            parts = (request.line.encode(), b"", request.request_id.encode(), b"", b"")
            self._access_ring.append(ACCESS, fields, access_text(parts))
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()

    def log(  # noqa: PLR0913 - the columns of a log line
        self,
        level: int,
        logger: str,
        message: str,
        request_id: str = "",
        *,
        thread_name: str = "",
        trace: str = "",
        context: TraceContext | None = None,
    ) -> bool:
        """Write one log record; any thread. False = not written: dropped, or this is a forked child.

        Args:
            level: of Python's logging.
            logger: its name.
            message: formatted; long ones are cut, and say so.
            request_id: of the request it belongs to, if any (RecordHandler finds the current one).
            thread_name: as threading names it.
            trace: formatted traceback and stack.
            context: the span it was said in.
        """
        if not self.is_own:
            return False
        try:
            texts = (logger, request_id, thread_name, message)
            parts = [log_part(text, most) for text, most in zip(texts, LOG_MOST, strict=True)]
            parts.append(trace_part(trace))
            ids = (b"", b"")
            if context is not None:
                ids = (bytes.fromhex(context.trace_id), bytes.fromhex(context.span_id))
            fields = (time.monotonic_ns(), self._pid, max(int(level), 0), *map(len, parts), *ids)
            with self._log_lock:
                return self._log_ring.append(LOG, fields, b"".join(parts))
        except Exception:  # noqa: BLE001 - telemetry never raises into the server
            self._count_failed()
            return False

    def is_idle(self, thread: int) -> bool:
        """No request runs on this application thread."""
        return not self._words[self._thread_words[thread]]

    def _count_failed(self) -> None:
        with contextlib.suppress(Exception):  # even this must not raise
            self._words[self._first_word + layout.FAILED] += 1

    def _disown(self) -> None:
        """In a forked child: go on without harm, on private memory."""
        self.is_own = False
        plan = self._segment.layout
        self._bind(Segment.scratch(plan.threads, plan.ring_bytes), 0, -1)


def _count_long(counts: memoryview, ticks: tuple[int, ...]) -> None:
    """Count a request of over 1 ms from its phases in ticks; hot, as many applications take that long.

    Raises:
        ValueError: a stamp was not reached or is out of order; nothing is counted yet.
    """
    if min(ticks) < 0:
        raise ValueError(ticks)
    first = 0
    for phase_ticks in ticks:
        if phase_ticks:  # where no time was spent there is nothing to count: whoever reads it fills it in
            if phase_ticks < TABLE_TICKS:
                bucket = _head_buckets[phase_ticks]
            elif phase_ticks < LONG_TICKS:
                bucket = LONG_BUCKETS[phase_ticks >> LONG_BITS]
            else:
                bucket = bucket_of(phase_ticks << TICK_BITS)
            counts[first + bucket] += 1
        first += HISTOGRAM_WORDS


def _disowner(reference: "weakref.ref[Recorder]") -> Callable[[], None]:
    """What os.register_at_fork keeps for ever: a weak reference, no recorder and no mapping."""

    def disown() -> None:
        recorder = reference()
        if recorder is not None:
            recorder._disown()

    return disown


def _status_counts(segment: Segment, slot: int) -> list[memoryview]:
    """Counts by status code; what is no status counts as class 0."""
    first = segment.layout.counts_at(slot) // WORD_BYTES
    starts = [first + number * _CLASS_WORDS for number in range(layout.STATUS_CLASSES)]
    classes = [segment.words[start : start + _CLASS_WORDS] for start in starts]
    return [classes[status // 100 if status < 600 else 0] for status in range(1000)]
