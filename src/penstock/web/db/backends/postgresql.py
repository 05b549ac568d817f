"""PostgreSQL by psycopg 3: what a connection is opened with, and whether one that waited is still good.

In:     a driver's connection.
Out:    options; a look at its socket.
Never:  asks the server when its socket has nothing to say: that would cost each request a round trip.
Rules:  https://www.postgresql.org/docs/15/protocol-flow.html: an idle server speaks only to say something out
        of turn, that it ends the connection above all.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

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
