"""A machine whose clocks a test moves, and stores on it."""

import dataclasses
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.agent.errors import Change, Example
from penstock.agent.errors.stack import Origin
from penstock.agent.store.schema import open_for_writing
from penstock.agent.store.timeline import Clocks
from penstock.agent.traces import SpanKind, Trace, TraceSpan

NOON_S = 1_800_000_000.0


@dataclasses.dataclass
class Machine:
    """A boot clock and a wall clock, each of which may be moved for itself."""

    boot_id: str = "first-boot"
    boot_s: float = 5000.0
    wall_s: float = NOON_S

    @property
    def clocks(self) -> Clocks:
        return Clocks(self.boot_id, lambda: self.boot_s, lambda: self.wall_s)

    def pass_s(self, duration_s: float) -> None:
        self.boot_s += duration_s
        self.wall_s += duration_s

    def reboot(self, off_s: float) -> None:
        self.boot_id += "+"
        self.boot_s = 10.0
        self.wall_s += off_s


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def connection(path) -> Iterator[sqlite3.Connection]:
    made = open_for_writing(path)
    yield made
    made.close()


@pytest.fixture
def change() -> Callable[..., Change]:
    def make(**changes) -> Change:
        example = Example(message="failed", trace="Traceback", logger="shop", pid=7, slot=2)
        origin = Origin("ValueError", "shop/views.py", "pay", 12)
        values = {"id": "a1", "application": "shop", "origin": origin, "count": 1, "example": example}
        return Change(**values | {"first_s": 0.0, "last_s": 0.0} | changes)

    return make


@pytest.fixture
def trace() -> Callable[..., Trace]:
    """Make a trace by number, with one span, and a body of about `padding` bytes that does not compress."""

    def make(number: int = 1, padding: int = 0, **changes) -> Trace:
        span = TraceSpan(
            span_id=f"{number:016x}",
            parent_id="",
            name="GET /",
            kind=SpanKind.SERVER,
            start_ns=5,
            duration_ns=100,
            attributes={"http.response.status_code": 200, "padding": os.urandom(padding // 2).hex()},
        )
        values = {"trace_id": f"{number:032x}", "caller_id": "", "tracestate": "", "request_id": f"r{number}"}
        values |= {
            "request_line": "GET / HTTP/1.1",
            "status": 200,
            "outcome": "complete",
            "peer": "192.0.2.1",
        }
        values |= {"pid": 7, "server": "shop", "reasons": ("sampled",), "start_ns": 5, "duration_ns": 100}
        return Trace(**values | {"spans": (span,)} | changes)

    return make
