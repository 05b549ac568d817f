"""One page of a long list.

In:     a select() in its order, the page's number as the client wrote it.
Out:    a Page.
Never:  fails for a page that is not there: the nearest one is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from penstock.web import db

ROWS = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where they stand: pages count from 1, `total` is of all pages."""

    rows: Sequence[Any]
    number: int
    count: int
    total: int


def page_of(query: Select, wanted: str | None, rows: int = ROWS) -> Page:
    """Return one page of the objects that a query finds."""
    counted = select(func.count()).select_from(query.order_by(None).options().subquery())
    return slice_page(db.session().scalar(counted) or 0, wanted, lambda window: _rows(query, window), rows)


def slice_page(total: int, wanted: str | None, fetch, rows: int = ROWS) -> Page:
    """Return one page of what `fetch(slice)` returns."""
    count = max(1, -(-total // rows))
    number = min(max(_whole(wanted), 1), count)
    return Page(fetch(slice((number - 1) * rows, number * rows)), number, count, total)


def _rows(query: Select, window: slice):
    return db.session().scalars(query.offset(window.start).limit(window.stop - window.start)).unique().all()


def _whole(text: str | None) -> int:
    # Ten digits are any page there can be; int() takes "1_0" and thousands of digits, too.
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 10 else 1
