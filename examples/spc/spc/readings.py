"""The measurements of one parameter, as arrays.

In:     a parameter, perhaps the subgroups that are wanted.
Out:    Readings.
Never:  computes anything of them (judgement.py).

Two ranges of the primary key and no join: 50,000 values are an array after some 30 ms, and most of that is
SQLite handing them over one by one.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select

from penstock import telemetry
from penstock.web import db
from spc.models import Measurement, Parameter, Subgroup


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Subgroups in their order.

    Attributes:
        numbers, taken_s, sizes: shape (k,); seconds since 1970.
        values: shape (k, n); NaN where a measurement is missing.
    """

    numbers: NDArray[np.int64]
    taken_s: NDArray[np.int64]
    sizes: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def count(self) -> int:
        """How many subgroups there are."""
        return self.numbers.size


def readings_of(parameter: Parameter, *, since: int = 0) -> Readings:
    """Return the subgroups of a parameter whose number is above `since`."""
    with telemetry.span("spc.read", parameter=parameter.id):
        return _readings(parameter, since)


def _readings(parameter: Parameter, since: int) -> Readings:
    subgroups = _columns(
        select(Subgroup.number, Subgroup.taken_s, Subgroup.size)
        .where(Subgroup.parameter_id == parameter.id, Subgroup.number > since)
        .order_by(Subgroup.number),
        np.int64,
    )
    measured = _columns(
        select(Measurement.number, Measurement.position, Measurement.value)
        .where(
            Measurement.parameter_id == parameter.id,
            Measurement.number > since,
            Measurement.value.is_not(None),
        )
        .order_by(Measurement.number, Measurement.position),
        np.float64,
    )
    numbers = subgroups[:, 0]
    return Readings(
        numbers, subgroups[:, 1], subgroups[:, 2], _table(numbers, measured, parameter.subgroup_size)
    )


def _columns(query: Select, kind: type) -> NDArray:
    """Return what a query of three columns finds, shape (rows, 3).

    np.array() would ask each row in four ways whether it is an array of its own before it takes it for a
    sequence: 50,000 rows took 700 ms instead of 60 ms. (docs/tutorial.md tells how the spans of the page
    showed it.)
    """
    rows = db.session().connection().execute(query).all()
    flat = np.fromiter(chain.from_iterable(rows), dtype=kind, count=3 * len(rows))
    return flat.reshape(-1, 3)


def _table(numbers: NDArray, measured: NDArray, width: int) -> NDArray:
    """Return the values as (subgroup, position); NaN where there is none."""
    table = np.full((numbers.size, width), np.nan)
    places = np.searchsorted(numbers, measured[:, 0])
    table[places, measured[:, 1].astype(np.int64)] = measured[:, 2]
    return table
