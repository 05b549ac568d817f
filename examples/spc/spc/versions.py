"""The version of a chart: whoever changes it waits for whoever else does, and makes the next one.

Drawings are kept under it, by workers and for a year by browsers: two changes under one version would show
some people the one and some the other, for good.

In:     a Chart that is in the database.
Out:    the same chart, read anew, one version on.
Never:  commits: the change ends with its transaction, and the next one begins then.

Rules:  SQLite has one writer at a time as it is.  On PostgreSQL the row of the chart is locked, and not that
        of its parameter, which an import locks first (imports/staging.py).
"""

from penstock.web import db
from spc.models import Chart


def begin_version(chart: Chart) -> None:
    """Make the next version of a chart, which the caller then changes and commits."""
    db.session().refresh(chart, with_for_update={"of": Chart})
    chart.version += 1
