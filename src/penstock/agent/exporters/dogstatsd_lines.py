"""All families as lines of DogStatsD, each with what is to be remembered once it was sent.

    counter      x:DELTA|c                 what was added since the last line that was sent
    gauge        x:VALUE|g                 info and states too
    histogram    x:MIDDLE|d|@1/DELTA       a distribution: a line for each bucket that grew, at its middle
    summary      x_count:DELTA|c, x_sum:DELTA|c

A distribution has count, mean and percentiles in Datadog; its values are exact within a bucket. The rate is a
hair below 1/DELTA, so that whoever divides and cuts off gets DELTA and not one less.

What was there before we came was somebody else's to send: of the series in the first gathering, and of all
that come together with another server, only what is added later is sent. So a new agent repeats nothing.

In:     families.
Out:    lines.
Never:  sends; remembers a line before it is told that it was sent; remembers a series that is gone.

Rules:  docs.datadoghq.com, "Datagram Format and Shell Usage"; agent/dogstatsd/datagram.py is the other way.
"""

import dataclasses
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample, SummaryValue

# A receiver may refuse a rate below one in a million, as our own intake does.
_MAX_WEIGHT: Final = 500_000
_MAX_TAG_LETTERS: Final = 200  # Datadog cuts there
_UNSAFE: Final = re.compile(r"[,|\s\x00-\x1f]")
_SERVER: Final = "penstock_start_time_seconds"

Key = tuple[str, tuple[tuple[str, str], ...], int]


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line, and the total that is reached when it was sent; a gauge has no key."""

    text: bytes
    key: Key | None = None
    total: float = 0


@dataclasses.dataclass(frozen=True, slots=True)
class _Total:
    """One number that only rises, and the words around what it rose by."""

    key: Key
    total: float
    name: str
    tags: str
    middle: float | None = None  # of a histogram's bucket


class LineMaker:
    """Makes lines, and remembers what was sent."""

    def __init__(self) -> None:
        self._sent: dict[Key, float] = {}
        self._servers: frozenset[tuple[tuple[str, str], ...]] = frozenset()
        self._has_begun = False

    def lines(self, families: Sequence[Family]) -> list[Line]:
        """Return what is to be sent now."""
        totals = list(_totals(families))
        keys = {each.key for each in totals}
        self._sent = {key: sent for key, sent in self._sent.items() if key in keys}
        if self._has_newcomer(families):
            for each in totals:
                self._sent.setdefault(each.key, each.total)
        risen = (line for each in totals for line in self._risen(each))
        return [*risen, *_gauges(families)]

    def note_sent(self, lines: Iterable[Line]) -> None:
        """Remember that these lines left."""
        for line in lines:
            if line.key is not None:
                self._sent[line.key] = line.total

    def _has_newcomer(self, families: Iterable[Family]) -> bool:
        """Whether this is the first time, or another server is there."""
        servers = frozenset(
            sample.labels for family in families if family.name == _SERVER for sample in family.samples
        )
        has_newcomer = not self._has_begun or not servers <= self._servers
        self._servers, self._has_begun = servers, True
        return has_newcomer

    def _risen(self, each: _Total) -> Iterator[Line]:
        """Yield lines for what was added; a total that fell began anew."""
        sent = self._sent.get(each.key, 0)
        if each.total < sent:
            sent = self._sent[each.key] = 0
        added = each.total - sent
        if added <= 0:
            return
        if each.middle is None:
            yield Line(f"{each.name}:{_number(added)}|c{each.tags}".encode(), each.key, each.total)
            return
        while added >= 1:
            weight = int(min(added, _MAX_WEIGHT))
            added -= weight
            rate = "" if weight == 1 else f"|@{math.nextafter(1 / weight, 0)!r}"
            text = f"{each.name}:{_number(each.middle)}|d{rate}{each.tags}"
            yield Line(text.encode(), each.key, each.total - added)


def _totals(families: Iterable[Family]) -> Iterator[_Total]:
    for family in families:
        for sample in family.samples:
            yield from _totals_of(family, sample)


def _totals_of(family: Family, sample: Sample) -> Iterator[_Total]:
    value, labels, name = sample.value, sample.labels, family.name
    if isinstance(value, HistogramValue):
        tags = _tags(labels)
        for number, (middle, count) in enumerate(zip(_middles(value.bounds), value.counts, strict=False)):
            yield _Total((name, labels, number), count, name, tags, middle)
    elif isinstance(value, SummaryValue):
        for suffix, total in (("_count", value.count), ("_sum", value.sum)):
            yield _Total((name + suffix, labels, -1), total, name + suffix, _tags(labels))
    elif family.kind is Kind.COUNTER and math.isfinite(value):
        yield _Total((name, labels, -1), value, name, _tags(labels))


def _gauges(families: Iterable[Family]) -> Iterator[Line]:
    for family in families:
        if family.kind in {Kind.GAUGE, Kind.INFO, Kind.STATES}:
            for sample in family.samples:
                value = sample.value
                if isinstance(value, int | float) and math.isfinite(value):
                    yield Line(f"{family.name}:{_number(value)}|g{_tags(sample.labels)}".encode())


def _middles(bounds: tuple[float, ...]) -> Iterator[float]:
    """Yield a value for each bucket; what lies above all bounds counts as the last one."""
    lower = min(0.0, bounds[0]) if bounds else 0.0
    for bound in bounds:
        yield (lower + bound) / 2
        lower = bound
    yield lower


def _tags(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "|#" + ",".join([f"{name}:{_UNSAFE.sub('_', value)[:_MAX_TAG_LETTERS]}" for name, value in labels])


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(float(value))
