import json
import os
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from penstock.agent.metrics import ApplicationMetrics, Gatherer, ProcessMetrics, ServerMetrics
from penstock.agent.ops.desk import Desk, Subject
from penstock.protocol import RequestHead
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.metrics.definition import Definition, Kind, Merge
from penstock.telemetry.metrics.instrument import Counter, Gauge, Histogram
from penstock.telemetry.metrics.meter import Meter
from penstock.telemetry.metrics.runtime import GarbageWatch, take_over_counter


@pytest.fixture
def make_desk(segment, now):
    def make(**changes) -> Desk:
        sources = (ServerMetrics(segment, 4, os.getppid()), ProcessMetrics(segment, os.getppid()))
        gatherer = Gatherer([*sources, ApplicationMetrics(segment)])
        values = {
            "segment": segment,
            "threads": 4,
            "has_query": True,
            "master_pid": os.getppid(),
            "gatherer": gatherer,
        }
        return Desk(Subject(**values | changes), now)

    return make


def ask(desk: Desk, path: str, method: str = "GET", accept: str = ""):
    return desk.answer(
        RequestHead(method=method, path=path, fields={"HTTP_ACCEPT": accept} if accept else {})
    )


def test_liveness_needs_nobody(make_desk) -> None:
    answer = ask(make_desk(), "/livez")
    assert (answer.status, answer.body) == ("200 OK", b"alive\n")


def test_readiness_says_why_not(make_desk, put) -> None:
    put(0, WorkerState.DRAINING)
    answer = ask(make_desk(), "/readyz")
    assert (answer.status, answer.body) == ("503 Service Unavailable", b"draining\n")


def test_readiness_is_given(make_desk, put) -> None:
    put(0)
    put(1)
    assert ask(make_desk(), "/readyz").status == "200 OK"


def test_master_that_is_not_our_parent_has_gone(make_desk, put) -> None:
    put(0)
    put(1)
    assert ask(make_desk(master_pid=os.getpid()), "/readyz").body == b"the master has gone\n"


def test_metrics_are_prometheus_text(make_desk) -> None:
    answer = ask(make_desk(), "/metrics")
    assert answer.kind == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.body.startswith(b"# HELP penstock_")


def test_metrics_are_openmetrics_for_who_asks_for_it(make_desk) -> None:
    answer = ask(make_desk(), "/metrics", accept="application/openmetrics-text;version=1.0.0")
    assert answer.kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.body.endswith(b"\n# EOF\n")
    assert ("Vary", "Accept") in answer.fields


@pytest.fixture
def busy_desk(segment, make_desk, put, finished) -> Desk:
    """Return the desk of a server that has something of everything."""
    recorder = put(1)
    recorder.access(finished())
    meter = Meter()
    meter.bind(segment, 1)
    meter.pid = 4242
    GarbageWatch(meter)
    take_over_counter(meter)
    meter.define(Counter, Definition("shop_orders", Kind.COUNTER, "Orders.", ("kind",))).labels('a"\n').inc()
    bounds = Definition("shop_wait_seconds", Kind.HISTOGRAM, "Waiting.", (), (0.1, 1.0), unit="seconds")
    meter.define(Histogram, bounds).observe(0.5, exemplar={"trace_id": "4bf9"})
    meter.define(Gauge, Definition("shop_users", Kind.GAUGE, "Users.", merge=Merge.EACH)).set(3)
    return make_desk()


@pytest.mark.skipif(
    shutil.which("promtool") is None and "CI" not in os.environ, reason="promtool is not installed"
)
def test_promtool_has_nothing_to_say_of_the_page(busy_desk) -> None:
    page = ask(busy_desk, "/metrics").body
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_parser_of_openmetrics_reads_every_family_of_the_page(busy_desk) -> None:
    page = ask(busy_desk, "/metrics", accept="application/openmetrics-text").body.decode()
    families = {family.name: family for family in parse_openmetrics(page)}
    assert len(families) == page.count("# TYPE ") > 30
    assert families["penstock_build"].type == "info"
    assert families["shop_orders"].samples[0].labels == {"kind": 'a"\n'}
    assert families["shop_users"].samples[0].labels == {"worker": "1"}
    assert families["penstock_process_cpu_seconds"].unit == "seconds"
    exemplars = [sample.exemplar for sample in families["shop_wait_seconds"].samples if sample.exemplar]
    assert [exemplar.labels for exemplar in exemplars] == [{"trace_id": "4bf9"}]


def test_status_is_the_snapshot_and_readiness_and_memory(make_desk, put) -> None:
    put(0)
    put(1, pid=os.getpid()).enter(0, 1, b"GET /slow?key=1 HTTP/1.1")
    answer = ask(make_desk(), "/status")
    report = json.loads(answer.body)
    assert answer.kind == "application/json"
    assert (report["ready"], report["reason"], report["threads"]) == (True, "ready", 4)
    (worker,) = report["workers"]
    assert (worker["state"], worker["pid"]) == ("ready", os.getpid())
    assert worker["resident_bytes"] > 1 << 20
    assert worker["current"][0]["line"] == "GET /slow?key=1 HTTP/1.1"


def test_status_has_the_reports_of_stations(make_desk) -> None:
    desk = make_desk(stations=lambda: {"door": {"received": 3}})
    assert json.loads(ask(desk, "/status").body)["stations"] == {"door": {"received": 3}}


def test_status_leaves_queries_out_where_the_log_does(make_desk, put) -> None:
    put(1).enter(0, 1, b"GET /slow?key=1 HTTP/1.1")
    report = json.loads(ask(make_desk(has_query=False), "/status").body)
    assert report["workers"][0]["current"][0]["line"] == "GET /slow HTTP/1.1"


def test_memory_of_a_stranger_is_not_shown(make_desk, put) -> None:
    put(1, pid=1)
    assert json.loads(ask(make_desk(), "/status").body)["workers"][0]["resident_bytes"] is None


def test_path_that_is_none_is_told_which_are(make_desk) -> None:
    answer = ask(make_desk(), "/health")
    assert (answer.status, answer.body) == ("404 Not Found", b"expected /livez, /readyz, /metrics, /status\n")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_method_that_changes_things_is_refused(make_desk, method: str) -> None:
    answer = ask(make_desk(), "/readyz", method)
    assert (answer.status, answer.fields) == ("405 Method Not Allowed", (("Allow", "GET, HEAD"),))


def test_metrics_are_made_anew_twice_a_second_at_most(make_desk, put, finished, now) -> None:
    desk, recorder = make_desk(), put(1)
    pages = []
    for _ in range(3):
        recorder.access(finished())
        pages.append(b'penstock_requests_total{status="2xx"} 3' in ask(desk, "/metrics").body)
        now.pass_s(0.26)
    assert pages == [False, False, True]


def test_damaged_memory_is_an_error_of_that_page_alone(make_desk, segment) -> None:
    desk = make_desk()
    segment.words[layout.MAGIC_WORD] = 1
    assert ask(desk, "/status").status == "500 Internal Server Error"
    assert ask(desk, "/livez").status == "200 OK"


@pytest.mark.parametrize("word", [1, 3, 255, (1 << 63) + 5, (1 << 64) - 1])
def test_damaged_scoreboard_is_answered_for_all_the_same(make_desk, segment, put, word: int) -> None:
    for slot in range(3):
        put(slot)
        first = segment.layout.slot_word(slot)
        for place in range(64):
            segment.words[first + place] = word
    desk = make_desk()
    for path in ("/readyz", "/metrics", "/status"):
        assert ask(desk, path).status.partition(" ")[0] in {"200", "503"}, path
