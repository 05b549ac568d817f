import pytest

from penstock.telemetry.writing.stamps import phases_ns, stamps_ns


def test_stamps_of_a_whole_request_are_its_moments(finished):
    request = finished()
    assert stamps_ns(request) == [
        request.first_byte_ns,
        request.head_ns,
        request.body_ns,
        request.start_ns,
        request.end_ns,
        request.last_byte_ns,
    ]


@pytest.mark.parametrize(
    ("changes", "phases_us"),
    [
        pytest.param({}, [2, 0, 2, 9, 6, 19], id="whole"),
        pytest.param({"end_ns": 0}, [2, 0, 2, 15, 0, 19], id="application-never-ended"),
        pytest.param({"start_ns": 0, "end_ns": 0}, [2, 0, 17, 0, 0, 19], id="never-began"),
        pytest.param({"head_ns": 1}, [0, 0, 2, 9, 6, 17], id="out-of-order"),
    ],
)
def test_phases_are_never_negative_and_add_up(finished, changes, phases_us):
    phases = phases_ns(stamps_ns(finished(**changes)))
    if "head_ns" not in changes:
        assert phases == [phase * 1000 for phase in phases_us]
    assert min(phases) >= 0
    assert sum(phases[:-1]) == phases[-1]
