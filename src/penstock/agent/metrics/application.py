"""The application's own metrics: the tables of all slots, read and merged.

    counter, histogram, summary    the sum over all slots, whoever counted there: none goes back
    gauge                          of processes that live, merged as its author said; `last` of any process
    `each`                         a series a slot, in the label `worker`

Two definitions of one name (the code was reloaded) cannot be one family: the one that a process took up last
is shown, the other's counts rest until it is taken up again.

In:     tables (telemetry/metrics/table.py): hostile memory.
Out:    families.
Never:  raises for what it finds there, or shows the gauge of a process that is gone.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator
from operator import attrgetter, itemgetter
from typing import Final

from penstock.agent.metrics.family import (
    Exemplar,
    Family,
    HistogramValue,
    Kind,
    Sample,
    SummaryValue,
)
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.metrics.definition import GAUGE_PID, GAUGE_TIME, Definition, Merge
from penstock.telemetry.metrics.exemplar import KeptExemplar, read_exemplars
from penstock.telemetry.metrics.table import Series, Table

_LIVING: Final = (
    WorkerState.BOOTING,
    WorkerState.READY,
    WorkerState.DRAINING,
    WorkerState.TEMPLATE,
)
_MAX_COUNT: Final = 1 << 53  # from there on a cell cannot count by one; all buckets together fit in 64 bits
Labels = tuple[tuple[str, str], ...]
Place = tuple[int, int]  # a slot, and the first cell of a series there


@dataclasses.dataclass(frozen=True, slots=True)
class _Look:
    """All slots at one moment, each at the place of its number. A pid is 0 where no process lives."""

    cells: list["memoryview[float]"]
    pids: list[int]
    exemplars: list[dict[int, KeptExemplar]]
    has_exemplars: bool


class ApplicationMetrics:
    """Reads the tables of one server; a Source.

    A series that was read once stays where it is, so what a page costs is a look at its cells: 1 us.
    """

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._tables = [Table(segment, slot) for slot in range(segment.layout.slots)]
        # By what they count (definitions without their words), by their labels: where each slot counts it.
        self._series: dict[Definition, dict[Labels, list[Place]]] = {}

    def families(self) -> list[Family]:
        """Return all families as of now."""
        for slot, table in enumerate(self._tables):
            for series in table.take():
                labels = _labels(series, slot)
                same = self._series.setdefault(_bare(series.definition), {})
                same.setdefault(labels, []).append((slot, series.cell))
        look = self._look()
        current = self._current_definitions(look)
        families = [
            _family(definition, self._series.get(_bare(definition), {}), look)
            for definition in current.values()
        ]
        return [*(family for family in families if family.samples), *self._own()]

    def _look(self) -> _Look:
        """Copy all cells, so that they are of one moment, or nearly."""
        plan, words, memory = self._segment.layout, self._segment.words, self._segment.memory
        firsts = [plan.slot_word(slot) for slot in range(plan.slots)]
        tables = enumerate(self._tables)
        exemplars = [read_exemplars(self._segment, slot) for slot in range(plan.slots)]
        return _Look(
            [memoryview(bytes(memory[(at := plan.metrics_at(n)) : at + t.end])).cast("d") for n, t in tables],
            [words[first + layout.PID] if words[first + layout.STATE] in _LIVING else 0 for first in firsts],
            exemplars,
            any(exemplars),
        )

    def _current_definitions(self, look: _Look) -> dict[str, Definition]:
        """Return for each name the definition that a process took up last."""
        stamps: dict[str, float] = {}
        current: dict[str, Definition] = {}
        for table, cells in zip(self._tables, look.cells, strict=True):
            for definition, cell in zip(table.definitions, table.stamps, strict=True):
                stamp = cells[cell]
                if not stamp <= stamps.get(definition.name, -math.inf):
                    stamps[definition.name] = stamp
                    current[definition.name] = definition
        return current

    def _own(self) -> Iterator[Family]:
        words, plan = self._segment.words, self._segment.layout
        firsts = [plan.slot_word(slot) for slot in range(plan.slots)]
        refused = sum(words[first + layout.METRICS_REFUSED] for first in firsts)
        text = "Times that label values of the application's metrics had to share the series `_overflow`."
        yield Family("penstock_refused_series", Kind.COUNTER, text, "", (Sample((), refused),))
        text = "Series of the application in the memory of all workers."
        count = sum(table.series_count for table in self._tables)
        yield Family("penstock_application_series", Kind.GAUGE, text, "", (Sample((), count),))
        text = "Tables of the application's metrics that cannot be read to their end."
        damaged = sum(table.is_damaged for table in self._tables)
        yield Family("penstock_damaged_tables", Kind.GAUGE, text, "", (Sample((), damaged),))


def _labels(series: Series, slot: int) -> Labels:
    labels = tuple(zip(series.definition.labels, map(_sound, series.values), strict=True))
    return (*labels, ("worker", str(slot))) if series.definition.merge is Merge.EACH else labels


def _sound(text: str) -> str:
    """Spell lone surrogates out (names of files hold them): whoever sends metrics on has to write UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


@functools.lru_cache(maxsize=1024)
def _bare(definition: Definition) -> Definition:
    """Return a definition without the words that do not make it another metric."""
    return dataclasses.replace(definition, help="", unit="")


def _family(definition: Definition, series: dict[Labels, list[Place]], look: _Look) -> Family:
    merge = _MERGES.get(definition.kind, _merge_gauge)
    samples = (merge(definition, labels, places, look) for labels, places in series.items())
    return Family(
        definition.name,
        definition.kind,
        _sound(definition.help),
        definition.unit,
        tuple(sample for sample in samples if sample is not None),
    )


def _merge_counter(_definition: Definition, labels: Labels, places: list[Place], look: _Look) -> Sample:
    cells = look.cells
    values = [cells[slot][cell] for slot, cell in places]
    total = sum([value for value in values if value >= 0])
    return Sample(labels, total, _exemplar(places, 0, look) if look.has_exemplars else None)


def _merge_summary(_definition: Definition, labels: Labels, places: list[Place], look: _Look) -> Sample:
    count = sum(_count(look.cells[slot][cell]) for slot, cell in places)
    return Sample(labels, SummaryValue(count, sum(look.cells[slot][cell + 1] for slot, cell in places)))


def _merge_histogram(definition: Definition, labels: Labels, places: list[Place], look: _Look) -> Sample:
    size = len(definition.bounds) + 1
    counted = [look.cells[slot][cell : cell + size + 1].tolist() for slot, cell in places]
    sums = [sum(column) for column in zip(*counted, strict=True)]
    exemplars = tuple(_exemplar(places, n, look) for n in range(size)) if look.has_exemplars else ()
    value = HistogramValue(definition.bounds, tuple(map(_count, sums[:-1])), sums[-1], exemplars)
    return Sample(labels, value)


def _merge_gauge(definition: Definition, labels: Labels, places: list[Place], look: _Look) -> Sample | None:
    if definition.merge is Merge.LAST:
        set_at = [(look.cells[slot][cell + GAUGE_TIME], slot, cell) for slot, cell in places]
        by_somebody = [place for place in set_at if look.cells[place[1]][place[2] + GAUGE_PID]]
        _, slot, cell = max(by_somebody, default=(0.0, -1, -1))
        values = [look.cells[slot][cell]] if by_somebody else []
    else:
        values = [
            look.cells[slot][cell]
            for slot, cell in places
            if 0 < look.pids[slot] == look.cells[slot][cell + GAUGE_PID]
        ]
    if not values or (definition.kind is Kind.INFO and not any(values)):
        return None
    return Sample(labels, _OF_LIVING[definition.merge](values))


_OF_LIVING: Final[dict[Merge, Callable[[list[float]], float]]] = {
    Merge.SUM: sum,
    Merge.MAX: max,
    Merge.MIN: min,
    Merge.EACH: itemgetter(0),
    Merge.LAST: itemgetter(0),
}
_MERGES: Final[dict[Kind, Callable[[Definition, Labels, list[Place], _Look], Sample | None]]] = {
    Kind.COUNTER: _merge_counter,
    Kind.HISTOGRAM: _merge_histogram,
    Kind.SUMMARY: _merge_summary,
}


def _count(value: float) -> int:
    """Return what a cell holds as a number of things."""
    return int(value) if 0 <= value < _MAX_COUNT else 0


def _exemplar(places: list[Place], offset: int, look: _Look) -> Exemplar | None:
    """Return the latest exemplar of a cell."""
    kept = [found for slot, cell in places if (found := look.exemplars[slot].get(cell + offset))]
    if not kept:
        return None
    latest = max(kept, key=attrgetter("time_s"))
    return Exemplar(latest.labels, latest.value, latest.time_s)
