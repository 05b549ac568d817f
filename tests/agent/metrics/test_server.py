"""The metrics as Prometheus' own parser reads them."""

import os
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.agent.metrics.exposition import render
from penstock.agent.metrics.family import Exemplar
from penstock.agent.metrics.server import BOUNDS_S, ServerMetrics, buckets_below
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.histogram import bucket_of
from penstock.telemetry.memory.pulse import RunningRequest
from penstock.telemetry.memory.scoreboard import WorkerState, mark_gone
from penstock.telemetry.memory.verdict import ReloadState, Verdict, begin_reload, write_verdict
from penstock.telemetry.records.record import Outcome


@pytest.fixture
def metrics(segment) -> ServerMetrics:
    return ServerMetrics(segment, threads=4, master_pid=os.getppid())


def parse(metrics: ServerMetrics):
    """Return the families, and values by (name, *labels)."""
    families = list(text_string_to_metric_families(render(metrics.families())))
    values = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    return families, values


def test_names_and_units_are_as_prometheus_asks(metrics, put, finished) -> None:
    put(1).access(finished())
    families, _ = parse(metrics)
    assert len(families) > 20
    for family in families:
        assert re.fullmatch(r"penstock_[a-z_]+", family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert family.type in {"counter", "gauge", "histogram"}, family.name
        # The parser takes `_total` off the names of counters.
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket")), family.name
        assert not re.search(r"_(ms|milliseconds|us|ns|kb|kib|mb|percent)\b", family.name), family.name
        assert not re.search(r"gauge|counter|histogram|summary|metric", family.name), family.name
        ends = {sample.name.endswith("_total") for sample in family.samples}
        assert ends == {family.type == "counter"}, family.name


def test_every_series_is_there_once(metrics, put, finished) -> None:
    put(1).access(finished())
    families, values = parse(metrics)
    assert sum(len(family.samples) for family in families) == len(values)


def test_requests_are_counted_by_status_class_over_all_workers_that_there_were(
    segment, metrics, put, finished
) -> None:
    put(1, pid=100).access(finished())
    put(2, pid=200).access(finished(status_code=404))
    mark_gone(segment, 1)
    put(1, pid=101).access(finished(status_code=500))
    _, values = parse(metrics)
    counts = {name: values["penstock_requests_total", ("status", name)] for name in ("2xx", "4xx", "5xx")}
    assert counts == {"2xx": 1, "4xx": 1, "5xx": 1}
    assert values["penstock_worker_requests_total", ("worker", "1")] == 2


def test_counters_do_not_go_back_when_a_worker_is_replaced(segment, metrics, put, finished) -> None:
    recorder = put(1, pid=100)
    recorder.access(finished())
    recorder.refused(status=400, line=b"X", peer="", now_ns=1, reason="bad")
    families, before = parse(metrics)
    mark_gone(segment, 1)
    _, while_gone = parse(metrics)
    put(1, pid=101).access(finished())
    _, after = parse(metrics)
    # CPU time is each process's own.
    rising = [f.name for f in families if f.type in {"counter", "histogram"} and "cpu" not in f.name]
    names = [key for key in before if key[0].startswith(tuple(rising))]
    assert len(names) > 100
    assert [key for key in names if not before[key] <= while_gone[key] <= after[key]] == []
    assert after["penstock_worker_refused_requests_total", ("worker", "1")] == 1


def test_request_that_died_with_its_worker_is_counted(metrics, put) -> None:
    request = RunningRequest(
        thread=1,
        since_ns=5,
        deadline_ns=0,
        request_id="id",
        line="GET / HTTP/1.1",
        is_answered=False,
        is_interrupted=False,
    )
    put(0).killed(request, 4242, Outcome.CUT, 10)
    _, values = parse(metrics)
    assert values[("penstock_killed_requests_total",)] == 1
    assert sum(value for key, value in values.items() if key[0] == "penstock_requests_total") == 0


def test_phase_is_a_histogram_whose_buckets_add_up(metrics, put, finished) -> None:
    recorder = put(1)
    for _ in range(3):
        recorder.access(finished())
    recorder.access(finished(last_byte_ns=finished().first_byte_ns + 2_000_000_000))
    _, values = parse(metrics)
    name, phase = "penstock_request_phase_seconds", ("phase", "total")
    assert values[f"{name}_count", phase] == 4
    assert values[f"{name}_bucket", ("le", "0.0001"), phase] == 3
    assert values[f"{name}_bucket", ("le", "1.0"), phase] == 3
    assert values[f"{name}_bucket", ("le", "2.5"), phase] == 4
    assert values[f"{name}_bucket", ("le", "+Inf"), phase] == 4
    assert values[f"{name}_sum", phase] == pytest.approx(2.000057, rel=0.02)


@pytest.mark.parametrize("bound_s", BOUNDS_S)
def test_bound_is_exact_within_2_percent(bound_s: float) -> None:
    cut = buckets_below(bound_s)
    assert bucket_of(int(bound_s * 0.98 * 1e9)) < cut <= bucket_of(int(bound_s * 1.02 * 1e9))


def test_worker_shows_its_gauges_while_it_lives(segment, metrics, put) -> None:
    recorder = put(1)
    recorder.set_connections(17)
    recorder.set_queued(3)
    recorder.enter(1, 5, b"GET / HTTP/1.1")
    _, values = parse(metrics)
    worker = ("worker", "1")
    for name, value in (("connections", 17), ("queued_requests", 3), ("busy_threads", 1), ("threads", 4)):
        assert values[f"penstock_worker_{name}", worker] == value
    assert values["penstock_workers", ("state", "ready")] == 1
    mark_gone(segment, 1)
    _, values = parse(metrics)
    assert ("penstock_worker_connections", worker) not in values
    assert values["penstock_workers", ("state", "ready")] == 0


def test_lanes_rings_and_the_agent_are_counted(segment, metrics, put, finished) -> None:
    put(1).access(finished())
    segment.words[layout.AGENT_LANE_WORDS[1]] = 7
    segment.words[layout.AGENT_LINES_WORD] = 8
    segment.words[segment.layout.access_ring(1).dropped_word] = 2
    _, values = parse(metrics)
    assert values["penstock_lane_requests_total", ("lane", "pool")] == 7
    assert values["penstock_lane_requests_total", ("lane", "inline")] == 0
    assert values[("penstock_agent_lines_total",)] == 8
    assert values["penstock_dropped_records_total", ("ring", "access")] == 2
    assert values["penstock_pending_records", ("ring", "access")] == 1


def test_reload_that_failed_is_a_gauge_until_one_succeeds(segment, metrics) -> None:
    def is_successful() -> float:
        return parse(metrics)[1][("penstock_last_reload_successful",)]

    assert is_successful() == 1
    for number, state, expected in ((2, ReloadState.FAILED, 0), (3, ReloadState.DONE, 1)):
        begin_reload(segment, number)
        assert is_successful() == 1
        write_verdict(segment, Verdict(number, state))
        assert is_successful() == expected


def test_readiness_is_a_gauge(metrics, put) -> None:
    _, values = parse(metrics)
    assert values[("penstock_ready",)] == 0
    put(0)
    put(1, WorkerState.READY)
    _, values = parse(metrics)
    assert values[("penstock_ready",)] == 1


def test_exemplars_are_those_of_the_total_times(segment, put, finished) -> None:
    put(1).access(finished())
    exemplars = (Exemplar((("request_id", "a"),), 0.00002, 1.0), *[None] * len(BOUNDS_S))
    source = ServerMetrics(segment, 4, os.getppid(), lambda: exemplars)
    (family,) = [each for each in source.families() if each.name == "penstock_request_phase_seconds"]
    found = {sample.labels[0][1]: sample.value.exemplars for sample in family.samples}
    assert found.pop("total") == exemplars
    assert set(found.values()) == {()}


def test_start_time_does_not_move(metrics, put) -> None:
    put(1)
    times = {tuple(v for k, v in sorted(parse(metrics)[1].items()) if "start_time" in k[0]) for _ in range(3)}
    assert len(times) == 1
