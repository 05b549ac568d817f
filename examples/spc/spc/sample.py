"""A year of a chip factory, made up: 1,000,000 measurements of 14 tools, the same ones each time.

A stream is what one tool yields of one parameter.  Its process is not a bell curve around the target, or
there would be nothing to see: it shifts and is set right, it wanders as a tool wears until the next
maintenance, its wafers differ from each other, and now and then a measurement is simply wrong.

In:     nothing but the seed below.
Out:    STREAMS, and for each stream its measurements in chunks of NumPy arrays.
Never:  stores anything, or takes a number from the clock.

Rules:  the same numbers for the same version of NumPy (NEP 19 promises the generator's bits, not each
        distribution).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spc.statistics import ChartKind

SUBGROUPS: Final = 10_000  # in each stream
BEGINNING: Final = np.datetime64("2025-01-01T00:00:00", "s")
INTERVAL: Final = np.timedelta64(45 * 60, "s")  # 10,000 of these are 312 days

_SEED: Final = 20260101
_INSPECTED: Final = 100  # sites of a wafer that are looked at where the share of bad ones counts


@dataclass(frozen=True, slots=True)
class Stream:
    """What one tool yields of one parameter.

    Attributes:
        tool, parameter, unit: as people call them.
        kind: the chart that shows it.
        size: measurements in a subgroup.
        target, sigma: what the process was made for; of counts the rate, and 0.
        lower, upper: the specification; None = no limit on that side.
        inspected: of counts, how much is looked at each time.
    """

    tool: str
    parameter: str
    unit: str
    kind: ChartKind
    size: int
    target: float
    sigma: float
    lower: float | None
    upper: float | None
    inspected: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Subgroups of one stream, in the order of time.

    Attributes:
        stream: whose.
        first: number of the first subgroup, from 0 on.
        times: datetime64[s], UTC, one for each subgroup.
        values: (subgroups, size); NaN = not measured.
    """

    stream: Stream
    first: int
    times: NDArray[np.datetime64]
    values: NDArray[np.float64]


def _streams() -> Iterator[Stream]:
    for tool in ("FUR-01", "FUR-02", "FUR-03"):
        yield Stream(tool, "oxide thickness", "nm", ChartKind.XBAR_R, 5, 92.0, 0.6, 89.5, 94.5)
        yield Stream(tool, "sheet resistance", "ohm/sq", ChartKind.XBAR_S, 5, 41.5, 0.5, 39.0, 44.0)
        yield Stream(tool, "pressure", "Pa", ChartKind.I_MR, 1, 33.3, 0.12, 32.6, 34.0)
    for tool in ("ETC-01", "ETC-02", "ETC-03", "ETC-04"):
        yield Stream(tool, "line width", "nm", ChartKind.XBAR_R, 5, 65.0, 0.9, 61.0, 69.0)
        yield Stream(tool, "etch depth", "nm", ChartKind.XBAR_S, 5, 310.0, 2.2, 300.0, 320.0)
        yield Stream(tool, "particles", "per wafer", ChartKind.C, 1, 9.0, 0.0, None, 25.0, 1)
    for tool in ("LIT-01", "LIT-02", "LIT-03", "LIT-04"):
        yield Stream(tool, "overlay", "nm", ChartKind.XBAR_R, 5, 0.0, 1.4, -7.0, 7.0)
    for tool in ("POL-01", "POL-02", "POL-03"):
        yield Stream(tool, "scratched sites", "of 100", ChartKind.P, 1, 0.04, 0.0, None, 0.15, _INSPECTED)


STREAMS: Final = tuple(_streams())
MEASUREMENTS: Final = SUBGROUPS * sum(stream.size for stream in STREAMS)


def chunks(rows: int = 2_500) -> Iterator[Chunk]:
    """Return all measurements, stream by stream, at most `rows` subgroups at a time.

    Raises:
        ValueError: `rows` is less than 1.
    """
    if rows < 1:
        raise ValueError(f"chunks of {rows!r} subgroups; expected 1 or more")
    for stream in STREAMS:
        values = _values(stream)
        for first in range(0, SUBGROUPS, rows):
            part = values[first : first + rows]
            numbers = np.arange(first, first + len(part))
            yield Chunk(stream, first, BEGINNING + numbers * INTERVAL, part)


def _values(stream: Stream) -> NDArray[np.float64]:
    """Return the whole stream, shape (SUBGROUPS, size)."""
    # A generator for each stream: none depends on how many come before it.
    generator = np.random.default_rng([_SEED, STREAMS.index(stream)])
    course = _shifts(generator) + _wear(generator)
    if stream.inspected is not None:
        return _counts(stream, course, generator)
    between = generator.normal(0, 0.25, SUBGROUPS)
    within = generator.normal(0, 1, (SUBGROUPS, stream.size))
    values = stream.target + stream.sigma * ((course + between)[:, np.newaxis] + within)
    _disturb(values, stream, generator)
    return np.round(values, 3)


def _shifts(generator: np.random.Generator) -> NDArray[np.float64]:
    """Return, in sigmas, some stretches beside the target, until someone sets the process right."""
    course = np.zeros(SUBGROUPS)
    for start in generator.integers(400, SUBGROUPS, size=8):
        length = generator.integers(10, 90)
        course[start : start + length] += generator.choice([-1, 1]) * generator.uniform(0.8, 2.0)
    return course


def _wear(generator: np.random.Generator) -> NDArray[np.float64]:
    """Return, in sigmas, how far the tool has worn since its last maintenance, some 700 subgroups apart."""
    gaps = generator.normal(700, 80, size=30).astype(int)
    ends = np.cumsum(np.maximum(gaps, 100))
    since = (
        np.arange(SUBGROUPS)
        - np.concatenate([[0], ends])[np.searchsorted(ends, np.arange(SUBGROUPS), "right")]
    )
    return np.asarray(0.5 * generator.choice([-1, 1]) * (since / 700) ** 2)


def _disturb(values: NDArray[np.float64], stream: Stream, generator: np.random.Generator) -> None:
    """Make some measurements wrong, and some missing."""
    cells = values.reshape(-1)
    wrong = generator.choice(cells.size, size=cells.size // 2_500, replace=False)
    cells[wrong] += stream.sigma * generator.choice([-1, 1], wrong.size) * generator.uniform(4, 7, wrong.size)
    cells[generator.choice(cells.size, size=cells.size // 5_000, replace=False)] = np.nan


def _counts(
    stream: Stream, course: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    rate = stream.target * np.exp(0.25 * course)
    if stream.kind is ChartKind.P:
        return generator.binomial(_INSPECTED, np.minimum(rate, 1)).astype(float)[:, np.newaxis]
    return generator.poisson(rate).astype(float)[:, np.newaxis]
