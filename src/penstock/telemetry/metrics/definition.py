"""What a metric is, as its author defined it: checked once, where it is defined, not where it is counted.

    name      [a-zA-Z_:][a-zA-Z0-9_:]*; `_total` at the end of a counter is the format's and taken off
    labels    [a-zA-Z_][a-zA-Z0-9_]*, none twice, none with two underscores first, in a histogram no `le`
    bounds    of a histogram: rising, finite; what lies above all is counted without being named
    merge     how the values of several processes become one

Whoever reads a definition in the shared memory makes it through the same checks: a worker may have written
anything there.

In:     words of the application, or of its memory.
Out:    a Definition, and how many cells a series of it has.
Never:  counts (instrument.py) or touches memory (table.py).

Rules:  prometheus.io/docs/concepts/data_model; OpenMetrics 1.0.
"""

import dataclasses
import enum
import itertools
import math
import re
from collections.abc import Iterable
from typing import Any, Final, Self

# Bounds that the client libraries of Prometheus begin with, in seconds.
DEFAULT_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
MAX_NAME_CHARACTERS: Final = 200
MAX_HELP_CHARACTERS: Final = 1000
MAX_LABELS: Final = 20
MAX_BOUNDS: Final = 200

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_UNIT: Final = re.compile(r"[a-z]*")


class MetricError(ValueError):
    """A metric was defined or used in a way that cannot be counted; the message says what was expected."""


class Kind(enum.Enum):
    """What a metric is, in OpenMetrics' word."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"
    INFO = "info"
    STATES = "stateset"


class Merge(enum.Enum):
    """How the values of several workers become one. Counters, histograms and summaries are sums."""

    SUM = "sum"  # of the living workers
    MAX = "max"  # of the living workers
    MIN = "min"  # of the living workers
    LAST = "last"  # what was set last, by whichever worker, living or not
    EACH = "each"  # one series a worker, which its label `worker` names by its slot


# A gauge has its value, the pid that set it (0 = nobody) and when (CLOCK_MONOTONIC, seconds).
GAUGE_CELLS: Final = 3
GAUGE_PID: Final = 1
GAUGE_TIME: Final = 2
_GAUGE_KINDS: Final = (Kind.GAUGE, Kind.INFO, Kind.STATES)


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """One metric.

    Attributes:
        name: without `_total`.
        labels: names, in the order of the values.
        bounds: of a histogram's buckets, inclusive, without infinity.
        unit: base unit, which the name ends in; or empty.

    Raises:
        MetricError: what its fields hold cannot be a metric.
    """

    name: str
    kind: Kind
    help: str = ""
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    merge: Merge = Merge.SUM
    unit: str = ""

    def __post_init__(self) -> None:
        """Check the fields, which may come from another process's memory."""
        what = f"{self.kind.value} {self.name!r}"
        if not _is_word(_NAME, self.name, MAX_NAME_CHARACTERS):
            raise MetricError(f"name {self.name!r}; expected letters, digits, _ and :, a letter first")
        if not isinstance(self.help, str) or len(self.help) > MAX_HELP_CHARACTERS:
            raise MetricError(
                f"{what}: help {self.help!r}; expected at most {MAX_HELP_CHARACTERS} characters"
            )
        if not _is_word(_UNIT, self.unit, MAX_NAME_CHARACTERS) or not self.name.endswith(self.unit):
            raise MetricError(f"{what}: unit {self.unit!r}; expected a word that the name ends in")
        self._check_labels(what)
        if self.kind is Kind.HISTOGRAM:
            self._check_bounds(what)
        elif self.bounds:
            raise MetricError(f"{what}: bounds {self.bounds!r}; expected none but in a histogram")
        if self.merge is not Merge.SUM and self.kind not in _GAUGE_KINDS and self.merge is not Merge.EACH:
            raise MetricError(f"{what}: merge {self.merge.value!r}; expected 'sum' or 'each'")

    def _check_labels(self, what: str) -> None:
        taken = (
            {"le"} if self.kind is Kind.HISTOGRAM else {"quantile"} if self.kind is Kind.SUMMARY else set()
        )
        if self.merge is Merge.EACH:
            taken.add("worker")
        for label in self.labels:
            if not _is_word(_LABEL, label, MAX_NAME_CHARACTERS):
                raise MetricError(f"{what}: label {label!r}; expected letters, digits and _, no __ first")
            if label in taken:
                raise MetricError(f"{what}: label {label!r} is there twice, or the format's own")
            taken.add(label)
        if len(self.labels) > MAX_LABELS:
            raise MetricError(f"{what}: {len(self.labels)} labels; expected at most {MAX_LABELS}")

    def _check_bounds(self, what: str) -> None:
        bounds = self.bounds
        is_rising = all(low < high for low, high in itertools.pairwise(bounds))
        if not bounds or not is_rising or not all(map(math.isfinite, bounds)) or len(bounds) > MAX_BOUNDS:
            raise MetricError(f"{what}: buckets {bounds!r}; expected 1 to {MAX_BOUNDS} rising numbers")

    @property
    def cells(self) -> int:
        """Doubles that a series takes: a histogram's buckets and sum, a summary's count and sum."""
        if self.kind is Kind.HISTOGRAM:
            return len(self.bounds) + 2
        return {Kind.COUNTER: 1, Kind.SUMMARY: 2}.get(self.kind, GAUGE_CELLS)

    @property
    def is_gauge(self) -> bool:
        """Its value is that of a process, and goes with it."""
        return self.kind in _GAUGE_KINDS

    def is_same_as(self, other: "Definition") -> bool:
        """Whether both count the same; what their help says does not matter."""
        return dataclasses.replace(self, help="", unit="") == dataclasses.replace(other, help="", unit="")

    def pack(self) -> list[Any]:
        """Return it as what JSON knows."""
        kind, merge = self.kind.value, self.merge.value
        return [self.name, kind, self.help, list(self.labels), list(self.bounds), merge, self.unit]

    @classmethod
    def unpack(cls, packed: Any) -> Self:
        """Read what `pack` wrote.

        Raises:
            ValueError, TypeError: it is not that (MetricError among them).
        """
        name, kind, text, labels, bounds, merge, unit = packed
        return cls(name, Kind(kind), text, tuple(labels), tuple(map(float, bounds)), Merge(merge), unit)


def tidy_bounds(bounds: Iterable[float]) -> tuple[float, ...]:
    """Return bounds as numbers, without an infinite one at the end.

    Raises:
        MetricError: one is no number.
    """
    try:
        numbers = tuple(map(float, bounds))
    except (TypeError, ValueError) as error:
        raise MetricError(f"buckets {bounds!r}; expected rising numbers") from error
    return numbers[:-1] if numbers and numbers[-1] == math.inf else numbers


def _is_word(pattern: re.Pattern[str], word: Any, most: int) -> bool:
    return isinstance(word, str) and len(word) <= most and pattern.fullmatch(word) is not None
