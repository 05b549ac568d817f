import gc

import pytest

from penstock.telemetry.metrics.meter import Meter
from penstock.telemetry.metrics.runtime import COLLECTIONS, SECONDS, GarbageWatch, take_over_counter


@pytest.fixture
def meter() -> Meter:
    return Meter()


def values(meter: Meter, name: str) -> dict[str, float]:
    return {series.values[0]: series.value for series in meter._instruments[name].series()}


def test_collections_are_counted_by_generation_with_their_time(meter) -> None:
    watch = GarbageWatch(meter)
    watch.begin()
    try:
        before = values(meter, COLLECTIONS.name)
        gc.collect(2)
        gc.collect(2)
        gc.collect(0)
    finally:
        watch.end()
    after = values(meter, COLLECTIONS.name)
    assert after["2"] >= before["2"] + 2
    assert after["0"] >= before["0"] + 1
    assert 0 < values(meter, SECONDS.name)["2"] < 60
    gc.collect(2)
    assert values(meter, COLLECTIONS.name) == after


def test_take_overs_are_one_counter(meter) -> None:
    take_over_counter(meter).inc()
    assert take_over_counter(meter).value == 1
