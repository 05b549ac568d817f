"""What a view shows, by the number in its address.

Raises:
    Http404: there is none.
"""

from sqlalchemy.orm import joinedload

from penstock.web import db
from penstock.web.http import Http404
from spc.models import Alarm, Chart, Import, Parameter

MAX_ID = 2**31 - 1


def found(kind, number: int, *options):
    """Return the object of a kind with that key; Http404 without one."""
    there = db.session().get(kind, number, options=options) if number <= MAX_ID else None
    if there is None:
        raise Http404(f"no {kind.__name__.lower()} {number}")
    return there


def found_chart(number: int) -> Chart:
    """Return a chart with its parameter and its tool, by one query."""
    return found(Chart, number, joinedload(Chart.parameter).joinedload(Parameter.tool))


def found_alarm(number: int) -> Alarm:
    """Return an alarm with all that its page names."""
    whole = joinedload(Alarm.chart).joinedload(Chart.parameter).joinedload(Parameter.tool)
    return found(Alarm, number, whole)


def found_import(number: int) -> Import:
    """Return an import."""
    return found(Import, number)
