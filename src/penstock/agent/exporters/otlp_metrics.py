"""Families of metrics as an OTLP request: sums and histograms count from the server's start (cumulative).

    COUNTER     sum, monotonic          HISTOGRAM   explicit bounds, exemplars
    GAUGE       gauge                   SUMMARY     count and sum
    INFO        gauge of 1              STATES      gauge of 0 and 1

In:     families.
Out:    the serialised message; from the collector's answer, how many points it has refused.
Never:  imported unless OTLP is on.

Rules:  OTLP 1.x, ExportMetricsServiceRequest; OpenTelemetry "Prometheus and OpenMetrics Compatibility"
        (kinds, exemplars); UCUM for units.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar as ExemplarMessage

from penstock.agent.exporters.otlp_value import SCOPE, attributes, nanoseconds, resource
from penstock.agent.metrics.family import Exemplar, Family, HistogramValue, Kind, Sample, SummaryValue

_UNITS: Final = {"seconds": "s", "bytes": "By", "ratio": "1", "": ""}
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")
_INT64: Final = 1 << 63
_NS_PER_S: Final = 1_000_000_000


def pack_metrics(families: Iterable[Family], facts: Mapping[str, Any], start_ns: int, now_ns: int) -> bytes:
    """Return the message.

    Args:
        families: as gathered.
        facts: attributes of the resource.
        start_ns: since when counters count, since 1970.
        now_ns: since 1970.
    """
    span = (nanoseconds(start_ns), nanoseconds(now_ns))
    metrics = [_metric(family, span) for family in families]
    message: bytes = ExportMetricsServiceRequest(
        resource_metrics=[
            ResourceMetrics(
                resource=resource(facts), scope_metrics=[ScopeMetrics(scope=SCOPE, metrics=metrics)]
            )
        ]
    ).SerializeToString()
    return message


def count_points(families: Iterable[Family]) -> int:
    """How many series a message has."""
    return sum(len(family.samples) for family in families)


def read_metrics_answer(answer: bytes) -> tuple[int, str]:
    """Return how many points the collector has refused, and why."""
    partial = ExportMetricsServiceResponse.FromString(answer).partial_success
    return partial.rejected_data_points, partial.error_message


def _metric(family: Family, span: tuple[int, int]) -> Metric:
    metric = Metric(name=family.name, description=family.help, unit=_UNITS.get(family.unit, family.unit))
    if family.kind is Kind.HISTOGRAM:
        metric.histogram.CopyFrom(_histogram(family, span))
    elif family.kind is Kind.SUMMARY:
        metric.summary.CopyFrom(_summary(family, span))
    elif family.kind is Kind.COUNTER:
        points = [_number(sample, span) for sample in family.samples]
        metric.sum.CopyFrom(
            Sum(
                data_points=points,
                aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE,
                is_monotonic=True,
            )
        )
    else:
        metric.gauge.CopyFrom(Gauge(data_points=[_number(sample, (0, span[1])) for sample in family.samples]))
    return metric


def _number(sample: Sample, span: tuple[int, int]) -> NumberDataPoint:
    start_ns, now_ns = span
    value = sample.value
    point = NumberDataPoint(
        attributes=attributes(sample.labels), start_time_unix_nano=start_ns, time_unix_nano=now_ns
    )
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        point.as_int = value
    elif isinstance(value, int | float):
        point.as_double = float(value)
    if sample.exemplar is not None:
        point.exemplars.append(_exemplar(sample.exemplar))
    return point


def _histogram(family: Family, span: tuple[int, int]) -> Histogram:
    points = [
        HistogramDataPoint(
            attributes=attributes(sample.labels),
            start_time_unix_nano=span[0],
            time_unix_nano=span[1],
            count=sum(value.counts),
            sum=value.sum,
            bucket_counts=value.counts,
            explicit_bounds=value.bounds,
            exemplars=[_exemplar(exemplar) for exemplar in value.exemplars if exemplar is not None],
        )
        for sample in family.samples
        if isinstance(value := sample.value, HistogramValue)
    ]
    return Histogram(data_points=points, aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE)


def _summary(family: Family, span: tuple[int, int]) -> Summary:
    points = [
        SummaryDataPoint(
            attributes=attributes(sample.labels),
            start_time_unix_nano=span[0],
            time_unix_nano=span[1],
            count=value.count,
            sum=value.sum,
        )
        for sample in family.samples
        if isinstance(value := sample.value, SummaryValue)
    ]
    return Summary(data_points=points)


def _exemplar(exemplar: Exemplar) -> ExemplarMessage:
    """An exemplar; its trace and span are members of their own."""
    labels = dict(exemplar.labels)
    trace_id, span_id = labels.get("trace_id", ""), labels.get("span_id", "")
    message = ExemplarMessage(
        as_double=exemplar.value, time_unix_nano=nanoseconds(int(exemplar.time_s * _NS_PER_S))
    )
    if _TRACE_ID.fullmatch(trace_id):
        message.trace_id = bytes.fromhex(labels.pop("trace_id"))
    if _SPAN_ID.fullmatch(span_id):
        message.span_id = bytes.fromhex(labels.pop("span_id"))
    message.filtered_attributes.extend(attributes(labels.items()))
    return message
