"""Datagrams into the table, line by line.

A line whose name and tail (type, rate, tags: all but the value) were seen before is not parsed again: a
bounded memo from those bytes leads to the cell. It holds only what the grammar took and what has a cell of
its own, is thrown away whole when it is full or cells went, and an entry is at most 1 KiB.

In:     datagrams as received.
Out:    values in cells; checks as gauges; events as counts, and whole to whoever asked for them; counts of
        all that was taken and refused.
Never:  raises, whatever a datagram holds.
"""

import collections
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from penstock.agent.dogstatsd.cell import Cell, Counter, Gauge, Histogram, Members
from penstock.agent.dogstatsd.datagram import (
    DatagramError,
    Event,
    Fault,
    Metric,
    MetricKind,
    ServiceCheck,
    parse_line,
    read_number,
)
from penstock.agent.dogstatsd.naming import labels_of
from penstock.agent.dogstatsd.table import SeriesTable

MAX_TAPS: Final = 16384
MAX_TAP_BYTES: Final = 1024
# Numbers of this many digits are exact as float and cheap to read.
_MAX_DIGITS: Final = 15
CHECKS: Final = "dogstatsd.service_check"
EVENTS: Final = "dogstatsd.events"

_CELLS: Final[Mapping[MetricKind, type[Cell]]] = MappingProxyType(
    {
        MetricKind.COUNTER: Counter,
        MetricKind.GAUGE: Gauge,
        MetricKind.HISTOGRAM: Histogram,
        MetricKind.TIMER: Histogram,
        MetricKind.DISTRIBUTION: Histogram,
        MetricKind.SET: Members,
    }
)
# What a line that is known adds to, and the weight of its values.
_Tap = tuple[Callable[[float, float], None], float]


class Intake:
    """Takes datagrams.

    Args:
        table: where values go.
        told: given each event.

    Attributes:
        datagram_count: datagrams taken.
        line_count: lines in them, those refused too.
        faults: refused lines by what was wrong.
        overflow_count: lines that went to an overflow series.
        homeless_count: lines for which there was no family, and no room for one.
        unknown_field_count: fields that were passed over.
        last_refused: what the last refused line got for an answer, for whoever looks for the fault.
    """

    def __init__(self, table: SeriesTable, told: Callable[[Event], None] = lambda _: None) -> None:
        self._table = table
        self._told = told
        self._taps: dict[tuple[bytes, bytes], _Tap] = {}
        self._members: dict[tuple[bytes, bytes], Members] = {}
        self.datagram_count = 0
        self.line_count = 0
        self.faults: collections.Counter[Fault] = collections.Counter()
        self.overflow_count = 0
        self.homeless_count = 0
        self.unknown_field_count = 0
        self.last_refused = ""

    def take(self, datagram: bytes) -> None:
        """Take one datagram. Hot."""
        self.datagram_count += 1
        find = self._taps.get
        lines = datagram.split(b"\n")
        for line in lines:
            head, _, tail = line.partition(b"|")
            name, _, value = head.partition(b":")
            tap = find((name, tail))
            if tap is not None and value.isdigit() and len(value) <= _MAX_DIGITS:
                tap[0](int(value), tap[1])
            else:
                self._take_slowly(line, (name, tail), value)
        self.line_count += len(lines)

    def forget_cells(self) -> None:
        """Cells left the table."""
        self._taps.clear()
        self._members.clear()

    def _take_slowly(self, line: bytes, key: tuple[bytes, bytes], value: bytes) -> None:
        """A line that is new, or whose value is no plain number."""
        try:
            if self._add_known(key, value):
                return
            if line:
                self._enter(parse_line(line), key)
            else:
                self.line_count -= 1  # behind the last LF
        except DatagramError as error:
            self.faults[error.fault] += 1
            self.last_refused = str(error)

    def _add_known(self, key: tuple[bytes, bytes], value: bytes) -> bool:
        """Add the values of a line that the memo knows; False = it must be looked at with care."""
        members = self._members.get(key)
        if members is not None and value:
            members.add_member(value)
            return True
        tap = self._taps.get(key)
        if tap is None:
            return False
        values = [read_number(text) for text in value.split(b":")]
        if min(values) < 0:  # the memo does not say whether it is a counter
            return False
        for each in values:
            tap[0](each, tap[1])
        return True

    def _enter(self, parsed: Metric | Event | ServiceCheck, key: tuple[bytes, bytes]) -> None:
        self.unknown_field_count += parsed.extras.unknown_count
        if isinstance(parsed, Metric):
            self._enter_metric(parsed, key)
        elif isinstance(parsed, Event):
            self._enter_event(parsed)
        else:
            self._enter_check(parsed)

    def _enter_metric(self, metric: Metric, key: tuple[bytes, bytes]) -> None:
        cell = self._table.cell(metric.name, _CELLS[metric.kind], labels_of(metric.extras.tags))
        if cell is None:
            cell = self._overflow(metric.name, _CELLS[metric.kind])
        elif not metric.timestamp_s:
            self._remember(key, cell, 1 / metric.rate)
        _add(cell, metric)

    def _overflow(self, name: str, kind: type[Cell]) -> Cell | None:
        cell = self._table.overflow(name, kind)
        if cell is None:
            self.homeless_count += 1
        else:
            self.overflow_count += 1
        return cell

    def _remember(self, key: tuple[bytes, bytes], cell: Cell, weight: float) -> None:
        if len(key[0]) + len(key[1]) > MAX_TAP_BYTES:
            return
        if len(self._taps) + len(self._members) >= MAX_TAPS:
            self.forget_cells()
        if isinstance(cell, Members):
            self._members[key] = cell
        else:
            self._taps[key] = cell.add, weight

    def _enter_event(self, event: Event) -> None:
        tags = (f"alert_type:{event.alert}", f"priority:{event.priority}")
        cell = self._table.cell(EVENTS, Counter, labels_of(tags)) or self._overflow(EVENTS, Counter)
        if isinstance(cell, Counter):
            cell.add(1, 1)
        self._told(event)

    def _enter_check(self, check: ServiceCheck) -> None:
        own = (f"check:{check.name}", *((f"host:{check.host}",) if check.host else ()))
        labels = labels_of((*own, *check.extras.tags))
        cell = self._table.cell(CHECKS, Gauge, labels) or self._overflow(CHECKS, Gauge)
        if isinstance(cell, Gauge):
            cell.add(check.status)


def _add(cell: Cell | None, metric: Metric) -> None:
    if isinstance(cell, Members):
        cell.add_member(metric.member)
    elif isinstance(cell, Gauge) and metric.timestamp_s:
        for value in metric.values:
            cell.add_stamped(value, metric.timestamp_s)
    elif cell is not None:
        for value in metric.values:
            cell.add(value, 1 / metric.rate)
