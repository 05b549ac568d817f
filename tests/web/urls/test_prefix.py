import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.urls.prefix import PrefixIndex

TEXTS = st.text(alphabet="ab/", max_size=6)


@given(st.lists(TEXTS, max_size=12), TEXTS)
def test_index_finds_what_a_walk_over_all_finds(beginnings, path):
    index = PrefixIndex((beginning, number) for number, beginning in enumerate(beginnings))
    assert list(index.find(path)) == [
        number for number, beginning in enumerate(beginnings) if path.startswith(beginning)
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("items/5/", ["all", "items"]),
        ("item", ["all"]),
        ("", ["all"]),
        ("users/", ["all", "users"]),
        ("u", ["all"]),
    ],
)
def test_found_things_keep_their_order(path, expected):
    index = PrefixIndex([("", "all"), ("items/", "items"), ("users/", "users")])
    assert list(index.find(path)) == expected


def test_empty_index_finds_nothing():
    assert list(PrefixIndex([]).find("a")) == []


def test_beginning_deeper_than_the_interpreters_stack_is_no_trouble():
    depth = sys.getrecursionlimit() + 200
    beginnings = ["a" * length for length in range(depth)]
    index = PrefixIndex((beginning, len(beginning)) for beginning in beginnings)
    assert len(index.find("a" * depth)) == depth


def test_work_does_not_grow_with_the_number_of_beginnings(steps_of):
    def found(count):
        index = PrefixIndex((f"route{number}/", number) for number in range(count))
        return partial(index.find, f"route{count - 1}/5/")

    assert steps_of(found(2000)) < 2 * steps_of(found(20))  # a walk would be 100 times as long
