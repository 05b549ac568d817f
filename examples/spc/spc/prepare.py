"""Makes the database ready: its tables, two people, and the sample of a year. `python -m spc.prepare`

The second time it finds everything there, and does nothing. A first time that was interrupted begins again:
all of the sample is one transaction.

In:     sample.py's streams.
Out:    tools, parameters, measurements, charts with their rules and alarms.
"""

import os
import sys

import numpy as np
from sqlalchemy import insert, select, update
from tqdm import tqdm

import penstock.web
from penstock.web import db
from penstock.web.db import transaction
from spc.account.password import hash_password
from spc.alarms import watch
from spc.judgement import OF_COUNTS
from spc.limits import put_limits_into_force, setting_of
from spc.models import Alarm, Chart, Measure, Measurement, Parameter, Role, Subgroup, Tool, User, now
from spc.rules import BEGINNING as RULES
from spc.rules import put_into_force
from spc.sample import MEASUREMENTS, STREAMS, Stream, chunks
from spc.statistics import ChartKind

PEOPLE = {"engineer": Role.ENGINEER, "viewer": Role.VIEWER}
AREAS = {"FUR": "diffusion", "ETC": "etch", "LIT": "lithography", "POL": "polishing"}
BASELINE = 300  # subgroups: before anything of the sample goes wrong
SEEN_TO = 40  # all alarms of a chart but so many of its last subgroups have been seen to


def prepare() -> None:
    """Fill what is empty."""
    session = db.session()
    if session.scalar(select(User.id).limit(1)) is None:
        session.add_all(
            User(name=name, role=role, password_hash=hash_password(name)) for name, role in PEOPLE.items()
        )
        session.commit()
    if session.scalar(select(Tool.id).limit(1)) is None:
        with transaction.atomic():
            fill()


def fill() -> None:
    """Store the sample, with a bar that shows how far it is; the caller commits."""
    parameters = _parameters()
    with tqdm(
        total=MEASUREMENTS, unit=" measurements", unit_scale=True, desc="sample", file=sys.stdout
    ) as bar:
        for chunk in chunks():
            _store(parameters[chunk.stream], chunk)
            bar.update(chunk.values.size)
    charts = db.session().scalars(select(Chart)).all()
    for chart in tqdm(charts, desc="alarms", unit=" charts", file=sys.stdout):
        watch(chart)
    _see_to_old_alarms()


def _parameters() -> dict[Stream, Parameter]:
    """Make tools, parameters and charts."""
    session, tools, made = db.session(), {}, {}
    for stream in STREAMS:
        if stream.tool not in tools:
            tools[stream.tool] = Tool(name=stream.tool, area=AREAS[stream.tool[:3]])
        made[stream] = Parameter(
            tool=tools[stream.tool],
            name=stream.parameter,
            unit=stream.unit,
            subgroup_size=stream.size,
            measure=_measure(stream.kind),
        )
        chart = Chart(
            parameter=made[stream],
            kind=stream.kind,
            baseline_count=BASELINE,
            lower_spec=stream.lower,
            upper_spec=stream.upper,
        )
        session.add(chart)
        session.flush()
        put_limits_into_force(chart, setting_of(chart), after=0, author=None, remark="as commissioned")
        put_into_force(chart, RULES, after=0, author=None, remark="as published, Nelson's switched off")
    return made


def _measure(kind: ChartKind) -> Measure:
    if kind not in OF_COUNTS:
        return Measure.VALUES
    return Measure.DEFECTIVES if kind in {ChartKind.P, ChartKind.NP} else Measure.DEFECTS


def _store(parameter: Parameter, chunk) -> None:
    session, width = db.session(), chunk.stream.size
    count = len(chunk.values)
    numbers = range(chunk.first + 1, chunk.first + 1 + count)
    times = chunk.times.astype("datetime64[s]").astype(np.int64).tolist()
    size = chunk.stream.inspected or width
    connection = session.connection()
    connection.execute(
        insert(Subgroup.__table__),
        [
            {"parameter_id": parameter.id, "number": number, "taken_s": taken_s, "size": size}
            for number, taken_s in zip(numbers, times, strict=True)
        ],
    )
    connection.execute(
        insert(Measurement.__table__),
        [
            {"parameter_id": parameter.id, "number": number, "position": position, "value": value}
            for number, values in zip(numbers, _with_none(chunk.values), strict=True)
            for position, value in enumerate(values)
        ],
    )
    parameter.last_number = numbers[-1]


def _with_none(values: np.ndarray) -> list[list[float | None]]:
    """Return the values with None where nothing was measured: NaN is no value of a database."""
    return np.where(np.isnan(values), None, values).tolist()


def _see_to_old_alarms() -> None:
    """Acknowledge all but the latest: a site that greets with hundreds of open alarms shows nothing."""
    session = db.session()
    engineer = session.scalar(select(User.id).where(User.role == Role.ENGINEER))
    old = (
        Alarm.number
        <= select(Parameter.last_number - SEEN_TO)
        .join(Chart.parameter)
        .where(Chart.id == Alarm.chart_id)
        .scalar_subquery()
    )
    session.execute(
        update(Alarm)
        .where(old)
        .values(acknowledged_at=now(), acknowledged_by_id=engineer, note="seen to, in the sample")
        .execution_options(synchronize_session=False)
    )


if __name__ == "__main__":
    os.environ.setdefault("PENSTOCK_SETTINGS_MODULE", "spc.settings")
    penstock.web.setup()
    prepare()
