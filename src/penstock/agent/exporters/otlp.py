"""OTLP out: kept traces as they come, metrics every so often.

In:     traces; families, when the time has come.
Out:    parcels for the courier.
Never:  packs or sends on the agent's own thread; imports opentelemetry-proto unless it is on.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from penstock.agent.exporters.address import OTLPOptionError, parse_collector_address, service_of
from penstock.agent.exporters.courier import Courier, Parcel
from penstock.agent.exporters.delivery import Collector
from penstock.agent.exporters.trouble import TroubleTeller
from penstock.agent.metrics import Gatherer
from penstock.agent.traces import Trace
from penstock.agent.watch import Notice
from penstock.config import OTLPConfig
from penstock.telemetry.clock import measure_offset_ns
from penstock.telemetry.memory import layout

if TYPE_CHECKING:
    from penstock.agent.tenant import Tenant

_BATCH_TRACES: Final = 64
_PATIENCE_S: Final = 2.0  # what a collector may take when the agent leaves
_SPAN_WEIGHT: Final = 400  # bytes of a span without its attributes, roughly
_PAIR_WEIGHT: Final = 120


def check_otlp(config: OTLPConfig) -> None:
    """Check the options before anything starts.

    Raises:
        OTLPOptionError: the endpoint or a field is malformed, or the library is not installed.
    """
    if not config.otlp_endpoint:
        return
    parse_collector_address(config.otlp_endpoint, config.otlp_headers)
    try:
        import opentelemetry.proto  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise OTLPOptionError(
            "otlp_endpoint needs opentelemetry-proto; expected `pip install penstock[otlp]`"
        ) from error


class OTLP:
    """The station.

    Args:
        config: with an endpoint.
        gatherer: of the metrics.
        wall_ns: nanoseconds since 1970.
    """

    name = "otlp"

    def __init__(
        self, config: OTLPConfig, gatherer: Gatherer, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        from penstock.agent.exporters import otlp_metrics, otlp_traces  # noqa: PLC0415 - an extra

        self._metrics_packer = otlp_metrics
        self._traces_packer = otlp_traces
        self._gatherer = gatherer
        self._wall_ns = wall_ns
        self._service = config.otlp_service_name
        self._every_s = config.otlp_metrics_s
        self._due_s: float | None = None
        self._start_ns = wall_ns()
        self._server = ""
        self._batch: list[Trace] = []
        address = parse_collector_address(config.otlp_endpoint, config.otlp_headers)
        self._courier = Courier(Collector(address, config.otlp_timeout_s), "penstock-otlp")
        self._teller = TroubleTeller(f"otlp: collector {address.host}:{address.port}")

    # What it hears

    def joined(self, tenant: "Tenant") -> None:
        """Count from when the oldest server started."""
        created_ns = tenant.segment.words[layout.CREATED_NS_WORD]
        self._start_ns = min(self._start_ns, created_ns + measure_offset_ns())
        self._server = self._server or tenant.name

    def left(self, tenant: "Tenant") -> None:
        """Its counts stay with whoever has them."""

    def keep(self, trace: Trace) -> None:
        """Take a trace along."""
        self._batch.append(trace)
        if len(self._batch) >= _BATCH_TRACES:
            self._send_traces()

    # The loop

    def tick(self, now_s: float) -> None:
        """Send what has come, and metrics when they are due; none while the last ones still wait."""
        self._teller.look(self._courier.trouble, now_s)
        if self._batch:
            self._send_traces()
        if not self._every_s:
            return
        if self._due_s is None:
            self._due_s = now_s + self._every_s
        elif now_s >= self._due_s:
            self._due_s = now_s + self._every_s
            if not self._courier.has_waiting("metrics"):
                self._send_metrics()

    def close(self) -> None:
        """Send what is left, if the collector takes it at once."""
        if self._batch:
            self._send_traces()
        if self._every_s:
            self._send_metrics()
        self._courier.close(_PATIENCE_S)

    def take_notices(self) -> list[Notice]:
        """Return what is to be said since the last call."""
        return self._teller.take()

    def report(self) -> dict[str, int | str]:
        """What was sent, tried again, dropped."""
        return self._courier.report()

    # Parcels

    def _send_traces(self) -> None:
        batch, self._batch = self._batch, []
        packer, facts = self._traces_packer, self._facts()
        self._courier.put(
            Parcel(
                kind="spans",
                path="/v1/traces",
                count=sum(len(trace.spans) for trace in batch),
                weight=sum(map(_weight, batch)),
                pack=lambda: packer.pack_traces(batch, facts),
                read_answer=packer.read_traces_answer,
            )
        )

    def _send_metrics(self) -> None:
        packer, facts, start_ns = self._metrics_packer, self._facts(), self._start_ns
        facts = {"service.name": service_of(self._server), **facts}

        def pack() -> bytes:
            """As of the moment at which it leaves; each try has newer ones."""
            families = self._gatherer.gather()
            message: bytes = packer.pack_metrics(families, facts, start_ns, self._wall_ns())
            return message

        self._courier.put(
            Parcel(
                kind="metrics",
                path="/v1/metrics",
                count=1,
                weight=0,
                pack=pack,
                read_answer=packer.read_metrics_answer,
            )
        )

    def _facts(self) -> Mapping[str, Any]:
        """What is true of all resources."""
        host = socket.gethostname()
        facts = {"host.name": host, "telemetry.sdk.name": "penstock", "telemetry.sdk.language": "python"}
        if self._service:
            facts["service.name"] = self._service
        return {**facts, "service.instance.id": f"{host}:{os.getppid()}"}


def _weight(trace: Trace) -> int:
    pairs = sum(len(span.attributes) for span in trace.spans)
    texts = sum(
        len(value) for span in trace.spans for value in span.attributes.values() if isinstance(value, str)
    )
    return _SPAN_WEIGHT * len(trace.spans) + _PAIR_WEIGHT * pairs + texts
