"""Which request to look at: of each bucket of the request times one recent request, as an exemplar.

Of each batch of access records the slowest is looked at and no other, so it costs 0.05 us a record; when
little comes each record is a batch of its own, and the quick buckets get theirs as well.

In:     batches of access records.
Out:    exemplars by bucket, with the id of the request; how many were noted.
Never:  keeps more than one a bucket.

Rules:  OpenMetrics 1.0: the labels of an exemplar have at most 128 characters.
"""

import time
from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from penstock.agent.metrics.family import Exemplar
from penstock.agent.station import Report
from penstock.telemetry.clock import NS_PER_S
from penstock.telemetry.memory.histogram import TICK_BITS
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.records.column import APPLICATION, TOTAL
from penstock.telemetry.records.text import split_id

if TYPE_CHECKING:
    from penstock.agent.tenant import Tenant
    from penstock.telemetry.records.ring import Batch

_REQUEST_ID: Final = 2  # field of a record's text
_MAX_ID_CHARACTERS: Final = 128 - len("request_id")
_total_of: Final = itemgetter(TOTAL)


class Slowness:
    """Notes slow requests; a station.

    Args:
        bounds: upper bounds of the buckets, in seconds.
    """

    name = "slowness"

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds_ticks = [int(bound * NS_PER_S) >> TICK_BITS for bound in bounds]
        self._exemplars: dict[Segment, list[Exemplar | None]] = {}
        self._noted = 0

    def exemplars(self, segment: Segment) -> tuple[Exemplar | None, ...]:
        """Return the exemplars of a server's requests by bucket of their total time; empty = none yet."""
        return tuple(self._exemplars.get(segment, ()))

    def joined(self, tenant: "Tenant") -> None:
        """Begin with empty buckets."""
        self._exemplars[tenant.segment] = [None] * (len(self._bounds_ticks) + 1)

    def left(self, tenant: "Tenant") -> None:
        """Forget its requests."""
        self._exemplars.pop(tenant.segment, None)

    def access(self, tenant: "Tenant", batch: "Batch") -> None:
        """Note the slowest request of a batch, if it reached the application."""
        row = max(batch.rows, key=_total_of, default=None)
        exemplars = self._exemplars.get(tenant.segment)
        if exemplars is None or row is None or not row[APPLICATION]:
            return
        ticks = row[TOTAL]
        request_id = _request_id(row, batch)
        if request_id:
            labels = (("request_id", request_id),)
            exemplar = Exemplar(labels, (ticks << TICK_BITS) / NS_PER_S, time.time())
            exemplars[bisect_left(self._bounds_ticks, ticks)] = exemplar
            self._noted += 1

    def tick(self, now_s: float) -> None:
        """Have nothing to do."""

    def close(self) -> None:
        """Have nothing to close."""

    def report(self) -> Report:
        """Return how many requests were noted."""
        return {"noted": self._noted}


def _request_id(row: tuple[Any, ...], batch: "Batch") -> str:
    """Return the id of a record's request; empty where it has none that a label may hold."""
    fields = batch.text_of(row).split(b"\n")
    field = fields[_REQUEST_ID].decode("ascii", "replace") if len(fields) > _REQUEST_ID else ""
    request_id, _ = split_id(field)
    return request_id if request_id.isprintable() and len(request_id) <= _MAX_ID_CHARACTERS else ""
