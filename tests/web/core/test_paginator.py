"""core/paginator.py, beside Django's."""

import warnings

import django.core.paginator as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core import paginator as ours
from penstock.web.core.paginator import EmptyPage, PageNotAnInteger, Paginator, UnorderedObjectListWarning

FACTS = ("has_next", "has_previous", "has_other_pages", "next_page_number", "previous_page_number")
INDICES = ("start_index", "end_index")
SIZES = st.fixed_dictionaries(
    {
        "per_page": st.integers(1, 12),
        "orphans": st.integers(0, 12),
        "allow_empty_first_page": st.booleans(),
    }
)
NUMBERS = st.one_of(
    st.integers(-3, 60),
    st.sampled_from(
        ["", "1", " 2 ", "x", "last", "1.5", None, 1.0, 1.5, float("nan"), float("inf"), True, []]
    ),
)


def seen(module, call, *args):
    """What a call gives: a page as its facts, or the exception's name."""
    try:
        result = call(*args)
    except (module.InvalidPage, TypeError, ValueError, OverflowError) as error:
        return type(error).__name__
    if not isinstance(result, module.Page):
        return result
    facts = [seen(module, getattr(result, name)) for name in FACTS + INDICES]
    return [repr(result), list(result), len(result), result.number, *facts]


@given(st.integers(0, 60), SIZES, NUMBERS)
def test_pages_are_those_of_django(length, sizes, number):
    pages = [(module, module.Paginator(list(range(length)), **sizes)) for module in (ours, theirs)]
    for ask in ("page", "get_page"):
        mine, expected = (seen(module, getattr(made, ask), number) for module, made in pages)
        assert mine == expected, ask
    (_, mine), (_, expected) = pages
    assert (mine.count, mine.num_pages, mine.page_range) == (
        expected.count,
        expected.num_pages,
        expected.page_range,
    )
    assert [list(page) for page in mine] == [list(page) for page in expected]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 5), st.integers(0, 4))
def test_numbers_to_be_shown_are_those_of_django(pages, number, on_each_side, on_ends):
    shown = [
        seen(
            module,
            lambda module=module: list(
                module.Paginator(range(pages), 1).get_elided_page_range(
                    number, on_each_side=on_each_side, on_ends=on_ends
                )
            ),
        )
        for module in (ours, theirs)
    ]
    assert shown[0] == shown[1]


class Query:
    """Counts by itself, as a query of a database does, and fetches what it is sliced for."""

    def __init__(self, begin=0, end=25):
        self.begin = begin
        self.end = end
        self.fetched = 0

    def count(self):
        return self.end - self.begin

    def __getitem__(self, part):
        return Query(part.start, part.stop)

    def __iter__(self):
        self.fetched += 1
        return iter(range(self.begin, self.end))


def test_query_is_counted_by_itself_and_fetched_once():
    page = Paginator(Query(), 10).page(3)
    query = page.object_list
    assert (page[0], page[1:3], list(page)) == (20, [21, 22], [20, 21, 22, 23, 24])
    assert query.fetched == 1


@pytest.mark.parametrize(
    "values", [[1, 2, 1], (1, 2, 1), "121", range(3)], ids=["list", "tuple", "text", "range"]
)
def test_sequence_whose_count_counts_an_element_is_counted_by_its_length(values):
    assert Paginator(values, 2).count == 3


def test_page_takes_numbers_and_slices_only():
    page = Paginator([1, 2], 2).page(1)
    with pytest.raises(TypeError, match="expected an integer or a slice"):
        page["1"]
    assert 2 in page
    assert page.index(2) == 1


def test_words_of_an_error_may_be_others():
    made = Paginator([1], 1, error_messages={"no_results": "nothing more"})
    with pytest.raises(EmptyPage, match="nothing more"):
        made.page(2)
    with pytest.raises(EmptyPage, match="counted from 1"):
        made.page(0)
    with pytest.raises(PageNotAnInteger, match="whole number"):
        made.page("x")


def test_list_without_an_order_warns():
    class Unordered(list):
        ordered = False

    with pytest.warns(UnorderedObjectListWarning, match="without an order"):
        Paginator(Unordered(), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Paginator([], 2)


def test_subclass_may_have_a_page_of_its_own():
    class Marked(ours.Page):
        mark = "mine"

    class Marking(Paginator):
        def _get_page(self, *args, **kwargs):
            return Marked(*args, **kwargs)

    assert Marking([1], 1).page(1).mark == "mine"
