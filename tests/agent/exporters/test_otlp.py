import builtins
import os
import socket
import threading

import pytest

from penstock.agent.exporters import OTLP, OTLPOptionError, check_otlp
from penstock.agent.metrics import Gatherer
from penstock.agent.metrics.family import Family, Kind, Sample
from penstock.config import OTLPConfig


class Orders:
    def __init__(self):
        self.count = 0

    def families(self):
        self.count += 1
        return [Family("orders", Kind.COUNTER, "Orders.", "", (Sample((), self.count),))]


class Server:
    """What the station asks of a tenant."""

    def __init__(self, segment):
        self.segment = segment
        self.name = "shop.wsgi"


@pytest.fixture
def start(collector, monkeypatch):
    monkeypatch.setattr("penstock.agent.exporters.courier._FIRST_WAIT_S", 0.01)
    made = []

    def begin(endpoint=collector.endpoint, **options):
        config = OTLPConfig(otlp_endpoint=endpoint, **({"otlp_timeout_s": 5.0} | options))
        made.append(OTLP(config, Gatherer([Orders()])))
        return made[-1]

    yield begin
    for station in made:
        station.close()


def until(station, **counts) -> bool:
    end = threading.Event()
    for _ in range(3000):
        report = station.report()
        if {name: report.get(name, 0) for name in counts} == counts:
            return True
        end.wait(0.01)
    return False


def facts_of(resource):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in resource.attributes}


def test_kept_traces_arrive_within_a_tick(collector, start, trace):
    station = start()
    station.keep(trace())
    station.tick(0)
    assert collector.wait(lambda stub: len(stub.spans()) == 2)
    facts = facts_of(collector.requests[0].resource_spans[0].resource)
    assert facts["service.name"] == "shop.wsgi"
    assert facts["host.name"] == socket.gethostname()
    assert facts["process.pid"] == 4242
    assert until(station, spans_sent=2)


def test_many_traces_do_not_wait_for_the_tick(collector, start, trace):
    station = start()
    for number in range(64):
        station.keep(trace(number))
    assert collector.wait(lambda stub: len(stub.spans()) == 128)


def test_metrics_are_sent_when_they_are_due(collector, start, segment):
    station = start(otlp_metrics_s=10.0, otlp_service_name="shop")
    station.joined(Server(segment))
    for now_s in (0, 9, 10, 15):
        station.tick(now_s)
    assert collector.wait(lambda stub: len(stub.metrics()) == 1)
    [resource] = collector.requests[0].resource_metrics
    facts = facts_of(resource.resource)
    assert facts["service.name"] == "shop"
    assert facts["service.instance.id"] == f"{socket.gethostname()}:{os.getppid()}"
    point = collector.metrics()[0]["orders"].sum.data_points[0]
    assert 0 < point.start_time_unix_nano < point.time_unix_nano


def test_metrics_can_be_left_out(collector, start, trace):
    station = start(otlp_metrics_s=0.0)
    for now_s in range(100):
        station.tick(now_s)
    station.keep(trace())
    station.close()
    assert collector.metrics() == []
    assert len(collector.spans()) == 2


def test_what_is_left_is_sent_when_the_agent_leaves(collector, start, trace):
    station = start()
    station.keep(trace())
    station.close()
    assert len(collector.spans()) == 2
    assert [found["orders"].sum.data_points[0].as_int for found in collector.metrics()] == [1]


def test_collector_that_is_busy_gets_everything_later_and_once(collector, start, trace):
    collector.answers = [(503, {}, b""), (429, {}, b""), collector.hang_up]
    station = start()
    station.keep(trace())
    station.tick(0)
    assert until(station, spans_sent=2, waiting=0)
    assert len(collector.spans()) == 2
    assert station.report()["tried_again"] >= 2


def test_collector_that_comes_up_later_gets_what_waited(collector, start, closed_port, trace):
    station = start(f"http://127.0.0.1:{closed_port}")
    station.keep(trace())
    station.tick(0)
    assert until(station, tried_again=3)
    assert station.report()["waiting"] == 2
    assert "ConnectionRefused" in station.report()["trouble"]


def test_collector_that_takes_nothing_is_said_once_and_when_it_takes_it_again(collector, start, trace):
    collector.answers = [(503, {}, b"")] * 10_000
    station = start()
    station.keep(trace())
    station.tick(0)
    assert station.take_notices() == []
    assert collector.wait(lambda stub: len(stub.fields) >= 2)  # so the first has been judged
    for now_s in range(1, 4):
        station.tick(now_s)
    [begun] = station.take_notices()
    assert f"127.0.0.1:{collector.port}: status 503" in begun.message
    collector.answers.clear()
    assert until(station, spans_sent=2)
    station.tick(4)
    [over] = station.take_notices()
    assert "takes it again" in over.message


def test_collector_that_never_answers_does_not_hold_the_agent_up(collector, start, trace):
    collector.answers = [collector.never_answer] * 100
    station = start(otlp_timeout_s=0.1)
    station.keep(trace())
    station.tick(0)
    assert until(station, tried_again=2)
    station.keep(trace())
    station.tick(1)  # and this returns


def test_collector_that_refuses_costs_what_it_refused(collector, start, trace):
    collector.answers = [(400, {}, b"")]
    station = start()
    station.keep(trace())
    station.tick(0)
    assert until(station, spans_dropped=2)
    assert "status 400" in station.report()["trouble"]
    station.keep(trace())
    station.tick(1)
    assert until(station, spans_sent=2)


def test_partial_success_is_counted(collector, start, partly, trace):
    collector.answers = [(200, {}, partly(1, "span too old"))]
    station = start()
    station.keep(trace())
    station.tick(0)
    assert until(station, spans_sent=1, spans_rejected=1)
    assert station.report()["trouble"] == "span too old"


def test_memory_that_waits_is_bounded_while_the_collector_is_away(start, closed_port, trace):
    station = start(f"http://127.0.0.1:{closed_port}", otlp_metrics_s=1.0)
    heavy = trace()
    spans = (*heavy.spans, *[heavy.spans[1]] * 250)
    for number in range(200):
        station.keep(trace(number, spans=spans))
        station.tick(number)
    report = station.report()
    assert report["spans_dropped"] > 0
    assert report["waiting"] * 400 < 9 << 20


def test_nothing_runs_before_there_is_something_to_send(start):
    before = threading.active_count()
    station = start()
    station.tick(0)
    assert threading.active_count() == before
    station.left(None)


# Options


def test_nothing_is_checked_where_nothing_is_sent():
    check_otlp(OTLPConfig(otlp_headers=("nonsense",)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"otlp_endpoint": "localhost:4318"}, "otlp_endpoint 'localhost:4318'"),
        ({"otlp_endpoint": "http://x", "otlp_headers": ("bad",)}, "otlp_headers with 'bad'"),
    ],
)
def test_what_cannot_be_used_is_refused(options, message):
    with pytest.raises(OTLPOptionError, match=message):
        check_otlp(OTLPConfig(**options))


def test_missing_library_is_named(monkeypatch):
    find = builtins.__import__

    def refuse(name, *arguments):
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return find(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(OTLPOptionError, match=r"expected `pip install penstock\[otlp\]`"):
        check_otlp(OTLPConfig(otlp_endpoint="http://localhost:4318"))
