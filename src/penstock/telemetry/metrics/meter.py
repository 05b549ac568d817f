"""All metrics of this process, and where their cells stand.

    outside of Penstock           private memory: they count, nobody reads
    a template, a worker          the table of its slot, from `bind` on
    a child that those fork       private memory again, begun at 0: a slot has one writer

So a module may define and count at its top: imported before the fork (preload), what it counts there is the
template's, once, and each worker counts on in its own slot.

In:     definitions; a segment and a slot.
Out:    instruments; cells.
Never:  raises into the application for a reason that lies in the memory: where there is no room, a series
        counts in private memory, and that is counted and said once.
"""

import logging
import os
import threading
import time
from array import array
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from penstock.telemetry.memory.layout import WORD_BYTES
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.metrics.definition import (
    DEFAULT_BOUNDS,
    Definition,
    Kind,
    Merge,
    MetricError,
    tidy_bounds,
)
from penstock.telemetry.metrics.exemplar import KeptExemplar, check_labels, write_exemplar
from penstock.telemetry.metrics.instrument import Counter, Gauge, Histogram, Instrument, renew_lock
from penstock.telemetry.metrics.table import TableWriter

MAX_SERIES: Final = 1000  # of a metric, in a process
_OWN_PREFIX: Final = "penstock_"  # the server's names
log = logging.getLogger("penstock.telemetry")

AnInstrument = TypeVar("AnInstrument", bound=Instrument)


class Meter:
    """The metrics of a process.

    Attributes:
        lock: held while a series is looked for or added.
        pid: of the process that a gauge is set by.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.pid = os.getpid()
        self._segment: Segment | None = None
        self._slot = 0
        self._writer: TableWriter | None = None
        self._instruments: dict[str, Instrument] = {}
        self._said: set[str] = set()

    def define(
        self, make: type[AnInstrument], definition: Definition, most: int = MAX_SERIES
    ) -> AnInstrument:
        """Return the instrument of a definition: the one that is there, or a new one.

        Raises:
            MetricError: the name is that of another metric.
        """
        with self.lock:
            known = self._instruments.get(definition.name)
            if known is None:
                known = self._instruments[definition.name] = make(self, definition, most)
        if not isinstance(known, make) or not known.definition.is_same_as(definition):
            raise MetricError(f"{_told(definition)}; it is defined already as {_told(known.definition)}")
        return known

    def bind(self, segment: Segment, slot: int) -> None:
        """Count in a slot from now on. Its process alone, before it runs threads."""
        with self.lock:
            self.pid = os.getpid()
            self._segment, self._slot = segment, slot
            self._writer = TableWriter(segment, slot)
            self._attach_all()

    def unbind(self) -> None:
        """Count in private memory, from 0: the slot is another process's, or gone."""
        self.pid = os.getpid()
        self._segment = self._writer = None
        self._attach_all()

    def after_fork(self) -> None:
        """In a forked child, where no other thread is and locks may be held by one that was."""
        self.lock = threading.RLock()
        renew_lock()
        self.unbind()

    def cells_of(self, definition: Definition, values: tuple[str, ...]) -> "memoryview[float]":
        """Return the cells of a series, in the slot if there is one and room in it."""
        cell = self._find(definition, values, is_last_resort=True)
        if cell is None or self._writer is None:
            return memoryview(array("d", bytes(definition.cells * WORD_BYTES)))
        return self._writer.cells[cell : cell + definition.cells]

    def has_room(self, definition: Definition, values: tuple[str, ...], count: int, most: int) -> bool:
        """Whether a series may have cells of its own, beside `count` others of its metric."""
        if count >= most:
            return False
        return self._writer is None or self._find(definition, values, is_last_resort=False) is not None

    def note_refused(self, definition: Definition) -> None:
        """Count a series that has to share, and say so once for each metric."""
        if self._writer is not None:
            self._writer.count_refused()
        if self.is_news(definition.name):  # not under the lock: a handler of logging may count
            log.warning("metric.series_refused name=%s: too many label values, or no room", definition.name)

    def is_news(self, name: str) -> bool:
        """Whether nothing was said yet of the trouble with a metric; asked once, it is said."""
        with self.lock:
            is_said = name in self._said
            self._said.add(name)
            return not is_said

    def keep_exemplar(
        self,
        definition: Definition,
        values: tuple[str, ...],
        offset: int,
        labels: Mapping[str, str],
        value: float,
    ) -> None:
        """Keep an exemplar of the cell `offset` of a series.

        Raises:
            MetricError: its labels are none.
        """
        check_labels(labels)
        with self.lock:
            cell = self._find(definition, values, is_last_resort=True)
            if cell is not None and self._segment is not None:
                kept = KeptExemplar(tuple(labels.items()), float(value), time.time())
                write_exemplar(self._segment, self._slot, cell + offset, kept)

    def _find(self, definition: Definition, values: tuple[str, ...], *, is_last_resort: bool) -> int | None:
        with self.lock:
            if self._writer is None:
                return None
            return self._writer.find_cell(definition, values, is_last_resort=is_last_resort)

    def _attach_all(self) -> None:
        for instrument in self._instruments.values():
            for series in instrument.series():
                series.attach()


METER: Final = Meter()  # of this process: what a module defines at its top has to find it
os.register_at_fork(after_in_child=METER.after_fork)


def counter(
    name: str,
    help: str = "",  # noqa: A002 - as every metrics library calls it
    labels: Iterable[str] = (),
    *,
    max_series: int = MAX_SERIES,
) -> Counter:
    """Define a counter, or return the one that is defined already.

    Args:
        name: with or without `_total`.
        help: one sentence, for whoever reads the page.
        labels: names.
        max_series: combinations of label values that are counted apart, in each process.

    Raises:
        MetricError: name or labels cannot be those of a metric, or are those of another one.
    """
    definition = Definition(_own_name(name).removesuffix("_total"), Kind.COUNTER, help, _names(labels))
    return METER.define(Counter, definition, max_series)


def gauge(  # noqa: PLR0913 - keywords that say what it is
    name: str,
    help: str = "",  # noqa: A002 - as every metrics library calls it
    labels: Iterable[str] = (),
    *,
    merge: str = "sum",
    unit: str = "",
    max_series: int = MAX_SERIES,
) -> Gauge:
    """Define a gauge, or return the one that is defined already.

    Args:
        name: see `counter`.
        help: see `counter`.
        labels: see `counter`.
        merge: how the values of the workers become one: `sum`, `max` or `min` of the living ones, `last` =
            the one set last, `each` = a series a worker (label `worker`).
        unit: which the name ends in.
        max_series: see `counter`.

    Raises:
        MetricError: as `counter`; or `merge` is none of these.
    """
    try:
        how = Merge(merge)
    except ValueError:
        words = ", ".join(each.value for each in Merge)
        raise MetricError(f"gauge {name!r}: merge {merge!r}; expected one of {words}") from None
    definition = Definition(_own_name(name), Kind.GAUGE, help, _names(labels), (), how, unit)
    return METER.define(Gauge, definition, max_series)


def histogram(  # noqa: PLR0913 - keywords that say what it is
    name: str,
    help: str = "",  # noqa: A002 - as every metrics library calls it
    labels: Iterable[str] = (),
    *,
    buckets: Iterable[float] = DEFAULT_BOUNDS,
    unit: str = "",
    max_series: int = MAX_SERIES,
) -> Histogram:
    """Define a histogram, or return the one that is defined already.

    Args:
        name: see `counter`.
        help: see `counter`.
        labels: see `counter`.
        buckets: upper bounds, rising; one above all is always there.
        unit: which the name ends in.
        max_series: see `counter`.

    Raises:
        MetricError: as `counter`; or the buckets are not rising numbers.
    """
    bounds = tidy_bounds(buckets)
    definition = Definition(_own_name(name), Kind.HISTOGRAM, help, _names(labels), bounds, unit=unit)
    return METER.define(Histogram, definition, max_series)


def _own_name(name: str) -> str:
    if not isinstance(name, str) or name.startswith(_OWN_PREFIX):
        raise MetricError(f"name {name!r}; expected a text that does not begin with {_OWN_PREFIX!r}")
    return name


def _names(labels: Iterable[str]) -> tuple[str, ...]:
    if isinstance(labels, str):
        raise MetricError(f"labels {labels!r}; expected several names, as in ({labels!r},)")
    return tuple(labels)


def _told(definition: Definition) -> str:
    bounds = f" and buckets {definition.bounds!r}" if definition.bounds else ""
    merge = f" merged by {definition.merge.value!r}" if definition.is_gauge else ""
    return f"{definition.kind.value} {definition.name!r} with labels {definition.labels!r}{bounds}{merge}"
