"""What is known of the transaction on a connection: how it is to begin, whether it wrote, whether it is lost.

A transaction of SQLAlchemy begins with the first statement, and only that statement says whether it reads or
writes.  So what SQLite is to be told waits here until then.

In:     the events of an engine: a transaction begins, a statement is about to run.
Out:    a `Standing` in the connection's `info`.
Never:  runs a statement but SQLite's BEGIN.
Rules:  what cannot be told from a read counts as a write.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_KEY: Final = "penstock.standing"
_READ: Final = re.compile(
    r"\s*(?:SELECT|VALUES|EXPLAIN|PRAGMA|SHOW|SAVEPOINT|RELEASE|ROLLBACK|FETCH)\b", re.IGNORECASE
)
# SELECT ... FOR UPDATE writes locks, but nothing that a rollback would lose.
_WITH: Final = re.compile(r"\s*WITH\b(?!.*\b(?:INSERT|UPDATE|DELETE|MERGE)\b)", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class Standing:
    """The transaction on a connection.

    Attributes:
        pending_begin: what SQLite is to be told before the next statement; "" for nothing.
        has_written: a statement of it was no read.
        is_lost: a block that had no savepoint failed: nothing may run before the rollback.
    """

    pending_begin: str = ""
    has_written: bool = False
    is_lost: bool = False


class TransactionLostError(RuntimeError):
    """A statement or a commit after something failed that had no savepoint: it cannot be taken back alone."""


def standing_of(connection: "Connection") -> Standing:
    """Return what is known of the transaction on a connection."""
    standing: Standing | None = connection.info.get(_KEY)
    if standing is None:
        standing = connection.info[_KEY] = Standing()
    return standing


def is_read(statement: str) -> bool:
    """Tell whether a statement changes nothing."""
    return bool(_READ.match(statement) or _WITH.match(statement))


def watch(engine: "Engine") -> None:
    """Keep the standing of an engine's connections."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "commit", _end)
    event.listen(engine, "rollback", _end)
    event.listen(engine, "before_cursor_execute", _note)


def _begin(connection: "Connection") -> None:
    connection.info[_KEY] = Standing()


def _end(connection: "Connection") -> None:
    if not connection.invalidated:  # a lost connection has no info, and its successor begins anew
        standing_of(connection).has_written = False


def _note(connection: "Connection", _cursor: Any, statement: str, *_rest: Any) -> None:
    standing = standing_of(connection)
    if standing.is_lost:
        raise TransactionLostError(
            "statement in a transaction in which a block without a savepoint failed; "
            "expected none before the enclosing block ends"
        )
    if not standing.has_written and not is_read(statement):
        standing.has_written = True
