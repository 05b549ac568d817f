"""Long lists in pages.

In:     something that can be sliced and says how long it is: a list, or an object with `count()`.
Out:    a `Page`, which knows its neighbours.
Never:  reads more than one page of the list.
Rules:  Django's names and numbers. Pages are counted from 1.
"""

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from penstock.web.utils.functional import cached_property

MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "invalid_page": "expected a whole number as the number of a page",
        "min_page": "pages are counted from 1",
        "no_results": "there are fewer pages",
    }
)


class UnorderedObjectListWarning(RuntimeWarning):
    """A list says of itself that it has no order: two pages may show the same."""


class InvalidPage(Exception):
    """There is no such page."""


class PageNotAnInteger(InvalidPage):
    """The number of a page is no whole number."""


class EmptyPage(InvalidPage):
    """The number of a page is below 1, or above that of the last one."""


class Paginator:
    """A list in pages of `per_page` elements.

    Args:
        object_list: can be sliced; its length is what its `count()` says, else `len`.
        per_page: elements of a page.
        orphans: so many, or fewer, go on the page before instead of on a last one of their own.
        allow_empty_first_page: an empty list has a page 1.
        error_messages: other words for `invalid_page`, `min_page`, `no_results`.
    """

    ELLIPSIS = "…"
    default_error_messages: Mapping[str, str] = MESSAGES

    def __init__(
        self,
        object_list: Any,
        per_page: int | str,
        orphans: int | str = 0,
        allow_empty_first_page: bool = True,
        error_messages: Mapping[str, str] | None = None,
    ) -> None:
        self.object_list = object_list
        if getattr(object_list, "ordered", None) is False:
            text = f"{type(object_list).__name__} without an order; expected one: pages may overlap without"
            warnings.warn(text, UnorderedObjectListWarning, stacklevel=2)
        self.per_page = int(per_page)
        self.orphans = int(orphans)
        self.allow_empty_first_page = allow_empty_first_page
        self.error_messages = {**self.default_error_messages, **(error_messages or {})}

    def __iter__(self) -> "Iterator[Page]":
        return map(self.page, self.page_range)

    def validate_number(self, number: Any) -> int:
        """Return the number of a page that is there.

        Raises:
            PageNotAnInteger: `number` is no whole number; "3" and 3.0 are.
            EmptyPage: there is no such page.
        """
        try:
            whole = int(number)
        except (TypeError, ValueError, OverflowError) as error:  # an infinite one overflows
            raise PageNotAnInteger(self.error_messages["invalid_page"]) from error
        if isinstance(number, float) and whole != number:
            raise PageNotAnInteger(self.error_messages["invalid_page"])
        if not 1 <= whole <= self.num_pages:
            raise EmptyPage(self.error_messages["min_page" if whole < 1 else "no_results"])
        return whole

    def get_page(self, number: Any) -> "Page":
        """Return the page that a visitor may have meant: the first for what is no number, else the last.

        Raises:
            EmptyPage: there is none at all: `allow_empty_first_page` is off and the list empty.
        """
        try:
            return self.page(number)
        except PageNotAnInteger:
            return self.page(1)
        except EmptyPage:
            return self.page(self.num_pages)

    def page(self, number: Any) -> "Page":
        """Return a page; PageNotAnInteger or EmptyPage as `validate_number`."""
        number = self.validate_number(number)
        begin = (number - 1) * self.per_page
        end = begin + self.per_page
        if end + self.orphans >= self.count:
            end = self.count
        return self._get_page(self.object_list[begin:end], number, self)

    def _get_page(self, *args: Any, **kwargs: Any) -> "Page":
        """Make the page: for subclasses that have a page of their own."""
        return Page(*args, **kwargs)

    @cached_property
    def count(self) -> int:
        """How many elements there are, on all pages."""
        return int(self.object_list.count()) if _counts_itself(self.object_list) else len(self.object_list)

    @cached_property
    def num_pages(self) -> int:
        """How many pages there are."""
        if self.count == 0 and not self.allow_empty_first_page:
            return 0
        counted = max(1, self.count - self.orphans)
        return -(-counted // self.per_page)

    @property
    def page_range(self) -> range:
        """The numbers of all pages."""
        return range(1, self.num_pages + 1)

    def get_elided_page_range(
        self, number: Any = 1, *, on_each_side: int = 3, on_ends: int = 2
    ) -> Iterator[int | str]:
        """Yield numbers to be shown as links, ELLIPSIS for those left out: 1 2 … 40 41 42 43 44 … 99 100.

        Args:
            number: of the page that is shown.
            on_each_side: numbers before and behind it.
            on_ends: numbers at either end.

        Raises:
            InvalidPage: there is no such page.
        """
        number, last = self.validate_number(number), self.num_pages
        left_out = [
            range(on_ends + 1, number - on_each_side),
            range(number + on_each_side + 1, last - on_ends + 1),
        ]
        is_short = last <= (on_each_side + on_ends) * 2
        at = 1
        for gap in left_out:
            if len(gap) > 1 and not is_short:  # an ellipsis for a single number would save nothing
                yield from range(at, gap.start)
                yield self.ELLIPSIS
                at = gap.stop
        yield from range(at, last + 1)


def _counts_itself(elements: Any) -> bool:
    """Tell whether there is a `count()`; that of a list or a string wants to know what to count."""
    count = getattr(elements, "count", None)
    if not callable(count) or inspect.isbuiltin(count):
        return False
    return not inspect.signature(count).parameters


class Page(Sequence[Any]):
    """The elements of one page."""

    def __init__(self, object_list: Any, number: int, paginator: Paginator) -> None:
        self.object_list = object_list
        self.number = number
        self.paginator = paginator

    def __repr__(self) -> str:
        return f"<Page {self.number} of {self.paginator.num_pages}>"

    def __len__(self) -> int:
        return len(self.object_list)

    def __getitem__(self, index: Any) -> Any:
        match index:
            case int() | slice():
                return self._elements()[index]
        raise TypeError(f"index {index!r} of a page; expected an integer or a slice")

    def _elements(self) -> list[Any]:
        """Return the elements as a list, which is kept: what comes from a database is fetched once."""
        if type(self.object_list) is not list:
            self.object_list = list(self.object_list)
        return self.object_list

    def has_next(self) -> bool:
        """Tell whether there is a page behind this one."""
        return self.number < self.paginator.num_pages

    def has_previous(self) -> bool:
        """Tell whether there is a page before this one."""
        return self.number > 1

    def has_other_pages(self) -> bool:
        """Tell whether this is not the only page."""
        return self.has_previous() or self.has_next()

    def next_page_number(self) -> int:
        """Return the number of the page behind this one; EmptyPage if there is none."""
        return self.paginator.validate_number(self.number + 1)

    def previous_page_number(self) -> int:
        """Return the number of the page before this one; EmptyPage if there is none."""
        return self.paginator.validate_number(self.number - 1)

    def start_index(self) -> int:
        """Return the place of the first element among all, from 1; 0 if there is none."""
        if self.paginator.count == 0:
            return 0
        return self.paginator.per_page * (self.number - 1) + 1

    def end_index(self) -> int:
        """Return the place of the last element among all, from 1."""
        if self.number == self.paginator.num_pages:
            return self.paginator.count
        return self.number * self.paginator.per_page
