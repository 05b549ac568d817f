"""A site whose code changes on disk while it is served, and clients that would notice a lost request.

In:     versions of one module.
Out:    answers with their times; faults.
Never:  half a file on disk; bytecode, of which two versions within a second would share one.
"""

import dataclasses
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.flows.client import Client
from tests.flows.harness import ROOMY_RING

MODULE: Final = "site_of_flow"
ENVIRONMENT: Final = {"PYTHONDONTWRITEBYTECODE": "1", **ROOMY_RING}
SOURCE: Final = """
{first}

def application(environ, start_response):
    body = b"version {version}"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


class Site:
    """The folder of a site.

    Args:
        folder: made here.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.deploy(1)

    def deploy(self, version: int, first: str = "") -> None:
        """Write a version; `first` = what its module does first."""
        self.write(SOURCE.format(version=version, first=first))

    def write(self, source: str) -> None:
        """Replace the module."""
        aside = self.folder / "aside"
        aside.write_text(source)
        aside.rename(self.folder / f"{MODULE}.py")

    def serve(self, start: Callable, *words: str, **settings):
        """Start a server of the site."""
        words = (*words, *(() if "-w" in words else ("-w", "2")))
        settings["environment"] = ENVIRONMENT | settings.get("environment", {})
        return start(
            MODULE,
            "-b",
            "127.0.0.1:0",
            *words,
            bare=True,
            chdir=self.folder,
            **settings,
        )


@dataclasses.dataclass(slots=True)
class Asked:
    """One request: when it was asked, how long it took (seconds), what was answered."""

    at_s: float
    took_s: float
    body: bytes


class Visitor:
    """Asks until told to stop, on a new connection each time, or on a kept one.

    Attributes:
        asked: in order.
        faults: what went wrong.
    """

    def __init__(self, address, *, keeps: bool, pause_s: float = 0.0) -> None:
        self._address = address
        self._keeps = keeps
        self._pause_s = pause_s
        self._stop = threading.Event()
        self.asked: list[Asked] = []
        self.faults: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        client = None
        try:
            while not self._stop.is_set():
                client = self._ask(client)
                if self._pause_s:
                    self._stop.wait(self._pause_s)
        except BaseException as error:  # noqa: BLE001 - the flow looks at it
            self.faults.append(error)
        if client is not None:
            client.close()

    def _ask(self, client: Client | None) -> Client | None:
        is_fresh = client is None
        begun_s = time.monotonic()
        try:
            client = client or Client(self._address)
            answer = client.get("/", *([] if self._keeps else ["Connection: close"]))
        except ConnectionError as error:
            # An idle connection may be closed, a fresh one or an answer may not (RFC 9112 section 9.5).
            if is_fresh or client.is_answering:
                self.faults.append(error)
            return None
        self.asked.append(Asked(begun_s, time.monotonic() - begun_s, answer.body))
        if answer.status != 200:
            self.faults.append(AssertionError(answer))
        if self._keeps and answer.fields.get("connection") != "close":
            return client
        client.close()
        return None

    @property
    def last(self) -> bytes:
        """The last answer; empty = none yet."""
        return self.asked[-1].body if self.asked else b""

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


class Crowd:
    """Many visitors: half of them keep their connection.

    They pause after each answer: a test is about what becomes of their requests, not about how many of them
    a server takes that shares the machine with other tests.
    """

    def __init__(self, address, count: int, pause_s: float = 0.005) -> None:
        self.visitors = [Visitor(address, keeps=bool(place % 2), pause_s=pause_s) for place in range(count)]

    def all_saw(self, version: int) -> bool:
        """Whether everybody's last answer is of that version."""
        return all(visitor.last == b"version %d" % version for visitor in self.visitors)

    def count(self) -> int:
        """Return how many requests have been answered."""
        return sum(len(visitor.asked) for visitor in self.visitors)

    def stop(self) -> None:
        """Let everybody stop."""
        for visitor in self.visitors:
            visitor.stop()

    def faults(self) -> list[BaseException]:
        """Return everybody's faults."""
        return [fault for visitor in self.visitors for fault in visitor.faults]

    def took_s(self, since_s: float = 0.0, until_s: float = float("inf")) -> list[float]:
        """Return how long the requests asked in that time took, sorted."""
        return sorted(
            asked.took_s
            for visitor in self.visitors
            for asked in visitor.asked
            if since_s <= asked.at_s < until_s
        )

    def longest_gap_s(self, since_s: float) -> float:
        """Return the longest time in which nobody was answered."""
        ends = sorted(
            asked.at_s + asked.took_s
            for visitor in self.visitors
            for asked in visitor.asked
            if asked.at_s >= since_s
        )
        return max(after - before for before, after in itertools.pairwise(ends))


def quantile(values: list[float], part: float) -> float:
    """Return the value below which `part` of the sorted values lie."""
    return values[min(len(values) - 1, int(part * len(values)))] if values else statistics.nan
