"""A histogram of measurements, laid out for a drawing.

In:     measurements, perhaps specification limits.
Out:    bars and limits as shares of the width and the height, 0 to 100, y downwards as SVG has it.
"""

from dataclasses import dataclass

import numpy as np

BARS = 40


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars (x, y, width, height) and vertical lines (x), in per cent; the measurements at both edges."""

    bars: tuple[tuple[float, float, float, float], ...]
    limits: tuple[float, ...]
    low: float
    high: float


def histogram_of(values, lower_spec: float | None, upper_spec: float | None) -> Histogram | None:
    """Return the histogram; None without two different measurements."""
    measured = values[np.isfinite(values)]
    if measured.size < 2 or measured.min() == measured.max():
        return None
    ends = [limit for limit in (lower_spec, upper_spec) if limit is not None]
    low, high = min(measured.min(), *ends, measured.max()), max(measured.max(), *ends, measured.min())
    counts, _edges = np.histogram(measured, bins=BARS, range=(low, high))
    heights = 100 * counts / counts.max()
    width = 100 / BARS
    bars = tuple(
        (
            round(number * width + 0.1, 2),
            round(100 - height, 2),
            round(width - 0.2, 2),
            round(float(height), 2),
        )
        for number, height in enumerate(heights)
        if height
    )
    limits = tuple(round(float(100 * (limit - low) / (high - low)), 2) for limit in ends)
    return Histogram(bars, limits, float(low), float(high))
