import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from penstock.telemetry.staff import Staff, join_staff
from penstock.web import db
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.db import pool
from penstock.web.db.pool import check_before_use


@pytest.fixture
def staff() -> Iterator[None]:
    join_staff(Staff(workers=2, threads=3))
    yield
    join_staff(None)


def size(engine) -> tuple[int, int]:
    return engine.pool.size(), engine.pool._max_overflow


def test_pool_of_a_worker_has_one_for_each_thread_and_one_for_a_request_answered_in_its_place(
    databases, url, staff
) -> None:
    databases(default={"URL": url})
    assert size(db.engine()) == (3, 1)


@pytest.mark.parametrize(("budget", "expected"), [(100, (3, 1)), (12, (3, 0)), (8, (2, 0)), (4, (1, 0))])
def test_pool_of_a_worker_is_its_part_of_max_connections(databases, url, staff, budget, expected) -> None:
    databases(default={"URL": url, "MAX_CONNECTIONS": budget})
    assert size(db.engine()) == expected


def test_max_connections_for_fewer_than_all_workers_is_refused(databases, url, staff) -> None:
    databases(default={"URL": url, "MAX_CONNECTIONS": 3})
    with pytest.raises(ImproperlyConfigured, match="MAX_CONNECTIONS = 3 for 2 workers; expected at least 4"):
        db.engine()


@pytest.mark.parametrize(("written", "expected"), [({}, (5, 10)), ({"MAX_CONNECTIONS": 7}, (7, 0))])
def test_pool_outside_our_server_is_of_usual_size(databases, url, written, expected) -> None:
    databases(default={"URL": url, **written})
    assert size(db.engine()) == expected


def test_wait_for_a_connection_ends_with_an_error(databases, url) -> None:
    databases(default={"URL": url, "MAX_CONNECTIONS": 1, "POOL_TIMEOUT": 0.05})
    with db.engine().connect(), pytest.raises(sa.exc.TimeoutError, match=r"timed out, timeout 0\.05"):
        db.engine().connect()


def test_connections_that_are_not_to_be_kept_are_closed(databases, url) -> None:
    databases(default={"URL": url, "CONN_MAX_AGE": 0})
    assert isinstance(db.engine().pool, sa.NullPool)


def test_connections_are_replaced_at_their_age(databases, url) -> None:
    databases(default={"URL": url, "CONN_MAX_AGE": 60})
    assert db.engine().pool._recycle == 60


@pytest.fixture
def seen():
    """An engine whose connections are looked at, and what they looked like."""
    engine = sa.create_engine("sqlite://", poolclass=sa.QueuePool, pool_size=1)
    looks = {"well": True, "count": 0}

    def looks_well(_driver) -> bool:
        looks["count"] += 1
        return looks["well"]

    check_before_use(engine, looks_well)
    yield engine, looks
    engine.dispose()


def use(engine) -> int:
    with engine.connect() as connection:
        return id(connection.connection.dbapi_connection)


def test_connection_is_looked_at_when_it_is_used_again(seen) -> None:
    engine, looks = seen
    first = use(engine)
    assert looks["count"] == 0
    assert use(engine) == first
    assert looks["count"] == 1


def test_connection_that_looks_bad_is_replaced_without_an_error(seen) -> None:
    engine, looks = seen
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE mark (a)")
        connection.commit()
    looks["well"] = False
    with engine.connect() as connection:
        assert not sa.inspect(connection).has_table("mark")


@pytest.mark.parametrize(("does_answer", "is_kept"), [(True, True), (False, False)])
def test_connection_that_waited_long_is_asked(seen, monkeypatch, does_answer, is_kept) -> None:
    engine, _looks = seen
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE mark (a)")
        connection.commit()
    monkeypatch.setattr(pool, "TRUSTED_IDLE_S", -1.0)

    def ping(driver) -> bool:
        if not does_answer:
            raise engine.dialect.loaded_dbapi.OperationalError
        return True

    monkeypatch.setattr(engine.dialect, "do_ping", ping)
    with engine.connect() as connection:
        assert sa.inspect(connection).has_table("mark") is is_kept


def test_threads_beyond_the_pool_wait_for_their_turn(databases, url) -> None:
    databases(default={"URL": url, "MAX_CONNECTIONS": 1})
    passed = []
    with db.engine().connect():
        thread = threading.Thread(target=lambda: passed.append(use(db.engine())))
        thread.start()
    thread.join()
    assert len(passed) == 1
