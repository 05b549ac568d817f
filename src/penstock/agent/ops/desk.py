"""What each path of the ops port answers.

    /livez    200 while the agent runs: it needs nothing else
    /readyz   200, or 503 and why (readiness.py)
    /metrics  OpenMetrics for who asks for it, else Prometheus text (agent/metrics)
    /status   JSON: what `penstock status --json` prints of this server, and more

In:     request heads.
Out:    answers: status, fields, body.
Never:  waits; knows how a page is kept (page.py).
"""

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from penstock import __version__
from penstock.agent.metrics import Gatherer
from penstock.agent.ops.page import Answer, JSONPage, MetricsPage, Routes, answer_alive, answer_from
from penstock.agent.readiness import Verdict, judge
from penstock.agent.station import Report
from penstock.protocol import RequestHead
from penstock.telemetry import Segment, Snapshot
from penstock.telemetry.reading.report import plain
from penstock.telemetry.reading.usage import usage_of, usage_of_child
from penstock.telemetry.records.text import without_query


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """What is reported on.

    Attributes:
        segment: mapped.
        threads: application threads of each worker.
        has_query: whether request lines keep their query strings (`log_query`).
        master_pid: the master's, which is our parent while it lives.
        gatherer: of all metrics.
        stations: what each station of the agent has to report.
        has_master: whether the master lives; of an embedded agent's, unless given, while it is our parent.
    """

    segment: Segment
    threads: int
    has_query: bool
    master_pid: int
    gatherer: Gatherer = dataclasses.field(default_factory=Gatherer)
    stations: Callable[[], Mapping[str, Report]] = dict
    has_master: Callable[[], bool] | None = None

    def is_master_alive(self) -> bool:
        """Return whether the master lives."""
        return self.has_master() if self.has_master else os.getppid() == self.master_pid


class Desk:
    """Answers requests about one server.

    Args:
        subject: the server.
        now: monotonic seconds.
    """

    def __init__(self, subject: Subject, now: Callable[[], float] = time.monotonic) -> None:
        self._subject = subject
        self._routes: Routes = {
            "/livez": answer_alive,
            "/readyz": self._answer_readiness,
            "/metrics": MetricsPage(subject.gatherer, now).answer,
            "/status": JSONPage(self._report, now).answer,
        }

    def answer(self, head: RequestHead) -> Answer:
        """Return what one request is answered."""
        return answer_from(self._routes, head)

    def _answer_readiness(self, _head: RequestHead) -> Answer:
        verdict = self._verdict()
        status = "200 OK" if verdict.is_ready else "503 Service Unavailable"
        return Answer(status, f"{verdict.reason}\n".encode())

    def _verdict(self) -> Verdict:
        subject = self._subject
        return judge(subject.segment, time.monotonic_ns(), has_master=subject.is_master_alive())

    def _report(self) -> dict[str, Any]:
        subject, verdict = self._subject, self._verdict()
        report: dict[str, Any] = {
            "version": __version__,
            "ready": verdict.is_ready,
            "reason": verdict.reason,
            "threads": subject.threads,
            "stations": subject.stations(),
            **plain(Snapshot.take(subject.segment.fd), self._resident_bytes),
        }
        for worker in () if subject.has_query else report["workers"]:
            for request in worker["current"]:
                request["line"] = without_query(request["line"])
        return report

    def _resident_bytes(self, pid: int) -> int | None:
        """Return the memory of the master or of a child of it: the pid is from shared memory."""
        master_pid = self._subject.master_pid
        usage = usage_of(pid) if pid == master_pid else usage_of_child(pid, master_pid)
        return usage.resident_bytes if usage else None
