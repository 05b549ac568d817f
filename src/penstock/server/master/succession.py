"""The change from one generation to the next: which plan is in force, and what became of each reload.

In:     numbers of generations, reasons.
Out:    plans; verdicts in the shared memory; log lines.
Never:  starts or stops a process (the roster's commands do).

    begin ---> the roster makes the successor ---> conclude     its plan is in force
      |                     |
      +---------------------+--------------------> refuse       nothing has changed
"""

import logging
import os

from penstock.server.errors import StartError
from penstock.server.master.renewal import renew_plan
from penstock.server.master.roster import Roster
from penstock.server.plan import ServePlan
from penstock.telemetry import ReloadState, Segment, Verdict, begin_reload, write_verdict
from penstock.telemetry.reading.usage import proportional

log = logging.getLogger("penstock.server")


class Succession:
    """The plans of one master.

    Attributes:
        plan: in force.
        next_plan: what the generation is told that is imported next.
        trouble: why the last reload failed, one line; empty = it did not.
    """

    def __init__(self, plan: ServePlan, roster: Roster, segment: Segment) -> None:
        self.plan = plan
        self.next_plan = plan
        self.trouble = ""
        self._roster = roster
        self._segment = segment

    def begin_first(self, generation: int) -> None:
        """Publish that the server starts: a reload that is asked for from now on has a number to wait for."""
        begin_reload(self._segment, generation)

    def has_served(self, generation: int) -> None:
        """Publish that the start has succeeded."""
        write_verdict(self._segment, Verdict(generation, ReloadState.DONE))

    def begin(self, generation: int) -> bool:
        """Read the configuration for the new generation; False = it cannot be used."""
        log.info("server.reloading pid=%d generation=%d", os.getpid(), generation)
        begin_reload(self._segment, generation)
        try:
            renewal = renew_plan(self.plan)
        except StartError as error:
            self.refuse(generation, str(error))
            self._roster.template_exited(generation)  # there never was one; else a stop would wait for it
            return False
        for name in renewal.fixed:
            log.warning("server.option_fixed option=%s: it changes with a restart or USR2 only", name)
        self.next_plan = renewal.plan
        self._look_for_room(generation)
        if renewal.plan.server.workers != self.plan.server.workers:  # else TTIN and TTOU have the say
            self._roster.successor_desired = self._roster.within_bounds(renewal.plan.server.workers)
        return True

    def _look_for_room(self, generation: int) -> None:
        """Go worker by worker where a second generation would not fit beside the first."""
        left_bytes = self.plan.headroom()
        needed_bytes = sum(map(proportional, self._roster.members))
        if left_bytes is not None and left_bytes < needed_bytes:
            self._roster.surge = 1
            log.warning(
                "server.reload_stepwise generation=%d left_bytes=%d needed_bytes=%d: worker by worker",
                generation,
                left_bytes,
                needed_bytes,
            )

    def conclude(self, generation: int) -> ServePlan:
        """Put the successor's plan in force; returns the one that was."""
        before, self.plan = self.plan, self.next_plan
        self.trouble = ""
        log.info(
            "server.reloaded pid=%d generation=%d workers=%d", os.getpid(), generation, self._roster.desired
        )
        write_verdict(self._segment, Verdict(generation, ReloadState.DONE))
        return before

    def refuse(self, generation: int, reason: str) -> None:
        """Give the successor up."""
        self._roster.abandon(generation)
        self.next_plan = self.plan
        write_verdict(self._segment, Verdict(generation, ReloadState.FAILED, reason))
        text = line_first(reason)
        self.trouble = text.splitlines()[0]
        log.error("server.reload_failed generation=%d: the old code goes on: %s", generation, text)

    def log_boot_failure(self, event: str, reason: str, *, has_served: bool) -> None:
        """Log why no worker could begin, unless the start fails with it and says so in the same place."""
        if has_served or not self.plan.is_error_log_shown:
            log.error("%s %s", event, line_first(reason))


def line_first(reason: str) -> str:
    """Return the last line of a reason, which says what is wrong, and its traceback after it."""
    *stack, line = reason.splitlines() or ["no reason was given"]
    return "\n".join([line, *stack])
