"""Pages of an ops port: made when somebody asks, kept while another would cost too much.

In:     request heads; what makes a page.
Out:    answers: status, fields, body.
Never:  spends more than a tenth of the time on pages, however often they are asked for; raises.

Rules:  RFC 9110 sections 9.1 (HEAD beside GET), 15.5.6 (405 with Allow).
"""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from penstock.agent.metrics import Gatherer
from penstock.agent.metrics.exposition import OPENMETRICS, PROMETHEUS, Format, render
from penstock.agent.ops.preference import prefers_openmetrics
from penstock.protocol import RequestHead

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


Routes = Mapping[str, Callable[[RequestHead], Answer]]


def answer_from(routes: Routes, head: RequestHead) -> Answer:
    """Return what one request is answered, by its path."""
    route = routes.get(head.path)
    if route is None:
        return Answer("404 Not Found", f"expected {', '.join(routes)}\n".encode())
    if head.method not in _METHODS:
        return Answer("405 Method Not Allowed", b"expected GET or HEAD\n", fields=(("Allow", "GET, HEAD"),))
    try:
        return route(head)
    except Exception as error:  # noqa: BLE001 - hostile memory; ending the agent would not mend it
        return Answer("500 Internal Server Error", f"{type(error).__name__}: {error}\n".encode())


def answer_alive(_head: RequestHead) -> Answer:
    """Return that this process runs: it needs nothing else."""
    return Answer("200 OK", b"alive\n")


class MetricsPage:
    """What a gatherer gathers, in the format that is asked for.

    Args:
        gatherer: asked each time a page is made.
        now: monotonic seconds.
    """

    def __init__(self, gatherer: Gatherer, now: Callable[[], float]) -> None:
        self._pages = {
            form: _Page(functools.partial(_exposition, gatherer, form), now, METRICS_FRESH_S)
            for form in (PROMETHEUS, OPENMETRICS)
        }

    def answer(self, head: RequestHead) -> Answer:
        """Return the page."""
        form = OPENMETRICS if prefers_openmetrics(head.fields.get("HTTP_ACCEPT", "")) else PROMETHEUS
        return Answer("200 OK", self._pages[form].read(), form.content_type, (("Vary", "Accept"),))


class JSONPage:
    """A report as JSON.

    Args:
        report: returns it.
        now: monotonic seconds.
    """

    def __init__(self, report: Callable[[], Mapping[str, Any]], now: Callable[[], float]) -> None:
        self._page = _Page(lambda: json.dumps(report(), indent=2).encode() + b"\n", now)

    def answer(self, _head: RequestHead) -> Answer:
        """Return the page."""
        return Answer("200 OK", self._page.read(), _JSON)


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
