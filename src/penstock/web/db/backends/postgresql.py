"""PostgreSQL by psycopg 3: what a connection is opened with, and whether one that waited is still good.

In:     a driver's connection.
Out:    options; a look at its socket; a refusal to commit what the server would roll back.
Never:  asks the server when its socket has nothing to say: that would cost each request a round trip.
Rules:  https://www.postgresql.org/docs/15/protocol-flow.html: an idle server speaks only to say something out
        of turn, that it ends the connection above all.
"""

import select
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from penstock.web.db.standing import TransactionLostError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

# Without it a server that swallows packets is waited for as long as the kernel tries, two minutes and more.
CONNECT_TIMEOUT_S: Final = 5


def driver_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of psycopg.connect."""
    return {"connect_timeout": CONNECT_TIMEOUT_S, **options}


def looks_well(driver: Any) -> bool:
    """Tell whether nothing has come on an idle connection: neither an end nor an error before it."""
    if driver.closed:
        return False
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return not poll.poll(0)


def govern(engine: "Engine") -> None:
    """Have a commit fail that would keep nothing.

    PostgreSQL answers COMMIT with a rollback, and no error, where a statement of the transaction failed and
    the program went on.
    """
    event.listen(engine, "commit", _refuse_failed)


def _refuse_failed(connection: "Connection") -> None:
    if connection.invalidated:
        return  # it is gone, and SQLAlchemy says so
    driver: Any = connection.connection.dbapi_connection
    if driver.info.transaction_status.name == "INERROR":
        raise TransactionLostError(
            "commit of a transaction in which a statement failed; expected its exception to leave the block, "
            "or a transaction.atomic of its own around what may fail"
        )
