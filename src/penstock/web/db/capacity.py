"""How many connections a database lets its users have.

In:     a database that can be reached.
Out:    what DATABASES allows all workers together, and what the server allows.
Never:  is asked by a request: `penstock doctor` asks.
Rules:  PostgreSQL keeps some of max_connections for superusers.
"""

from typing import Final

import sqlalchemy as sa

from penstock.web.db.configuration import read_database
from penstock.web.db.engine import engine

_ALLOWED: Final = sa.text(
    "SELECT sum(CASE WHEN name = 'max_connections' THEN setting::int ELSE -setting::int END)"
    " FROM pg_settings"
    " WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')"
)


def allowed_connections(alias: str) -> tuple[int | None, int | None]:
    """Return MAX_CONNECTIONS of DATABASES, and what the server allows; None for no limit.

    Raises:
        ImproperlyConfigured: DATABASES is wrong.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached.
    """
    database = read_database(alias)
    with engine(alias).connect() as connection:
        if database.backend != "postgresql":
            return database.max_connections, None
        return database.max_connections, int(connection.scalar(_ALLOWED) or 0)
