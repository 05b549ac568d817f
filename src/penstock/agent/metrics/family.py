"""The one shape that metrics have between who counts them and who sends them on.

Who counts (the server, the application, DogStatsD, the agent itself) is a Source; who sends on (the ops port,
OTLP, DogStatsD out, the store) takes what gather.py makes of all of them. Neither knows the other.

    COUNTER     only rises while the server runs             int or float
    GAUGE       as it is now                                 int or float
    HISTOGRAM   how many values below each bound             HistogramValue
    SUMMARY     how many values, and their sum               SummaryValue
    INFO        always 1; what it says is in its labels      1
    STATES      a sample a state, which one its last label   1 or 0

In:     nothing.
Out:    types.
Never:  merges (gather.py) or formats (exposition.py).

Rules:  OpenMetrics 1.0 for what a kind means; names carry their unit and no suffix that a format adds
        (`_total`, `_bucket`, `_info`).
"""

import dataclasses
from typing import Protocol, runtime_checkable

from penstock.telemetry.metrics.definition import Kind

__all__ = ["Exemplar", "Family", "HistogramValue", "Kind", "Sample", "Source", "SummaryValue"]


@dataclasses.dataclass(frozen=True, slots=True)
class Exemplar:
    """One value that a bucket or a counter has counted, and where to look for it (`trace_id`, `request_id`).

    Attributes:
        labels: at most 128 characters together (OpenMetrics 1.0).
        value: what was counted.
        time_s: when, as Unix time.
    """

    labels: tuple[tuple[str, str], ...]
    value: float
    time_s: float


@dataclasses.dataclass(frozen=True, slots=True)
class HistogramValue:
    """Counts by bucket.

    Attributes:
        bounds: upper bounds, inclusive, rising; without infinity.
        counts: one a bound and one for what lies above all; not cumulative.
        sum: of all counted values.
        exemplars: one a bucket, or None; empty where there is none at all.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float
    exemplars: tuple[Exemplar | None, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class SummaryValue:
    """How many values were counted, and their sum."""

    count: int
    sum: float


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One series as it is now. `exemplar` is a counter's; a histogram's stand in its value."""

    labels: tuple[tuple[str, str], ...]
    value: int | float | HistogramValue | SummaryValue
    exemplar: Exemplar | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Family:
    """All series of one name.

    Attributes:
        name: `[a-zA-Z_:][a-zA-Z0-9_:]*`, without the suffix of a format.
        kind: what each value is.
        help: one sentence.
        unit: a base unit that the name ends in (`seconds`, `bytes`), or empty.
        samples: each with labels of its own.
    """

    name: str
    kind: Kind
    help: str
    unit: str
    samples: tuple[Sample, ...]


@runtime_checkable
class Source(Protocol):
    """Who counts something."""

    def families(self) -> list[Family]:
        """Return everything as of now; costs milliseconds at most."""
        ...  # pragma: no cover - a protocol
