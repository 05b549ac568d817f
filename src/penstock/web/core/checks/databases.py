"""Databases that cannot be used, or are not where the migrations are.

In:     DATABASES, INSTALLED_APPS, the databases.
Out:    messages with ids `databases.E...` and `databases.W...`.
Never:  changes a database; imports a library where there is no database.
Rules:  what is said of an error is its first line: drivers say the rest to people who know SQL.
"""

from collections.abc import Iterator
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.checks.message import CheckMessage, Error
from penstock.web.core.checks.message import Warning as CheckWarning
from penstock.web.core.checks.registry import Tags, register
from penstock.web.core.exceptions import ImproperlyConfigured

_SHOWN: Final = 5


@register(Tags.database)
def check_databases(**_asked: Any) -> list[CheckMessage]:
    """Return which databases are wrongly written down, away, or behind the migrations."""
    return [message for alias in settings.DATABASES for message in _faults(alias)]


def _faults(alias: str) -> Iterator[CheckMessage]:
    subject = f"DATABASES[{alias!r}]"
    try:
        from penstock.web.db import engine

        engine(alias)
    except (ImportError, ImproperlyConfigured) as error:
        yield Error(str(error), obj=subject, id="databases.E001")
        return
    from sqlalchemy.exc import SQLAlchemyError

    from penstock.web.db.migration import MigrationError, lines, open_scripts, pending_revisions

    try:
        pending = pending_revisions(open_scripts(lines()), alias)
    except MigrationError as error:
        yield Error(str(error), obj=subject, id="databases.E003")
    except SQLAlchemyError as error:
        yield Error(
            str(error).splitlines()[0],
            hint="the database must be reachable",
            obj=subject,
            id="databases.E002",
        )
    else:
        if pending:
            yield _behind(subject, alias, pending)


def _behind(subject: str, alias: str, pending: list[str]) -> CheckMessage:
    more = f" and {len(pending) - _SHOWN} more" if len(pending) > _SHOWN else ""
    option = "" if alias == "default" else f" --database {alias}"
    return CheckWarning(
        f"{len(pending)} migrations are not applied: {', '.join(pending[:_SHOWN])}{more}",
        hint=f"penstock migrate{option}",
        obj=subject,
        id="databases.W001",
    )
