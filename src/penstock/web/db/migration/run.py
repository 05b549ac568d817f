"""Bring a database to a migration, and tell where it is.

All steps of one call are one transaction: either the database is there afterwards, or it is where it was.
Two that migrate at once would both find the same steps to do; so the second waits for the first, and then
finds nothing to do.

In:     a database, a target.
Out:    the steps that were made.
Never:  migrates half.
Rules:  PostgreSQL waits for an advisory lock, SQLite for BEGIN EXCLUSIVE.  SQLite changes a table by making
        another, for which foreign keys must be off; they are checked before the commit.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError, to_tuple

from penstock.web.db.backends.sqlite3 import EXCLUSIVE
from penstock.web.db.engine import engine
from penstock.web.db.migration.scripts import MigrationError
from penstock.web.db.standing import standing_of

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

ZERO: Final = "zero"  # Django's word for: no migration of the app
# Of all numbers that programs may take for an advisory lock, one that nobody has chosen yet: "penstock".
LOCK: Final = int.from_bytes(b"penstock", "big")


@dataclass(frozen=True, slots=True)
class Step:
    """A migration that was made, or taken back."""

    revision: str
    is_forward: bool


def migrate(
    scripts: "ScriptDirectory", label: str = "", revision: str = "", using: str = "default"
) -> list[Step]:
    """Make the migrations that lead to a target, or take back those that lie behind it.

    Args:
        scripts: all migrations.
        label: of an app; "" for all of them.
        revision: one of the app's, or "zero"; "" for its last.
        using: the database.

    Raises:
        MigrationError: there is no such migration, the database knows migrations that are not there, or one
            of them leaves rows behind whose foreign key leads nowhere.
        sqlalchemy.exc.DBAPIError: a step failed; the database is where it was.
    """
    steps: list[Step] = []

    def note(*, step: Any, **_rest: Any) -> None:
        steps.append(Step(step.up_revision_id, step.is_upgrade))

    try:
        with _locked(using) as connection:
            here = applied_revisions(scripts, connection)
            _run(scripts, connection, _route(scripts, label, revision, here), note)
    except CommandError as error:
        raise MigrationError(f"migrations of database {using!r}: {error}") from error
    return steps


def _route(
    scripts: "ScriptDirectory", label: str, revision: str, here: set[str]
) -> Callable[[Any, Any], Any]:
    """Return what tells Alembic which steps to make."""
    if revision == ZERO:
        return lambda heads, _: scripts._downgrade_revs(f"{label}@base", heads)
    if revision:
        found = scripts.get_revision(f"{label}@{revision}")
        if found is not None and found.revision in here:
            return lambda heads, _: scripts._downgrade_revs(f"{label}@{found.revision}", heads)
    target = f"{label}@{revision or 'head'}" if label else "heads"
    return lambda heads, _: scripts._upgrade_revs(target, heads)


def _run(scripts: "ScriptDirectory", connection: sa.Connection, route: Any, note: Any) -> None:
    with EnvironmentContext(Config(), scripts, fn=route) as environment:
        environment.configure(connection=connection, on_version_apply=note)
        environment.run_migrations()


def applied_revisions(scripts: "ScriptDirectory", connection: sa.Connection) -> set[str]:
    """Return the migrations that a database has, those included that others say they follow.

    Raises:
        MigrationError: it knows one that is not there.
    """
    left = list(MigrationContext.configure(connection).get_current_heads())
    found: set[str] = set()
    while left:
        revision = left.pop()
        if revision in found:
            continue
        try:
            script = scripts.get_revision(revision)
        except CommandError as error:
            raise MigrationError(
                f"database has migration {revision!r}; expected it to stand in an installed app"
            ) from error
        found.add(revision)
        left += [*to_tuple(script.down_revision, ()), *to_tuple(script.dependencies, ())]
    return found


def pending_revisions(scripts: "ScriptDirectory", using: str = "default") -> list[str]:
    """Return the migrations that a database has not, oldest first; MigrationError as `applied_revisions`."""
    with engine(using).connect() as connection:
        here = applied_revisions(scripts, connection)
    return [each.revision for each in scripts.walk_revisions() if each.revision not in here][::-1]


@contextlib.contextmanager
def _locked(using: str) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction that no other migration shares; commit it."""
    with engine(using).connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
                yield connection
            return
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys = OFF").close()
        try:
            with connection.begin():
                standing_of(connection).pending_begin = EXCLUSIVE
                yield connection
                _check_foreign_keys(connection)
        finally:
            driver.execute("PRAGMA foreign_keys = ON").close()


def _check_foreign_keys(connection: sa.Connection) -> None:
    lost = connection.execute(sa.text("PRAGMA foreign_key_check")).first()
    if lost is not None:
        raise MigrationError(
            f"row {lost[1]} of table {lost[0]!r} would refer to a row of {lost[2]!r} that is not there; "
            "nothing was migrated"
        )
