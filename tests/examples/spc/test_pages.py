"""One page of a long list."""

import pytest
from spc.pages import slice_page


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (None, 1),
        ("1", 1),
        ("3", 3),
        ("4", 3),
        ("0", 1),
        ("-1", 1),
        ("x", 1),
        ("9" * 30, 1),
        ("\u0663", 1),
        ("1_0", 1),
    ],
)
def test_page_that_is_not_there_is_the_nearest_one(wanted: str | None, number: int) -> None:
    assert slice_page(25, wanted, lambda window: list(range(25))[window], rows=10).number == number


def test_last_page_has_what_is_left() -> None:
    page = slice_page(25, "3", lambda window: list(range(25))[window], rows=10)
    assert (page.rows, page.count, page.total) == ([20, 21, 22, 23, 24], 3, 25)


def test_empty_list_is_one_empty_page() -> None:
    page = slice_page(0, None, lambda window: [][window])
    assert (page.rows, page.number, page.count) == ([], 1, 1)
