"""The store's writer: a thread that wakes each 2 s, and the station that starts and ends it.

What a turn writes is book.py's. When it cannot be written (locked, a full disk), error groups keep their
changes, traces wait in a bounded row, points are lost; it is said once, counted, and tried again, at most a
minute later. A damaged file is put aside and begun anew. A file that is not ours ends it: the agent goes on
without a store.

In:     the gatherer, the error tracker, kept traces.
Out:    rows; what became of them in the report.
Never:  makes the loop wait: who keeps a trace appends it to a row.
"""

import collections
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from penstock.agent.errors import ErrorTracker
from penstock.agent.metrics.family import Family
from penstock.agent.store.book import Book
from penstock.agent.store.schema import StoreError
from penstock.agent.store.timeline import Clocks
from penstock.agent.traces import Trace
from penstock.agent.watch import Notice

TURN_S: Final = 2.0
_MAX_PAUSE_S: Final = 60.0
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
        self._file = str(path.absolute())
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
            "file": self._file,
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
