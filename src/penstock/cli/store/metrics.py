"""`penstock metrics`: what a metric was in the last minutes or hours, from the store.

    counter, summary   how much was added, and how much a second
    gauge              least, mean and most
    histogram          how many values, how many a second, and the bounds that half and 99 % of them lie below

In:     a store (file.py).
Out:    names, or a line a series; JSON for programs.
Never:  changes the store.
"""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from penstock.agent.store import PointRow, SeriesRow, StoreReader
from penstock.cli.error import CommandError
from penstock.cli.store.file import age_of, print_store
from penstock.cli.text import columns, safe_lines

if TYPE_CHECKING:
    import argparse

_DEFAULT_AGE_S: Final = 600.0
_WHOLE_FROM: Final = 100_000  # bytes and the like: nobody reads 3.01e+07
_HEADERS: Final = {
    "gauge": ("last", "least", "mean", "most"),
    "histogram": ("values", "a second", "half below", "99 % below"),
}
_ADDED: Final = ("last", "added", "a second")


def run_metrics(arguments: "argparse.Namespace") -> int:
    """Print the names of all metrics, or one of them.

    Raises:
        ConfigError: a word cannot be understood.
        CommandError: there is no store, or no such metric.
    """
    age_s = age_of(arguments.since) or _DEFAULT_AGE_S
    return print_store(arguments, lambda reader: _read(reader, arguments, age_s))


def _read(reader: StoreReader, arguments: "argparse.Namespace", age_s: float) -> str:
    if not arguments.name:
        names = reader.names()
        return json.dumps(names) + "\n" if arguments.json else "".join(f"{name}\n" for name in names)
    name = arguments.name.removesuffix("_total")
    series = reader.series(name, age_s)
    if not series:
        raise CommandError(f"metric {name!r} has no points since then; `penstock metrics` lists all")
    return render_json(series) if arguments.json else render_table(series)


def render_table(series: Sequence[SeriesRow]) -> str:
    """Return a line for each series of one metric."""
    header = ("series", *_HEADERS.get(series[0].kind, _ADDED))
    rows = [(_labels(each), *_summaries(each)) for each in series]
    return columns([header, *rows], frozenset(range(1, len(header))))


def render_json(series: Sequence[SeriesRow]) -> str:
    """Return a list of objects with all points; times are Unix time."""
    return json.dumps([dataclasses.asdict(each) for each in series], indent=2) + "\n"


def _labels(series: SeriesRow) -> str:
    labels = " ".join(f"{name}={value}" for name, value in series.labels)
    return safe_lines(labels)[0] if labels else "(no labels)"


def _summaries(series: SeriesRow) -> tuple[str, ...]:
    return tuple(map(_shown, _SUMMARIES.get(series.kind, _added)(series)))


def _gauge(series: SeriesRow) -> tuple[float, ...]:
    values = [point.value for point in series.points]
    return values[-1], min(values), sum(values) / len(values), max(values)


def _added(series: SeriesRow) -> tuple[float | None, ...]:
    values = [point.value for point in series.points]
    added = rise(values)
    return values[-1], added, _per_second(added, series.points)


def _histogram(series: SeriesRow) -> tuple[float | None, ...]:
    """A bucket's rise is that of its counts; in a store begun just now there is one point, and no rise."""
    rises = [rise(column) for column in zip(*(point.counts for point in series.points), strict=False)]
    count = sum(rises)
    return (
        count,
        _per_second(count, series.points),
        _bound_above(series.bounds, rises, 0.5),
        _bound_above(series.bounds, rises, 0.99),
    )


_SUMMARIES: Final[dict[str, Callable[[SeriesRow], tuple[float | None, ...]]]] = {
    "gauge": _gauge,
    "histogram": _histogram,
}


def rise(values: Iterable[float]) -> float:
    """Return how much was added to a counter; one that falls has begun anew from nothing."""
    return sum(after - before if after >= before else after for before, after in itertools.pairwise(values))


def _per_second(added: float, points: Sequence[PointRow]) -> float | None:
    passed_s = points[-1].at_s - points[0].at_s
    return added / passed_s if passed_s > 0 else None


def _bound_above(bounds: Sequence[float], rises: Sequence[float], part: float) -> float | None:
    """Return the least bound that `part` of the values lie below; None = they lie above all, or are none."""
    wanted = part * sum(rises)
    reached = itertools.accumulate(rises)
    return next(
        (bound for bound, below in zip(bounds, reached, strict=False) if wanted and below >= wanted), None
    )


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return str(round(value)) if abs(value) >= _WHOLE_FROM else f"{value:.6g}"
