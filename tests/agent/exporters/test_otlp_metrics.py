from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from penstock.agent.exporters.otlp_metrics import count_points, pack_metrics, read_metrics_answer
from penstock.agent.metrics.family import Exemplar, Family, HistogramValue, Kind, Sample, SummaryValue

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
LABELS = (("method", "GET"),)


def unpack(*families):
    message = ExportMetricsServiceRequest.FromString(
        pack_metrics(families, {"service.name": "shop"}, 100, 900)
    )
    [resource] = message.resource_metrics
    assert resource.resource.attributes[0].value.string_value == "shop"
    return list(resource.scope_metrics[0].metrics)


def family(kind, *samples, name="x", unit=""):
    return Family(name, kind, "What it is.", unit, samples)


def test_counter_is_a_cumulative_monotonic_sum_since_the_start():
    [metric] = unpack(family(Kind.COUNTER, Sample(LABELS, 7), Sample((), 0.5), name="orders"))
    assert (metric.name, metric.description, metric.sum.is_monotonic) == ("orders", "What it is.", True)
    assert metric.sum.aggregation_temporality == 2  # cumulative
    first, second = metric.sum.data_points
    assert (first.as_int, first.start_time_unix_nano, first.time_unix_nano) == (7, 100, 900)
    assert first.attributes[0].key == "method"
    assert second.as_double == 0.5


def test_gauges_and_what_is_always_one_are_gauges():
    kinds = (Kind.GAUGE, Kind.INFO, Kind.STATES)
    metrics = unpack(*(family(kind, Sample((), 1), name=kind.value) for kind in kinds))
    assert [metric.gauge.data_points[0].as_int for metric in metrics] == [1, 1, 1]
    assert metrics[0].gauge.data_points[0].start_time_unix_nano == 0


def test_histogram_has_explicit_bounds_and_exemplars_that_lead_to_traces():
    exemplar = Exemplar((("trace_id", TRACE_ID), ("span_id", SPAN_ID), ("request_id", "id-1")), 0.3, 5.5)
    value = HistogramValue((0.1, 1.0), (4, 2, 1), 3.5, (None, exemplar, None))
    [metric] = unpack(family(Kind.HISTOGRAM, Sample(LABELS, value), unit="seconds"))
    assert metric.unit == "s"
    assert metric.histogram.aggregation_temporality == 2
    [point] = metric.histogram.data_points
    assert (point.count, point.sum) == (7, 3.5)
    assert (list(point.bucket_counts), list(point.explicit_bounds)) == ([4, 2, 1], [0.1, 1.0])
    [found] = point.exemplars
    assert (found.trace_id.hex(), found.span_id.hex()) == (TRACE_ID, SPAN_ID)
    assert (found.as_double, found.time_unix_nano) == (0.3, 5_500_000_000)
    assert [pair.key for pair in found.filtered_attributes] == ["request_id"]


def test_exemplar_of_a_counter_may_be_of_no_trace():
    exemplar = Exemplar((("trace_id", "none"),), 1, 1.0)
    [metric] = unpack(family(Kind.COUNTER, Sample((), 1, exemplar)))
    [found] = metric.sum.data_points[0].exemplars
    assert found.trace_id == b""
    assert found.filtered_attributes[0].key == "trace_id"


def test_summary_has_count_and_sum():
    [metric] = unpack(family(Kind.SUMMARY, Sample((), SummaryValue(3, 4.5)), unit="bytes"))
    assert metric.unit == "By"
    [point] = metric.summary.data_points
    assert (point.count, point.sum) == (3, 4.5)


def test_number_beyond_64_bits_is_still_a_number():
    [metric] = unpack(family(Kind.COUNTER, Sample((), 2**64 - 1)))
    assert metric.sum.data_points[0].as_double == 2.0**64


def test_points_are_counted():
    families = [family(Kind.COUNTER, Sample((), 1), Sample(LABELS, 2)), family(Kind.GAUGE, Sample((), 3))]
    assert count_points(families) == 3


def test_answer_says_what_was_refused():
    answer = ExportMetricsServiceResponse()
    answer.partial_success.rejected_data_points = 2
    answer.partial_success.error_message = "no"
    assert read_metrics_answer(answer.SerializeToString()) == (2, "no")
