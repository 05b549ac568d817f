"""The store's writer: a thread that wakes each 2 s, and the station that starts and ends it.

    each 2 s      changes of error groups, kept traces
    each 10 s     a point of every series
    each minute   a coarse point of every series; what is too old or too much goes

Everything of a turn is one transaction, with the moment up to which it was written. When it cannot be
written (locked, a full disk), error groups keep their changes, traces wait in a bounded row, points are lost;
it is said once, counted, and tried again, at most a minute later. A damaged file is put aside and begun anew.
A file that is not ours ends it: the agent goes on without a store.

In:     the gatherer, the error tracker, kept traces.
Out:    rows; what became of them in the report.
Never:  makes the loop wait: who keeps a trace appends it to a row.
"""

import collections
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from penstock.agent.errors import Change, ErrorTracker
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
from penstock.agent.store.schema import StoreError, file_of, is_damaged, open_for_writing, put_aside
from penstock.agent.store.timeline import Clocks, Timeline
from penstock.agent.traces import Trace
from penstock.agent.watch import Notice

TURN_S: Final = 2.0
_MAX_PAUSE_S: Final = 60.0
_ORPHANS_EVERY_S: Final = 600.0
# A kept trace is some 5 KiB.
MAX_WAITING_TRACES: Final = 512
_JOIN_S: Final = 3.0


class Keeper:
    """The station.

    Args:
        path: of the file.
        max_bytes: it may grow to.
        max_age_s: of points and traces.
        gather: returns all families; called on the writer's thread.
        errors: whose changes are written.
        clocks: of this machine.
    """

    name = "store"

    def __init__(  # noqa: PLR0913 - the parts of a pipeline
        self,
        path: Path,
        *,
        max_bytes: int,
        max_age_s: float,
        gather: Callable[[], Sequence[Family]],
        errors: ErrorTracker,
        clocks: Clocks | None = None,
    ) -> None:
        self._book = Book(path, max_bytes, max_age_s, clocks or Clocks.of_this_machine())
        self._gather = gather
        self._errors = errors
        self._waiting: collections.deque[Trace] = collections.deque()
        self._lost_trace_count = 0
        self._failure_count = 0
        self._trouble = ""
        self._notices: collections.deque[Notice] = collections.deque()
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def keep(self, trace: Trace) -> None:
        """Let a trace be written; the oldest that waits is lost when there are too many."""
        self._drop_oldest(MAX_WAITING_TRACES - 1)
        self._waiting.append(trace)

    # A station's duties

    def tick(self, _now_s: float) -> None:
        """Its thread has a clock of its own; it starts here, when the process will fork no more."""
        if not self._thread.ident and not self._is_ending.is_set():
            self.start()

    def close(self) -> None:
        """Write what is left, for 3 s at most."""
        self._is_ending.set()
        if self._thread.ident:
            self._thread.join(_JOIN_S)

    def take_notices(self) -> list[Notice]:
        """Return what is to be said since the last call."""
        notices = []
        while self._notices:
            notices.append(self._notices.popleft())
        return notices

    def report(self) -> Mapping[str, int | float | str]:
        """Return what was written and what was lost."""
        return {
            **self._book.counts,
            "waiting_traces": len(self._waiting),
            "lost_traces": self._lost_trace_count,
            "failures": self._failure_count,
            **({"trouble": self._trouble} if self._trouble else {}),
        }

    # The thread

    def _run(self) -> None:
        pause_s = TURN_S
        while True:
            is_last = self._is_ending.wait(pause_s)
            try:
                is_well = self._turn()
            except StoreError as error:
                self._say(f"{error}; the agent goes on without a store")
                return
            pause_s = TURN_S if is_well else min(pause_s * 2, _MAX_PAUSE_S)
            if is_last:
                self._book.close()
                return

    def _turn(self) -> bool:
        """Write what there is; True = it is written.

        Raises:
            StoreError: the file is somebody else's.
        """
        changes, traces = self._errors.take_changes(), self._take_traces()
        try:
            self._book.write(changes, traces, self._gather)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - also a fault of ours must end no thread
            self._errors.give_back(changes)
            self._waiting.extendleft(reversed(traces))
            self._drop_oldest(MAX_WAITING_TRACES)
            self._fail(error)
            return False
        try:
            self._book.tidy()
        except Exception as error:  # noqa: BLE001 - the same; what was written is written
            self._fail(error)
            return False
        if self._trouble:
            self._trouble = ""
            self._say("written again", logging.WARNING)
        return True

    def _drop_oldest(self, count: int) -> None:
        """Let at most `count` traces wait."""
        with contextlib.suppress(IndexError):  # another thread has just taken them
            while len(self._waiting) > count:
                self._waiting.popleft()
                self._lost_trace_count += 1

    def _take_traces(self) -> list[Trace]:
        traces: list[Trace] = []
        with contextlib.suppress(IndexError):  # nothing is left
            while len(traces) < MAX_WAITING_TRACES:
                traces.append(self._waiting.popleft())
        return traces

    def _fail(self, error: Exception) -> None:
        self._failure_count += 1
        trouble = f"{type(error).__name__}: {error}"
        if trouble != self._trouble:
            self._trouble = trouble
            self._say(f"{trouble}; error groups and traces wait, points are lost")
        self._book.recover(error)

    def _say(self, message: str, level: int = logging.ERROR) -> None:
        self._notices.append(Notice(level, f"store: {message}"))


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
