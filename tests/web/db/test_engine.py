import builtins
import gc
import os
import sqlite3
import sys

import pytest
import sqlalchemy as sa

from penstock.web import db
from penstock.web.core.exceptions import ImproperlyConfigured


def in_child(act) -> bytes:
    """Return what `act` returns in a fork of this process."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(write, act())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    return told


def test_engine_is_made_once(counter) -> None:
    assert db.engine() is db.engine("default")


def test_change_of_settings_that_concerns_no_database_keeps_the_engine(counter, override) -> None:
    before = db.engine()
    override(DEBUG=True)
    assert db.engine() is before


def test_change_of_databases_makes_another_engine(counter, databases, tmp_path) -> None:
    before = db.engine()
    databases(default={"URL": f"sqlite:///{tmp_path}/other.db"})
    assert db.engine() is not before
    databases(other={"URL": "sqlite://"})
    with pytest.raises(ImproperlyConfigured, match="has no 'default'"):
        db.engine()


def test_idle_connection_does_not_cross_a_fork(counter) -> None:
    db.session().get(counter, 1)
    db.close_sessions()
    assert db.engine().pool.checkedin() == 1

    def act() -> bytes:
        gc.collect()
        opened = [each for each in gc.get_objects() if type(each) is sqlite3.Connection]
        return f"{db.engine().pool.checkedin()} {len(opened)}".encode()

    before = len([each for each in gc.get_objects() if type(each) is sqlite3.Connection])
    assert in_child(act) == f"0 {before - 1}".encode()


def test_session_in_use_at_a_fork_is_the_parents_alone(counter) -> None:
    with db.transaction.atomic():
        db.session().add(counter(id=1))
        db.session().flush()
        parents = db.session()

        def act() -> bytes:
            child = db.session()
            told = f"{child is parents} {child.in_transaction()} {child.get(counter, 1)}"
            db.close_sessions()
            return told.encode()

        assert in_child(act) == b"False False None"
    assert db.session().get(counter, 1).id == 1


def test_engine_works_on_both_sides_of_a_fork(counter) -> None:
    with db.transaction.atomic():
        db.session().add(counter(id=1))

    def act() -> bytes:
        with db.transaction.atomic():
            db.session().get(counter, 1).value += 1
        return b"done"

    assert in_child(act) == b"done"
    with db.transaction.atomic():
        assert db.session().get(counter, 1).value == 1


def test_driver_that_is_not_installed_is_said_with_what_to_install(databases, monkeypatch) -> None:
    real = builtins.__import__

    def without_psycopg(name, *rest):
        if name == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return real(name, *rest)

    databases(default={"URL": "postgresql://host/shop"})
    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'penstock\[postgresql\]'"):
        db.engine()


def test_sqlalchemy_that_is_not_installed_is_said_with_what_to_install(monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("penstock.web.db")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ImportError, match=r"pip install 'penstock\[db\]'"):
        import penstock.web.db  # noqa: F401, PLC0415 - it is the import that is tested


def test_database_in_memory_is_one_connection_of_a_thread(databases) -> None:
    databases(default={"URL": "sqlite://"})
    with db.engine().begin() as connection:
        connection.execute(sa.text("CREATE TABLE a (b)"))
    with db.engine().begin() as connection:
        assert sa.inspect(connection).has_table("a")


@pytest.mark.parametrize(("is_debug", "is_shown"), [(True, True), (False, False)])
def test_parameters_are_shown_in_errors_under_debug_alone(
    databases, override, url, is_debug, is_shown
) -> None:
    override(DEBUG=is_debug)
    databases(default={"URL": url})
    with pytest.raises(db.OperationalError) as caught:
        db.session().execute(sa.text("SELECT nonsense, :word"), {"word": "a secret"})
    assert ("a secret" in str(caught.value)) is is_shown
