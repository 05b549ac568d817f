"""Who lives in this agent and how they do, put up each second where `penstock agent status` reads it.

In:     the agent, its crew.
Out:    a report, on a board (telemetry/memory/board.py); the agent's own figures, as a station.
Never:  keeps history: what was counted since when stands in the shared memory of each tenant.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from penstock import __version__
from penstock.agent.agent import Agent
from penstock.agent.crew import Crew
from penstock.agent.station import Report
from penstock.agent.tenant import Tenant
from penstock.telemetry.memory.board import Board
from penstock.telemetry.reading.usage import resident, usage_of

Describe = Callable[[Tenant], Mapping[str, int | str]]


class Census:
    """The last station of every agent.

    Args:
        mode: embedded or machine.
        socket: on which masters find it; empty where they do not.
        now: monotonic seconds.
    """

    name = "agent"

    def __init__(self, mode: str, socket: str = "", now: Callable[[], float] = time.monotonic) -> None:
        self._mode = mode
        self._socket = socket
        self._now = now
        self._started_s = now()
        self._board = Board()
        self._agent: Agent | None = None
        self._crew: Crew | None = None
        self._describe: Describe = lambda _: {}

    def settle(self, agent: Agent, crew: Crew, describe: Describe) -> None:
        """Begin: whom to ask.

        Args:
            agent: has the tenants.
            crew: the stations, this one too.
            describe: says what a tenant does not know of itself: whose it is.
        """
        self._agent, self._crew, self._describe = agent, crew, describe

    def take(self) -> dict[str, Any]:
        """Return everything there is to say, as JSON knows values."""
        tenants = self._agent.tenants if self._agent else ()
        return {
            "version": __version__,
            "pid": os.getpid(),
            "mode": self._mode,
            "socket": self._socket,
            "tenants": [{**self._describe(tenant), **tenant.report()} for tenant in tenants],
            "stations": self._crew.report() if self._crew else {},
        }

    # A station

    def tick(self, now_s: float) -> None:  # noqa: ARG002 - a station's
        """Put up how everybody does."""
        self._board.write(json.dumps(self.take(), default=str))

    def close(self) -> None:
        """Take the board away."""
        self._board.close()

    def report(self) -> Report:
        """Return the agent's own figures."""
        pid = os.getpid()
        usage = usage_of(pid)
        return {
            "uptime_s": round(self._now() - self._started_s, 1),
            "cpu_s": round(usage.cpu_s, 2) if usage else 0.0,
            "resident_bytes": resident(pid),
        }
