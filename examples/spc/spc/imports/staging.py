"""Checked rows -> staged rows -> stored measurements.

Staging is many short transactions: the log-in and the alarms of others are written in between, and the
progress is seen. Storing is one: what was staged is moved within the database, charts get their new version
and their alarms. Whatever goes wrong before it commits, nothing of the file is there.

In:     an Import, Rows.
Out:    rows in the database.
"""

import numpy as np
from sqlalchemy import delete, func, insert, select

from penstock import telemetry
from penstock.web import db
from spc.alarms import watch
from spc.imports.fault import RefusedFileError
from spc.imports.rows import Known, Rows
from spc.models import Measurement, Parameter, StagedMeasurement, Subgroup, Tool
from spc.versions import begin_version

COLUMNS = ("import_id", "parameter_id", "number", "position", "taken_s", "size", "value")


def known_parameters() -> dict[tuple[str, str], Known]:
    """Return what rows are checked against."""
    query = select(Tool.name, Parameter).join(Parameter.tool)
    return {
        (tool, each.name): Known(each.id, each.subgroup_size, each.measure, each.last_number)
        for tool, each in db.session().execute(query)
    }


def stage(import_id: int, rows: Rows, known: list[Known]) -> None:
    """Put rows where nobody sees them; the caller commits."""
    if not len(rows):
        return
    parameter_ids = np.array([each.id for each in known])[rows.place]
    columns = (parameter_ids, rows.number, rows.position, rows.taken_s, rows.size, rows.value)
    values = zip(*(column.tolist() for column in columns), strict=True)
    with telemetry.span("spc.stage", rows=len(rows)):
        db.session().connection().execute(
            insert(StagedMeasurement.__table__),
            [dict(zip(COLUMNS, (import_id, *row), strict=True)) for row in values],
        )


def store(import_id: int) -> None:
    """Move all staged rows of an import into place, and judge their charts; the caller commits.

    Raises:
        RefusedFileError: another import has stored the same subgroups meanwhile.
    """
    changed = _changed_parameters(import_id)
    with telemetry.span("spc.move"):
        _move(import_id)
    for parameter, last_number in changed:
        parameter.last_number = last_number
        for chart in parameter.charts:
            begin_version(chart)
            watch(chart)


def discard(import_id: int) -> None:
    """Delete what is staged of an import; the caller commits."""
    db.session().execute(delete(StagedMeasurement).where(StagedMeasurement.import_id == import_id))


def _changed_parameters(import_id: int) -> list[tuple[Parameter, int]]:
    staged = (
        select(
            StagedMeasurement.parameter_id,
            func.min(StagedMeasurement.number),
            func.max(StagedMeasurement.number),
        )
        .where(StagedMeasurement.import_id == import_id)
        .group_by(StagedMeasurement.parameter_id)
        .order_by(StagedMeasurement.parameter_id)  # two imports lock parameters in the same order
    )
    changed = []
    for number, first, last in db.session().execute(staged).all():
        parameter = db.session().get(Parameter, number, with_for_update=True, populate_existing=True)
        if first <= parameter.last_number:
            raise RefusedFileError(
                f"subgroup {first} of {parameter.name} has been stored by another import meanwhile; "
                f"expected {parameter.last_number + 1} or more"
            )
        changed.append((parameter, last))
    return changed


def _move(import_id: int) -> None:
    staged = StagedMeasurement
    mine = staged.import_id == import_id
    session = db.session()
    subgroups = select(staged.parameter_id, staged.number, staged.taken_s, staged.size).where(
        mine, staged.position == 0
    )
    session.execute(insert(Subgroup).from_select(["parameter_id", "number", "taken_s", "size"], subgroups))
    measurements = select(staged.parameter_id, staged.number, staged.position, staged.value).where(mine)
    session.execute(
        insert(Measurement).from_select(["parameter_id", "number", "position", "value"], measurements)
    )
