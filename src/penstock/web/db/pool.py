"""How many connections a worker keeps, and whether one that waited is still good.

In:     what DATABASES says, how many serve the site, an engine.
Out:    arguments for SQLAlchemy's pool; a look at a connection before it is used again.
Never:  waits for a connection without an end.
Rules:  a thread uses one connection of a database at a time, so more than there are threads would only wait.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import NullPool, event
from sqlalchemy.exc import DisconnectionError

from penstock.telemetry.staff import GENERATIONS, current_staff
from penstock.web.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from penstock.web.db.configuration import Database

# Who is not served by us (gunicorn, a script) says nothing of its threads; SQLAlchemy's numbers.
UNKNOWN: Final = {"pool_size": 5, "max_overflow": 10}

# A peer that vanished without a word shows itself when asked alone; so long an idle connection is believed.
TRUSTED_IDLE_S: Final = 30.0

_RETURNED: Final = "penstock.returned_s"


def pool_options(database: "Database") -> dict[str, Any]:
    """Return the arguments of create_engine() for a database's pool.

    Raises:
        ImproperlyConfigured: MAX_CONNECTIONS is less than one for each worker.
    """
    if database.is_in_memory:
        return {}  # SQLAlchemy's choice: one connection for each thread, each with a database of its own
    if database.max_age_s == 0:
        return {"poolclass": NullPool}
    options: dict[str, Any] = {"pool_timeout": database.pool_timeout_s, **_size(database)}
    if database.max_age_s is not None:
        options["pool_recycle"] = database.max_age_s
    return options


def _size(database: "Database") -> dict[str, int]:
    staff = current_staff()
    if staff is None:
        if database.max_connections is None:
            return dict(UNKNOWN)
        return {"pool_size": database.max_connections, "max_overflow": 0}
    share = staff.share(database.max_connections)
    if not share:
        least = GENERATIONS * staff.workers
        raise ImproperlyConfigured(
            f"DATABASES[{database.alias!r}] has MAX_CONNECTIONS = {database.max_connections} for "
            f"{staff.workers} workers; expected at least {least}: one for each, and for each successor that "
            "a reload puts beside it"
        )
    kept = min(staff.threads, share)
    return {"pool_size": kept, "max_overflow": share - kept}


def check_before_use(engine: "Engine", looks_well: Callable[[Any], bool]) -> None:
    """Replace a connection that waited in the pool and went bad meanwhile, before anybody uses it.

    Args:
        engine: whose connections are looked at.
        looks_well: tells without a word to the peer whether a driver's connection may be good.
    """

    def note(_driver: Any, record: Any) -> None:
        record.info[_RETURNED] = time.monotonic()

    def look(driver: Any, record: Any, _proxy: Any) -> None:
        returned_s = record.info.pop(_RETURNED, None)
        if returned_s is None:
            return  # it is new
        if not looks_well(driver):
            raise DisconnectionError
        if time.monotonic() - returned_s > TRUSTED_IDLE_S and not _answers(engine, driver):
            raise DisconnectionError

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", look)


def _answers(engine: "Engine", driver: Any) -> bool:
    try:
        return bool(engine.dialect.do_ping(driver))
    except engine.dialect.loaded_dbapi.Error:
        return False
