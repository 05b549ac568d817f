"""A site's databases: SQLAlchemy behind Django's names for settings and transactions.

    configuration.py  what DATABASES says              session.py      the session of a request
    engine.py         engines, and what a fork does    transaction.py  atomic, on_commit
    backends/         what one kind of database needs  model.py        what models stand on
    pool.py           how many connections, how good   standing.py     what a connection's transaction did
    capacity.py       what the server allows           query.py        each query as a span of its request
    migration/        how tables become what models say

In:     DATABASES.
Out:    `Model`, `session()`, `engine()`, `transaction`.
Never:  is imported by a site that has no database: SQLAlchemy comes with `penstock[db]`.
Rules:  SQLAlchemy's, but for transactions, which are Django's.
"""

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - looked for, so that its absence is said in one line
except ModuleNotFoundError as error:
    raise ImportError("penstock.web.db needs SQLAlchemy; expected `pip install 'penstock[db]'`") from error

from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from penstock.web.db import transaction
from penstock.web.db.engine import engine
from penstock.web.db.model import Model, UTCDateTime
from penstock.web.db.session import close_sessions, session

DEFAULT_DB_ALIAS = "default"

__all__ = [
    "DEFAULT_DB_ALIAS",
    "DatabaseError",
    "IntegrityError",
    "Model",
    "OperationalError",
    "UTCDateTime",
    "close_sessions",
    "engine",
    "session",
    "transaction",
]
