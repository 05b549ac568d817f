import pytest

from penstock.telemetry.crew import Crew, current_crew, join_crew


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
    assert Crew(workers, threads).share(budget) == expected


def test_crew_is_that_which_was_joined() -> None:
    before = current_crew()
    try:
        join_crew(Crew(2, 3))
        assert current_crew() == Crew(2, 3)
        join_crew(None)
        assert current_crew() is None
    finally:
        join_crew(before)
