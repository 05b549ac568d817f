"""What a finished request must offer to be judged and recorded.

In:     nothing.
Out:    the FinishedRequest protocol, which the exchange of wsgi/exchange.py fits; its id, for a record.
Never:  writes: keeper.py judges, writing/recorder.py makes a record of it.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from penstock.telemetry.records.record import JOINED, Outcome
from penstock.telemetry.records.text import id_with_trace
from penstock.telemetry.traces.trace import RequestTrace


# ruff: noqa: D102 - the protocol's attributes are described where they are set, in wsgi/exchange.py
class FinishedRequest(Protocol):
    """What Recorder.access reads. Times: CLOCK_MONOTONIC in ns, in order; 0 = not reached."""

    @property
    def first_byte_ns(self) -> int: ...
    @property
    def head_ns(self) -> int: ...
    @property
    def body_ns(self) -> int: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def response_ns(self) -> int: ...
    @property
    def end_ns(self) -> int: ...
    @property
    def last_byte_ns(self) -> int: ...
    @property
    def received_bytes(self) -> int: ...
    @property
    def sent_bytes(self) -> int: ...
    @property
    def status_code(self) -> int: ...
    @property
    def thread(self) -> int: ...
    @property
    def lane(self) -> int: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def peer(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def line(self) -> bytes: ...
    @property
    def environ(self) -> Mapping[str, Any]: ...
    @property
    def trace(self) -> RequestTrace: ...


def id_field(exchange: FinishedRequest, marks: int) -> str:
    """The request id as the access record has it: with the caller's trace, if the marks say so."""
    caller = exchange.trace.caller
    if caller is None or not marks & JOINED:
        return exchange.request_id
    return id_with_trace(exchange.request_id, caller.trace_id)
