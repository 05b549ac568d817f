"""Which requests are kept as traces: failed ones, slow ones, a sample, and those that ask.

That a request failed or was slow is known when it ends, so its spans wait in the worker's memory until then.
Of a kept request the access record says why; what the agent cannot tell from that record goes into ring C,
before the access record is published: who sees the one finds the other.

Text of a record in ring C, JSON; the members besides `spans` stand in the first part only:

    {"id": request id, "own": made by us, if another, "trace": trace id and "caller": span id, if they came,
     "state": tracestate, "lost": spans without room, "accepted": ns, for the first of a connection,
     "spans": [[number, number of the span around it or 0, name, start ns, end ns, error, {attributes}], ...]}

In:     a finished request with its marks and spans; whether it was slow.
Out:    its reasons for the access record; records in ring C; counts.
Never:  keeps more than a rate: errors come by the thousand. Asks an object of the application for its text.

Threads: the owner of the loop.
"""

import json
from collections.abc import Callable
from time import sleep
from typing import Any, Final

from penstock.config.telemetry import TelemetryConfig
from penstock.telemetry.clock import NS_PER_S
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.segment import Segment, add_to
from penstock.telemetry.records.record import JOINED, SPANS, WITH_SPANS, Outcome
from penstock.telemetry.records.ring import RingWriter
from penstock.telemetry.traces.request import FinishedRequest
from penstock.telemetry.traces.span import Span
from penstock.telemetry.traces.threshold import Threshold
from penstock.telemetry.traces.trace import ASKED, ERROR, LOOKED_AT, REASONS, SLOW

# What went wrong on our side of the connection; a client that went away did nothing wrong.
_FAILURES: Final = frozenset(
    {Outcome.TRUNCATED, Outcome.SURPLUS, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CUT}
)
_BURST_S: Final = 2  # unused rate is saved up for so long
_MAX_PART_BYTES: Final = 24_000
MAX_ATTRIBUTES: Final = 32
MAX_VALUE_CHARACTERS: Final = 500
MAX_NAME_CHARACTERS: Final = 100
_MAX_WHOLE: Final = 1 << 63

_encode: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class TraceKeeper:
    """One slot's.

    Args:
        segment: mapped writable.
        slot: whose ring C is written.
        pid: of this process.
        wake_fd: eventfd that wakes the agent.
        config: how many are kept.
        wait: how a full ring waits (records/ring.py).

    Attributes:
        pid: of the process whose requests they are.
    """

    __slots__ = ("_first_word", "_rate", "_ring", "_saved", "_saved_at_ns", "_words", "pid")

    def __init__(  # noqa: PLR0913, PLR0917 - what a slot's writer is
        self,
        segment: Segment,
        slot: int,
        pid: int,
        wake_fd: int,
        config: TelemetryConfig,
        wait: Callable[[float], object] = sleep,
    ) -> None:
        self._words = segment.words
        self._first_word = segment.layout.slot_word(slot)
        self._ring = RingWriter(segment, segment.layout.span_ring(slot), wake_fd, wait)
        self.pid = pid
        self._rate = config.trace_rate
        self._saved = float(config.trace_rate * _BURST_S)
        self._saved_at_ns = 0

    def judge(self, exchange: FinishedRequest, threshold: Threshold, *, is_slow: bool) -> int:
        """Keep the request or let go of it; returns the marks of its access record, no reason = not kept."""
        trace = exchange.trace
        reasons = trace.marks & REASONS
        if trace.marks & LOOKED_AT:
            threshold.look()
        if is_slow:
            threshold.exceed()
            reasons |= SLOW
        if exchange.status_code >= 500 or exchange.outcome in _FAILURES:
            reasons |= ERROR
        spans = trace.spans
        trace.close()
        joined = JOINED if trace.caller else 0
        if not reasons or not self._has_room(reasons, exchange.last_byte_ns):
            return joined
        add_to(self._words, self._first_word + layout.TRACES_KEPT, 1)
        if spans or trace.accepted_ns or trace.caller or trace.believed_id:
            reasons |= self._write(exchange, list(spans or ()))
        return reasons | joined

    def _has_room(self, reasons: int, now_ns: int) -> bool:
        """Whether the rate allows another one. Failures and who asks may use all of it, others half."""
        earned = (now_ns - self._saved_at_ns) * self._rate / NS_PER_S
        most = self._rate * _BURST_S
        self._saved = min(self._saved + max(earned, 0.0), most)
        self._saved_at_ns = max(now_ns, self._saved_at_ns)
        reserved = 0.0 if reasons & (ERROR | ASKED) else most / 2
        if self._saved < reserved + 1:
            add_to(self._words, self._first_word + layout.TRACES_PASSED, 1)
            return False
        self._saved -= 1
        return True

    def _write(self, exchange: FinishedRequest, spans: list[Any]) -> int:
        """Write the parts; returns WITH_SPANS if all of them are in the ring."""
        add_to(self._words, self._first_word + layout.SPANS_LOST, exchange.trace.lost)
        parts = _parts(_head(exchange), spans)
        for number, part in enumerate(parts):
            fields = (exchange.last_byte_ns, self.pid, number, len(parts))
            if not self._ring.append(SPANS, fields, part):
                return 0
        return WITH_SPANS


def _head(exchange: FinishedRequest) -> dict[str, Any]:
    """What the access record does not say of the request."""
    trace = exchange.trace
    head: dict[str, Any] = {"id": exchange.request_id}
    if trace.believed_id:
        head["own"] = trace.own_id
    if trace.caller is not None:
        head |= {"trace": trace.caller.trace_id, "caller": trace.caller.span_id}
        head |= {"state": trace.caller.tracestate} if trace.caller.tracestate else {}
    if trace.lost:
        head["lost"] = trace.lost
    if trace.accepted_ns:
        head["accepted"] = trace.accepted_ns
    return head


def _parts(head: dict[str, Any], spans: list[Span]) -> list[bytes]:
    """Texts of the records: a request's spans in their order, as many in each as fit."""
    numbers = {id(span): number for number, span in enumerate(spans, 1)}
    texts = [_span_text(numbers, number, span) for number, span in enumerate(spans, 1)]
    parts = []
    while True:
        count = _fitting(texts)
        body = ",".join(texts[:count])
        parts.append(f'{_encode(head)[:-1]},"spans":[{body}]}}'.encode())
        texts = texts[count:]
        if not texts:
            return parts
        head = {"id": head["id"]}


def _fitting(texts: list[str]) -> int:
    """How many texts from the first fit into one record; one at least."""
    size = count = 0
    for text in texts:
        size += len(text) + 1
        if size > _MAX_PART_BYTES and count:
            break
        count += 1
    return count


def _span_text(numbers: dict[int, int], number: int, span: Span) -> str:
    """One span as JSON, ASCII; what the application put there is cut to size."""
    parent = numbers.get(id(span.parent), 0)
    name = span.name if isinstance(span.name, str) else type(span.name).__name__
    pairs = list(span.attributes.items())[:MAX_ATTRIBUTES]
    attributes = {str(key)[:MAX_NAME_CHARACTERS]: _plain(value) for key, value in pairs}
    stamps = (span.start_ns, span.end_ns)
    text = _encode([number, parent, name[:MAX_NAME_CHARACTERS], *stamps, span.error, attributes])
    if len(text) <= _MAX_PART_BYTES:
        return text
    return _encode([number, parent, name[:MAX_NAME_CHARACTERS], *stamps, span.error[:50], {"cut": True}])


def _plain(value: Any) -> str | int | float | bool:
    """A value as JSON has it. Of other objects only the type: their text may be a database query."""
    if isinstance(value, str):
        return value[:MAX_VALUE_CHARACTERS]
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -_MAX_WHOLE <= value < _MAX_WHOLE else f"<int of {value.bit_length()} bits>"
    return f"<{type(value).__name__}>"
