"""Measurements as arrays."""

import numpy as np
from spc.models import Measurement, Parameter, Subgroup
from spc.readings import readings_of
from sqlalchemy import delete, update

from penstock.web import db
from penstock.web.test import Client


def parameter(number: int) -> Parameter:
    return db.session().get_one(Parameter, number)


def test_all_subgroups_come_in_order_with_their_measurements(anybody: Client) -> None:
    found = readings_of(parameter(1))
    assert found.count == 60
    assert found.numbers.tolist() == list(range(1, 61))
    assert found.values.shape == (60, 5)
    assert np.diff(found.taken_s).tolist() == [2700] * 59
    assert found.values[49].min() > found.values[48].max()


def test_missing_measurement_is_nan_whether_its_row_is_there_or_not(anybody: Client) -> None:
    of_third = (Measurement.parameter_id == 1) & (Measurement.number == 3)
    db.session().execute(update(Measurement).where(of_third, Measurement.position == 1).values(value=None))
    db.session().execute(delete(Measurement).where(of_third, Measurement.position == 4))
    assert np.isnan(readings_of(parameter(1)).values[2]).tolist() == [False, True, False, False, True]


def test_only_what_came_after_a_number_is_read_on_request(anybody: Client) -> None:
    found = readings_of(parameter(1), since=58)
    assert (found.numbers.tolist(), found.values.shape) == ([59, 60], (2, 5))


def test_parameter_without_measurements_has_no_rows_and_keeps_its_width(anybody: Client) -> None:
    db.session().execute(delete(Measurement).where(Measurement.parameter_id == 1))
    db.session().execute(delete(Subgroup).where(Subgroup.parameter_id == 1))
    assert readings_of(parameter(1)).values.shape == (0, 5)
