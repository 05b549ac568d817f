"""The engines of this process, one for each database, made at the first use.

    import of the site (template)      fork          worker
      engine() ... pool of connections --------------> the same engine, an empty pool

A connection that two processes speak on is worse than none.  So idle connections are closed before a fork,
where they belong, and a child begins with empty pools; what was in use at the fork stays open and unused in
the child, because closing it would tell the database.

In:     DATABASES.
Out:    `engine(alias)`.
Never:  opens a connection by itself, or hands one on to a child.
Rules:  a change of DATABASES is seen at the next use.
"""

import os
import threading
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.db import standing
from penstock.web.db.backends import postgresql, sqlite3
from penstock.web.db.configuration import Database, read_database
from penstock.web.db.pool import check_before_use, pool_options
from penstock.web.db.query import measure

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_BACKENDS: Final[dict[str, Any]] = {"sqlite": sqlite3, "postgresql": postgresql}
_EXTRAS: Final = {"psycopg": "postgresql"}  # driver -> the extra that installs it


class Engines:
    """Engines by alias."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Database, Engine]] = {}
        self.lent: dict[str, Connection] = {}  # what sessions use instead, while a test is to be rolled back
        self._lock = threading.RLock()
        self._revision = -1
        self._inherited: list[
            Any
        ] = []  # the pools of our parent: kept, so that nothing closes what is in them

    def __getitem__(self, alias: str) -> "Engine":
        """The engine of an alias.

        Raises:
            ImproperlyConfigured: DATABASES has no such alias, something about it is wrong, or its driver is
                not installed.
        """
        made = self._made.get(alias)
        if made is not None and self._revision == settings.revision:
            return made[1]
        with self._lock:
            return self._look_up(alias)

    def _look_up(self, alias: str) -> "Engine":
        revision = settings.revision
        if revision != self._revision:
            self._drop_changed()
            self._revision = revision
        made = self._made.get(alias)
        if made is None:
            database = read_database(alias)
            made = self._made[alias] = database, make_engine(database)
        return made[1]

    def _drop_changed(self) -> None:
        for alias, (database, engine) in list(self._made.items()):
            if alias not in settings.DATABASES or read_database(alias) != database:
                del self._made[alias]
                engine.dispose()

    def close_idle(self) -> None:
        """Close the connections that nobody uses."""
        for _, engine in list(self._made.values()):
            engine.dispose()

    def begin_anew(self) -> None:
        """Start with empty pools, in a child that was just forked."""
        self._lock = threading.RLock()  # another thread may have held the old one
        for _, engine in self._made.values():
            self._inherited.append(engine.pool)
            engine.dispose(close=False)


def make_engine(database: Database) -> "Engine":
    """Return an engine with our rules; raises ImproperlyConfigured if its driver is not installed."""
    backend = _BACKENDS.get(database.backend)
    options = backend.driver_options(database.options) if backend else dict(database.options)
    try:
        engine = create_engine(
            database.url,
            connect_args=options,
            hide_parameters=not settings.DEBUG,  # people's data, which errors would carry into logs
            **pool_options(database),
        )
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(str(error.name))
        hint = f"`pip install 'penstock[{extra}]'`" if extra else f"{error.name!r} to be installed"
        raise ImproperlyConfigured(
            f"DATABASES[{database.alias!r}] needs {error.name}; expected {hint}"
        ) from error
    measure(engine, database.alias)
    standing.watch(engine)
    if backend is sqlite3:
        sqlite3.govern(engine, str(database.options.get("init_command", "")))
    if backend is postgresql:
        postgresql.govern(engine)
        if database.has_health_checks:
            check_before_use(engine, postgresql.looks_well)
    return engine


engines: Final = Engines()
os.register_at_fork(before=engines.close_idle, after_in_child=engines.begin_anew)


def engine(using: str | None = None) -> "Engine":
    """Return the engine of a database, "default" unless said otherwise.

    Raises:
        ImproperlyConfigured: DATABASES has no such alias, something about it is wrong, or its driver is not
            installed.
    """
    return engines[using or "default"]
