import itertools
import random

import pytest

from penstock.telemetry.traces.sampling import marks
from penstock.telemetry.traces.threshold import LOOK_EVERY
from penstock.telemetry.traces.trace import LOOKED_AT, SAMPLED


def first(count: int, part: float) -> list[int]:
    return list(itertools.islice(marks(part, random.Random(3).random), count))


@pytest.mark.parametrize("part", [0.001, 0.01, 0.3, 0.9])
def test_the_part_that_is_asked_for_is_sampled(part):
    count = 200_000
    assert sum(bool(mark & SAMPLED) for mark in first(count, part)) == pytest.approx(count * part, rel=0.25)


def test_none_is_sampled_where_none_is_wanted_and_all_where_all_are():
    assert not any(mark & SAMPLED for mark in first(1000, 0))
    assert all(mark & SAMPLED for mark in first(1000, 1))


def test_gaps_between_samples_vary():
    found = [number for number, mark in enumerate(first(20_000, 0.01)) if mark & SAMPLED]
    gaps = {after - before for before, after in itertools.pairwise(found)}
    assert len(gaps) > 50


def test_every_so_often_a_request_is_looked_at():
    found = [number for number, mark in enumerate(first(1000, 0)) if mark]
    assert found == list(range(LOOK_EVERY - 1, 1000, LOOK_EVERY))
    assert first(LOOK_EVERY, 0)[-1] == LOOKED_AT
