import types

import pytest

from penstock.agent.metrics.slowness import Slowness
from penstock.agent.station import AccessListener, TenantListener
from penstock.telemetry.records.record import ACCESS
from penstock.telemetry.records.ring import RingReader

MS = 1_000_000


@pytest.fixture
def tenant(segment):
    return types.SimpleNamespace(segment=segment)


@pytest.fixture
def slowness(tenant) -> Slowness:
    made = Slowness((0.001, 0.1))
    made.joined(tenant)
    return made


@pytest.fixture
def hear(segment, recorder, slowness, tenant, finished):
    """Let requests of so many ms with these ids be heard as one batch."""
    reader = RingReader(segment, segment.layout.access_ring(1), ACCESS)

    def say(**durations_ms: float) -> None:
        for request_id, duration_ms in durations_ms.items():
            first_ns = finished().first_byte_ns
            last_ns = first_ns + int(duration_ms * MS)
            recorder.access(finished(request_id=request_id, last_byte_ns=last_ns))
        batch = reader.take(100)
        slowness.access(tenant, batch)
        segment.words[segment.layout.access_ring(1).tail_word] = batch.tail

    return say


def ids(slowness: Slowness, segment) -> list[str | None]:
    return [found and found.labels[0][1] for found in slowness.exemplars(segment)]


def test_station_hears_records_and_tenants(slowness) -> None:
    assert isinstance(slowness, AccessListener)
    assert isinstance(slowness, TenantListener)


def test_slowest_request_of_a_batch_is_noted_in_its_bucket(segment, slowness, hear) -> None:
    hear(quick=0.5, slow=50, middle=2)
    assert ids(slowness, segment) == [None, "slow", None]
    exemplar = slowness.exemplars(segment)[1]
    assert exemplar.value == pytest.approx(0.05, rel=0.001)
    assert exemplar.time_s > 1.7e9
    assert slowness.report() == {"noted": 1}


def test_later_request_takes_the_place_of_an_earlier_one(segment, slowness, hear) -> None:
    hear(first=50)
    hear(second=20)
    hear(quick=0.5)
    hear(slowest=5000)
    assert ids(slowness, segment) == ["quick", "second", "slowest"]


def test_request_that_never_reached_the_application_is_not_noted(segment, slowness, tenant, recorder) -> None:
    recorder.refused(
        status=400, line=b"X", peer="p", now_ns=9, reason="bad", request_id="id", first_byte_ns=1
    )
    batch = RingReader(segment, segment.layout.access_ring(1), ACCESS).take(100)
    slowness.access(tenant, batch)
    assert ids(slowness, segment) == [None, None, None]


def test_id_is_noted_without_the_trace_behind_it(segment, slowness, hear) -> None:
    hear(**{f"id-1 trace={'a' * 32}": 5})
    assert ids(slowness, segment) == [None, "id-1", None]


@pytest.mark.parametrize("request_id", ["", "x" * 119, "a\x01b"], ids=["none", "too-long", "control"])
def test_id_that_no_label_may_hold_is_not_noted(segment, slowness, hear, request_id: str) -> None:
    hear(**{request_id: 5})
    assert ids(slowness, segment) == [None, None, None]


def test_tenant_that_left_is_forgotten(segment, slowness, tenant, hear) -> None:
    hear(slow=5)
    slowness.left(tenant)
    hear(late=5)
    assert slowness.exemplars(segment) == ()
