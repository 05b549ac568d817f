"""Families as text: Prometheus' format 0.0.4 and OpenMetrics 1.0.

                 Prometheus text              OpenMetrics
    counter      # TYPE x_total, x_total      # TYPE x, x_total, exemplar
    info         # TYPE x_info gauge          # TYPE x info, x_info
    stateset     # TYPE x gauge               # TYPE x stateset
    histogram    x_bucket, x_sum, x_count     the same, with exemplars
    a sum that   as it is                     left out, with its count: what is not
    may fall                                  rising is a fault of the whole page there
    unit         left out                     # UNIT
    the end      nothing                      # EOF

Without `_created`: Prometheus takes it for a series of its own, and a counter of ours never begins anew while
the server runs (penstock_start_time_seconds says when that began).

In:     families.
Out:    text.
Never:  knows what is measured (the sources), sorts or checks values.

Rules:  prometheus.io/docs/instrumenting/exposition_formats; OpenMetrics 1.0.0.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from penstock.agent.metrics.family import Exemplar, Family, HistogramValue, Kind, Sample, SummaryValue

Labels = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Format:
    """What a text format writes for each kind; there are two of them, each equal to itself.

    Attributes:
        content_type: of the page.
        types: (suffix of the name in HELP and TYPE, word of the type) by kind.
        has_units: `# UNIT` lines.
        has_exemplars: behind buckets and counters.
        has_falling_sums: sums of values below 0.
        end: the last line.
    """

    content_type: str
    types: Mapping[Kind, tuple[str, str]]
    has_units: bool
    has_exemplars: bool
    has_falling_sums: bool
    end: str


PROMETHEUS: Final = Format(
    content_type="text/plain; version=0.0.4; charset=utf-8",
    types={
        Kind.COUNTER: ("_total", "counter"),
        Kind.GAUGE: ("", "gauge"),
        Kind.HISTOGRAM: ("", "histogram"),
        Kind.SUMMARY: ("", "summary"),
        Kind.INFO: ("_info", "gauge"),
        Kind.STATES: ("", "gauge"),
    },
    has_units=False,
    has_exemplars=False,
    has_falling_sums=True,
    end="",
)
OPENMETRICS: Final = Format(
    content_type="application/openmetrics-text; version=1.0.0; charset=utf-8",
    types={kind: ("", kind.value) for kind in Kind},
    has_units=True,
    has_exemplars=True,
    has_falling_sums=False,
    end="# EOF\n",
)
_SUFFIXES: Final = {Kind.COUNTER: "_total", Kind.INFO: "_info"}  # of samples, in both


def render(families: Iterable[Family], form: Format = PROMETHEUS) -> str:
    """Return the exposition; a family without samples is left out."""
    return "".join(_family(family, form) for family in families if family.samples) + form.end


def number(value: float) -> str:
    """Return a number as Go's ParseFloat reads it back without loss."""
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 53 else repr(float(value))
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(value)


def _family(family: Family, form: Format) -> str:
    suffix, word = form.types[family.kind]
    name = family.name + suffix
    lines = [f"# HELP {name} {_escape(family.help, quote=form.has_units)}\n# TYPE {name} {word}\n"]
    if form.has_units and family.unit:
        lines.append(f"# UNIT {name} {family.unit}\n")
    write = _WRITERS.get(family.kind, _single)
    name = family.name + _SUFFIXES.get(family.kind, "")
    for sample in family.samples:
        lines += write(name, sample, form)
    return "".join(lines)


def _single(name: str, sample: Sample, form: Format) -> Iterator[str]:
    if isinstance(sample.value, HistogramValue | SummaryValue):
        return
    yield f"{name}{_labels(sample.labels)} {number(sample.value)}{_tail(form)(sample.exemplar)}\n"


def _histogram(name: str, sample: Sample, form: Format) -> Iterator[str]:
    value = sample.value
    if not isinstance(value, HistogramValue):
        return
    tail = _tail(form)
    inside = _pairs(sample.labels) + "," if sample.labels else ""
    exemplars = value.exemplars or itertools.repeat(None)
    bounds = (*map(_bound, value.bounds), "+Inf")
    total = 0
    for bound, total, exemplar in zip(bounds, itertools.accumulate(value.counts), exemplars, strict=False):
        yield f'{name}_bucket{{{inside}le="{bound}"}} {total}{tail(exemplar)}\n'
    if form.has_falling_sums or (value.sum >= 0 and not (value.bounds and value.bounds[0] < 0)):
        labels = _labels(sample.labels)
        yield f"{name}_sum{labels} {number(value.sum)}\n{name}_count{labels} {total}\n"


def _summary(name: str, sample: Sample, form: Format) -> Iterator[str]:
    value = sample.value
    if isinstance(value, SummaryValue):
        labels = _labels(sample.labels)
        yield f"{name}_count{labels} {value.count}\n"
        if form.has_falling_sums or value.sum >= 0:
            yield f"{name}_sum{labels} {number(value.sum)}\n"


_WRITERS: Final = {Kind.HISTOGRAM: _histogram, Kind.SUMMARY: _summary}


def _bound(value: float) -> str:
    """Return a bucket's bound as OpenMetrics wants it: 1 is `1.0`, so that one bound is one series."""
    return repr(float(value))


def _tail(form: Format) -> Callable[[Exemplar | None], str]:
    """Return what writes the end of a line that may have an exemplar."""
    return _exemplar if form.has_exemplars else _no_exemplar


def _exemplar(exemplar: Exemplar | None) -> str:
    if exemplar is None:
        return ""
    return f" # {{{_pairs(exemplar.labels)}}} {number(exemplar.value)} {exemplar.time_s:.3f}"


def _no_exemplar(_exemplar: Exemplar | None) -> str:
    return ""


def _labels(labels: Labels) -> str:
    return f"{{{_pairs(labels)}}}" if labels else ""


def _pairs(labels: Labels) -> str:
    return ",".join([f'{name}="{_escape(value, quote=True)}"' for name, value in labels])


def _escape(text: str, *, quote: bool = False) -> str:
    if not text.isascii():  # half a surrogate pair is no UTF-8, and one of them would spoil the page
        text = text.encode("utf-8", "backslashreplace").decode()
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quote else text
