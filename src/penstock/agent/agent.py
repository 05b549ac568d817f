"""The agent: one process that turns what all workers recorded into log files.

Under load it looks at the rings each 10 ms, and in between when a worker says that a ring is filling. After a
quarter of a second without a record it parks: it marks the header, looks once more, and waits until a worker
that finds the mark wakes it. (The mark and the look cross without a memory barrier; should both miss, it
looks within a second.)

It leaves when TERM comes and its master means it (a service manager may send TERM to the whole group, and the
last lines are still to come then), having written what the rings hold; when its parent is gone it stays
until the workers are, 3 s at most. USR1 opens the files again. INT, QUIT and HUP of a terminal are the
master's business.

In:     a segment, the wake descriptor, the agent's options.
Out:    access log, error log.
Never:  blocks on an output, believes a length, ends because of what a record holds.
"""

import contextlib
import functools
import logging
import os
import select
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from penstock.agent.logs.access_line import TextAccess
from penstock.agent.logs.drain import Drain
from penstock.agent.logs.error_line import LogEntry, TextErrors, entry_of
from penstock.agent.logs.escape import escape_json, escape_text, split_access_text, strip_queries
from penstock.agent.logs.json_line import JSONAccess, JSONErrors
from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.output import Output
from penstock.agent.watch import LossWatch, Notice, TroubleWatch, sum_of
from penstock.config.agent import AgentConfig
from penstock.telemetry import layout
from penstock.telemetry.clock import WallClock
from penstock.telemetry.layout import WORD_BYTES
from penstock.telemetry.record import ACCESS, LOG
from penstock.telemetry.ring import Batch, RingReader
from penstock.telemetry.scoreboard import WorkerState
from penstock.telemetry.segment import Segment, add_to

# Short bursts: on one core with a busy worker, its clients wait for each. The 99th percentile of a hello was
# 3.1 ms with 20 ms, 2.4 with 10 and 1.7 with 5, the CPU the same within 3 %; 10 wakes half as often as 5.
LOOK_EVERY_S: Final = 0.01
_PARK_AFTER_S: Final = 0.25
_PARKED_S: Final = 1.0
_REPORT_EVERY_S: Final = 1.0
_MAX_ROUNDS: Final = 64  # turns of all rings before signals and outputs are looked at again
_LOGGER: Final = "penstock.agent"
_APPLICATION_TICKS: Final = 8  # columns of telemetry.record.ACCESS
_LANE: Final = 17


class Agent:
    """Everything but the process: signals and parent are run_agent's (process.py)."""

    def __init__(
        self,
        segment: Segment,
        wake_fd: int,
        config: AgentConfig,
        now: Callable[[], float] = time.monotonic,
        standard_fds: tuple[int, int] = (1, 2),
    ) -> None:
        """Finish what a predecessor left, open the outputs.

        Args:
            segment: mapped writable.
            wake_fd: the eventfd that workers write to.
            config: the agent's options.
            now: monotonic seconds.
            standard_fds: what `-` means for the access and the error log.
        """
        self._segment = segment
        self._words = segment.words
        self._wake_fd = wake_fd
        self._config = config
        self._now = now
        self._clock = WallClock()
        self._least_level = logging.getLevelNamesMapping()[config.log_level.upper()]
        ledger = Ledger(segment)
        self._entry_line = _entry_format(config.error_log_format, self._clock)
        self._access_entry_line = _entry_format(config.access_log_format, self._clock)
        drain = functools.partial(Drain, segment, ledger=ledger)
        self._access = drain(
            _access_readers(segment),
            self._access_format(),
            Output("access log", config.access_log, standard_fds[0], now),
            area=layout.ACCESS_OUTPUT,
            count=self._count_lanes,
        )
        self._errors = drain(
            _log_readers(segment),
            self._format_errors,
            Output("error log", config.error_log, standard_fds[1], now),
            area=layout.ERROR_OUTPUT,
        )
        self._last_resort = standard_fds[1]
        self._losses = LossWatch(segment, now)
        self._troubles = [
            TroubleWatch(self._access, lambda: sum_of(segment, layout.ACCESS_DROPPED), now),
            TroubleWatch(self._errors, lambda: sum_of(segment, layout.LOG_DROPPED), now),
        ]
        self._reported_at = 0.0
        self._moved_at = now()
        self._words[layout.AGENT_PID_WORD] = os.getpid()
        self._words[layout.AGENT_STARTED_NS_WORD] = time.monotonic_ns()

    def step(self) -> bool:
        """Write what the rings hold, as far as the outputs take it; True = something moved."""
        moved = False
        for _ in range(_MAX_ROUNDS):
            again = self._errors.step()
            again = self._access.step() or again
            if not again:
                break
            moved = True
        if moved:
            self._moved_at = self._now()
        self._report()
        return moved

    def wait(self, poller: select.poll) -> list[tuple[int, int]]:
        """Wait for the next thing to do: 10 ms under load, until woken when nothing comes.

        Args:
            poller: holds the wake descriptor and whatever else the caller waits for.
        """
        pending = [drain.output for drain in (self._access, self._errors) if drain.output.pending_bytes]
        if pending:
            return self._wait_for_outputs(poller, [output.fd for output in pending if output.awaits_writable])
        if self._now() - self._moved_at < _PARK_AFTER_S:
            return self._poll(poller, LOOK_EVERY_S)
        self._words[layout.PARKED_WORD] = 1
        if not self.is_empty():
            self._words[layout.PARKED_WORD] = 0
            return []
        events = self._poll(poller, _PARKED_S)
        self._words[layout.PARKED_WORD] = 0
        return events

    def is_empty(self) -> bool:
        """Nothing is left to write."""
        return self._access.is_empty() and self._errors.is_empty()

    @property
    def is_dismissed(self) -> bool:
        """The master wants this agent to leave."""
        return bool(self._words[layout.AGENT_DISMISSED_WORD])

    def reopen(self) -> None:
        """Open log files again by name."""
        self._access.reopen()
        self._errors.reopen()

    def are_workers_gone(self) -> bool:
        """No slot says that a worker still runs."""
        plan = self._segment.layout
        states = (
            self._words[plan.slot_at(slot) // WORD_BYTES + layout.STATE] for slot in range(1, plan.slots)
        )
        return all(state in (WorkerState.EMPTY, WorkerState.GONE) for state in states)

    def close(self) -> None:
        """Give up what an output did not take, and close."""
        for drain in (self._access, self._errors):
            drain.give_up()
            drain.output.close()
        self._words[layout.AGENT_PID_WORD] = 0

    def _wait_for_outputs(self, poller: select.poll, fds: list[int]) -> list[tuple[int, int]]:
        """Wait until an output takes more. A wake-up means nothing then: its records have nowhere to go."""
        for fd in fds:
            poller.register(fd, select.POLLOUT)
        try:
            return self._poll(poller, LOOK_EVERY_S)
        finally:
            for fd in fds:
                poller.unregister(fd)

    def _poll(self, poller: select.poll, timeout_s: float) -> list[tuple[int, int]]:
        events = poller.poll(timeout_s * 1000)
        if any(fd == self._wake_fd for fd, _ in events):
            with contextlib.suppress(BlockingIOError):  # another reader of the same eventfd was quicker
                os.read(self._wake_fd, 8)
        return events

    def _report(self) -> None:
        """Once a second: measure the clock's offset, say what went wrong since."""
        now = self._now()
        if now - self._reported_at < _REPORT_EVERY_S:
            return
        self._reported_at = now
        self._clock.refresh()
        self._access.retry()
        self._errors.retry()
        notices = [notice for watch in self._troubles if (notice := watch.look())]
        for notice in notices:
            self._say(notice)
        # A notice of an end has counted the losses as well.
        is_troubled = bool(notices) or any(drain.output.trouble for drain in (self._access, self._errors))
        for notice in self._losses.look(has_reason=is_troubled):
            self._say(notice)

    def _say(self, notice: Notice) -> None:
        """Into the error log; if that is in trouble, to standard error; else among the access lines."""
        entry = LogEntry(
            time_ns=time.monotonic_ns(),
            level=notice.level,
            pid=os.getpid(),
            logger=_LOGGER,
            message=notice.message,
        )
        if _can_say(self._errors):
            self._errors.say(self._entry_line(entry).encode())
        elif not self._says_on_standard_error(entry) and _can_say(self._access):
            self._access.say(self._access_entry_line(entry).encode())

    def _says_on_standard_error(self, entry: LogEntry) -> bool:
        """Try it there, unless that is the error log itself."""
        if self._config.error_log == "-":
            return False
        output = Output("notices", "-", self._last_resort, self._now)
        is_said = output.write(self._entry_line(entry).encode()) and not output.takes_nothing
        output.close()
        return is_said

    def _access_format(self) -> Callable[[Batch], bytes]:
        """The whole way from a batch of ring A to bytes."""
        is_json = self._config.access_log_format == "json"
        escape = escape_json if is_json else escape_text
        form = JSONAccess(self._clock) if is_json else TextAccess(self._clock)
        has_query = self._config.log_query

        def format_batch(batch: Batch) -> bytes:
            fields = split_access_text(batch.rows, batch.text, escape)
            return form.lines(batch.rows, fields if has_query else strip_queries(fields)).encode("ascii")

        return format_batch

    def _count_lanes(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add access records to the counts by lane; what never reached the application had none."""
        lanes = [row[_LANE] & 1 for row in rows if row[_APPLICATION_TICKS]]
        pool = sum(lanes)
        for word, count in zip(layout.AGENT_LANE_WORDS, (len(lanes) - pool, pool), strict=True):
            add_to(self._words, word, count)

    def _format_errors(self, batch: Batch) -> bytes:
        """The whole way from a batch of ring B to bytes."""
        begin = batch.rows[0][1]
        lines = []
        for row in batch.rows:
            entry = entry_of(row, batch.text[row[1] - begin : row[2] - begin])
            if entry.level >= self._least_level:
                lines.append(self._entry_line(entry))
        return "".join(lines).encode("utf-8", "backslashreplace")


def _can_say(drain: Drain) -> bool:
    return not drain.output.trouble and not drain.output.takes_nothing


def _entry_format(form: str, clock: WallClock) -> Callable[[LogEntry], str]:
    return JSONErrors(clock).line if form == "json" else TextErrors(clock).line


def _access_readers(segment: Segment) -> list[RingReader]:
    plan = segment.layout
    return [RingReader(segment, plan.access_ring(slot), ACCESS) for slot in range(plan.slots)]


def _log_readers(segment: Segment) -> list[RingReader]:
    plan = segment.layout
    return [RingReader(segment, plan.log_ring(slot), LOG) for slot in range(plan.slots)]
