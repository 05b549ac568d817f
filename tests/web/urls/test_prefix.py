import time

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
    beginnings = ["a" * length for length in range(3000)]
    index = PrefixIndex((beginning, len(beginning)) for beginning in beginnings)
    assert len(index.find("a" * 3000)) == 3000


def test_time_does_not_grow_with_the_number_of_beginnings():
    def seconds(count):
        index = PrefixIndex((f"route{number}/", number) for number in range(count))
        path = f"route{count - 1}/5/"
        best = float("inf")
        for _ in range(20):
            begin = time.perf_counter()
            for _ in range(200):
                index.find(path)
            best = min(best, time.perf_counter() - begin)
        return best

    assert seconds(2000) < 20 * seconds(20)  # a walk would be 100 times as long
