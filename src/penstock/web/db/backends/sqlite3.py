"""SQLite, told to behave under several writers.

Two transactions that have both read and now both want to write cannot both have their way: SQLite fails one
of them at once with "database is locked", however long the busy timeout is, because waiting could not help.
So a transaction that is going to write says so when it begins (BEGIN IMMEDIATE), and then waits its turn.

In:     an engine of SQLite.
Out:    connections in WAL mode with foreign keys on; a BEGIN that fits.
Never:  lets the driver begin: Python's sqlite3 begins before writes alone, and then it is too late.
Rules:  https://sqlite.org/wal.html, https://sqlite.org/lang_transaction.html section 2.2.
"""

import contextlib
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from penstock.web.db.standing import is_read, standing_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

DEFERRED: Final = "BEGIN"
IMMEDIATE: Final = "BEGIN IMMEDIATE"
EXCLUSIVE: Final = "BEGIN EXCLUSIVE"

# Less than a request may take (30 s): the view still hears that it could not write.
BUSY_TIMEOUT_S: Final = 20.0


def driver_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of sqlite3.connect; `init_command` is none of them."""
    given = {name: value for name, value in options.items() if name != "init_command"}
    return {"timeout": BUSY_TIMEOUT_S, **given}


def govern(engine: "Engine", init_command: str = "") -> None:
    """Set an engine's connections up, and begin its transactions.

    Args:
        engine: of SQLite, watched already (standing.py).
        init_command: further statements for each new connection, as Django's option of that name.
    """

    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        connection.execute("PRAGMA journal_mode = WAL").close()
        connection.execute("PRAGMA foreign_keys = ON").close()
        if init_command:
            connection.executescript(init_command)

    def let_go(connection: Any, _record: Any, _error: Any) -> None:
        # SQLite keeps a closed connection, with its lock, for as long as a cursor of it lives: in a
        # traceback, say, of whoever was interrupted.
        with contextlib.suppress(sqlite3.Error):
            connection.rollback()

    event.listen(engine, "connect", set_up)
    event.listen(engine, "invalidate", let_go)
    event.listen(engine, "begin", _await_first_statement)
    event.listen(engine, "before_cursor_execute", _begin)


def _await_first_statement(connection: "Connection") -> None:
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return
    driver: Any = connection.connection.dbapi_connection
    driver.isolation_level = None  # SQLAlchemy sets it to "" when it takes AUTOCOMMIT back
    standing_of(connection).pending_begin = DEFERRED


def _begin(connection: "Connection", _cursor: Any, statement: str, *_rest: Any) -> None:
    standing = standing_of(connection)
    words = standing.pending_begin
    if not words:
        return
    standing.pending_begin = ""
    if words == DEFERRED and not is_read(statement):
        words = IMMEDIATE
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute(words).close()
    except BaseException:
        standing.pending_begin = words
        raise
