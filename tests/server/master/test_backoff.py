from penstock.server.master.backoff import HEALTHY_LIFE_S, LONGEST_DELAY_S, Backoff


def test_first_death_is_replaced_at_once() -> None:
    assert Backoff().died(lived_s=1) == 0


def test_deaths_in_a_row_wait_twice_as_long_each_up_to_the_longest() -> None:
    backoff = Backoff()
    delays = [backoff.died(lived_s=0) for _ in range(12)]
    assert delays[:4] == [0, 0.25, 0.5, 1.0]
    assert delays[-1] == LONGEST_DELAY_S


def test_delay_is_never_longer_than_asked_for() -> None:
    backoff = Backoff(longest_s=1.0)
    assert [backoff.died(lived_s=0) for _ in range(6)] == [0, 0.25, 0.5, 1.0, 1.0, 1.0]


def test_death_after_a_healthy_life_starts_the_count_again() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.died(lived_s=0)
    assert backoff.died(lived_s=HEALTHY_LIFE_S) == 0
