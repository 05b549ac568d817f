"""The bars that the figures have to pass, computed from the samples.

Ratios are taken round by round (neighbours in time) and the median of them is judged, unrounded.

In:     records as rounds.measure returns them, by scenario.
Out:    one Verdict a bar; `passed` is None where something was not measured.
Never:  rounds in our favour.
"""

import operator
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Record = Mapping[str, Any]
POSSIBLE_ASLEEP_RATE: Final = 3_200.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One sentence of the issue: a figure of a scenario that has to be at most, or at least, a limit."""

    scenario: str
    text: str
    figure: Callable[[Record], list[float]]  # one value a round
    limit: float
    at_least: bool = False
    is_aim: bool = False
    unit: str = "x"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bar with its figure; an empty list of values says that it was not measured."""

    bar: Bar
    values: list[float]

    @property
    def median(self) -> float:
        """The figure that is judged."""
        return statistics.median(self.values)

    @property
    def passed(self) -> bool | None:
        """Whether the median keeps the limit."""
        if not self.values:
            return None
        compare = operator.ge if self.bar.at_least else operator.le
        return bool(compare(self.median, self.bar.limit))


def column(record: Record, server: str, key: str) -> list[float]:
    """Return one figure of one server, round by round; empty if it was not measured."""
    samples = record["servers"].get(server, {}).get("samples", [])
    return [sample[key] for sample in samples if key in sample]


def quotients(record: Record, server: str, other: str, key: str) -> list[float]:
    """Return server / other, round by round."""
    pairs = zip(column(record, server, key), column(record, other, key), strict=False)
    return [mine / theirs for mine, theirs in pairs if theirs]


def _cpu_over(server: str, other: str) -> Callable[[Record], list[float]]:
    return lambda record: quotients(record, server, other, "cpu_us")


def _rate_over(other: str) -> Callable[[Record], list[float]]:
    return lambda record: quotients(record, "penstock", other, "rate")


def _own(key: str) -> Callable[[Record], list[float]]:
    return lambda record: column(record, "penstock", key)


def _asleep_percent(record: Record) -> list[float]:
    return [100 * rate / POSSIBLE_ASLEEP_RATE for rate in column(record, "penstock", "rate")]


BARS: Final = (
    Bar("hello-15", "CPU, bjoern's", _cpu_over("penstock", "bjoern"), 1.3),
    Bar("hello-15", "CPU, granian's", _cpu_over("penstock", "granian"), 0.9),
    Bar("hello-15", "CPU, gunicorn gthread's", _cpu_over("penstock", "gunicorn-gthread"), 0.14),
    Bar("hello-15", "aim: CPU, bjoern's", _cpu_over("penstock", "bjoern"), 1.0, is_aim=True),
    Bar("hello-15", "aim: CPU, fastwsgi's", _cpu_over("penstock", "fastwsgi"), 1.2, is_aim=True),
    Bar("hello-15", "forced to the pool: CPU, granian's", _cpu_over("penstock-pool", "granian"), 1.15),
    Bar("asleep", "throughput, of the possible 3,200/s", _asleep_percent, 98.0, at_least=True, unit="%"),
    Bar("slow-route", "throughput, granian's", _rate_over("granian"), 1.0, at_least=True),
    Bar("slow-route", "99th percentile of the quick route", _own("p99_ms"), 5.0, unit="ms"),
    Bar("asleep-2", "throughput, granian's", _rate_over("granian"), 0.9, at_least=True),
    Bar("django", "CPU, gunicorn gthread's", _cpu_over("penstock", "gunicorn-gthread"), 0.6),
    Bar("web", "CPU, Django's under gunicorn gthread", _cpu_over("penstock", "gunicorn-gthread"), 0.16),
    Bar(
        "web",
        "aim: CPU, Django's under gunicorn gthread",
        _cpu_over("penstock", "gunicorn-gthread"),
        0.13,
        is_aim=True,
    ),
    Bar("idle-2000", "worker's memory an idle connection", _own("bytes_each"), 6_000.0, unit="bytes"),
    Bar("idle-2000", "CPU of the idle tree, of a core", _own("rest_percent"), 0.5, unit="%"),
    Bar("shares", "smallest share of a worker", _own("smallest_share"), 0.3, at_least=True, unit=""),
)


def judge(records: Mapping[str, Record]) -> list[Verdict]:
    """Judge every bar; a scenario without a record leaves its bars without values."""
    return [
        Verdict(bar, bar.figure(records[bar.scenario]) if bar.scenario in records else []) for bar in BARS
    ]
