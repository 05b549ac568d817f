"""What an application counts with: counters, gauges and histograms, each a few cells of memory.

    ORDERS = penstock.telemetry.counter("orders", "Orders placed.", labels=("kind",))
    ORDERS.labels("book").inc()

An instrument with labels counts nothing itself: `labels` returns the child for their values, which may be
kept. One without labels is its own and only series. Cells stand in the shared memory of a worker's slot, or
in private memory where there is none (meter.py): counting is the same.

In:     numbers, label values.
Out:    cells.
Never:  makes a system call; raises for a reason that lies in the memory.

Threads: any. One lock for all cells of the process: 0.2 us with it, 0.1 us without, and without it a count
would be right only as long as CPython never switches threads inside of a statement (decisions/metrics.md).
"""

import contextlib
import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Final, Self

from penstock.telemetry.metrics.definition import GAUGE_PID, GAUGE_TIME, Definition, Merge, MetricError

if TYPE_CHECKING:
    from penstock.telemetry.metrics.meter import Meter

MAX_VALUE_CHARACTERS: Final = 256
OVERFLOW: Final = "_overflow"  # each label's value in the series that takes what is too much

_INFINITY: Final = float("inf")
# Re-entrant: a signal handler may count on the thread that is just counting.
_LOCK: Final = threading.RLock()


class _NoCells:
    """Stands in for the cells of an instrument that has labels: says so, and costs the others nothing."""

    __slots__ = ("_definition",)

    def __init__(self, definition: Definition) -> None:
        self._definition = definition

    def __getitem__(self, *_arguments: object) -> float:
        what = self._definition
        raise MetricError(
            f"{what.kind.value} {what.name!r} has labels {what.labels!r}; expected .labels(...) first"
        )

    __setitem__ = __getitem__


class Instrument:
    """One metric, or one of its series. Made by `counter`, `gauge` and `histogram`.

    Attributes:
        definition: what it is.
        values: of the labels; empty for the metric itself.
    """

    __slots__ = ("_cells", "_children", "_meter", "_most", "definition", "values")

    _cells: "memoryview[float]"

    def __init__(
        self, meter: "Meter", definition: Definition, most: int, values: tuple[str, ...] = ()
    ) -> None:
        self.definition = definition
        self.values = values
        self._meter = meter
        self._most = most
        self._children: dict[tuple[str, ...], Self] = {}
        if len(values) == len(definition.labels):
            self.attach()
        else:
            self._cells = _NoCells(definition)  # type: ignore[assignment]  # raises where cells are touched

    def labels(self, *values: object, **named: object) -> Self:
        """Return the series of some label values, in order or by name; they count as text.

        Above the metric's `max_series`, or where the memory is full, it is the series whose values are all
        `_overflow`.

        Raises:
            MetricError: not one value for each label.
        """
        if named:
            values = self._in_order(values, named)
        key = tuple(map(str, values))
        child = self._children.get(key)
        return child if child is not None else self._admit(key)

    def series(self) -> list[Self]:
        """Return all that has cells: itself, or its children."""
        return list(self._children.values()) if self.definition.labels else [self]

    def attach(self) -> None:
        """Take cells where the meter has them now."""
        self._cells = self._meter.cells_of(self.definition, self.values)

    def add_to_cell(self, cell: int, amount: float) -> None:
        """Add to one of its cells, which its kind gives a meaning (`Definition.cells`)."""
        with _LOCK:
            self._cells[cell] += amount

    def cell(self, cell: int) -> float:
        """Return one of its cells."""
        return self._cells[cell]

    def keep_exemplar(self, cell: int, labels: Mapping[str, str], value: float) -> None:
        """Keep an exemplar of one of its cells.

        Raises:
            MetricError: its labels are not names and texts, or together too long.
        """
        self._meter.keep_exemplar(self.definition, self.values, cell, labels, value)

    def _in_order(self, values: tuple[object, ...], named: Mapping[str, object]) -> tuple[object, ...]:
        names = self.definition.labels
        if values or named.keys() != set(names):
            raise self._wrong_labels((*values, *named))
        return tuple(named[name] for name in names)

    def _admit(self, key: tuple[str, ...]) -> Self:
        """Make a child of new label values."""
        if not key or len(key) != len(self.definition.labels) or self.values:
            raise self._wrong_labels(key)
        key = tuple(value[:MAX_VALUE_CHARACTERS] for value in key)
        with self._meter.lock:
            child = self._children.get(key)
            if child is None and self._meter.has_room(self.definition, key, len(self._children), self._most):
                child = self._children[key] = type(self)(self._meter, self.definition, self._most, key)
        return child if child is not None else self._overflow()

    def _overflow(self) -> Self:
        """Return the series that takes what is too much. It is one of the children."""
        key = (OVERFLOW,) * len(self.definition.labels)
        with self._meter.lock:
            child = self._children.get(key)
            if child is None:
                child = self._children[key] = type(self)(self._meter, self.definition, self._most, key)
        self._meter.note_refused(self.definition)
        return child

    def _wrong_labels(self, given: tuple[object, ...]) -> MetricError:
        what = self.definition
        expected = "no labels" if self.values or not what.labels else f"a value for each of {what.labels!r}"
        return MetricError(f"labels of {what.kind.value} {what.name!r}: {given!r}; expected {expected}")


class Counter(Instrument):
    """A number that only rises."""

    __slots__ = ()

    def inc(self, amount: float = 1) -> None:
        """Add to it. Hot.

        Raises:
            ValueError: `amount` is below 0, or no finite number.
            MetricError: it has labels; count in one of its series.
        """
        if not 0 <= amount < _INFINITY:
            raise ValueError(f"counter {self.definition.name!r}: inc({amount!r}); expected a number from 0")
        with _LOCK:
            self._cells[0] += amount

    @property
    def value(self) -> float:
        """What this slot has counted, its earlier processes included."""
        return self._cells[0]


class Gauge(Instrument):
    """A number that rises and falls; it goes when its process goes, unless its merge is `last`."""

    __slots__ = ()

    def set(self, value: float) -> None:
        """Make it this number.

        Raises:
            MetricError: it has labels; set one of its series.
        """
        with _LOCK:
            cells = self._cells
            cells[0] = value
            cells[GAUGE_PID] = self._meter.pid
            cells[GAUGE_TIME] = monotonic()

    def inc(self, amount: float = 1) -> None:
        """Add to it.

        Raises:
            MetricError: it has labels, or its merge is `last`: several processes cannot add to one number.
        """
        if self.definition.merge is Merge.LAST:
            raise MetricError(f"gauge {self.definition.name!r} merged by 'last': inc(); expected set()")
        with _LOCK:
            cells = self._cells
            cells[0] += amount
            cells[GAUGE_PID] = self._meter.pid

    def dec(self, amount: float = 1) -> None:
        """Take from it; as `inc`."""
        self.inc(-amount)

    @contextlib.contextmanager
    def track(self) -> Iterator[None]:
        """Count what runs inside of the block: one more while it does."""
        self.inc()
        try:
            yield
        finally:
            self.inc(-1)

    def withdraw(self) -> None:
        """Be 0, and not shown until it is set again."""
        with _LOCK:
            self._cells[0] = 0
            self._cells[GAUGE_PID] = 0

    def attach(self) -> None:
        """Take cells; what a predecessor left there was its own, unless the last value counts."""
        Instrument.attach(self)
        cells = self._cells
        if self.definition.merge is not Merge.LAST and cells[GAUGE_PID] != self._meter.pid:
            cells[GAUGE_PID] = 0
            cells[0] = 0

    @property
    def value(self) -> float:
        """What it is in this process."""
        return self._cells[0]


class Histogram(Instrument):
    """How many values lay below each of its bounds, and their sum."""

    __slots__ = ()

    def observe(self, value: float, exemplar: Mapping[str, str] | None = None) -> None:
        """Count a value. Hot.

        Args:
            value: in the metric's unit.
            exemplar: labels that say where to look for this one (`trace_id`); the last of a bucket is shown.

        Raises:
            ValueError: `value` is no number.
            MetricError: it has labels; or the exemplar's are not names and texts, together too long.
        """
        if value != value:  # noqa: PLR0124 - what is no number is not equal to itself
            raise ValueError(f"histogram {self.definition.name!r}: observe({value!r}); expected a number")
        bucket = bisect_left(self.definition.bounds, value)
        with _LOCK:
            cells = self._cells
            cells[bucket] += 1
            cells[-1] += value
        if exemplar:
            self.keep_exemplar(bucket, exemplar, value)

    @contextlib.contextmanager
    def time(self) -> Iterator[None]:
        """Count the seconds that the block takes."""
        began_s = perf_counter()
        try:
            yield
        finally:
            self.observe(perf_counter() - began_s)

    @property
    def counts(self) -> list[int]:
        """Values by bucket, not cumulative; the last lay above all bounds."""
        return [int(count) for count in self._cells[:-1]]

    @property
    def sum(self) -> float:
        """Of all values."""
        return self._cells[-1]


def renew_lock() -> None:
    """In a forked child: the lock may be held by a thread that is not there."""
    _LOCK._at_fork_reinit()  # type: ignore[attr-defined]  # as threading does it; typeshed does not know it
