import contextlib

import pytest
import sqlalchemy as sa
from tests.web.db.conftest import Counter

from penstock.web import db
from penstock.web.db import transaction
from penstock.web.db.backends.postgresql import driver_options
from penstock.web.db.capacity import allowed_connections
from penstock.web.db.standing import TransactionLostError


@pytest.fixture
def table(databases, postgresql_url):
    databases(default={"URL": postgresql_url})
    db.Model.metadata.create_all(db.engine(), tables=[Counter.__table__])
    return Counter


def end_backends(postgresql) -> None:
    """End all connections as the server does when it is restarted."""
    with postgresql.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname LIKE 'test_%' AND pid <> pg_backend_pid()"
        )


def test_connecting_does_not_wait_without_an_end() -> None:
    assert driver_options({}) == {"connect_timeout": 5}
    assert driver_options({"connect_timeout": 1, "application_name": "x"})["connect_timeout"] == 1


def test_connection_that_the_server_ended_is_replaced_before_it_is_used(table, postgresql) -> None:
    db.session().get(table, 1)
    db.close_sessions()
    end_backends(postgresql)
    assert db.session().scalar(sa.text("SELECT 1")) == 1


def test_connection_that_the_server_ended_fails_without_health_checks(
    databases, postgresql_url, postgresql
) -> None:
    databases(default={"URL": postgresql_url, "CONN_HEALTH_CHECKS": False})
    db.session().scalar(sa.text("SELECT 1"))
    db.close_sessions()
    end_backends(postgresql)
    with pytest.raises(db.OperationalError, match="terminating connection"):
        db.session().scalar(sa.text("SELECT 1"))


def test_connection_that_the_server_ends_within_a_request_is_given_back(table, postgresql, said) -> None:
    db.session().get(table, 1)
    end_backends(postgresql)
    db.close_sessions()
    assert "connection to database 'default' was lost: terminating connection" in said.text
    assert db.engine().pool.checkedout() == 0
    assert db.session().scalar(sa.text("SELECT 1")) == 1


def test_connection_closed_by_hand_is_replaced(table) -> None:
    db.session().connection().connection.dbapi_connection.close()
    db.close_sessions()
    assert db.session().scalar(sa.text("SELECT 1")) == 1


def test_block_that_an_exception_leaves_is_rolled_back(table) -> None:
    with pytest.raises(ValueError, match="no"), transaction.atomic():
        db.session().add(table())
        db.session().flush()
        raise ValueError("no")
    assert db.session().scalars(sa.select(table)).all() == []


def test_inner_block_that_fails_leaves_the_outer_one_usable(table) -> None:
    with transaction.atomic():
        db.session().add(table(id=1))
        with pytest.raises(db.IntegrityError), transaction.atomic():
            db.session().execute(sa.insert(table).values(id=1))
        db.session().add(table(id=2))
    assert len(db.session().scalars(sa.select(table)).all()) == 2


def test_server_tells_how_many_connections_it_allows(databases, postgresql_url) -> None:
    databases(default={"URL": postgresql_url, "MAX_CONNECTIONS": 12})
    assert allowed_connections("default") == (12, 37)  # 40 less three for superusers


def test_server_that_is_away_is_said(databases) -> None:
    databases(default={"URL": "postgresql://nobody@127.0.0.1:9/nothing"})
    with pytest.raises(db.OperationalError, match=r"127\.0\.0\.1"):
        db.session().scalar(sa.text("SELECT 1"))


def test_block_in_which_a_statement_failed_unnoticed_is_no_commit(table) -> None:
    """PostgreSQL answers its COMMIT with a rollback, and no error."""
    called = []
    with pytest.raises(TransactionLostError, match="a statement failed"), transaction.atomic():
        db.session().execute(sa.insert(table).values(id=1))
        transaction.on_commit(lambda: called.append("committed"))
        with contextlib.suppress(db.IntegrityError):
            db.session().execute(sa.insert(table).values(id=1))
    assert called == []
    assert db.session().scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_session_in_which_a_statement_failed_unnoticed_cannot_be_committed(table) -> None:
    db.session().execute(sa.insert(table).values(id=1))
    with contextlib.suppress(db.IntegrityError):
        db.session().execute(sa.insert(table).values(id=1))
    with pytest.raises(TransactionLostError):
        db.session().commit()
    db.session().rollback()
    assert db.session().scalar(sa.select(sa.func.count()).select_from(table)) == 0
