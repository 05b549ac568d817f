"""Blocks of code that happen whole or not at all.

    atomic()            outermost: BEGIN ... COMMIT, or ROLLBACK when an exception leaves it
      atomic()          within: SAVEPOINT ... RELEASE, or ROLLBACK TO
      atomic(savepoint=False)   within: nothing; when it fails, the block around it is lost as well

In:     decorators and `with` statements.
Out:    commits, rollbacks, and calls of what was to be called after the commit.
Never:  touches the database before the first statement does.
Rules:  Django's names and rules.  On SQLite a block begins as a writer (backends/sqlite3.py).
"""

import functools
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, TypeVar, overload

from penstock.telemetry.traces.span import span
from penstock.web.db.session import Block, Hook, RequestSession, TransactionManagementError, session
from penstock.web.utils.asyncio import iscoroutinefunction

__all__ = [
    "Atomic",
    "TransactionManagementError",
    "atomic",
    "get_rollback",
    "in_atomic_block",
    "non_atomic_requests",
    "on_commit",
    "set_rollback",
]

logger = logging.getLogger("penstock.web.db")

F = TypeVar("F", bound=Callable[..., Any])

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 section 9.2.1


class Atomic:
    """What `atomic` returns: a decorator and a context manager, which may be entered many times.

    Attributes:
        is_writing: False for a block that most likely reads alone (a GET under ATOMIC_REQUESTS).
    """

    def __init__(self, using: str | None, savepoint: bool, durable: bool, *, is_writing: bool = True) -> None:
        self.using = using
        self.savepoint = savepoint
        self.durable = durable
        self.is_writing = is_writing

    def __call__(self, function: F) -> F:
        """Return the function in a block."""
        if iscoroutinefunction(function):
            raise TypeError(
                f"coroutine function {function!r} under transaction.atomic; expected a function, "
                "called by sync_to_async()"
            )

        @functools.wraps(function)
        def within(*arguments: Any, **keywords: Any) -> Any:
            with self:
                return function(*arguments, **keywords)

        return within  # type: ignore[return-value]  # it takes and returns what the function does

    def __enter__(self) -> None:
        current = session(self.using)
        if not current.blocks:
            _begin_outermost(current, Block(is_writing=self.is_writing))
            return
        if self.durable:
            raise RuntimeError("durable atomic block within another; expected it to be the outermost")
        # Without a savepoint to go back to, a savepoint within a lost block would not help either.
        has_savepoint = self.savepoint and not current.blocks[-1].is_lost
        savepoint = current.begin_nested() if has_savepoint else None
        current.blocks.append(Block(savepoint, is_writing=self.is_writing))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current = session(self.using)
        if not current.blocks:
            if kind is not None:  # it was rolled back then
                return
            raise TransactionManagementError(
                f"session of {current.alias!r} was closed within transaction.atomic, and rolled back; "
                "expected it open until the block ends"
            )
        block = current.blocks.pop()
        is_failed = kind is not None or block.is_lost
        if current.blocks:
            _end_inner(current, block, current.blocks[-1], is_failed=is_failed)
        elif is_failed:
            _roll_back(current)
        else:
            _commit(current, block)


def _begin_outermost(current: RequestSession, block: Block) -> None:
    if current.in_transaction():
        if current.has_uncommitted():
            raise TransactionManagementError(
                f"session of {current.alias!r} has changes that are not committed; expected commit() or "
                "rollback() before transaction.atomic"
            )
        current.commit()  # it has read: what the block reads must not be older than the block
    current.begin()
    current.blocks.append(block)


def _end_inner(current: RequestSession, block: Block, outer: Block, *, is_failed: bool) -> None:
    if not is_failed:
        try:
            if block.savepoint is not None:
                block.savepoint.commit()
            outer.hooks += block.hooks
        except BaseException:
            _undo(current, block, outer)
            raise
    else:
        _undo(current, block, outer)


def _undo(current: RequestSession, block: Block, outer: Block) -> None:
    if block.savepoint is None:
        outer.is_lost = True
        current.mark_lost(is_lost=True)
        return
    current.mark_lost(is_lost=False)
    try:
        block.savepoint.rollback()
    except Exception:
        outer.is_lost = True  # the savepoint is gone with the connection, say
        current.mark_lost(is_lost=True)
        raise


def _roll_back(current: RequestSession) -> None:
    current.mark_lost(is_lost=False)
    current.rollback_block()


def _commit(current: RequestSession, block: Block) -> None:
    try:
        with span("db.commit", database=current.alias):
            current.commit_block()
    except BaseException:
        current.rollback_block()
        raise
    for hook in block.hooks:
        _call(hook)


def _call(hook: Hook) -> None:
    if not hook.is_robust:
        hook.function()
        return
    try:
        hook.function()
    except Exception:
        logger.exception("function %r failed after the commit", hook.function)


@overload
def atomic(using: F) -> F: ...
@overload
def atomic(using: str | None = None, savepoint: bool = True, durable: bool = False) -> Atomic: ...
def atomic(using: Any = None, savepoint: bool = True, durable: bool = False) -> Any:
    """Return a block, as a decorator or for `with`: what it changes is kept when it ends, else taken back.

    Args:
        using: a database's alias; "default" unless given.
        savepoint: within another block, be able to fail alone.
        durable: be the outermost, so that what it changed is kept when it has ended.

    Raises:
        RuntimeError: (on entering) it is durable, and within another.
        TransactionManagementError: (on entering) the session has changes that nobody has committed.
    """
    if callable(using):
        return Atomic(None, savepoint, durable)(using)
    return Atomic(using, savepoint, durable)


def atomic_view(view: F, using: str) -> F:
    """Return a view in a block, for ATOMIC_REQUESTS; one whose method is safe does not begin as a writer."""

    @functools.wraps(view)
    def within(request: Any, *arguments: Any, **keywords: Any) -> Any:
        is_writing = request.method not in _SAFE_METHODS
        with Atomic(using, savepoint=True, durable=False, is_writing=is_writing):
            return view(request, *arguments, **keywords)

    return within  # type: ignore[return-value]  # it takes and returns what the view does


def on_commit(func: Callable[[], object], using: str | None = None, robust: bool = False) -> None:
    """Call `func` when the outermost block has been committed; at once where there is no block.

    What a block that failed asked for is not called.  If a function fails, those after it are not called,
    and its exception leaves the block, unless it is `robust`: then it is logged.

    Raises:
        TypeError: `func` cannot be called.
        TransactionManagementError: no block, and the session has changes that nobody has committed.
    """
    if not callable(func):
        raise TypeError(f"on_commit({func!r}); expected a function")
    current, hook = session(using), Hook(func, robust)
    if current.blocks:
        current.blocks[-1].hooks.append(hook)
    elif current.has_uncommitted():
        raise TransactionManagementError(
            f"on_commit outside transaction.atomic, and session of {current.alias!r} has changes that are "
            "not committed; expected atomic, or commit() before"
        )
    else:
        _call(hook)


def get_rollback(using: str | None = None) -> bool:
    """Tell whether the innermost block will be rolled back whatever happens."""
    return _innermost(using, "get_rollback").is_lost


def set_rollback(rollback: bool, using: str | None = None) -> None:
    """Have the innermost block rolled back when it ends, without an exception; or not.

    False takes a loss back, as Django's does: statements run again, and what the failed block did is kept.
    """
    _innermost(using, "set_rollback").is_lost = rollback
    if not rollback:
        current = session(using)
        current.mark_lost(is_lost=any(block.is_lost for block in current.blocks))


def in_atomic_block(using: str | None = None) -> bool:
    """Tell whether a block is open."""
    return bool(session(using).blocks)


def _innermost(using: str | None, what: str) -> Block:
    blocks = session(using).blocks
    if not blocks:
        raise TransactionManagementError(f"{what} outside transaction.atomic; expected a block around it")
    return blocks[-1]


@overload
def non_atomic_requests(using: F) -> F: ...
@overload
def non_atomic_requests(using: str | None = None) -> Callable[[F], F]: ...
def non_atomic_requests(using: Any = None) -> Any:
    """Mark a view that manages its transactions itself, under ATOMIC_REQUESTS; for one database."""
    if callable(using):
        return _exempt(using, "default")
    return functools.partial(_exempt, alias=using or "default")


def _exempt(view: Any, alias: str) -> Any:
    view._non_atomic_requests = {*getattr(view, "_non_atomic_requests", ()), alias}
    return view
