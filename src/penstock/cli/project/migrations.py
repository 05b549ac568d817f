"""`penstock migrate`, `makemigrations` and `showmigrations`: the tables of a project and its models.

In:     the project in the current folder, its databases.
Out:    migrated databases, written migrations, a list of both; status 1 where `--check` finds some missing.
Never:  writes or changes anything where it only looks.
Rules:  Django's names for the commands and what stands behind them.
"""

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from penstock.cli.error import CommandError
from penstock.cli.project.site import set_up_site
from penstock.cli.text import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from penstock.web.db.migration import Line


def run_migrate(arguments: "argparse.Namespace") -> int:
    """Bring a database to a migration, and say the steps.

    Raises:
        CommandError: the project, its migrations or its database do not allow it.
    """
    set_up_site(arguments.settings)
    with _told():
        from penstock.web.db import migration  # noqa: PLC0415 - the server starts without the framework

        lines = migration.lines()
        if arguments.app:
            _line_of(lines, arguments.app)
        scripts = migration.open_scripts(lines)
        steps = migration.migrate(scripts, arguments.app, arguments.revision, arguments.database)
    sys.stdout.write("".join(f"{'+' if each.is_forward else '-'} {each.revision}\n" for each in steps))
    sys.stdout.write(f"{counted(len(steps), 'migration')}\n" if steps else "nothing to migrate\n")
    return 0


def run_makemigrations(arguments: "argparse.Namespace") -> int:
    """Write what leads from the database to the models; with --check only tell whether there is anything.

    Raises:
        CommandError: the project, its migrations or its database do not allow it.
    """
    set_up_site(arguments.settings)
    with _told():
        from penstock.web.db import migration  # noqa: PLC0415 - see above

        lines = migration.lines()
        wanted = [_line_of(lines, label) for label in arguments.apps] or lines
        if arguments.empty:
            drafts = [migration.Draft(line) for line in wanted]
        else:
            drafts = migration.compare(lines, wanted)
        if arguments.check:
            sys.stdout.write("".join(f"{each.line.label}: models have changed\n" for each in drafts))
            return int(bool(drafts))
        written = migration.write(lines, drafts, arguments.message)
    sys.stdout.write("".join(f"{path}\n" for path in written) or "no changes\n")
    return 0


def run_showmigrations(arguments: "argparse.Namespace") -> int:
    """List the migrations of each app, and which the database has.

    Raises:
        CommandError: the project, its migrations or its database do not allow it.
    """
    set_up_site(arguments.settings)
    with _told():
        from penstock.web import db  # noqa: PLC0415 - see above
        from penstock.web.db import migration  # noqa: PLC0415 - the same

        lines = migration.lines()
        scripts = migration.open_scripts(lines)
        with db.engine(arguments.database).connect() as connection:
            here = migration.applied_revisions(scripts, connection)
        for line in lines:
            revisions = migration.revisions_of(scripts, line)
            if revisions:
                sys.stdout.write(f"{line.label}\n" + "".join(_shown(each, here) for each in revisions))
    return 0


def _shown(script: Any, here: set[str]) -> str:
    return f" [{'X' if script.revision in here else ' '}] {script.revision}  {script.doc}\n"


def _line_of(lines: "list[Line]", label: str) -> "Line":
    for line in lines:
        if line.label == label:
            return line
    raise CommandError(f"app {label!r} is not installed; expected one of {[line.label for line in lines]!r}")


@contextlib.contextmanager
def _told() -> "Iterator[None]":
    """Say in one line what a project, its migrations or its database do not allow."""
    try:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - perhaps not installed

        from penstock.web.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - see above
        from penstock.web.db.migration import MigrationError  # noqa: PLC0415 - the same
    except ImportError as error:
        raise CommandError(f"{error}") from error
    try:
        yield
    except (ImportError, ImproperlyConfigured, MigrationError, SQLAlchemyError) as error:
        raise CommandError(str(error).partition("\n(Background")[0]) from error
