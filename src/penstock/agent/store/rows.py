"""What the store is told, as rows.

In:     families, kept traces, changes of error groups; the position of now.
Out:    statements on an open transaction.
Never:  begins or ends a transaction (keeper.py), deletes (retention.py).

Rules:  at most `MAX_SERIES` series are written at a time; what is beyond is counted.
"""

import dataclasses
import json
import sqlite3
from array import array
from collections.abc import Iterable
from typing import Any, Final

from penstock.agent.errors import Change
from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample, SummaryValue
from penstock.agent.store.timeline import Anchor
from penstock.agent.store.trace_form import dump_trace
from penstock.agent.traces import Trace
from penstock.telemetry.clock import NS_PER_S

FINE_S: Final = 10
COARSE_S: Final = 60
MAX_SERIES: Final = 2000
_MAX_VALUE: Final = 1e300  # the sum of a minute's values is still finite


class SeriesIndex:
    """Row ids of series by what they are, as far as this process has met them."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str, str, str], int] = {}

    def find(self, connection: sqlite3.Connection, family: Family, sample: Sample) -> int:
        """Return the row id of a series, made if it is new."""
        value = sample.value
        bounds = json.dumps(value.bounds) if isinstance(value, HistogramValue) else ""
        key = (family.name, family.kind.value, json.dumps(sample.labels, ensure_ascii=False), bounds)
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = _series_id(connection, key)
        return found

    def forget(self) -> None:
        """Rows may have gone."""
        self._ids.clear()


def write_points(
    connection: sqlite3.Connection, index: SeriesIndex, families: Iterable[Family], at_s: float
) -> int:
    """Write every series' value of this moment; return how many were left out.

    A value that is no number, or infinite, is: SQLite takes it for NULL, now or in the mean of a minute.
    """
    samples = [(family, sample, _value(sample)) for family in families for sample in family.samples]
    kept = [each for each in samples if abs(each[2][0]) <= _MAX_VALUE][:MAX_SERIES]
    rows = [(FINE_S, at_s, index.find(connection, family, sample), *value) for family, sample, value in kept]
    connection.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?)", rows)
    return len(samples) - len(kept)


def write_coarse(connection: sqlite3.Connection, since_s: float, at_s: float) -> None:
    """Make a minute of the points since `since_s`: gauges their mean, all others their last value."""
    connection.execute(
        "INSERT OR REPLACE INTO point SELECT ?, ?, series, avg(value), NULL FROM point"
        " JOIN series ON series.id = point.series"
        " WHERE step_s = ? AND at_s > ? AND at_s <= ? AND kind = ? GROUP BY series",
        (COARSE_S, at_s, FINE_S, since_s, at_s, Kind.GAUGE.value),
    )
    # SQLite takes the other columns from the row that has the maximum (lang_select.html, bare columns).
    connection.execute(
        "INSERT OR REPLACE INTO point SELECT ?, ?, series, value, counts FROM"
        " (SELECT series, value, counts, max(at_s) FROM point JOIN series ON series.id = point.series"
        " WHERE step_s = ? AND at_s > ? AND at_s <= ? AND kind != ? GROUP BY series)",
        (COARSE_S, at_s, FINE_S, since_s, at_s, Kind.GAUGE.value),
    )


def write_traces(connection: sqlite3.Connection, traces: Iterable[Trace], at_s: float) -> None:
    """Write traces that were kept now. Several requests may have one trace id; each has a span of its own."""
    rows = [
        (
            trace.trace_id,
            trace.spans[0].span_id if trace.spans else "",
            trace.request_id,
            at_s,
            trace.duration_ns / NS_PER_S,
            "error" in trace.reasons,
            dump_trace(trace),
        )
        for trace in traces
    ]
    connection.executemany("INSERT OR REPLACE INTO trace VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def write_changes(connection: sqlite3.Connection, changes: Iterable[Change], shift_s: float) -> None:
    """Add what is new of error groups.

    Args:
        connection: inside a transaction.
        changes: since the last time.
        shift_s: position minus monotonic clock.
    """
    connection.executemany(
        "INSERT INTO fault VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " count = count + excluded.count, last_s = max(last_s, excluded.last_s), example = excluded.example",
        [_fault_row(change, shift_s) for change in changes],
    )


def write_anchor(connection: sqlite3.Connection, anchor: Anchor) -> None:
    """Write up to which moment the store is written."""
    connection.execute("INSERT OR REPLACE INTO about VALUES (1, ?, ?, ?, ?)", dataclasses.astuple(anchor))


def read_anchor(connection: sqlite3.Connection) -> Anchor | None:
    """Return that moment; None = nothing was written yet."""
    row = connection.execute("SELECT position_s, boot_id, boot_s, wall_s FROM about").fetchone()
    return Anchor(*row) if row else None


def _series_id(connection: sqlite3.Connection, key: tuple[str, str, str, str]) -> int:
    found = connection.execute(
        "SELECT id FROM series WHERE name = ? AND kind = ? AND labels = ? AND bounds = ?", key
    ).fetchone()
    if found:
        return int(found[0])
    made = connection.execute("INSERT INTO series (name, kind, labels, bounds) VALUES (?, ?, ?, ?)", key)
    return int(made.lastrowid or 0)


def _value(sample: Sample) -> tuple[float, bytes | None]:
    """Return value and counts: of a histogram or summary its sum, and the counts as 8-byte words."""
    value = sample.value
    if isinstance(value, HistogramValue):
        return value.sum, _words(value.counts)
    if isinstance(value, SummaryValue):
        return value.sum, _words((value.count,))
    return float(value), None


def _words(counts: Iterable[int]) -> bytes:
    return array("Q", counts).tobytes()


def _fault_row(change: Change, shift_s: float) -> tuple[Any, ...]:
    origin = change.origin
    example = json.dumps(dataclasses.asdict(change.example))
    first_s, last_s = change.first_s + shift_s, change.last_s + shift_s
    return change.id, change.application, origin.kind, origin.place, change.count, first_s, last_s, example
