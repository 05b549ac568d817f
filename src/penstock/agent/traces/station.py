"""Traces beside the rings: finds kept requests among the access records, and ring C's part of them.

A worker writes into ring C before it publishes the access record, so what belongs to a record that was read
is there already, unless the ring was full. What no record ever asks for (its ring was full, the worker was
killed in between) is forgotten after a while, and counted.

In:     batches of access records; ring C of all slots.
Out:    traces to the sinks.
Never:  keeps more than MAX_WAITING requests, or more than MAX_WAITING_BYTES of them; lets one sink's failure
        reach another.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from penstock.agent.logs.escape import escape_message, split_access_text, strip_queries
from penstock.agent.metrics.family import Family, Kind, Sample
from penstock.agent.traces.drawing import Finished, draw, finished_of
from penstock.agent.traces.span_record import (
    MAX_PARTS,
    NOTHING,
    Recollection,
    SpanRecordError,
    read_part,
    recollect,
)
from penstock.agent.traces.trace import Trace, TraceSink
from penstock.agent.watch import Notice, sum_of
from penstock.telemetry.memory import layout
from penstock.telemetry.records.column import LANE
from penstock.telemetry.records.record import SPANS, WITH_SPANS
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.traces.trace import REASONS

if TYPE_CHECKING:
    from penstock.agent.tenant import Tenant
    from penstock.telemetry.records.ring import Batch

_TAKEN_AT_ONCE: Final = 64  # records of one ring
_MOST_TAKES: Final = 8  # of one ring in a turn: more than it holds, were it not hostile
_FORGET_TICKS: Final = 10  # ticks after which nobody asks for a record any more
MAX_WAITING: Final = 512
# Of text, which takes some times as much when it is read; a request has 2 KiB as a rule, and 512 KiB at most.
MAX_WAITING_BYTES: Final = 4 << 20

# Of a request: pid, last byte, request id
_Key = tuple[int, int, str]


class _Waiting:
    """Parts of one request's spans, until its access record comes."""

    __slots__ = ("count", "parts", "size_bytes", "ticks")

    def __init__(self, count: int) -> None:
        self.count = count
        self.parts: dict[int, Mapping[str, Any]] = {}
        self.size_bytes = 0
        self.ticks = 0

    def add(self, number: int, count: int, content: Mapping[str, Any], size_bytes: int) -> None:
        """Take one part.

        Raises:
            SpanRecordError: it is not the part that is missing.
        """
        if count != self.count or number in self.parts:
            raise SpanRecordError(f"part {number!r} of {count!r}; expected another one of {self.count}")
        self.parts[number] = content
        self.size_bytes += size_bytes


class Traces:
    """The station.

    Args:
        sinks: who takes what is kept.
    """

    name = "traces"

    def __init__(self, sinks: Iterable[TraceSink]) -> None:
        self._sinks = tuple(sinks)
        self._readers: dict[Tenant, list[RingReader]] = {}
        self._waiting: dict[_Key, _Waiting] = {}
        self._waiting_bytes = 0
        self._notices: list[Notice] = []
        self._kept = self._damaged = self._forgotten = self._failed = 0
        self._past = dict.fromkeys(_LOSSES, 0)  # of tenants that have left

    # Tenants

    def joined(self, tenant: "Tenant") -> None:
        """Read its rings from now on."""
        segment = tenant.segment
        plan = segment.layout
        self._readers[tenant] = [
            RingReader(segment, plan.span_ring(slot), SPANS, slot) for slot in range(plan.slots)
        ]

    def left(self, tenant: "Tenant") -> None:
        """Let go of its memory."""
        if self._readers.pop(tenant, None) is not None:
            for name, word in _LOSSES.items():
                self._past[name] += sum_of(tenant.segment, word)

    # Records

    def access(self, tenant: "Tenant", batch: "Batch") -> None:
        """Find the kept requests of a batch: 30 ns for one that is not."""
        kept = [row for row in batch.rows if row[LANE] & REASONS]
        if not (kept and self._sinks):
            return
        if any(row[LANE] & WITH_SPANS for row in kept):
            self._drain(tenant)
        for row in kept:
            texts = split_access_text([row], batch.text_of(row), _safe)
            finished = finished_of(row, texts if tenant.has_query else strip_queries(texts))
            self._give(draw(finished, self._recall(finished), tenant.clock.offset_ns, tenant.name))

    def _recall(self, finished: Finished) -> Recollection:
        """What ring C had of a request."""
        if not finished.marks & WITH_SPANS:
            return NOTHING
        waiting = self._pop((finished.pid, finished.last_ns, finished.request_id))
        if waiting is None or len(waiting.parts) != waiting.count:
            self._forgotten += 1
            return NOTHING
        return recollect([waiting.parts[number] for number in range(waiting.count)])

    def _give(self, trace: Trace) -> None:
        self._kept += 1
        for sink in self._sinks:
            try:
                sink.keep(trace)
            except Exception as error:  # noqa: BLE001 - the others want it too
                self._failed += 1
                if self._failed == 1:
                    what = f"a trace was refused, which is said once and counted: {error!r}"
                    self._notices.append(Notice(logging.ERROR, what))

    # Ring C

    def _drain(self, tenant: "Tenant") -> None:
        """Take what stands in all rings of a tenant now."""
        for reader in self._readers.get(tenant, ()):
            for _ in range(_MOST_TAKES):
                batch = reader.take(_TAKEN_AT_ONCE)
                if batch is None:
                    break
                tenant.segment.words[reader.tail_word] = batch.tail
                self._damaged += batch.damaged
                if batch.rows:
                    self._take(batch)

    def _take(self, batch: "Batch") -> None:
        for row in batch.rows:
            try:
                self._take_part(row[3:7], batch.text_of(row))
            except SpanRecordError:
                self._damaged += 1

    def _take_part(self, fixed: Sequence[int], text: bytes) -> None:
        last_ns, pid, number, count = fixed
        request_id, content = read_part(text)
        if not 0 <= number < count <= MAX_PARTS:
            raise SpanRecordError(f"part {number!r} of {count!r}")
        key = (pid, last_ns, escape_message(request_id))
        self._waiting.setdefault(key, _Waiting(count)).add(number, count, content, len(text))
        self._waiting_bytes += len(text)
        while len(self._waiting) > MAX_WAITING or self._waiting_bytes > MAX_WAITING_BYTES:
            self._forget(next(iter(self._waiting)))

    def _pop(self, key: _Key) -> _Waiting | None:
        waiting = self._waiting.pop(key, None)
        self._waiting_bytes -= waiting.size_bytes if waiting else 0
        return waiting

    def _forget(self, key: _Key) -> None:
        self._pop(key)
        self._forgotten += 1

    # The loop

    def tick(self, now_s: float) -> None:  # noqa: ARG002 - a station's signature; ticks are counted
        """Empty the rings, and forget what nobody asked for."""
        for tenant in tuple(self._readers):
            self._drain(tenant)
        if not self._sinks:  # nobody wants them: nothing is lost
            self.close()
        for key, waiting in tuple(self._waiting.items()):
            waiting.ticks += 1
            if waiting.ticks > _FORGET_TICKS:
                self._forget(key)

    def close(self) -> None:
        """Let go of what waits."""
        self._waiting.clear()
        self._waiting_bytes = 0

    def take_notices(self) -> list[Notice]:
        """What is to be said since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def report(self) -> dict[str, int]:
        """What was kept, and what was not."""
        losses = {
            name: self._past[name] + sum(sum_of(tenant.segment, word) for tenant in tuple(self._readers))
            for name, word in _LOSSES.items()
        }
        return {
            "kept": self._kept,
            **losses,
            "without_spans": self._forgotten,
            "damaged": self._damaged,
            "refused": self._failed,
        }

    def families(self) -> list[Family]:
        """The same as metrics."""
        report = self.report()
        lost = tuple(Sample((("cause", cause),), report[cause]) for cause in _CAUSES)
        return [
            Family("penstock_traces_kept", Kind.COUNTER, _KEPT_HELP, "", (Sample((), self._kept),)),
            Family("penstock_traces_lost", Kind.COUNTER, _LOST_HELP, "", lost),
        ]


_KEPT_HELP: Final = "Requests that were kept as traces."
_LOST_HELP: Final = "Traces, or spans of them, that were not kept, by cause."
_CAUSES: Final = ("over_rate", "dropped", "spans_lost", "without_spans", "damaged", "refused")
_LOSSES: Final = {
    "over_rate": layout.TRACES_PASSED,
    "dropped": layout.SPAN_DROPPED,
    "spans_lost": layout.SPANS_LOST,
}


def _safe(field: bytes) -> str:
    return escape_message(field.decode("utf-8", "replace"))
