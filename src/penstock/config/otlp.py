"""Options of OTLP: where traces and metrics are sent."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OTLPConfig:
    """OTLP out, by HTTP and protobuf; off unless asked for. Needs `penstock[otlp]`."""

    otlp_endpoint: str = option(
        "",
        help="collector that traces and metrics are sent to, as http://HOST:4318; empty = none",
        reason="OpenTelemetry's name for it (OTEL_EXPORTER_OTLP_ENDPOINT)",
    )
    otlp_headers: tuple[str, ...] = option(
        (),
        help="fields sent along, each as `Name: value`: what the collector wants to know us by",
        reason="a collector of one's own asks for none",
        secret=True,
    )
    otlp_service_name: str = option(
        "",
        help="service.name; empty = the module of the application",
        reason="a name that needs no thought",
    )
    otlp_metrics_s: float = option(
        60.0,
        help="how often metrics are sent; 0 = never",
        reason="OpenTelemetry's interval (OTEL_METRIC_EXPORT_INTERVAL)",
        unit="s",
        minimum=0,
        maximum=3600,
    )
    otlp_timeout_s: float = option(
        10.0,
        help="how long a collector may take for one answer",
        reason="OpenTelemetry's (OTEL_EXPORTER_OTLP_TIMEOUT)",
        unit="s",
        minimum=0.1,
        maximum=60,
    )
