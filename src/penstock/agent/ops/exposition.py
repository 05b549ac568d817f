"""Prometheus' text format, version 0.0.4: families of samples as lines.

In:     families: name, kind, help, samples.
Out:    text.
Never:  knows what is measured (metrics.py), sorts or checks values.

Rules:  prometheus.io/docs/instrumenting/exposition_formats; names as prometheus.io/docs/practices/naming
        asks:
        base units (seconds, bytes), `_total` at the end of counters and of nothing else.
"""

import dataclasses
import enum
import math
from collections.abc import Iterable, Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Kind(enum.Enum):
    """What a family is, in the format's word."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One line. `suffix` is `_bucket`, `_sum` or `_count` in a histogram, else empty."""

    value: float
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    suffix: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Family:
    """All samples of one name."""

    name: str
    kind: Kind
    help: str
    samples: tuple[Sample, ...]


def render(families: Iterable[Family]) -> str:
    """Return the exposition; a family without samples is left out."""
    return "".join(map(_family, families))


def number(value: float) -> str:
    """Return a number as Go's ParseFloat reads it back without loss."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(float(value))


def _family(family: Family) -> str:
    if not family.samples:
        return ""
    name = family.name
    lines = [f"# HELP {name} {_escape(family.help)}\n# TYPE {name} {family.kind.value}\n"]
    lines += [f"{name}{s.suffix}{_labels(s.labels)} {number(s.value)}\n" for s in family.samples]
    return "".join(lines)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escape(value, quote=True)}"' for name, value in labels.items())
    return f"{{{','.join(pairs)}}}"


def _escape(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quote else text
