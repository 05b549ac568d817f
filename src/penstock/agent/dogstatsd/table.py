"""All series that came by DogStatsD, by name, kind and labels; never more than their limit.

    name, kind ----> Family --+--> labels -> cell
                              `--> overflow: one cell for all series that found no room

When there are `max_series`, what comes for a new series is added to the overflow series of its family
(`overflow="true"`), so that the sum over the family stays right; what comes for a new family is refused and
counted. A series that nobody sends any more is forgotten.

In:     names and labels of metrics; now and then the word that a minute is over.
Out:    cells to add to.
Never:  parses (datagram.py), reads a clock.

Rules:  a family has one kind in Prometheus, and no two families may write the same line. The kinds of a name
        that came in two get names of their own (`jobs` a gauge and `jobs_set`), so do those whose lines would
        meet (`jobs_count` beside a histogram `jobs`). What had the name first keeps it.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from penstock.agent.dogstatsd.cell import Cell, Counter, Gauge, Histogram, Members
from penstock.agent.dogstatsd.naming import Labels, metric_name

OVERFLOW: Final[Labels] = (("overflow", "true"),)


@dataclasses.dataclass(frozen=True, slots=True)
class _Shape:
    """A kind of cell: the word for it, and what its lines add to the family's name."""

    word: str
    suffixes: tuple[str, ...]


_SHAPES: Final[Mapping[type[Cell], _Shape]] = MappingProxyType(
    {
        Counter: _Shape("counter", ("", "_total", "_created")),
        Gauge: _Shape("gauge", ("",)),
        Histogram: _Shape("histogram", ("", "_bucket", "_sum", "_count", "_created")),
        Members: _Shape("set", ("",)),
    }
)


@dataclasses.dataclass(slots=True)
class Entry:
    """One family.

    Attributes:
        name: Prometheus' name.
        sent_name: the first name that was sent for it.
        kind: of its cells.
        series: by labels.
        overflow: where what found no room went.
    """

    name: str
    sent_name: str
    kind: type[Cell]
    series: dict[Labels, Cell] = dataclasses.field(default_factory=dict)
    overflow: Cell | None = None

    @property
    def cells(self) -> list[tuple[Labels, Cell]]:
        """All cells with their labels, the overflow last; any thread."""
        return [*list(self.series.items()), *([(OVERFLOW, self.overflow)] if self.overflow else [])]


class SeriesTable:
    """Cells by name, kind and labels.

    Args:
        max_series: of all families together.
        bounds: of every histogram.
        max_idle_turns: after how many turns without a value a series is forgotten.

    Attributes:
        series_count: how many there are, without those for the overflow.
        collisions: name as sent -> the name that it shares a family with, or was given because another had
            its own. At most `max_series`.
    """

    def __init__(self, max_series: int, bounds: Sequence[float], max_idle_turns: int) -> None:
        self._max_series = max_series
        self._bounds = tuple(bounds)
        self._max_idle_turns = max_idle_turns
        self._entries: dict[tuple[str, type[Cell]], Entry] = {}
        self._line_names: set[str] = set()  # that some family writes
        self.series_count = 0
        self.collisions: dict[str, str] = {}

    def cell(self, name: str, kind: type[Cell], labels: Labels) -> Cell | None:
        """Return the series' cell; None = there is no room for one more."""
        entry = self._entries.get((metric_name(name), kind))
        found = entry.series.get(labels) if entry else None
        if found is None and self.series_count < self._max_series:
            entry = entry or self._enter(name, kind)
            found = entry.series[labels] = self._new(kind)
            self.series_count += 1
        if entry and entry.sent_name != name:
            self._note_collision(name, entry.sent_name)
        return found

    def overflow(self, name: str, kind: type[Cell]) -> Cell | None:
        """Return the cell for what found no room in its family; None = it has no family either."""
        entry = self._entries.get((metric_name(name), kind))
        if entry is None:
            return None
        if entry.overflow is None:
            entry.overflow = self._new(kind)
        return entry.overflow

    def entries(self) -> list[Entry]:
        """Return all families; any thread."""
        return list(self._entries.values())

    def turn(self) -> bool:
        """A minute is over: begin the sets anew, forget what is idle; True = series went."""
        count = self.series_count
        for key, entry in list(self._entries.items()):
            for labels, cell in entry.cells:
                cell.turn()
                if cell.idle_turns > self._max_idle_turns:
                    self._forget(entry, labels)
            if not entry.cells:
                del self._entries[key]
                self._line_names -= _line_names(entry.name, entry.kind)
        return self.series_count < count

    def _enter(self, name: str, kind: type[Cell]) -> Entry:
        """Make a family under the first name that is free: its own, with its kind, with a number."""
        plain, word = metric_name(name), _SHAPES[kind].word
        names = itertools.chain(
            (plain, f"{plain}_{word}"), (f"{plain}_{word}_{n}" for n in itertools.count(2))
        )
        chosen = next(each for each in names if self._line_names.isdisjoint(_line_names(each, kind)))
        if chosen != plain:
            self._note_collision(name, chosen)
        self._line_names |= _line_names(chosen, kind)
        entry = self._entries[plain, kind] = Entry(chosen, name, kind)
        return entry

    def _note_collision(self, name: str, other: str) -> None:
        if len(self.collisions) < self._max_series:
            self.collisions.setdefault(name, other)

    def _new(self, kind: type[Cell]) -> Cell:
        return Histogram(self._bounds) if kind is Histogram else kind()  # type: ignore[call-arg]  # the others take none

    def _forget(self, entry: Entry, labels: Labels) -> None:
        if labels == OVERFLOW:
            entry.overflow = None
        else:
            del entry.series[labels]
            self.series_count -= 1


def _line_names(name: str, kind: type[Cell]) -> set[str]:
    return {f"{name}{suffix}" for suffix in _SHAPES[kind].suffixes}
