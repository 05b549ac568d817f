from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.server.worker.deadlines import TICK_NS, Alarm, DeadlineWheel

S = 1_000_000_000


@dataclass(eq=False)
class Item:
    deadline_ns: int
    tick: int = 0
    called: list[int] = field(default_factory=list)

    def on_deadline(self) -> None:
        self.called.append(self.deadline_ns)


def test_wheel_without_items_has_nothing_due_and_waits_for_ever() -> None:
    wheel: DeadlineWheel[Item] = DeadlineWheel()
    assert wheel.due(10 * S) == []
    assert wheel.wait_s(10 * S) == -1


def test_item_is_due_at_its_deadline_and_not_before() -> None:
    wheel: DeadlineWheel[Item] = DeadlineWheel()
    item = Item(5 * S)
    wheel.file(item)
    assert wheel.due(5 * S - 1) == []
    assert wheel.due(5 * S + TICK_NS) == [item]
    assert len(wheel) == 0


def test_deadline_that_moved_on_costs_nothing_until_its_old_time() -> None:
    wheel: DeadlineWheel[Item] = DeadlineWheel()
    item = Item(5 * S)
    wheel.file(item)
    item.deadline_ns = 9 * S
    wheel.file(item)
    assert wheel.due(6 * S) == []
    assert wheel.due(9 * S + TICK_NS) == [item]


def test_deadline_that_moved_earlier_is_kept_when_filed_again() -> None:
    wheel: DeadlineWheel[Item] = DeadlineWheel()
    item = Item(75 * S)
    wheel.file(item)
    item.deadline_ns = 10 * S
    wheel.file(item)
    assert wheel.due(11 * S) == [item]
    assert wheel.due(80 * S) == []


def test_forgotten_item_is_never_due_and_may_be_filed_again() -> None:
    wheel: DeadlineWheel[Item] = DeadlineWheel()
    item = Item(S)
    wheel.forget(item)
    wheel.file(item)
    wheel.forget(item)
    assert wheel.due(5 * S) == []
    wheel.file(item)
    assert wheel.due(5 * S) == [item]


def test_wait_is_never_past_the_next_tick_and_never_negative() -> None:
    wheel: DeadlineWheel[Item] = DeadlineWheel()
    wheel.file(Item(5 * S))
    assert wheel.wait_s(0) == pytest.approx(5.25)
    assert wheel.wait_s(9 * S) == 0


def test_alarm_calls_back() -> None:
    rung: list[int] = []
    Alarm(S, lambda: rung.append(1)).on_deadline()
    assert rung == [1]


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(1, 100)), max_size=30))
def test_every_item_is_found_within_a_tick_of_its_last_deadline(moves: list[tuple[int, int]]) -> None:
    wheel: DeadlineWheel[Item] = DeadlineWheel()
    items = []
    for first, second in moves:
        item = Item(first * S)
        wheel.file(item)
        item.deadline_ns = second * S
        wheel.file(item)
        items.append(item)
    found: dict[int, int] = {}
    for tick in range(1, 101 * 4):
        for item in wheel.due(tick * TICK_NS):
            found[id(item)] = tick * TICK_NS
    assert len(found) == len(items)
    assert all(0 <= found[id(item)] - item.deadline_ns <= 2 * TICK_NS for item in items)
