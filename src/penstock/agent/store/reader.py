"""What the store holds, for the command line and the console.

In:     the path of a store.
Out:    groups of exceptions, traces, points; with times of day.
Never:  writes; holds a transaction open (that would keep the writer's log from being emptied).
"""

import contextlib
import dataclasses
import json
import sqlite3
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from penstock.agent.errors import Example
from penstock.agent.store.rows import COARSE_S, FINE_S, read_anchor
from penstock.agent.store.schema import StoreError, open_for_reading
from penstock.agent.store.timeline import Clocks, Timeline
from penstock.agent.store.trace_form import load_trace
from penstock.agent.traces import Trace

_FAULT: Final = "SELECT id, application, kind, place, count, first_s, last_s, example FROM fault"
_TRACE: Final = "SELECT body FROM trace"
_LATEST_TRACES: Final = (
    "SELECT body, at_s FROM trace WHERE is_error >= ? AND at_s >= coalesce("
    "(SELECT at_s FROM trace WHERE is_error >= ? ORDER BY at_s DESC LIMIT 1 OFFSET ?), at_s)"
)
_FINE_FOR_S: Final = 3600.0


@dataclasses.dataclass(frozen=True, slots=True)
class FaultRow:
    """One group of exceptions; times are Unix time."""

    id: str
    application: str
    kind: str
    place: str
    count: int
    first_s: float
    last_s: float
    example: Example


@dataclasses.dataclass(frozen=True, slots=True)
class PointRow:
    """One value of a series. `counts` are a histogram's by bucket, or a summary's one; else empty."""

    at_s: float
    value: float
    counts: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series and its points, oldest first."""

    name: str
    kind: str
    labels: tuple[tuple[str, str], ...]
    bounds: tuple[float, ...]
    points: tuple[PointRow, ...]


class StoreReader:
    """An open store; a context manager.

    Args:
        path: of the file.
        clocks: of this machine.

    Raises:
        StoreError: there is no such store, or it cannot be read; of every method, too.
    """

    def __init__(self, path: Path, clocks: Clocks | None = None) -> None:
        self._path = path
        self._connection = open_for_reading(path)
        with self._reading():
            self._timeline = Timeline(read_anchor(self._connection), clocks or Clocks.of_this_machine())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def faults(self, age_s: float | None = None) -> list[FaultRow]:
        """Return groups of exceptions, the latest first.

        Args:
            age_s: only those that occurred so long ago or later; None = all.
        """
        since_s = 0.0 if age_s is None else self._timeline.now() - age_s
        rows = self._rows(f"{_FAULT} WHERE last_s >= ? ORDER BY last_s DESC, id", since_s)
        return [self._fault(row) for row in rows]

    def find_faults(self, beginning: str) -> list[FaultRow]:
        """Return the groups whose id begins so."""
        rows = self._rows(f"{_FAULT} WHERE substr(id, 1, ?) = ? ORDER BY id", len(beginning), beginning)
        return [self._fault(row) for row in rows]

    def traces(self, count: int, *, by_duration: bool = False, only_errors: bool = False) -> list[Trace]:
        """Return kept traces, the latest or the slowest first.

        Args:
            count: at most so many.
            by_duration: the slowest first.
            only_errors: those of requests that failed.
        """
        if by_duration:
            slowest = f"{_TRACE} WHERE is_error >= ? ORDER BY duration_s DESC, id LIMIT ?"
            return self._traces(self._rows(slowest, int(only_errors), count))
        # Those that were written together have one moment: all are read, and ordered by when they began.
        rows = self._rows(_LATEST_TRACES, int(only_errors), int(only_errors), count - 1)
        written = zip((at_s for _, at_s in rows), self._traces([(body,) for body, _ in rows]), strict=True)
        latest = sorted(written, key=lambda each: (each[0], each[1].start_ns), reverse=True)
        return [trace for _, trace in latest[:count]]

    def find_traces(self, beginning: str) -> list[Trace]:
        """Return the traces whose id begins so, or whose request has this id."""
        rows = self._rows(
            f"{_TRACE} WHERE substr(id, 1, ?) = ? OR request = ? ORDER BY id, at_s",
            len(beginning),
            beginning,
            beginning,
        )
        return self._traces(rows)

    def names(self) -> list[str]:
        """Return the names of all metrics that there are points of."""
        return [name for (name,) in self._rows("SELECT DISTINCT name FROM series ORDER BY name")]

    def series(self, name: str, age_s: float) -> list[SeriesRow]:
        """Return the series of one metric: a point each 10 s of the last hour, each minute beyond.

        Args:
            name: of the family.
            age_s: how far back.
        """
        step_s = FINE_S if age_s <= _FINE_FOR_S else COARSE_S
        rows = self._rows(
            "SELECT series.id, kind, labels, bounds, at_s, value, counts FROM point"
            " JOIN series ON series.id = point.series"
            " WHERE step_s = ? AND at_s >= ? AND name = ? ORDER BY labels, series.id, at_s",
            step_s,
            self._timeline.now() - age_s,
            name,
        )
        found: dict[int, tuple[tuple[str, str, str], list[PointRow]]] = {}
        for number, kind, labels, bounds, at_s, value, counts in rows:
            points = found.setdefault(number, ((kind, labels, bounds), []))[1]
            points.append(PointRow(self._timeline.wall_s(at_s), value, _counts(counts)))
        return [_series(name, what, points) for what, points in found.values()]

    def _rows(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        with self._reading():
            return self._connection.execute(statement, arguments).fetchall()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"store {str(self._path)!r} cannot be read: {error}") from error

    def _fault(self, row: tuple[Any, ...]) -> FaultRow:
        number, application, kind, place, count, first_s, last_s, example = row
        first_s, last_s = map(self._timeline.wall_s, (first_s, last_s))
        return FaultRow(number, application, kind, place, count, first_s, last_s, _example(example))

    def _traces(self, rows: list[tuple[Any, ...]]) -> list[Trace]:
        try:
            return [load_trace(body) for (body,) in rows]
        except ValueError as error:
            raise StoreError(f"store {str(self._path)!r}: {error}") from error


def _example(text: str) -> Example:
    """Return an example; one that another release wrote may lack fields, or have more."""
    found: dict[str, Any] = {"message": "", "trace": "", "logger": "", "pid": 0} | json.loads(text)
    names = {field.name for field in dataclasses.fields(Example)}
    return Example(**{name: value for name, value in found.items() if name in names})


def _series(name: str, what: tuple[str, str, str], points: list[PointRow]) -> SeriesRow:
    kind, labels, bounds = what
    pairs = tuple((key, value) for key, value in json.loads(labels))
    return SeriesRow(name, kind, pairs, tuple(json.loads(bounds or "[]")), tuple(points))


def _counts(blob: bytes | None) -> tuple[int, ...]:
    return tuple(array("Q", blob)) if blob else ()
