"""The store's open file: what is due is written in one transaction, what is old or too much goes.

    each turn     changes of error groups, kept traces
    each 10 s     a point of every series
    each minute   a coarse point of every series; then the file is tidied

In:     changes, traces, the gatherer.
Out:    rows, with the moment up to which they were written; counts.
Never:  leaves half a turn behind; touches a file that is not ours.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from penstock.agent.errors import Change
from penstock.agent.metrics.family import Family
from penstock.agent.store.retention import delete_old, delete_orphans, shrink, used_bytes
from penstock.agent.store.rows import (
    COARSE_S,
    FINE_S,
    SeriesIndex,
    read_anchor,
    write_anchor,
    write_changes,
    write_coarse,
    write_points,
    write_traces,
)
from penstock.agent.store.schema import file_of, is_damaged, open_for_writing, put_aside
from penstock.agent.store.timeline import Clocks, Timeline
from penstock.agent.traces import Trace

_ORPHANS_EVERY_S: Final = 600.0


class Book:
    """The open file. One thread.

    Attributes:
        counts: what was written.
    """

    def __init__(self, path: Path, max_bytes: int, max_age_s: float, clocks: Clocks) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._clocks = clocks
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # that is open
        self._timeline: Timeline | None = None
        self._index = SeriesIndex()
        self._fine_s = self._coarse_s = self._tidied_s = self._orphans_s = 0.0  # positions of the last time
        self.counts = {"points": 0, "dropped_points": 0, "traces": 0, "errors": 0, "bytes": 0, "shrunk": 0}

    def write(
        self,
        changes: Sequence[Change],
        traces: Sequence[Trace],
        gather: Callable[[], Sequence[Family]],
    ) -> None:
        """Write all that is due, in one transaction.

        Raises:
            StoreError: the file is somebody else's.
            sqlite3.Error, OSError: it cannot be written now; nothing of it was.
        """
        connection = self._opened()
        timeline = self._timeline or Timeline(None, self._clocks)
        now_s = timeline.now()
        connection.execute("BEGIN IMMEDIATE")
        try:
            write_changes(connection, changes, now_s - time.monotonic())
            write_traces(connection, traces, now_s)
            self._write_points(connection, gather, now_s)
            write_anchor(connection, timeline.anchor())
            connection.execute("COMMIT")
        except BaseException:
            self._index.forget()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self.counts["traces"] += len(traces)
        self.counts["errors"] += sum(change.count for change in changes)

    def tidy(self) -> None:
        """Once a minute: delete what is too old or too much.

        Raises:
            sqlite3.Error: it cannot be done now.
        """
        connection, timeline = self._connection, self._timeline
        if connection is None or timeline is None or timeline.now() - self._tidied_s < COARSE_S:
            return
        now_s = self._tidied_s = timeline.now()
        if delete_old(connection, now_s, self._max_age_s):
            self._index.forget()
        if now_s - self._orphans_s >= _ORPHANS_EVERY_S:
            self._orphans_s = now_s
            self._index.forget()
            delete_orphans(connection)
        if shrink(connection, self._max_bytes):
            self._index.forget()
            self.counts["shrunk"] += 1
        self.counts["bytes"] = used_bytes(connection)

    def recover(self, error: Exception) -> None:
        """Something went wrong: open the file anew next time; put it aside if it is damaged."""
        self.close()
        if isinstance(error, sqlite3.Error) and is_damaged(error):
            with contextlib.suppress(OSError):
                put_aside(self._path)

    def close(self) -> None:
        """Close the file."""
        self._index.forget()
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _opened(self) -> sqlite3.Connection:
        """Return the connection; in a new file time goes on where it was.

        A file that was removed or replaced is left: SQLite would write on where nobody ever reads.
        """
        if self._connection is not None and file_of(self._path) != self._file:
            self.close()
        if self._connection is None:
            connection = open_for_writing(self._path)
            saved = read_anchor(connection)
            if self._timeline is None or saved is not None:
                self._timeline = Timeline(saved, self._clocks)
            self._connection = connection
            self._file = file_of(self._path)
        return self._connection

    def _write_points(
        self, connection: sqlite3.Connection, gather: Callable[[], Sequence[Family]], now_s: float
    ) -> None:
        if now_s - self._fine_s >= FINE_S:
            self._fine_s = now_s
            families = gather()
            dropped_count = write_points(connection, self._index, families, now_s)
            self.counts["dropped_points"] += dropped_count
            self.counts["points"] += sum(len(family.samples) for family in families) - dropped_count
        if now_s - self._coarse_s >= COARSE_S:
            write_coarse(connection, max(self._coarse_s, now_s - COARSE_S), now_s)
            self._coarse_s = now_s
