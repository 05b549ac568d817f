"""The versions of a chart: whoever changes it waits for whoever else does, and makes the next one.

Drawings are kept under the chart's version, by workers and for a year by browsers: two changes under one
version would show some people the one and some the other, for good. Its rules and its limits are numbered,
each by itself: who changes them has seen one number, and is told when another one is in force by now.

In:     a Chart that is in the database.
Out:    the same chart, read anew, one version on.
Never:  commits: the change ends with its transaction, and the next one begins then.

Rules:  SQLite has one writer at a time as it is.  On PostgreSQL the row of the chart is locked, and not that
        of its parameter, which an import locks first (imports/staging.py).
"""

from itertools import zip_longest
from typing import TypeVar

from sqlalchemy import select

from penstock.web import db
from spc.models import Change, Chart

Changed = TypeVar("Changed", bound=Change)


class ChangedMeanwhileError(Exception):
    """Somebody else has changed what was shown; the message says who."""


def begin_version(chart: Chart) -> None:
    """Make the next version of a chart, which the caller then changes and commits."""
    db.session().refresh(chart, with_for_update={"of": Chart})
    chart.version += 1


def begin_change(chart: Chart, kind: type[Change], *, after: int) -> int:
    """Make the next version of a chart, and return the number of the rules or limits that it will have.

    Args:
        after: the number that their author saw: 0 for none.

    Raises:
        ChangedMeanwhileError: others are in force by now.
    """
    begin_version(chart)
    newest = in_force(kind, chart)
    number = newest.number if newest else 0
    if number != after:
        who = newest.changed_by.name if newest and newest.changed_by else "somebody"
        raise ChangedMeanwhileError(f"{who} has changed them meanwhile: version {number} is in force")
    return number + 1


def in_force(kind: type[Changed], chart: Chart) -> Changed | None:
    """Return the rules or the limits of a chart that have the highest number."""
    return db.session().scalars(_newest_first(kind, chart).limit(1)).first()


def of_number(kind: type[Changed], chart: Chart, number: int) -> Changed | None:
    """Return the rules or the limits that a chart had under a number."""
    return db.session().scalar(select(kind).where(kind.chart_id == chart.id, kind.number == number))


def latest(kind: type[Changed], chart: Chart, count: int) -> list[tuple[Changed, Changed | None]]:
    """Return so many of the rules or limits that a chart had, the newest first, each with the one before."""
    found = db.session().scalars(_newest_first(kind, chart).limit(count + 1)).all()
    return list(zip_longest(found, found[1:]))[:count]


def _newest_first(kind: type[Changed], chart: Chart):
    return select(kind).where(kind.chart_id == chart.id).order_by(kind.number.desc())
