"""A server's memory, a worker in it, and what becomes of the requests that it keeps."""

import pytest

from penstock.agent.traces import Trace, Traces
from penstock.config.telemetry import TelemetryConfig
from penstock.telemetry.clock import WallClock
from penstock.telemetry.memory.layout import RECORD_BYTES
from penstock.telemetry.records.record import ACCESS
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.traces.trace import CURRENT, RequestTrace
from penstock.telemetry.writing.recorder import Recorder

SLOT = 1


class Server:
    """What the station asks of a tenant."""

    def __init__(self, segment):
        self.segment = segment
        self.clock = WallClock()
        self.name = "shop"
        self.has_query = True


class Rig:
    """Tenant, worker, station and a sink that remembers."""

    def __init__(self, segment):
        self.segment = segment
        self.traces: list[Trace] = []
        self.tenant = Server(segment)
        self.station = Traces([self])
        self.station.joined(self.tenant)
        self.recorder = Recorder(segment, SLOT, wait=lambda _: None, config=TelemetryConfig(trace_rate=1000))
        self.recorder.reset(4242, 1)
        self.reader = RingReader(segment, segment.layout.access_ring(SLOT), ACCESS, SLOT)

    def keep(self, trace: Trace) -> None:
        self.traces.append(trace)

    def serve(self, request, function=lambda: None) -> None:
        """Run the code of a request and record it."""
        token = CURRENT.set(request.trace)
        try:
            function()
        finally:
            CURRENT.reset(token)
            self.recorder.access(request)

    def read(self) -> list[Trace]:
        """Let the station hear what the worker has recorded."""
        while batch := self.reader.take(100):
            self.segment.words[self.reader.tail_word] = batch.tail
            self.station.access(self.tenant, batch)
        return self.traces

    def damage(self, number: int, text: bytes) -> None:
        """Overwrite the text of a record of ring C, which is as long at least."""
        place = self.segment.layout.span_ring(SLOT)
        words = self.segment.memory[place.records_at + number * RECORD_BYTES :][:24].cast("Q")
        start, stop = words[1], words[2]
        self.segment.memory[start:stop] = text.ljust(stop - start)


@pytest.fixture
def rig(segment):
    return Rig(segment)


@pytest.fixture
def request_of(finished):
    """A request of 19 us with a trace of its own."""

    def make(own_id="id-1", **changes):
        trace = RequestTrace()
        trace.own_id = own_id
        return finished(trace=trace, **{"request_id": own_id} | changes)

    return make
