"""One tenant of the agent: the memory of one server, drained into its logs.

In:     a segment, the descriptor that wakes the agent, the options of its logs.
Out:    access log, error log, application log; to the stations, what was committed.
Never:  blocks on an output, believes a length, ends because of what a record holds.
"""

import contextlib
import functools
import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from penstock.agent.crew import Crew
from penstock.agent.logs.drain import Drain
from penstock.agent.logs.error_line import LogEntry, entry_of
from penstock.agent.logs.form import access_format, entry_form, entry_format
from penstock.agent.logs.journals import Journals
from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.outlet import Outlet
from penstock.agent.logs.output import Output
from penstock.agent.watch import LossWatch, Notice, TroubleWatch, sum_of
from penstock.config.agent import AgentConfig
from penstock.telemetry.clock import WallClock
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment, add_to
from penstock.telemetry.records.column import APPLICATION, LANE
from penstock.telemetry.records.record import ACCESS, LOG
from penstock.telemetry.records.ring import Batch, RingReader


class Tenant:
    """The logs of one server.

    Args:
        segment: mapped writable, with the eventfd that its workers write to.
        config: the options of its logs.
        crew: hears what was committed.
        now: monotonic seconds.
        standard_fds: what `-` means for the access log and for the others.
        name: of its application, as the operator wrote it.

    Attributes:
        clock: from the stamps in its records to the time of day.
        has_query: its operator lets query strings be shown (`log_query`).
    """

    def __init__(  # noqa: PLR0913 - what a tenant stands on
        self,
        segment: Segment,
        config: AgentConfig,
        crew: Crew,
        now: Callable[[], float] = time.monotonic,
        standard_fds: tuple[int, int] = (1, 2),
        *,
        name: str = "",
    ) -> None:
        """Finish what a predecessor left, open the outputs."""
        self.name = name
        self.has_query = config.log_query
        self.segment = segment
        self.wake_fd = segment.wake_fd
        self.clock = WallClock()
        self._words = segment.words
        self._config = config
        self._crew = crew
        self._now = now
        self._least_level = logging.getLevelNamesMapping()[config.log_level.upper()]
        ledger = Ledger(segment)
        self._journals = journals = Journals(config, ledger, standard_fds, now)
        self._entry_line = entry_form(config.error_log_format, self.clock)
        self._access_entry_line = entry_form(config.access_log_format, self.clock)
        drain = functools.partial(Drain, segment, ledger=ledger)
        self._access = drain(
            _access_readers(segment),
            access_format(config.access_log_format, self.clock, has_query=config.log_query),
            [journals.access],
            on_commit=self._on_access,
        )
        self._errors = drain(
            _log_readers(segment),
            entry_format(self._entry_line, self._entries, is_split=len(journals.entries) > 1),
            journals.entries,
            on_commit=self._on_logs,
        )
        self._drains = (self._errors, self._access)
        self._last_resort = standard_fds[1]
        self._losses = LossWatch(segment, now)
        self._troubles = [
            TroubleWatch(journals.access, lambda: sum_of(segment, layout.ACCESS_DROPPED), now),
            *(
                TroubleWatch(outlet, lambda: sum_of(segment, layout.LOG_DROPPED), now)
                for outlet in journals.entries
            ),
        ]
        self._words[layout.AGENT_PID_WORD] = os.getpid()
        self._words[layout.AGENT_STARTED_NS_WORD] = time.monotonic_ns()

    # Its turn

    def step(self) -> bool:
        """Take every ring's turn once; True = something moved."""
        moved = self._errors.step()
        return self._access.step() or moved

    def tick(self) -> None:
        """Once a second: measure the clock's offset, say what went wrong since."""
        self.clock.refresh()
        for drain in self._drains:
            drain.tick()
        for remark in self._journals.take_remarks():
            self.say(Notice(logging.ERROR, remark))
        notices = [notice for watch in self._troubles if (notice := watch.look())]
        for notice in notices:
            self.say(notice)
        # A notice of an end has counted the losses as well.
        is_troubled = bool(notices) or any(outlet.output.trouble for outlet in self._journals.outlets)
        for notice in self._losses.look(has_reason=is_troubled):
            self.say(notice)

    def reopen(self) -> None:
        """Open log files again by name."""
        for drain in self._drains:
            drain.reopen()

    def close(self) -> None:
        """Give up what an output did not take, and close."""
        for drain in self._drains:
            drain.close()
        self._journals.stop()
        self._words[layout.AGENT_PID_WORD] = 0

    # What it waits for

    @property
    def pending_bytes(self) -> int:
        """What its outputs have not taken."""
        return sum(drain.pending_bytes for drain in self._drains)

    def stalled_fds(self) -> list[int]:
        """Return descriptors of outputs that will take more when they are writable."""
        outputs = [outlet.output for outlet in self._journals.outlets]
        return [output.fd for output in outputs if output.pending_bytes and output.awaits_writable]

    def mark_parked(self, *, is_parked: bool) -> None:
        """Tell its workers whether they must wake us."""
        self._words[layout.PARKED_WORD] = int(is_parked)

    def take_wake_up(self) -> None:
        """Take note that a worker has woken us."""
        # RWF_NOWAIT: O_NONBLOCK is the description's, and a master of another user may take it away.
        with contextlib.suppress(BlockingIOError):  # another reader of the same eventfd was quicker
            os.preadv(self.wake_fd, [bytearray(8)], -1, os.RWF_NOWAIT)

    # How it stands

    def is_empty(self) -> bool:
        """Nothing is left to write."""
        return all(drain.is_empty() for drain in self._drains)

    @property
    def is_dismissing(self) -> bool:
        """Its master wants its agent to leave."""
        return bool(self._words[layout.AGENT_DISMISSED_WORD])

    def report(self) -> dict[str, Any]:
        """Return what came in, what became of it, and how its outputs do."""
        plan, words = self.segment.layout, self._words
        rings = {
            "access": [plan.access_ring(slot) for slot in range(plan.slots)],
            "log": [plan.log_ring(slot) for slot in range(plan.slots)],
        }
        report: dict[str, Any] = {"name": self.name}
        for kind, places in rings.items():
            read = sum(words[place.tail_word] for place in places)
            report[f"{kind}_records"] = read
            report[f"{kind}_waiting"] = sum(words[place.end_word] for place in places) - read
            report[f"{kind}_dropped"] = sum(words[place.dropped_word] for place in places)
        report["torn"] = sum_of(self.segment, layout.TORN)
        report["failed"] = sum_of(self.segment, layout.FAILED)
        report["lines"] = words[layout.AGENT_LINES_WORD]
        report["damaged"] = words[layout.AGENT_DAMAGED_WORD]
        report["discarded"] = words[layout.AGENT_DISCARDED_WORD]
        report["outputs"] = [
            {
                "name": output.name,
                "kind": output.kind.value,
                "trouble": output.trouble,
                "pending_bytes": output.pending_bytes,
            }
            for output in (outlet.output for outlet in self._journals.outlets)
        ]
        return report

    def are_workers_gone(self) -> bool:
        """No slot says that a worker still runs."""
        plan = self.segment.layout
        states = (self._words[plan.slot_word(slot) + layout.STATE] for slot in range(1, plan.slots))
        return all(state in (WorkerState.EMPTY, WorkerState.GONE) for state in states)

    # What it says

    def say(self, notice: Notice) -> None:
        """Into the error log; if that is in trouble, to standard error; else among the access lines."""
        entry = notice.as_entry()
        if _can_say(self._journals.entries[0]):
            self._errors.say(self._entry_line(entry).encode())
        elif not self._says_on_standard_error(entry) and _can_say(self._journals.access):
            self._access.say(self._access_entry_line(entry).encode())

    def _says_on_standard_error(self, entry: LogEntry) -> bool:
        """Try it there, unless that is the error log itself."""
        if self._config.error_log == "-":
            return False
        output = Output("notices", "-", self._last_resort, self._now)
        is_said = output.write(self._entry_line(entry).encode()) and not output.takes_nothing
        output.close()
        return is_said

    def _on_access(self, batch: Batch) -> None:
        """Count what is through by lane (what never reached the application had none); let it be heard."""
        lanes = [row[LANE] & 1 for row in batch.rows if row[APPLICATION]]
        pool = sum(lanes)
        for word, count in zip(layout.AGENT_LANE_WORDS, (len(lanes) - pool, pool), strict=True):
            add_to(self._words, word, count)
        self._crew.access(self, batch)

    def _on_logs(self, batch: Batch) -> None:
        """Let it be heard. Read once more: what was formatted is not through before it is committed."""
        if not self._crew.listens_to_logs:
            return
        try:
            entries = list(self._entries(batch))
        except Exception:  # noqa: BLE001 - hostile memory, and counted as such by the drain
            return
        for entry in entries:
            self._crew.logged(self, entry)

    def _entries(self, batch: Batch) -> Iterator[LogEntry]:
        """What is kept of a batch."""
        for row in batch.rows:
            entry = entry_of(row, batch.text_of(row), batch.slot)
            if entry.level >= self._least_level:
                yield entry


def _can_say(outlet: Outlet) -> bool:
    return not outlet.output.trouble and not outlet.output.takes_nothing


def _access_readers(segment: Segment) -> list[RingReader]:
    plan = segment.layout
    return [RingReader(segment, plan.access_ring(slot), ACCESS, slot) for slot in range(plan.slots)]


def _log_readers(segment: Segment) -> list[RingReader]:
    plan = segment.layout
    return [RingReader(segment, plan.log_ring(slot), LOG, slot) for slot in range(plan.slots)]
