"""The throttle of the log-in: whoever guesses passwords has to wait.

In:     a name, the client's address.
Out:    seconds to wait; 0 for none.
Never:  locks a name for everybody: whoever knows a name could lock its owner out from elsewhere.

Rules:  failures of the last WINDOW_S count. One address may fail ADDRESS_FAILURES times, and PAIR_FAILURES
        times with the same name. They are counted in the database, so that all workers, and all machines,
        count together.
"""

import datetime as dt
from math import ceil

from sqlalchemy import delete, func, select

from penstock.web import db
from spc.models import LogInFailure, now

WINDOW_S = 300
PAIR_FAILURES = 5
ADDRESS_FAILURES = 20


def wait_before_log_in_s(name: str, address: str) -> int:
    """Return how many seconds this client has to wait before it may try that name."""
    of_address = LogInFailure.address == address
    return max(
        _wait_s(PAIR_FAILURES, of_address, LogInFailure.name == _folded(name)),
        _wait_s(ADDRESS_FAILURES, of_address),
    )


def count_failure(name: str, address: str) -> None:
    """Remember a failure, and forget those that count no more."""
    session = db.session()
    session.execute(
        delete(LogInFailure).where(LogInFailure.failed_at < now() - dt.timedelta(seconds=WINDOW_S))
    )
    session.add(LogInFailure(name=_folded(name), address=address))
    session.commit()


def forget_failures(name: str, address: str) -> None:
    """Forget what a client did wrong before it got the password right."""
    db.session().execute(
        delete(LogInFailure).where(LogInFailure.address == address, LogInFailure.name == _folded(name))
    )


def _folded(name: str) -> str:
    return name.casefold()[:50]


def _wait_s(allowed: int, *which) -> int:
    """Return the seconds until the oldest of `allowed` failures leaves the window."""
    since = now() - dt.timedelta(seconds=WINDOW_S)
    recent = select(LogInFailure.failed_at).where(LogInFailure.failed_at >= since, *which)
    latest = recent.order_by(LogInFailure.failed_at.desc()).limit(allowed).subquery()
    count, oldest = db.session().execute(select(func.count(), func.min(latest.c.failed_at))).one()
    if count < allowed:
        return 0
    return max(1, ceil(WINDOW_S - (now() - oldest).total_seconds()))
