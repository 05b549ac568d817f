"""What all exchanges of a worker share: remembered response lines, the end of a usual head, request ids.

In:     the configuration.
Out:    GatewayTables, one per worker, made after the fork.
Never:  holds anything of a single request.
"""

import itertools
import random
import secrets
from collections.abc import Iterator
from typing import Final

from penstock.config import ProtocolConfig, TelemetryConfig, WSGIConfig
from penstock.protocol import FieldLineTable, finish_response_head, parse_response_head
from penstock.telemetry import marks
from penstock.wsgi.http_date import DateLine
from penstock.wsgi.trace_request import TraceReader

_PLAIN_HEADERS: Final = [("Content-Length", "0")]
_BLOCK: Final = 4096
_ENDINGS: Final = tuple(f"{number:03x}" for number in range(_BLOCK))


class GatewayTables:
    """One worker's tables.

    Args:
        config: of the seam.
        protocol: says how many response lines are remembered.
        telemetry: says how many requests are sampled, and who can ask to be.

    Attributes:
        lines: response header lines already checked and encoded.
        date: the current `Date` line.
        plain_end: what protocol/ puts behind a plain head (only Date is missing) on a kept connection, the
            same for all answers of a second; call `renew` when `date` has expired.
        request_ids: next() gives that of a new exchange.
        trace_marks: next() gives those that a new exchange begins with.
        trace_reader: reads what a request says about its trace.
        reads_traces: whether it has to read requests that have no traceparent, too.
        returns_request_id: whether responses carry X-Request-ID.
        returns_trace: whether they carry traceresponse.
        is_returning: one of both.
    """

    __slots__ = (
        "date",
        "is_returning",
        "lines",
        "plain_end",
        "reads_traces",
        "request_ids",
        "returns_request_id",
        "returns_trace",
        "trace_marks",
        "trace_reader",
    )

    def __init__(
        self, config: WSGIConfig, protocol: ProtocolConfig, telemetry: TelemetryConfig | None = None
    ) -> None:
        telemetry = telemetry or TelemetryConfig()
        self.lines = FieldLineTable(protocol)
        self.date = DateLine()
        self.renew(0)  # a thread that comes in while another renews finds an old date, never none
        self.request_ids = request_ids(secrets.token_hex(5))
        self.trace_marks = marks(telemetry.trace_sample, random.Random().random)  # noqa: S311 - no secret
        self.trace_reader = TraceReader(telemetry)
        self.reads_traces = self.trace_reader.is_busy
        self.returns_request_id = config.request_id_response
        self.returns_trace = telemetry.trace_response
        self.is_returning = self.returns_request_id or self.returns_trace

    def renew(self, now_ns: int) -> None:
        """Renew the date and what depends on it.

        Args:
            now_ns: monotonic time.
        """
        self.date.renew(now_ns)
        plain = parse_response_head("200 OK", _PLAIN_HEADERS, self.lines)
        wire, _, _ = finish_response_head(
            plain,
            method="GET",
            version="HTTP/1.1",
            keep_alive=True,
            body_length=0,
            date_line=self.date.line,
        )
        self.plain_end = wire.removeprefix(plain.block)


def request_ids(process: str) -> Iterator[str]:
    """Count from 1; each number is an id that no other process gives: `process`, a dash, the number in hex.

    An f-string alone takes 90 ns, this a third.  Formatting happens once in 4,096, the rest is C.  No
    generator: a second thread that comes in between would be told "already executing".

    Args:
        process: random text of this process.
    """

    def block(index: int) -> Iterator[str]:
        return map(f"{process}-{index:04x}".__add__, _ENDINGS)

    ids = itertools.chain.from_iterable(map(block, itertools.count()))
    next(ids)  # number 0
    return ids
