import pytest

from penstock.agent.errors.group import Example, Group, group_id
from penstock.agent.errors.stack import Origin

ORIGIN = Origin("ValueError", "shop/views.py", "pay", 12)


def example(**changes) -> Example:
    return Example(**{"message": "failed", "trace": "...", "logger": "shop", "pid": 7} | changes)


@pytest.fixture
def group() -> Group:
    return Group("shop", ORIGIN)


def test_nothing_new_is_no_change(group) -> None:
    assert group.take_change() is None
    group.add(example(), 5.0)
    assert group.take_change() is not None
    assert group.take_change() is None


def test_a_change_has_what_came_since_the_last_one(group) -> None:
    group.add(example(message="first"), 5.0)
    group.take_change()
    group.add(example(message="second"), 6.0)
    group.add(example(message="third"), 8.0)
    change = group.take_change()
    assert (change.count, change.first_s, change.last_s, change.example.message) == (2, 6.0, 8.0, "third")
    assert (change.id, change.application, change.origin) == (group.id, "shop", ORIGIN)
    assert group.count == 3


def test_what_could_not_be_written_is_part_of_the_next_change(group) -> None:
    group.add(example(), 5.0)
    group.add(example(), 6.0)
    lost = group.take_change()
    group.add(example(message="later"), 9.0)
    group.give_back(lost)
    change = group.take_change()
    assert (change.count, change.first_s, change.last_s, change.example.message) == (3, 5.0, 9.0, "later")


def test_a_change_given_back_alone_comes_again_as_it_was(group) -> None:
    group.add(example(), 5.0)
    lost = group.take_change()
    group.give_back(lost)
    assert group.take_change() == lost


def test_a_request_line_that_comes_late_is_a_change_of_its_own(group) -> None:
    group.add(example(request_id="r1"), 5.0)
    group.take_change()
    group.complete("r1", "GET / HTTP/1.1")
    change = group.take_change()
    assert (change.count, change.last_s, change.example.request_line) == (0, 5.0, "GET / HTTP/1.1")


def test_a_request_line_of_another_request_is_none_of_the_example(group) -> None:
    group.add(example(request_id="r2"), 5.0)
    group.complete("r1", "GET / HTTP/1.1")
    assert group.take_change().example.request_line == ""


def test_an_id_is_the_same_in_every_process_and_differs_by_application_type_and_place() -> None:
    ids = {
        group_id("shop", ORIGIN),
        group_id("other", ORIGIN),
        group_id("shop", Origin("KeyError", "shop/views.py", "pay", 12)),
        group_id("shop", Origin("ValueError", "shop/views.py", "pay", 13)),
    }
    assert len(ids) == 4
    assert group_id("shop", ORIGIN) == "e808c51994"
