"""What the ops port of a machine's agent answers.

    /livez    200 while the agent runs
    /metrics  those of all tenants, labelled with their application, and of the stations
    /status   JSON: what `penstock agent status --json` prints of this agent

Readiness is a server's: its own ops port says it, which this agent answers as well.

In:     request heads.
Out:    answers.
Never:  waits.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from penstock.agent.metrics import Gatherer
from penstock.agent.ops.page import Answer, JSONPage, MetricsPage, Routes, answer_alive, answer_from
from penstock.protocol import RequestHead


class MachineDesk:
    """Answers requests about one agent.

    Args:
        take: returns the census.
        gatherer: has the metrics of everybody.
        now: monotonic seconds.
    """

    def __init__(
        self,
        take: Callable[[], Mapping[str, Any]],
        gatherer: Gatherer,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._routes: Routes = {
            "/livez": answer_alive,
            "/metrics": MetricsPage(gatherer, now).answer,
            "/status": JSONPage(take, now).answer,
        }

    def answer(self, head: RequestHead) -> Answer:
        """Return what one request is answered."""
        return answer_from(self._routes, head)
