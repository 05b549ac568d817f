import threading

import pytest
import sqlalchemy as sa

from penstock.web import db
from penstock.web.db import transaction


@pytest.fixture
def words(counter):
    """What SQLite is told on the connection of this thread's session."""
    said = []
    sa.event.listen(db.engine(), "checkout", lambda driver, *_: driver.set_trace_callback(said.append))
    return said


@pytest.mark.parametrize(
    ("pragma", "expected"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 20_000)]
)
def test_connection_is_set_up(counter, pragma, expected) -> None:
    assert db.session().scalar(sa.text(f"PRAGMA {pragma}")) == expected


def test_options_are_the_drivers_and_commands(databases, url) -> None:
    options = {"timeout": 1.5, "init_command": "PRAGMA synchronous = OFF; PRAGMA cache_size = 77"}
    databases(default={"URL": url, "OPTIONS": options})
    told = [
        db.session().scalar(sa.text(f"PRAGMA {name}"))
        for name in ("busy_timeout", "synchronous", "cache_size")
    ]
    assert told == [1500, 0, 77]


def test_reading_begins_deferred(counter, words) -> None:
    db.session().get(counter, 1)
    assert words[0] == "BEGIN"


def test_first_statement_that_writes_begins_immediately(counter, words) -> None:
    db.session().execute(sa.insert(counter))
    assert words[0] == "BEGIN IMMEDIATE"


def test_block_begins_immediately_though_it_reads_first(counter, words) -> None:
    with transaction.atomic():
        db.session().get(counter, 1)
    assert words[0] == "BEGIN IMMEDIATE"
    assert words[-1] == "COMMIT"


def test_block_within_a_block_sends_one_begin(counter, words) -> None:
    with transaction.atomic(), transaction.atomic():
        db.session().get(counter, 1)
    assert [each.split()[0] for each in words] == ["BEGIN", "SAVEPOINT", "SELECT", "RELEASE", "COMMIT"]


def test_block_without_statements_says_nothing(counter, words) -> None:
    with transaction.atomic():
        pass
    assert words == []


def test_connection_in_autocommit_begins_nothing_and_begins_again_later(counter, words) -> None:
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM"))
    assert "VACUUM" in words
    assert not [each for each in words if each.startswith("BEGIN")]
    words.clear()
    db.session().execute(sa.insert(counter))
    assert words[0] == "BEGIN IMMEDIATE"


def test_schema_changes_are_rolled_back(counter) -> None:
    with pytest.raises(ValueError, match="no"), transaction.atomic():
        db.session().execute(sa.text("CREATE TABLE passing (a)"))
        raise ValueError("no")
    assert not sa.inspect(db.engine()).has_table("passing")


def test_writer_that_finds_the_database_locked_too_long_fails_and_can_try_again(
    databases, url, counter
) -> None:
    databases(default={"URL": url, "OPTIONS": {"timeout": 0}})
    with db.engine().connect() as other:
        other.execute(sa.insert(counter))
        with pytest.raises(db.OperationalError, match="database is locked"), transaction.atomic():
            db.session().execute(sa.insert(counter))
    with transaction.atomic():
        db.session().execute(sa.insert(counter))
    assert db.session().scalar(sa.select(sa.func.count()).select_from(counter)) == 1


def test_threads_that_read_and_then_write_lose_nothing(counter) -> None:
    with transaction.atomic():
        db.session().add(counter(id=1))

    def raise_it():
        for _ in range(25):
            with transaction.atomic():
                db.session().get(counter, 1).value += 1
        db.close_sessions()

    threads = [threading.Thread(target=raise_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session().get(counter, 1).value == 100


def test_writer_that_is_interrupted_in_a_statement_lets_others_write(counter, url) -> None:
    """Its cursor lives on in the traceback, and SQLite keeps a closed connection as long as a cursor."""

    class TornAwayError(BaseException):
        pass

    def interrupt(_connection, _cursor, statement, *_rest) -> None:
        if statement == "SELECT 1 UNION SELECT 2":
            raise TornAwayError

    sa.event.listen(db.engine(), "after_cursor_execute", interrupt)
    with pytest.raises(TornAwayError) as caught, transaction.atomic():
        db.session().execute(sa.insert(counter))
        db.session().execute(sa.text("SELECT 1 UNION SELECT 2"))
    other = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": 0})
    with other.begin() as connection:
        connection.execute(sa.insert(counter))
        assert connection.scalar(sa.select(sa.func.count()).select_from(counter)) == 1
    assert caught.tb is not None
