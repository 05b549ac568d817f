import pytest

from penstock.agent.dogstatsd.cell import MAX_EXACT_MEMBERS, Counter, Gauge, Histogram, Members


def members(count: int) -> Members:
    cell = Members()
    for number in range(count):
        cell.add_member(b"user-%d" % number)
    return cell


def test_a_counter_divides_by_the_sample_rate() -> None:
    cell = Counter()
    cell.add(3, 1)
    cell.add(2, 1 / 0.5)
    assert cell.value == 7


def test_a_gauge_keeps_the_last_value() -> None:
    cell = Gauge()
    cell.add(3)
    cell.add(-1)
    assert cell.value == -1


def test_a_stamped_gauge_takes_no_older_value() -> None:
    cell = Gauge()
    cell.add_stamped(1, 100)
    cell.add_stamped(2, 99)
    assert cell.value == 1
    cell.add_stamped(3, 100)
    assert cell.value == 3


def test_a_histogram_counts_up_to_and_with_its_bounds() -> None:
    cell = Histogram((1, 10))
    for value, weight in ((0.5, 1), (1, 1), (2, 10), (10, 1), (11, 1)):
        cell.add(value, weight)
    assert (cell.counts, cell.sum) == ([2, 11, 1], 0.5 + 1 + 20 + 10 + 11)


def test_members_are_counted_once() -> None:
    cell = members(5)
    cell.add_member(b"user-1")
    assert cell.value == 5


@pytest.mark.parametrize("count", [MAX_EXACT_MEMBERS, 1000, 20_000])
def test_many_members_are_estimated_in_bounded_memory(count) -> None:
    cell = members(count)
    assert cell.value == pytest.approx(count, rel=0.12)
    assert len(cell._exact) <= MAX_EXACT_MEMBERS


def test_a_turn_keeps_the_last_minute_until_this_one_has_more() -> None:
    cell = members(5)
    cell.turn()
    assert cell.value == 5
    cell.add_member(b"a")
    assert cell.value == 5
    for number in range(6):
        cell.add_member(b"%d" % number)
    assert cell.value == 7
    cell.turn()
    cell.turn()
    assert cell.value == 0


@pytest.mark.parametrize("cell", [Counter(), Gauge(), Histogram((1,))])
def test_turns_without_a_value_are_counted(cell) -> None:
    cell.turn()
    cell.turn()
    assert cell.idle_turns == 2
    cell.add(1, 1)
    assert cell.idle_turns == 0
