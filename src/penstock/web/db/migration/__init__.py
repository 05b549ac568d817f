"""Migrations: how the tables of a site come to be what its models say.

    line.py     which app has which tables, and where its migrations stand
    scripts.py  the migrations of all apps, as Alembic reads them
    run.py      brings a database to a migration, and tells where it is
    draft.py    writes the migrations that lead from a database to the models

Each app has a line of its own in `migrations/`, a branch in Alembic's words, labelled with the app's label;
one database table remembers how far each line has come.

In:     INSTALLED_APPS, `db.Model`, a database.
Out:    changed tables, written migrations.
Never:  is imported by a request.
Rules:  Alembic's; it comes with `penstock[db]`.
"""

from penstock.web.db.migration.draft import Draft, compare, write
from penstock.web.db.migration.line import Line, lines
from penstock.web.db.migration.run import Step, applied_revisions, migrate, pending_revisions
from penstock.web.db.migration.scripts import MigrationError, open_scripts, revisions_of

__all__ = [
    "Draft",
    "Line",
    "MigrationError",
    "Step",
    "applied_revisions",
    "compare",
    "lines",
    "migrate",
    "open_scripts",
    "pending_revisions",
    "revisions_of",
    "write",
]
