"""What a worker's own machinery counts: garbage collections, requests that the loop was taken over from.

In the same tables as the application's metrics, a series a worker. Being told of a collection costs 1.5 us;
CPython collects when objects stay: not once in 93,000 requests of an application that keeps nothing.

In:     gc.callbacks; the watcher's word.
Out:    counters.
Never:  runs in a master or an agent; raises into a collection.

Rules:  gc.callbacks of the standard library.
"""

import gc
from time import perf_counter
from typing import Any, Final

from penstock.telemetry.metrics.definition import Definition, Kind, Merge
from penstock.telemetry.metrics.instrument import Counter
from penstock.telemetry.metrics.meter import METER, Meter

_GENERATIONS: Final = 3
COLLECTIONS: Final = Definition(
    "penstock_gc_collections",
    Kind.COUNTER,
    "Garbage collections, by generation.",
    ("generation",),
    merge=Merge.EACH,
)
SECONDS: Final = Definition(
    "penstock_gc_seconds",
    Kind.COUNTER,
    "Time that garbage collections took, in which nothing else ran.",
    ("generation",),
    merge=Merge.EACH,
    unit="seconds",
)
TAKE_OVERS: Final = Definition(
    "penstock_worker_takeovers",
    Kind.COUNTER,
    "Requests that ran on the loop's thread and were too slow for it: another thread took the loop over.",
    merge=Merge.EACH,
)


class GarbageWatch:
    """Counts the collections of this process from `begin` on."""

    def __init__(self, meter: Meter = METER) -> None:
        collections = meter.define(Counter, COLLECTIONS)
        seconds = meter.define(Counter, SECONDS)
        self._collections = [collections.labels(number) for number in range(_GENERATIONS)]
        self._seconds = [seconds.labels(number) for number in range(_GENERATIONS)]
        self._began_s = perf_counter()

    def begin(self) -> None:
        """Be told of each collection; once in a process."""
        gc.callbacks.append(self._note)

    def end(self) -> None:
        """Be told of none any more."""
        gc.callbacks.remove(self._note)

    def _note(self, phase: str, details: dict[str, Any]) -> None:
        if phase == "start":
            self._began_s = perf_counter()
            return
        generation = details["generation"]
        self._collections[generation].inc()
        self._seconds[generation].inc(max(perf_counter() - self._began_s, 0.0))


def take_over_counter(meter: Meter = METER) -> Counter:
    """Return the counter of take-overs of this worker."""
    return meter.define(Counter, TAKE_OVERS)
