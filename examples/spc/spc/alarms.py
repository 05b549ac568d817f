"""Alarms: raised where the violated rules of a point weigh enough, withdrawn where they no longer do.

In:     a Chart whose measurements or rules have changed.
Out:    rows of Alarm.
Never:  touches an alarm that somebody has acknowledged: it says what was true, and what was done about it.

Points of the baseline raise none: the limits were made from them.
"""

import numpy as np
from sqlalchemy import insert, select, update

from penstock import telemetry
from penstock.web import db
from spc.judgement import Judgement, judge, settings_of
from spc.models import Alarm, Chart, now
from spc.readings import Readings, readings_of
from spc.rules import rules_in_force


def watch(chart: Chart) -> int:
    """Judge a chart anew and bring its alarms up to date; the caller commits.

    Returns:
        How many alarms are new.
    """
    settings = settings_of(rules_in_force(chart))
    readings = readings_of(chart.parameter)
    judgement = judge(chart, settings, readings)
    with telemetry.span("spc.alarms", chart=chart.id):
        return _bring_up_to_date(chart, readings, judgement)


def _bring_up_to_date(chart: Chart, readings: Readings, judgement: Judgement) -> int:
    session = db.session()
    due = {row["number"]: row for row in _due(chart, readings, judgement)}
    # Locked: who acknowledges one meanwhile waits, and is told if it was withdrawn.
    of_chart = select(Alarm).where(Alarm.chart_id == chart.id).with_for_update(of=Alarm)
    known = {alarm.number: alarm for alarm in session.scalars(of_chart)}
    for number, alarm in known.items():
        if alarm.acknowledged_at is not None:
            continue
        if number not in due:
            session.delete(alarm)
            continue
        alarm.rules, alarm.weight = due[number]["rules"], due[number]["weight"]
    new = [row for number, row in due.items() if number not in known]
    if new:
        session.execute(insert(Alarm), new)
    return len(new)


def _due(chart: Chart, readings: Readings, judgement: Judgement) -> list[dict]:
    return [_alarm(chart, index, readings, judgement) for index in alarming(chart, judgement)]


def alarming(chart: Chart, judgement: Judgement) -> list[int]:
    """Return the indices of the points that weigh enough, in order."""
    if judgement.weights is None:
        return []
    is_due = judgement.weights >= chart.alarm_weight
    if not chart.has_entered_limits:
        is_due[: chart.baseline_first + chart.baseline_count] = False
    return np.flatnonzero(is_due).tolist()


def _alarm(chart: Chart, index: int, readings: Readings, judgement: Judgement) -> dict:
    names = [str(rule) for found in judgement.broken for rule, is_broken in found.items() if is_broken[index]]
    return {
        "chart_id": chart.id,
        "number": int(readings.numbers[index]),
        "taken_s": int(readings.taken_s[index]),
        "raised_at": now(),
        "value": float(judgement.control.series[0].values[index]),
        "rules": " ".join(dict.fromkeys(names)),
        "weight": float(judgement.weights[index]),
        "note": "",
    }


class AcknowledgedAlreadyError(Exception):
    """Somebody was quicker; the message says who."""


def acknowledge(number: int, user_id: int, note: str) -> None:
    """Say of an alarm who has seen to it, and what was done; the caller commits.

    Raises:
        AcknowledgedAlreadyError: of two people one comes first, and the other one is told.
    """
    taken = db.session().execute(
        update(Alarm)
        .where(Alarm.id == number, Alarm.acknowledged_at.is_(None))
        .values(acknowledged_at=now(), acknowledged_by_id=user_id, note=note)
    )
    if not taken.rowcount:
        alarm = db.session().get(Alarm, number, populate_existing=True)
        who = alarm.acknowledged_by.name if alarm and alarm.acknowledged_by else "somebody"
        raise AcknowledgedAlreadyError(f"{who} has acknowledged it already" if alarm else "it was withdrawn")
