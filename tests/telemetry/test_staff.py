import pytest

from penstock.telemetry.staff import Staff, current_staff, join_staff


@pytest.mark.parametrize(
    ("workers", "threads", "budget", "expected"),
    [
        pytest.param(2, 4, None, 5, id="what-threads-use"),
        pytest.param(2, 4, 100, 5, id="budget-beyond-need"),
        pytest.param(4, 4, 24, 3, id="budget-divided-among-two-generations"),
        pytest.param(4, 4, 8, 1, id="one-each"),
        pytest.param(4, 4, 7, 0, id="too-few"),
    ],
)
def test_share_of_a_worker_fits_all_workers_of_two_generations(workers, threads, budget, expected) -> None:
    assert Staff(workers, threads).share(budget) == expected


def test_staff_is_that_which_was_joined() -> None:
    before = current_staff()
    try:
        join_staff(Staff(2, 3))
        assert current_staff() == Staff(2, 3)
        join_staff(None)
        assert current_staff() is None
    finally:
        join_staff(before)
