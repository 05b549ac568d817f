import socket

import pytest

from penstock.agent.dogstatsd import DogStatsD, DogStatsDOptions
from penstock.agent.dogstatsd.address import parse_datagram_address
from penstock.agent.exporters.dogstatsd import DogStatsDOut
from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample


class Counting:
    """A source whose counter a test moves."""

    def __init__(self) -> None:
        self.hits = 0
        self.width = 1

    def gather(self) -> list[Family]:
        labels = [(("n", str(number)),) for number in range(self.width)]
        lag = HistogramValue((1.0, 3.0), (self.hits, 0, 0), 0.0)
        return [
            Family("hits", Kind.COUNTER, "", "", tuple(Sample(each, self.hits) for each in labels)),
            Family("lag", Kind.HISTOGRAM, "", "", (Sample((), lag),)),
            Family("depth", Kind.GAUGE, "", "", (Sample((), 3),)),
        ]


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture(params=["udp", "unix"])
def receiver(request, tmp_path):
    """A DogStatsD of ours in the place of Datadog's agent, and its address."""
    text = "127.0.0.1:0" if request.param == "udp" else f"unix:{tmp_path}/datadog.sock"
    station = DogStatsD(DogStatsDOptions(addresses=(parse_datagram_address(text),)))
    place = next(iter(station._inlets.values()))._sock.getsockname()
    yield station, parse_datagram_address(text if request.param == "unix" else f"127.0.0.1:{place[1]}")
    station.close()


def received(station: DogStatsD) -> dict[str, object]:
    for fd in station.fds():
        station.readable(fd)
    return {family.name: family.samples[0].value for family in station.families()}


def test_what_is_counted_arrives_once_and_what_was_there_before_not_at_all(receiver, counting) -> None:
    station, address = receiver
    out = DogStatsDOut(address, counting.gather)
    counting.hits = 100
    out.send()
    assert "hits" not in received(station)
    counting.hits = 149
    out.send()
    out.send()
    found = received(station)
    assert (found["hits"], found["depth"]) == (49, 3)
    assert sum(found["lag"].counts) == 49
    assert station.report()["refused"] == 0
    assert (out.report()["datagrams"], out.report()["refused_datagrams"]) == (3, 0)


def test_many_series_are_packed_into_datagrams_that_fit(receiver, counting) -> None:
    _, address = receiver
    out = DogStatsDOut(address, counting.gather)
    counting.width = 3000
    out._maker.lines([])
    counting.hits = 1
    datagrams = list(out._pack(out._maker.lines(counting.gather())))
    sizes = [len(b"\n".join(line.text for line in datagram)) for datagram in datagrams]
    limit = 8192 if address.family == socket.AF_UNIX else 1432
    assert max(sizes) <= limit
    assert min(sizes[:-1]) > limit - 100
    assert sum(map(len, datagrams)) == 3002


def test_a_line_that_fits_nowhere_is_counted(counting) -> None:
    out = DogStatsDOut(parse_datagram_address("127.0.0.1:9"), counting.gather)
    labels = tuple((f"label{number}", "x" * 200) for number in range(10))
    out._maker.lines([])
    lines = out._maker.lines([Family("x", Kind.GAUGE, "", "", (Sample(labels, 1),))])
    assert list(out._pack(lines)) == []
    assert out.report()["long_lines"] == 1


def test_a_receiver_that_is_away_is_said_once_and_gets_all_when_it_is_back(tmp_path, counting) -> None:
    address = parse_datagram_address(f"unix:{tmp_path}/datadog.sock")
    out = DogStatsDOut(address, counting.gather)
    for hits in (1, 3, 6):
        counting.hits = hits
        out.send()
    (notice,) = out.take_notices()
    assert "does not take what is sent: no such file" in notice.message
    assert (out.report()["refused_datagrams"], out.report()["trouble"]) == (3, "no such file or directory")
    station = DogStatsD(DogStatsDOptions(addresses=(address,)))
    counting.hits = 10
    out.send()
    assert received(station)["hits"] == 9  # the one of the first gathering was before our time
    assert "takes it again" in out.take_notices()[0].message
    assert "trouble" not in out.report()
    station.close()


def test_a_receiver_that_reads_nothing_is_not_waited_for(tmp_path, counting, monkeypatch) -> None:
    monkeypatch.setattr("penstock.agent.exporters.dogstatsd._PATIENCE_S", 0.05)
    address = parse_datagram_address(f"unix:{tmp_path}/datadog.sock")
    station = DogStatsD(DogStatsDOptions(addresses=(address,)))
    out = DogStatsDOut(address, counting.gather)
    counting.width = 5000
    out.send()
    counting.hits = 1
    out.send()
    assert out.report()["refused_datagrams"] > 0
    received(station)
    refused = 0
    while out.report()["refused_datagrams"] != refused:  # each time as much as its queue takes
        refused = out.report()["refused_datagrams"]
        out.send()
        received(station)
    hits = next(family for family in station.families() if family.name == "hits")
    assert [sample.value for sample in hits.samples] == [1] * 5000
    station.close()


def test_a_gathering_that_fails_is_counted_and_the_next_one_goes_out(receiver, counting) -> None:
    station, address = receiver
    out = DogStatsDOut(address, counting.gather)
    out._is_ending.set()
    out._gather = lambda: 1 / 0
    out._run()
    assert (out.report()["failures"], out.report()["trouble"]) == (2, "ZeroDivisionError: division by zero")
    out._gather = counting.gather
    out.send()
    assert received(station)["depth"] == 3


def test_the_thread_sends_what_was_counted_last_when_the_agent_leaves(receiver, counting) -> None:
    station, address = receiver
    out = DogStatsDOut(address, counting.gather)
    out._maker.lines([])
    counting.hits = 5
    out.tick(1.0)
    out.tick(2.0)
    out.close()
    assert received(station)["hits"] == 5
    assert not out._thread.is_alive()


def test_a_station_that_never_ticked_is_closed_all_the_same(counting) -> None:
    out = DogStatsDOut(parse_datagram_address("127.0.0.1:9"), counting.gather)
    out.close()
    out.tick(1.0)
    assert not out._thread.ident
