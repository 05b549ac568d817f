"""Sees that there is an agent, the single writer of the logs, from the first line to the last.

In:     the agent's main function, its death.
Out:    one agent process; after the workers it is the last to leave.
Never:  writes a log itself; gives up: an agent that fails each time is started again, a second later at most.
"""

import logging
import os
import select
import signal
import time
import traceback
from collections.abc import Collection
from typing import Final

from penstock.server.master.backoff import Backoff
from penstock.server.master.family import Family, how_it_ended, send_signal
from penstock.server.master.predecessor import Predecessor
from penstock.server.plan import Heritage, RunAgent, ServePlan
from penstock.server.process import forget_parent
from penstock.telemetry.memory.layout import AGENT_DISMISSED_WORD

log = logging.getLogger("penstock.server")

# The agent has at most a ring a worker to write out.
AGENT_STOP_S: Final = 10.0
# While there is no agent the rings fill up, and nobody is served the better for waiting longer.
LONGEST_ABSENCE_S: Final = 1.0


class Guardian:
    """Keeps one agent.

    Args:
        run_agent: see ServePlan.
        family: forks.
        heritage: the memory that the agent reads; listeners which it must not hold open.
        keep: descriptors that of all children the agent alone keeps: the ops port's.

    Attributes:
        pid: the agent's; 0 = there is none now.
        family: as given.
        not_before_s: when it may be started again (monotonic).
    """

    def __init__(
        self, run_agent: RunAgent, family: Family, heritage: Heritage, keep: Collection[int] = ()
    ) -> None:
        self.pid = 0
        self.not_before_s = 0.0
        self._run_agent = run_agent
        self.family = family
        self._heritage = heritage
        self._keep = keep
        self._started_s = 0.0
        self._backoff = Backoff(longest_s=LONGEST_ABSENCE_S)
        self._is_replaced = False
        self._predecessor = Predecessor(family)

    def wait_for(self, predecessor_fd: int, poll: select.poll) -> None:
        """Start no agent before another master's has written out: when that one has ended.

        Args:
            predecessor_fd: readable then; -1 = it has.
            poll: is woken then.
        """
        self._predecessor.follow(predecessor_fd, poll)

    def wait_s(self, now_s: float) -> float | None:
        """Return the seconds until an agent should be started; None = there is one, or another's."""
        if self.pid or self._predecessor.is_expected_to_end:
            return None
        return max(0.0, self.not_before_s - now_s)

    def see_to_it(self) -> None:
        """Start the agent if there is none and it is time."""
        if not self._predecessor.is_there() and not self.pid and time.monotonic() >= self.not_before_s:
            self.start()

    def start(self) -> None:
        """Start the agent; if there can be no process now, later."""
        self._started_s = time.monotonic()
        self._heritage.segment.words[AGENT_DISMISSED_WORD] = 0
        try:
            self.pid = self.family.fork(self._keep)
        except OSError as error:
            self._lost(f"error={error.strerror!r}")
            return
        if not self.pid:
            self._live()

    def ended(self, wait_status: int) -> None:
        """Take note of the agent's death, while the server stops too: the last lines are still to come."""
        if self._is_replaced and not wait_status:
            self.pid = 0
            self.not_before_s = 0.0
        else:
            self._lost(how_it_ended(wait_status))
        self._is_replaced = False

    def replace(self, plan: ServePlan) -> None:
        """Have another agent, told something else, when this one has written out; the rings hold the rest."""
        self._run_agent = plan.run_agent
        if self.pid:
            self._is_replaced = True
            self._dismiss()

    def _dismiss(self) -> None:
        """Tell the agent to leave, in two ways: a TERM for the whole process group is not ours."""
        self._heritage.segment.words[AGENT_DISMISSED_WORD] = 1
        send_signal(self.pid, signal.SIGTERM)

    def reopen(self) -> None:
        """Let the agent open its files again by name."""
        if self.pid:
            send_signal(self.pid, signal.SIGUSR1)

    def stop(self, *, is_predecessor_leaving: bool = False) -> None:
        """Let the agent write out what the rings hold, and wait for it: at most `AGENT_STOP_S`.

        Args:
            is_predecessor_leaving: whether another master was told to end: for its agent we wait as long.
        """
        if not self.pid and not self._predecessor.is_there(AGENT_STOP_S if is_predecessor_leaving else 0.0):
            self.start()  # it died a moment ago, and what it had not written is still in the rings
        if not self.pid:
            return
        with_end = select.poll()
        fd = os.pidfd_open(self.pid)
        with_end.register(fd, select.POLLIN)
        self._dismiss()
        if not with_end.poll(AGENT_STOP_S * 1000):
            send_signal(self.pid, signal.SIGKILL)
        os.close(fd)
        os.waitpid(self.pid, 0)

    def _lost(self, how: str) -> None:
        self.pid = 0
        now_s = time.monotonic()
        delay_s = self._backoff.died(now_s - self._started_s)
        self.not_before_s = now_s + delay_s
        log.error("agent.exited %s restart_in_s=%.1f", how, delay_s)

    def _live(self) -> None:
        """Be the agent."""
        status = 1
        try:
            # Told to stop while it still imports, it must write what the rings hold: run_agent unblocks them.
            forget_parent(-1, blocked=(signal.SIGTERM, signal.SIGUSR1))
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C: the master says when
            for listener in self._heritage.listeners:
                listener.close()
            self._run_agent(self._heritage.segment, os.getppid(), self._heritage.identity.assume)
            status = 0
        except BaseException:  # noqa: BLE001 - nothing may return into the master's code
            traceback.print_exc()
        finally:
            os._exit(status)
