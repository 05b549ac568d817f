import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.memory.histogram import (
    LONG_BITS,
    LONG_BUCKETS,
    LONG_TICKS,
    PHASE_BUCKETS,
    TABLE_TICKS,
    TICK_BITS,
    bucket_bounds,
    bucket_of,
    quantile,
)
from penstock.telemetry.memory.layout import HISTOGRAM_WORDS

LONGEST_NS = bucket_bounds(HISTOGRAM_WORDS - 1)[1]


@given(st.integers(0, LONGEST_NS - 1))
def test_every_duration_lies_in_its_bucket(duration_ns):
    low, high = bucket_bounds(bucket_of(duration_ns))
    assert low <= duration_ns < high


def test_buckets_follow_each_other_without_a_gap():
    bounds = [bucket_bounds(bucket) for bucket in range(HISTOGRAM_WORDS)]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(bounds))


@given(st.integers(1600, LONGEST_NS - 1))
def test_the_middle_of_a_bucket_is_within_two_per_cent(duration_ns):
    middle = sum(bucket_bounds(bucket_of(duration_ns))) / 2
    assert abs(middle - duration_ns) <= 0.02 * duration_ns


def test_the_buckets_reach_over_an_hour():
    assert LONGEST_NS > 3600 * 10**9


@pytest.mark.parametrize(
    ("duration_ns", "bucket"),
    [(-5, 0), (0, 0), (64, 1), (LONGEST_NS, HISTOGRAM_WORDS - 1), (10**18, HISTOGRAM_WORDS - 1)],
)
def test_durations_beyond_the_ends_count_in_the_outer_buckets(duration_ns, bucket):
    assert bucket_of(duration_ns) == bucket


@pytest.mark.parametrize("phase", range(len(PHASE_BUCKETS)))
def test_the_tables_say_what_bucket_of_says(phase):
    expected = [phase * HISTOGRAM_WORDS + bucket_of(ticks << TICK_BITS) for ticks in range(TABLE_TICKS)]
    assert expected == PHASE_BUCKETS[phase]


@pytest.mark.parametrize("place", [0, (1 << LONG_BITS) - 1], ids=["first-of-cell", "last-of-cell"])
def test_the_long_table_says_what_bucket_of_says(place):
    ticks = range(TABLE_TICKS + place, LONG_TICKS, 1 << LONG_BITS)
    expected = [bucket_of(each << TICK_BITS) for each in ticks]
    assert expected == [LONG_BUCKETS[each >> LONG_BITS] for each in ticks]


def test_quantiles_of_nothing_are_zero():
    assert quantile([0] * HISTOGRAM_WORDS, 0.99) == 0


@pytest.mark.parametrize("part", [0.0, 0.5, 0.9, 0.99, 1.0])
@given(durations=st.lists(st.integers(1600, 10**10), min_size=1, max_size=200))
def test_quantiles_are_within_two_per_cent_of_the_exact_ones(part, durations):
    counts = [0] * HISTOGRAM_WORDS
    for duration in durations:
        counts[bucket_of(duration)] += 1
    rank = max(int(-(-part * len(durations) // 1)), 1)
    exact = sorted(durations)[rank - 1]
    assert abs(quantile(counts, part) - exact) <= 0.02 * exact
