"""The session of a request, opened when somebody asks for it and closed when the request is over.

In:     the context: the thread of a request, or the task of an async view.
Out:    `session()`; what was not committed at the end is rolled back, and under DEBUG said.
Never:  runs on an event loop's thread: a query would hold up everybody there.
Rules:  outside `transaction.atomic` SQLAlchemy's: a change is kept by `session().commit()`.  Within it the
        block decides, and `commit` and `rollback` are refused, as Django refuses them.
"""

import logging
import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from penstock.web.conf import settings
from penstock.web.core.signals import request_abandoned, request_finished
from penstock.web.db.backends.sqlite3 import IMMEDIATE
from penstock.web.db.engine import engines
from penstock.web.db.standing import Standing, standing_of
from penstock.web.utils.asyncio import async_unsafe

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import SessionTransaction

logger = logging.getLogger("penstock.web.db")


class TransactionManagementError(RuntimeError):
    """The program asks for what its transaction does not allow."""


@dataclass(slots=True)
class Hook:
    """What is to be called when the outermost block has been committed."""

    function: Callable[[], object]
    is_robust: bool


@dataclass(slots=True)
class Block:
    """An `atomic` block that is open.

    Attributes:
        savepoint: what it rolls back to; None for the outermost, and for one that joined the block around it.
        is_writing: the transaction is going to write: SQLite is told so when it begins.
        is_lost: something in it failed that had no savepoint.
        hooks: on_commit's, in order.
    """

    savepoint: "SessionTransaction | None" = None
    is_writing: bool = True
    is_lost: bool = False
    hooks: list[Hook] = field(default_factory=list)


class RequestSession(Session):
    """A session that knows its blocks.

    Attributes:
        alias: of its database.
        blocks: those of `atomic` that are open, the outermost first.
    """

    def __init__(self, alias: str, **options: Any) -> None:
        super().__init__(**options)
        self.alias = alias
        self.blocks: list[Block] = []
        self._standing = Standing()  # of the connection that the transaction uses

    def commit(self) -> None:
        """Keep what was changed; TransactionManagementError within `atomic`."""
        self._refuse_within_block("commit")
        super().commit()

    def rollback(self) -> None:
        """Take back what was changed; TransactionManagementError within `atomic`."""
        self._refuse_within_block("rollback")
        super().rollback()

    def has_uncommitted(self) -> bool:
        """Tell whether something would be lost by a rollback."""
        if self.new or self.dirty or self.deleted:
            return True
        return self.in_transaction() and self._standing.has_written

    def commit_block(self) -> None:
        """Commit for a block that has just ended."""
        super().commit()

    def rollback_block(self) -> None:
        """Roll back for a block that has just ended."""
        super().rollback()

    def mark_lost(self, *, is_lost: bool) -> None:
        """Let no statement run on the connection until there was a rollback, or let them run again."""
        self._standing.is_lost = is_lost

    def take(self, standing: Standing) -> None:
        """Go on in a transaction that has just begun on a connection."""
        self._standing = standing
        standing.is_lost = any(block.is_lost for block in self.blocks)
        if standing.pending_begin and any(block.is_writing for block in self.blocks):
            standing.pending_begin = IMMEDIATE

    def _refuse_within_block(self, what: str) -> None:
        if self.blocks:
            raise TransactionManagementError(
                f"{what}() within transaction.atomic; expected the block to end, or an exception to leave it"
            )


@event.listens_for(RequestSession, "after_begin")
def _take(session: RequestSession, transaction: "SessionTransaction", connection: "Connection") -> None:
    standing = standing_of(connection)
    if transaction.parent is None:
        standing.has_written = False  # what was written before, on a lent connection, was another session's
    session.take(standing)


_sessions: Final[ContextVar[dict[str, RequestSession]]] = ContextVar("penstock.web.db.sessions")
_inherited: Final[list[Any]] = []  # sessions of our parent: kept, so that nothing closes what they hold


@async_unsafe
def session(using: str | None = None) -> RequestSession:
    """Return the session of this request and a database, "default" unless said otherwise.

    Outside requests it is the session of this thread, until `close_sessions()`.

    Raises:
        ImproperlyConfigured: the database is not there; see `engine`.
        SynchronousOnlyOperation: an event loop runs in this thread.
    """
    alias = using or "default"
    opened = _sessions.get(None)
    if opened is None:
        opened = {}
        _sessions.set(opened)
    found = opened.get(alias)
    if found is None:
        found = opened[alias] = RequestSession(
            alias, bind=engines.lent.get(alias) or engines[alias], join_transaction_mode="create_savepoint"
        )
    return found


def close_sessions(**_named: Any) -> None:
    """Close the sessions of this request or thread; what was not committed is rolled back."""
    opened = _sessions.get(None)
    while opened:
        _alias, each = opened.popitem()
        _close(each)


def _close(session: RequestSession) -> None:
    session.blocks.clear()
    if settings.DEBUG and session.has_uncommitted():
        logger.warning(
            "changes of database %r were not committed: rolled back; "
            "expected transaction.atomic or session().commit()",
            session.alias,
        )
    try:
        session.close()
    except DBAPIError as error:  # the connection is lost, and with it what was to be rolled back
        reason = str(error.orig).partition("\n")[0]
        logger.warning("connection to database %r was lost: %s", session.alias, reason)
        session.invalidate()


def _forget_parent() -> None:
    opened = _sessions.get(None)
    if opened:
        _inherited.append(opened)
        _sessions.set({})


os.register_at_fork(after_in_child=_forget_parent)
request_finished.connect(close_sessions)
request_abandoned.connect(close_sessions)
