import math
import random

import pytest

from penstock.agent.metrics.quantile import PARTS, RecentQuantiles
from penstock.agent.metrics.tally import TallyReader

CHANCE = random.Random(7)
DISTRIBUTIONS = {
    "uniform": lambda: CHANCE.uniform(0.001, 0.2),
    "exponential": lambda: 0.0001 + CHANCE.expovariate(1 / 0.02),
    "lognormal": lambda: CHANCE.lognormvariate(math.log(0.01), 1.5),
    "pareto": lambda: 0.0005 * CHANCE.paretovariate(1.2),
    "two-humps": lambda: CHANCE.gauss(0.002, 0.0002) if CHANCE.random() < 0.95 else CHANCE.gauss(1.5, 0.1),
    "constant": lambda: 0.030,
    "microseconds": lambda: CHANCE.uniform(0.00002, 0.00006),
}


@pytest.fixture
def quantiles(segment, now):
    """Return what a page shows of the total time now."""
    reader, recent = TallyReader(segment), RecentQuantiles(now)

    def read() -> dict[float, float]:
        found = recent.read(reader.read())
        return {part: value for (phase, part), value in found.items() if phase == "total"}

    return read


@pytest.fixture
def take(recorder, finished):
    """Finish requests that took so many seconds."""

    def finish(*durations_s: float) -> None:
        first_ns = finished().first_byte_ns
        for duration_s in durations_s:
            last_ns = first_ns + round(duration_s * 1e9)
            recorder.access(finished(last_byte_ns=max(last_ns, finished().end_ns)))

    return finish


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_quantile_is_within_2_percent_of_the_exact_one(distribution: str, take, quantiles) -> None:
    durations = sorted(DISTRIBUTIONS[distribution]() for _ in range(3000))
    take(*random.Random(1).sample(durations, len(durations)))
    found = quantiles()
    assert set(found) == set(PARTS)
    for part, value in found.items():
        exact = durations[math.ceil(part * len(durations)) - 1]
        assert value == pytest.approx(exact, rel=0.02), part


def test_minute_without_requests_has_none(take, quantiles, now) -> None:
    assert quantiles() == {}
    take(0.5)
    now.pass_s(10)
    assert quantiles()[0.5] == pytest.approx(0.5, rel=0.02)
    for _ in range(7):
        now.pass_s(10)
        last = quantiles()
    assert last == {}


def test_requests_of_a_minute_ago_do_not_count(take, quantiles, now) -> None:
    take(*[5.0] * 100)
    quantiles()
    for _ in range(6):
        now.pass_s(10)
        take(0.1)
        last = quantiles()
    assert last[0.99] == pytest.approx(0.1, rel=0.02)


def test_pages_that_are_asked_for_all_the_time_keep_few_tallies(segment, now) -> None:
    reader, recent = TallyReader(segment), RecentQuantiles(now)
    for _ in range(1000):
        now.pass_s(0.5)
        recent.read(reader.read())
    assert len(recent._past) <= 8
