import logging
import socket

import pytest
from datadog.dogstatsd import DogStatsd
from prometheus_client.parser import text_string_to_metric_families

from penstock.agent.dogstatsd.address import parse_datagram_address
from penstock.agent.dogstatsd.options import DogStatsDOptions
from penstock.agent.dogstatsd.station import DogStatsD
from penstock.agent.metrics.exposition import render
from penstock.agent.metrics.family import Family, HistogramValue
from penstock.agent.watch import Notice


def make(*texts: str, **changes) -> DogStatsD:
    addresses = tuple(map(parse_datagram_address, texts))
    return DogStatsD(DogStatsDOptions(addresses=addresses, **changes))


@pytest.fixture(params=["udp", "unix"])
def pair(request, tmp_path):
    """A station, and a real client of it."""
    station = make("127.0.0.1:0") if request.param == "udp" else make(f"unix:{tmp_path}/d.sock")
    place = next(iter(station._inlets.values()))._sock.getsockname()
    options = {"disable_telemetry": True, "disable_buffering": True, "origin_detection_enabled": False}
    if request.param == "udp":
        client = DogStatsd(host=place[0], port=place[1], **options)
    else:
        client = DogStatsd(socket_path=place, **options)
    yield station, client
    client.close_socket()
    station.close()


def take(station: DogStatsD) -> dict[str, Family]:
    for fd in station.fds():
        station.readable(fd)
    return {family.name: family for family in station.families()}


def single(family: Family):
    (sample,) = family.samples
    return sample.value


def test_the_real_client_is_understood_in_every_kind(pair) -> None:
    station, client = pair
    client.increment("shop.orders", 2, tags=["env:prod", "paid"])
    client.increment("shop.orders", tags=["env:prod", "paid"])
    client.gauge("shop.queue", 7.5)
    client.histogram("shop.basket", 3)
    client.distribution("shop.size", 12.25)
    client.timing("shop.query", 240)
    client.set("shop.users", "user:17")
    client.set("shop.users", "user:17")
    take(station)  # ten datagrams wait in a Unix socket by default
    client.event("deployed", "version 7\nof the shop", alert_type="success", tags=["env:prod"])
    client.service_check("shop.db", 2, hostname="web1", message="no answer", tags=["env:prod"])
    client.gauge_with_timestamp("shop.past", 5, 1656581400)
    client.count_with_timestamp("shop.past.count", 5, 1656581400)
    with client.timed("shop.block", use_ms=True):
        pass
    found = take(station)
    assert found["shop_orders"].samples[0].labels == (("env", "prod"), ("paid", "true"))
    assert single(found["shop_orders"]) == 3
    assert single(found["shop_queue"]) == 7.5
    for name, total in (("shop_basket", 3), ("shop_size", 12.25), ("shop_query", 240)):
        value = single(found[name])
        assert isinstance(value, HistogramValue)
        assert (sum(value.counts), value.sum) == (1, total)
    assert single(found["shop_users"]) == 1
    assert single(found["dogstatsd_events"]) == 1
    assert single(found["dogstatsd_service_check"]) == 2
    assert single(found["shop_past"]) == single(found["shop_past_count"]) == 5
    assert sum(single(found["shop_block"]).counts) == 1
    assert single(found["penstock_dogstatsd_lines"]) == 13
    assert station.report()["refused"] == 0


def test_a_client_that_decrements_a_counter_is_told_in_the_report(pair) -> None:
    station, client = pair
    client.decrement("shop.orders")
    take(station)
    report = station.report()
    assert report["refused_negative"] == 1
    assert "expected one that is not below 0" in report["last_refused"]


def test_buffered_lines_of_the_client_come_in_one_datagram(tmp_path) -> None:
    station = make(f"unix:{tmp_path}/d.sock")
    client = DogStatsd(socket_path=f"{tmp_path}/d.sock", disable_telemetry=True, disable_buffering=False)
    for _ in range(100):
        client.increment("a")
    client.flush()
    assert single(take(station)["a"]) == 100
    assert station.report()["datagrams"] < 10
    client.stop()
    client.close_socket()
    station.close()


def test_the_exposition_is_one_that_prometheus_reads(pair) -> None:
    station, client = pair
    for name in ("a", "a.count", "a_total", "a-b", "a.b"):
        client.increment(name)
        client.gauge(name, 1, tags=['quote:"\\', "le:1"])
        client.histogram(name, 1)
        client.set(name, 1)
    take(station)
    found = list(text_string_to_metric_families(render(station.families())))
    series = [(sample.name, *sorted(sample.labels.items())) for family in found for sample in family.samples]
    assert len(series) == len(set(series))
    assert len({family.name for family in found}) == len(found)


def test_a_place_that_is_taken_is_said_and_tried_again(tmp_path) -> None:
    path = f"{tmp_path}/d.sock"
    first = make(f"unix:{path}")
    second = make(f"unix:{path}")
    assert second.fds() == ()
    assert "in use" in second.take_notices()[0].message
    assert "in use" in second.report()[f"closed unix:{path}"]
    second.tick(5.0)
    assert second.take_notices() == []
    first.close()
    second.tick(9.0)
    assert second.fds() == ()
    second.tick(10.0)
    assert len(second.fds()) == 1
    assert "takes datagrams" in second.take_notices()[0].message
    second.close()


def test_idle_series_are_forgotten_and_their_lines_begin_anew() -> None:
    station = make("127.0.0.1:0", expiry_s=120.0)
    place = next(iter(station._inlets.values()))._sock.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"a:5|c", place)
        assert single(take(station)["a"]) == 5
        for minute in range(1, 4):
            station.tick(minute * 60.0)
        assert "a" not in take(station)
        client.sendto(b"a:1|c", place)
        assert single(take(station)["a"]) == 1
    station.close()


def test_names_that_become_one_are_said_once() -> None:
    station = make("127.0.0.1:0")
    station._intake.take(b"a.b:1|c\na_b:1|c")
    station.tick(1.0)
    (notice,) = station.take_notices()
    assert "'a_b'" in notice.message
    station.tick(2.0)
    assert station.take_notices() == []
    assert station.report()["first_renamed"] == "a_b -> a.b"
    station.close()


@pytest.mark.parametrize(
    ("fields", "level", "message"),
    [
        pytest.param("", logging.INFO, "dogstatsd event: deployed: version 7", id="plain"),
        pytest.param(
            "|t:error|h:web1", logging.ERROR, "dogstatsd event on web1: deployed: version 7", id="error"
        ),
        pytest.param("|t:warning", logging.WARNING, "dogstatsd event: deployed: version 7", id="warning"),
    ],
)
def test_an_event_is_said(fields, level, message) -> None:
    station = make("127.0.0.1:0")
    station._intake.take(f"_e{{8,9}}:deployed|version 7{fields}".encode())
    assert station.take_notices() == [Notice(level, message)]
    station.close()


def test_events_beyond_a_few_a_second_are_counted_and_not_said() -> None:
    station = make("127.0.0.1:0")
    for _ in range(25):
        station._intake.take(b"_e{1,9000}:a|" + b"b" * 9000)
    notices = station.take_notices()
    assert (len(notices), len(notices[0].message)) == (20, 1000)
    assert station.report()["unsaid_events"] == 5
    station.close()


def test_closing_takes_what_is_left_in_the_sockets() -> None:
    station = make("127.0.0.1:0")
    place = next(iter(station._inlets.values()))._sock.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"a:5|c", place)
    station.close()
    assert station.report()["lines"] == 1
    assert station.fds() == ()
    station.readable(0)


def test_a_flood_leaves_the_loop_free_when_its_turn_is_over(monkeypatch) -> None:
    monkeypatch.setattr(
        "penstock.agent.dogstatsd.inlet.TURN_S", 0.0
    )  # it is over when the clock is looked at
    station = make("127.0.0.1:0")
    place = next(iter(station._inlets.values()))._sock.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number in range(100):
            client.sendto(b"flood:1|c|#user:%d" % number, place)
    taken = []
    for _ in range(3):
        station.readable(station.fds()[0])
        taken.append(station.report()["datagrams"])
    assert taken == [32, 64, 96]
    station.close()
