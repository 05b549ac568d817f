"""The application's own metrics: the tables of all slots, read and merged.

    counter, histogram, summary    the sum over all slots, whoever counted there: none goes back
    gauge                          of processes that live, merged as its author said; `last` of any process
    `each`                         a series a slot, in the label `worker`

Two definitions of one name (the code was reloaded) cannot be one family: the one that a process took up last
is shown, the other's counts rest until it is taken up again.

In:     tables (telemetry/table.py): hostile memory.
Out:    families.
Never:  raises for what it finds there, or shows the gauge of a process that is gone.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from penstock.agent.metrics.family import (
    Exemplar,
    Family,
    HistogramValue,
    Kind,
    Sample,
    SummaryValue,
)
from penstock.telemetry import layout
from penstock.telemetry.definition import GAUGE_PID, GAUGE_TIME, Definition, Merge
from penstock.telemetry.exemplar import KeptExemplar, read_exemplars
from penstock.telemetry.layout import WORD_BYTES
from penstock.telemetry.scoreboard import WorkerState
from penstock.telemetry.segment import Segment
from penstock.telemetry.table import Series, Table

_LIVING: Final = (
    WorkerState.BOOTING,
    WorkerState.READY,
    WorkerState.DRAINING,
    WorkerState.TEMPLATE,
)
_MAX_COUNT: Final = 1 << 63
Labels = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Slot:
    """One slot at one moment. `pid` is 0 where no process lives."""

    number: int
    pid: int
    table: Table
    cells: "memoryview[float]"
    exemplars: dict[int, KeptExemplar]


class ApplicationMetrics:
    """Reads the tables of one server; a Source."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._tables = [Table(segment, slot) for slot in range(segment.layout.slots)]

    def families(self) -> list[Family]:
        """Return all families as of now."""
        slots = list(map(self._look, range(len(self._tables))))
        current = _current_definitions(slots)
        found: dict[str, dict[Labels, list[_Reading]]] = {name: {} for name in current}
        for slot in slots:
            shown = {d for d in slot.table.definitions if current[d.name].is_same_as(d)}
            for series in slot.table.series:
                if series.definition in shown:
                    reading = _Reading(slot, series)
                    found[series.definition.name].setdefault(reading.labels(), []).append(reading)
        families = [_family(current[name], series) for name, series in found.items()]
        return [*(family for family in families if family.samples), *self._own()]

    def _look(self, number: int) -> _Slot:
        table = self._tables[number]
        table.read_on()
        plan, words = self._segment.layout, self._segment.words
        first = plan.slot_at(number) // WORD_BYTES
        at = plan.metrics_at(number)
        return _Slot(
            number,
            words[first + layout.PID] if words[first + layout.STATE] in _LIVING else 0,
            table,
            memoryview(bytes(self._segment.memory[at : at + table.end])).cast("d"),
            read_exemplars(self._segment, number),
        )

    def _own(self) -> Iterator[Family]:
        words, plan = self._segment.words, self._segment.layout
        firsts = [plan.slot_at(slot) // WORD_BYTES for slot in range(plan.slots)]
        refused = sum(words[first + layout.METRICS_REFUSED] for first in firsts)
        text = "Times that label values of the application's metrics had to share the series `_overflow`."
        yield Family("penstock_refused_series", Kind.COUNTER, text, "", (Sample((), refused),))
        text = "Series of the application in the memory of all workers."
        count = sum(len(table.series) for table in self._tables)
        yield Family("penstock_application_series", Kind.GAUGE, text, "", (Sample((), count),))
        text = "Tables of the application's metrics that cannot be read to their end."
        damaged = sum(table.is_damaged for table in self._tables)
        yield Family("penstock_damaged_tables", Kind.GAUGE, text, "", (Sample((), damaged),))


@dataclasses.dataclass(frozen=True, slots=True)
class _Reading:
    """One series in one slot."""

    slot: _Slot
    series: Series

    def labels(self) -> Labels:
        """Return the labels it is shown with."""
        definition = self.series.definition
        labels = tuple(zip(definition.labels, self.series.values, strict=True))
        if definition.merge is Merge.EACH:
            return (*labels, ("worker", str(self.slot.number)))
        return labels

    def value(self, offset: int = 0) -> float:
        """Return a cell."""
        return self.slot.cells[self.series.cell + offset]

    def count(self, offset: int = 0) -> int:
        """Return a cell as a number of things."""
        value = self.value(offset)
        return int(value) if 0 <= value < _MAX_COUNT else 0

    def is_current(self) -> bool:
        """Whether the process that set this gauge lives in its slot."""
        return 0 < self.slot.pid == self.value(GAUGE_PID)


def _current_definitions(slots: Iterable[_Slot]) -> dict[str, Definition]:
    """Return for each name the definition that a process took up last."""
    stamps: dict[str, float] = {}
    current: dict[str, Definition] = {}
    for slot in slots:
        for definition, cell in zip(slot.table.definitions, slot.table.stamps, strict=True):
            stamp = slot.cells[cell]
            if not stamp <= stamps.get(definition.name, -math.inf):
                stamps[definition.name] = stamp
                current[definition.name] = definition
    return current


def _family(definition: Definition, series: dict[Labels, list[_Reading]]) -> Family:
    merge = _MERGES.get(definition.kind, _merge_gauge)
    samples = (merge(definition, labels, readings) for labels, readings in series.items())
    return Family(
        definition.name,
        definition.kind,
        definition.help,
        definition.unit,
        tuple(sample for sample in samples if sample is not None),
    )


def _merge_counter(_definition: Definition, labels: Labels, readings: list[_Reading]) -> Sample:
    values = (reading.value() for reading in readings)
    total = sum(value for value in values if value >= 0)
    return Sample(labels, total, _exemplar(readings, 0))


def _merge_summary(_definition: Definition, labels: Labels, readings: list[_Reading]) -> Sample:
    count = sum(reading.count() for reading in readings)
    return Sample(labels, SummaryValue(count, sum(reading.value(1) for reading in readings)))


def _merge_histogram(definition: Definition, labels: Labels, readings: list[_Reading]) -> Sample:
    buckets = range(len(definition.bounds) + 1)
    counts = tuple(sum(reading.count(bucket) for reading in readings) for bucket in buckets)
    total = sum(reading.value(len(buckets)) for reading in readings)
    has_exemplars = any(reading.slot.exemplars for reading in readings)
    exemplars = tuple(_exemplar(readings, bucket) for bucket in buckets) if has_exemplars else ()
    return Sample(labels, HistogramValue(definition.bounds, counts, total, exemplars))


def _merge_gauge(definition: Definition, labels: Labels, readings: list[_Reading]) -> Sample | None:
    if definition.merge is Merge.LAST:
        readings = [reading for reading in readings if reading.value(GAUGE_PID)]
        value = max(readings, key=lambda r: r.value(GAUGE_TIME)).value() if readings else None
    else:
        values = [reading.value() for reading in readings if reading.is_current()]
        value = _OF_LIVING[definition.merge](values) if values else None
    if value is None or (definition.kind is Kind.INFO and not value):
        return None
    return Sample(labels, value)


_OF_LIVING: Final[dict[Merge, Callable[[list[float]], float]]] = {
    Merge.SUM: sum,
    Merge.MAX: max,
    Merge.MIN: min,
    Merge.EACH: lambda values: values[-1],
}
_MERGES: Final[dict[Kind, Callable[[Definition, Labels, list[_Reading]], Any]]] = {
    Kind.COUNTER: _merge_counter,
    Kind.HISTOGRAM: _merge_histogram,
    Kind.SUMMARY: _merge_summary,
}


def _exemplar(readings: list[_Reading], offset: int) -> Exemplar | None:
    """Return the latest exemplar of a cell."""
    kept = [
        exemplar
        for reading in readings
        if (exemplar := reading.slot.exemplars.get(reading.series.cell + offset))
    ]
    if not kept:
        return None
    latest = max(kept, key=lambda exemplar: exemplar.time_s)
    return Exemplar(latest.labels, latest.value, latest.time_s)
