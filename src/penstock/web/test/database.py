"""Databases for tests: of their own, and as empty for each test as for the first.

    TestCase              everything is rolled back: what a test or a view commits ends at a savepoint
    TransactionTestCase   everything is committed, and deleted after each test

In:     DATABASES.
Out:    databases that the tests alone use, made at the first use and removed at the end of the process.
Never:  touches the database that DATABASES names; is imported where there is none.
Rules:  Django's names: `DATABASES[alias]["TEST"]["NAME"]`, "test_" and the name by default; a file of
        SQLite's stands in a temporary folder.  Tables come from the migrations, and from the models where
        there are none.
"""

import atexit
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from penstock.web import db
from penstock.web.conf import settings
from penstock.web.db.backends.sqlite3 import IMMEDIATE
from penstock.web.db.configuration import read_database
from penstock.web.db.engine import engines
from penstock.web.db.migration import lines, migrate, open_scripts
from penstock.web.db.standing import standing_of

if TYPE_CHECKING:
    from sqlalchemy import URL

_made: Final[dict["URL", str]] = {}  # of the site's databases -> of the tests'
_KEPT: Final = ("ATOMIC_REQUESTS", "OPTIONS", "MAX_CONNECTIONS", "POOL_TIMEOUT", "TEST")


def use_test_databases() -> None:
    """Let DATABASES name databases of the tests' own; they are made the first time."""
    urls = {alias: read_database(alias).url for alias in settings.DATABASES}
    new = [alias for alias, url in urls.items() if url not in _made]
    for alias in new:
        _made[urls[alias]] = _make(alias)
    db.close_sessions()
    settings.DATABASES = {
        alias: {key: value for key, value in written.items() if key in _KEPT} | {"URL": _made[urls[alias]]}
        for alias, written in settings.DATABASES.items()
    }
    for alias in new:
        _make_tables(alias)


def _make(alias: str) -> str:
    """Make an empty database and return its URL."""
    database = read_database(alias)
    if database.backend == "sqlite":
        folder = tempfile.TemporaryDirectory(prefix="penstock-test-")
        atexit.register(folder.cleanup)
        return f"sqlite:///{Path(folder.name) / alias}.sqlite3"
    asked = settings.DATABASES[alias].get("TEST", {}).get("NAME")
    name = str(asked or f"test_{database.url.database}")
    if name == database.url.database:
        raise ValueError(f"DATABASES[{alias!r}]['TEST'] names {name!r} itself; expected another database")
    _on_server(database.url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
    atexit.register(_drop, database.url, name)
    return database.url.set(database=name).render_as_string(hide_password=False)


def _drop(url: "URL", name: str) -> None:
    with contextlib.suppress(sa.exc.OperationalError):  # the server has gone, and the database with it
        _on_server(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _on_server(url: "URL", *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def _make_tables(alias: str) -> None:
    migrate(open_scripts(lines()), using=alias)
    db.Model.metadata.create_all(db.engine(alias))  # those that no migration has made


@contextlib.contextmanager
def rolled_back() -> Iterator[None]:
    """Take back all that is done within, on every database, commits included; may be nested."""
    with contextlib.ExitStack() as stack:
        for alias in settings.DATABASES:
            stack.enter_context(_lent(alias))
        stack.callback(db.close_sessions)
        db.close_sessions()
        yield


@contextlib.contextmanager
def _lent(alias: str) -> Iterator[None]:
    """Have all sessions of a database use one connection, whose transaction is rolled back."""
    outer = engines.lent.get(alias)
    if outer is not None:
        savepoint = outer.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()
        return
    with db.engine(alias).connect() as connection:
        transaction = connection.begin()
        if standing_of(connection).pending_begin:
            standing_of(connection).pending_begin = IMMEDIATE
        engines.lent[alias] = connection
        try:
            yield
        finally:
            del engines.lent[alias]
            transaction.rollback()


def delete_all() -> None:
    """Empty every table of the models, in an order that foreign keys allow."""
    db.close_sessions()
    for alias in settings.DATABASES:
        with db.engine(alias).begin() as connection:
            for table in reversed(db.Model.metadata.sorted_tables):
                connection.execute(table.delete())


@contextlib.contextmanager
def detached() -> Iterator[None]:
    """Let objects that are made within be read afterwards, when their session is closed."""
    sessions = [db.session(alias) for alias in settings.DATABASES]
    for session in sessions:
        session.expire_on_commit = False
    yield
    db.close_sessions()


@contextlib.contextmanager
def captured_queries(using: str = "default") -> Iterator[list[str]]:
    """Yield a list of the statements that are run within, on one database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    engine = db.engine(using)
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
