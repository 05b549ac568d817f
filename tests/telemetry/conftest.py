"""A small segment, and finished requests as the server hands them over."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.records.record import Outcome
from penstock.telemetry.traces.trace import RequestTrace

US = 1000
START_NS = 1_000_000_000  # stamps lie in the past


def request_trace(own_id: str) -> RequestTrace:
    """The trace of a request that says nothing of its own."""
    trace = RequestTrace()
    trace.own_id = own_id
    return trace


@dataclasses.dataclass
class Finished:
    """A request of 19 us that went well."""

    first_byte_ns: int = START_NS
    head_ns: int = START_NS + 2 * US
    body_ns: int = START_NS + 2 * US
    start_ns: int = START_NS + 4 * US
    response_ns: int = START_NS + 12 * US
    end_ns: int = START_NS + 13 * US
    last_byte_ns: int = START_NS + 19 * US
    received_bytes: int = 0
    sent_bytes: int = 1234
    status_code: int = 200
    thread: int = 1
    lane: int = 0
    outcome: Outcome = Outcome.COMPLETE
    peer: str = "192.0.2.1"
    request_id: str = "id-1"
    line: bytes = b"GET /a?b=1 HTTP/1.1"
    trace: RequestTrace = dataclasses.field(default_factory=lambda: request_trace("id-1"))
    environ: dict[str, Any] = dataclasses.field(
        default_factory=lambda: {"HTTP_REFERER": "http://site/", "HTTP_USER_AGENT": "curl/8"}
    )


@pytest.fixture
def finished() -> Callable[..., Finished]:
    return Finished


@pytest.fixture
def segment() -> Iterator[Segment]:
    made = Segment.create(slots=3, threads=2, ring_bytes=65536)
    yield made
    made.close()
