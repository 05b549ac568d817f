"""Histograms of durations: log-linear buckets of which every quantile is within 2 %.

A duration counts in ticks of 64 ns. Up to 64 ticks each tick is a bucket; above, each doubling is cut in 32:

    ticks    0 1 2 ... 63 | 64-65 66-67 ... 126-127 | 128-131 ... 252-255 | ...
    bucket   0 1 2 ... 63 | 64    65    ... 95      | 96      ... 127     | ...

so a bucket is at most 1/32 of its lower bound wide and its middle at most 1.6 % from any duration in it
(below 1.6 us: at most 32 ns from it). 1,024 buckets reach to 73 minutes; what is longer counts in the last.

In:     nanoseconds.
Out:    bucket indexes; quantiles in nanoseconds from counts.
Never:  reads a clock or shared memory.

Rejected: HDR's table of two significant digits (no cheaper in Python); sums (a bucket's middle is as good
within the same 2 %, and a sum is one more store of 35 ns a phase).
"""

from collections.abc import Sequence
from typing import Final

from penstock.telemetry.memory.layout import HISTOGRAM_WORDS, PHASES

TICK_BITS: Final = 6
_LINEAR_TICKS: Final = 64
_LAST: Final = HISTOGRAM_WORDS - 1


def bucket_of(duration_ns: int) -> int:
    """Bucket of any duration; negative ones (a stamp that was never set) count as 0."""
    if duration_ns < 0:
        return 0
    ticks = duration_ns >> TICK_BITS
    if ticks < _LINEAR_TICKS:
        return ticks
    shift = ticks.bit_length() - 6
    return min((shift << 5) + (ticks >> shift), _LAST)


def bucket_bounds(bucket: int) -> tuple[int, int]:
    """Durations of a bucket: from the first number of ns, below the second."""
    if bucket < _LINEAR_TICKS:
        return bucket << TICK_BITS, (bucket + 1) << TICK_BITS
    shift = (bucket >> 5) - 1
    step = bucket - (shift << 5)
    return (step << shift) << TICK_BITS, ((step + 1) << shift) << TICK_BITS


def _offset_buckets(offset: int) -> list[int]:
    """Bucket + offset of each number of ticks below TABLE_TICKS; equal numbers share one object."""
    numbers = [offset + bucket for bucket in range(HISTOGRAM_WORDS)]
    return [numbers[bucket_of(ticks << TICK_BITS)] for ticks in range(TABLE_TICKS)]


# The hot path's short cut, one table a phase: ticks -> bucket, counted from the start of the status class,
# for every duration below 1 ms; and one for all phases beyond, where 512 ticks are a bucket or less than
# one: up to 0.5 s. What takes longer asks bucket_of.
TABLE_TICKS: Final = 1 << 14
LONG_BITS: Final = 9
PHASE_BUCKETS: Final[Sequence[list[int]]] = [_offset_buckets(n * HISTOGRAM_WORDS) for n in range(len(PHASES))]
LONG_TICKS: Final = TABLE_TICKS << LONG_BITS
LONG_BUCKETS: Final = [bucket_of(cell << LONG_BITS << TICK_BITS) for cell in range(TABLE_TICKS)]


def quantile(counts: Sequence[int], part: float) -> int:
    """Nanoseconds below which `part` (0 to 1) of the counted durations lie; 0 for an empty histogram."""
    rank = part * sum(counts)
    seen = 0
    for bucket, count in enumerate(counts):
        seen += count
        if count and seen >= rank:
            return sum(bucket_bounds(bucket)) // 2
    return 0
