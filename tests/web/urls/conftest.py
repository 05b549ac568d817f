"""What the tests of speed share."""

import time
from collections.abc import Callable

import pytest

ROUNDS, CALLS = 30, 100


@pytest.fixture
def best_seconds() -> Callable[..., list[float]]:
    """`best_seconds(call, other)` is the best time of each, in turns: what disturbs one disturbs all."""

    def measure(*calls: Callable[[], object]) -> list[float]:
        rounds = [[_seconds(call) for call in calls] for _ in range(ROUNDS)]
        return [min(times) for times in zip(*rounds, strict=True)]

    return measure


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - begin
