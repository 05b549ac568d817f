"""Imports whose process was killed."""

import datetime as dt
from collections.abc import Callable

import pytest
from spc.imports.abandoned import abandoned_imports, locked
from spc.imports.process import clean_up, run_import
from spc.imports.start import file_of
from spc.models import Import, ImportState, StagedMeasurement, now
from sqlalchemy import func, select

from penstock.web import db


@pytest.fixture
def stopped(database: None) -> Callable[[float], int]:
    """`stopped(seconds)` is an import that has read a row and not moved for so long."""

    def make(still_s: float) -> int:
        session, moved_at = db.session(), now() - dt.timedelta(seconds=still_s)
        made = Import(
            file_name="x", size_bytes=1, uploaded_by_id=1, state=ImportState.READING, moved_at=moved_at
        )
        session.add(made)
        session.flush()
        row = {"number": 61, "position": 0, "taken_s": 0, "size": 1, "value": 1.0}
        session.add(StagedMeasurement(import_id=made.id, parameter_id=2, **row))
        session.commit()
        number = made.id
        file_of(number).write_bytes(b"x")
        return number

    return make


def test_import_whose_process_is_gone_is_refused_and_leaves_nothing(stopped: Callable[[float], int]) -> None:
    number = stopped(61)
    db.close_sessions()
    clean_up()
    found = db.session().get_one(Import, number, populate_existing=True)
    assert (found.state, found.message) == (
        ImportState.REFUSED,
        "its process ended before it was done; upload the file again",
    )
    assert db.session().scalar(select(func.count()).select_from(StagedMeasurement)) == 0
    assert not file_of(number).exists()


def test_import_that_a_process_works_on_is_not_abandoned_however_long_it_takes(
    stopped: Callable[[float], int],
) -> None:
    with locked(file_of(stopped(600))) as is_ours:
        assert is_ours
        assert abandoned_imports() == []


def test_import_that_has_just_been_uploaded_is_not_abandoned(stopped: Callable[[float], int]) -> None:
    stopped(10)
    assert abandoned_imports() == []


def test_import_whose_file_lies_on_another_machine_is_left_to_that(stopped: Callable[[float], int]) -> None:
    file_of(stopped(61)).unlink()
    assert abandoned_imports() == []


def test_process_that_starts_after_its_import_was_refused_does_nothing(
    stopped: Callable[[float], int],
) -> None:
    number = stopped(61)
    clean_up()
    run_import(number)
    assert db.session().get_one(Import, number, populate_existing=True).state is ImportState.REFUSED
