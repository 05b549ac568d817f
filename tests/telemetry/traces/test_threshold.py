import random

import pytest

from penstock.telemetry.traces.threshold import LOOK_EVERY, NEVER_SLOW, Threshold

LEAST = 100


def share_above(draw, requests: int = 100_000) -> float:
    """Which part of the requests, the first tenth aside, was above."""
    threshold = Threshold(LEAST)
    above = 0
    for number in range(requests):
        if draw() > threshold.ticks:
            threshold.exceed()
            above += number > requests // 10
        if number % LOOK_EVERY == 0:
            threshold.look()
    return above / (requests * 0.9)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 2.0], ids=["narrow", "usual", "wide"])
def test_one_request_in_a_hundred_is_above(sigma):
    numbers = random.Random(7)
    assert share_above(lambda: numbers.lognormvariate(9, sigma)) == pytest.approx(0.01, rel=0.3)


def test_requests_that_all_take_the_same_are_not_slow_for_long():
    threshold = Threshold(LEAST)
    runs_above = 0
    for _ in range(1000):
        if threshold.ticks < 100 * LEAST:
            threshold.exceed()
            runs_above += 1
    assert 0 < runs_above < 60


def test_one_that_hangs_does_not_hide_the_next_ones():
    threshold = Threshold(LEAST)
    for _ in range(10):
        threshold.exceed()
    before = threshold.ticks
    threshold.exceed()  # whatever it took
    assert before < threshold.ticks <= before * 1.07 + 1


def test_threshold_falls_when_nothing_is_above_and_stops_at_what_is_quick():
    threshold = Threshold(LEAST)
    threshold.exceed()
    for _ in range(200):
        threshold.look()
    assert threshold.ticks == LEAST


def test_where_nothing_is_quick_by_decree_the_threshold_begins_at_nothing():
    threshold = Threshold(0)
    threshold.exceed()
    assert threshold.ticks > 0


def test_what_has_no_shape_is_never_slow():
    assert NEVER_SLOW.ticks > 1 << 60
