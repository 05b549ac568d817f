"""What leaves the store: by age, by number, and oldest first when the file is too large.

    points each 10 s          an hour
    points each minute        `store_max_age_s`, a day
    traces                    the same
    error groups              30 days after their last occurrence, the 1,000 latest

In:     a connection, the position of now.
Out:    deleted rows; a file that is smaller again.
Never:  asks the wall clock: a jump must not age anything (timeline.py).
"""

import sqlite3
from typing import Final

from penstock.agent.store.rows import COARSE_S, FINE_S

FINE_AGE_S: Final = 3600.0
FAULT_AGE_S: Final = 30 * 86400.0
MAX_FAULTS: Final = 1000
# Of what there is, at a time, when the file is too large.
_PART: Final = 0.1
_MAX_ROUNDS: Final = 30


def delete_old(connection: sqlite3.Connection, now_s: float, max_age_s: float) -> int:
    """Delete what is too old or too much; return how many rows went."""
    before = connection.total_changes
    for step_s, age_s in ((FINE_S, min(FINE_AGE_S, max_age_s)), (COARSE_S, max_age_s)):
        connection.execute("DELETE FROM point WHERE step_s = ? AND at_s < ?", (step_s, now_s - age_s))
    connection.execute("DELETE FROM trace WHERE at_s < ?", (now_s - max_age_s,))
    connection.execute("DELETE FROM fault WHERE last_s < ?", (now_s - FAULT_AGE_S,))
    connection.execute(
        "DELETE FROM fault WHERE id IN (SELECT id FROM fault ORDER BY last_s DESC LIMIT -1 OFFSET ?)",
        (MAX_FAULTS,),
    )
    return connection.total_changes - before


def delete_orphans(connection: sqlite3.Connection) -> None:
    """Delete series without a point; it looks at every point, so not each minute."""
    connection.execute("DELETE FROM series WHERE id NOT IN (SELECT DISTINCT series FROM point)")


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return how large the file would be without its free pages."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def shrink(connection: sqlite3.Connection, max_bytes: int) -> bool:
    """Delete the oldest points and traces until the rest fits; True = something had to go."""
    rounds = 0
    while used_bytes(connection) > max_bytes and rounds < _MAX_ROUNDS:
        rounds += 1
        _delete_oldest(connection)
    if rounds:
        delete_orphans(connection)
    connection.executescript("PRAGMA incremental_vacuum")  # a page a step; `execute` of 3.11 takes only one
    return rounds > 0


def _delete_oldest(connection: sqlite3.Connection) -> None:
    """Delete the oldest tenth of points and traces, in time; if none is left, of error groups."""
    before = connection.total_changes
    for table in ("point", "trace"):
        first_s, last_s = connection.execute(f"SELECT min(at_s), max(at_s) FROM {table}").fetchone()  # noqa: S608 - our own words
        if first_s is not None:
            cut_s = first_s + (last_s - first_s) * _PART
            connection.execute(f"DELETE FROM {table} WHERE at_s <= ?", (cut_s,))  # noqa: S608 - the same
    if connection.total_changes == before:
        connection.execute(
            "DELETE FROM fault WHERE id IN"
            " (SELECT id FROM fault ORDER BY last_s LIMIT 1 + (SELECT count(*) FROM fault) / 10)"
        )
