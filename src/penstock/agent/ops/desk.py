"""What each path of the ops port answers.

    /livez    200 while the agent runs: it needs nothing else
    /readyz   200, or 503 and why (readiness.py)
    /metrics  OpenMetrics for who asks for it, else Prometheus text (agent/metrics)
    /status   JSON: what `penstock status --json` prints of this server, and more

In:     request heads.
Out:    answers: status, fields, body.
Never:  waits; spends more than a tenth of the time on pages that cost something, however often they are
        asked for.

Rules:  RFC 9110 sections 9.1 (HEAD beside GET), 15.5.6 (405 with Allow).
"""

import dataclasses
import functools
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from penstock import __version__
from penstock.agent.logs.escape import without_query
from penstock.agent.metrics import Gatherer
from penstock.agent.metrics.exposition import OPENMETRICS, PROMETHEUS, Format, render
from penstock.agent.ops.preference import prefers_openmetrics
from penstock.agent.readiness import Verdict, judge
from penstock.agent.station import Report
from penstock.protocol import RequestHead
from penstock.telemetry import Segment, Snapshot
from penstock.telemetry.report import plain
from penstock.telemetry.usage import usage_of, usage_of_child

_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"
_METHODS: Final = ("GET", "HEAD")
# A page that took 10 ms is made again after 90 ms at the earliest; who asks sooner gets the same one.
_SHARE: Final = 10
# The page of metrics holds the GIL for 4 ms, in which no record is read; a scraper more often is a mistake.
METRICS_FRESH_S: Final = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """One response before it is framed."""

    status: str
    body: bytes
    kind: str = _TEXT
    fields: tuple[tuple[str, str], ...] = ()


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
    """

    segment: Segment
    threads: int
    has_query: bool
    master_pid: int
    gatherer: Gatherer = dataclasses.field(default_factory=Gatherer)
    stations: Callable[[], Mapping[str, Report]] = dict


class Desk:
    """Answers requests about one server.

    Args:
        subject: the server.
        now: monotonic seconds.
    """

    def __init__(self, subject: Subject, now: Callable[[], float] = time.monotonic) -> None:
        self._subject = subject
        self._metrics = {
            form: _Page(functools.partial(_exposition, subject.gatherer, form), now, METRICS_FRESH_S)
            for form in (PROMETHEUS, OPENMETRICS)
        }
        self._status = _Page(self._report, now)
        self._routes: dict[str, Callable[[RequestHead], Answer]] = {
            "/livez": lambda _: Answer("200 OK", b"alive\n"),
            "/readyz": self._answer_readiness,
            "/metrics": self._answer_metrics,
            "/status": lambda _: Answer("200 OK", self._status.read(), _JSON),
        }

    def answer(self, head: RequestHead) -> Answer:
        """Return what one request is answered."""
        route = self._routes.get(head.path)
        if route is None:
            return Answer("404 Not Found", f"expected {', '.join(self._routes)}\n".encode())
        if head.method not in _METHODS:
            return Answer(
                "405 Method Not Allowed", b"expected GET or HEAD\n", fields=(("Allow", "GET, HEAD"),)
            )
        try:
            return route(head)
        except Exception as error:  # noqa: BLE001 - hostile memory; ending the agent would not mend it
            return Answer("500 Internal Server Error", f"{type(error).__name__}: {error}\n".encode())

    def _answer_readiness(self, _head: RequestHead) -> Answer:
        verdict = self._verdict()
        status = "200 OK" if verdict.is_ready else "503 Service Unavailable"
        return Answer(status, f"{verdict.reason}\n".encode())

    def _answer_metrics(self, head: RequestHead) -> Answer:
        form = OPENMETRICS if prefers_openmetrics(head.fields.get("HTTP_ACCEPT", "")) else PROMETHEUS
        return Answer("200 OK", self._metrics[form].read(), form.content_type, (("Vary", "Accept"),))

    def _verdict(self) -> Verdict:
        subject = self._subject
        return judge(subject.segment, time.monotonic_ns(), has_master=os.getppid() == subject.master_pid)

    def _report(self) -> bytes:
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
        return json.dumps(report, indent=2).encode() + b"\n"

    def _resident_bytes(self, pid: int) -> int | None:
        """Return the memory of the master or of a child of it: the pid is from shared memory."""
        master_pid = self._subject.master_pid
        usage = usage_of(pid) if pid == master_pid else usage_of_child(pid, master_pid)
        return usage.resident_bytes if usage else None


def _exposition(gatherer: Gatherer, form: Format) -> bytes:
    return render(gatherer.gather(), form).encode("utf-8", "backslashreplace")


class _Page:
    """A page that is made again when the time since it was made is `_SHARE` times what it took.

    Args:
        make: returns it.
        now: monotonic seconds.
        fresh_s: how long it is shown at least.
    """

    def __init__(self, make: Callable[[], bytes], now: Callable[[], float], fresh_s: float = 0.0) -> None:
        self._make = make
        self._now = now
        self._fresh_s = fresh_s
        self._body = b""
        self._stale_at_s = now()

    def read(self) -> bytes:
        """Return the page, made anew if it is due."""
        began_s = self._now()
        if began_s >= self._stale_at_s:
            self._body = self._make()
            ended_s = self._now()
            self._stale_at_s = ended_s + max((_SHARE - 1) * (ended_s - began_s), self._fresh_s)
        return self._body
