import os
from collections.abc import Iterator

import pytest

from penstock.config import ServerConfig
from penstock.server.master.lifecycle import State
from penstock.server.master.recycling import Recycler
from penstock.server.master.roster import Member
from penstock.telemetry import Segment
from penstock.telemetry.memory import layout

OWN_PID = os.getpid()


@pytest.fixture
def segment() -> Iterator[Segment]:
    made = Segment.create(4, 2, 65536)
    yield made
    made.close()


def answer(segment: Segment, slot: int, count: int) -> None:
    """Let the worker of a slot have answered so many requests, after 1,000 of a predecessor."""
    first = segment.layout.slot_at(slot) // 8
    segment.words[first + layout.REQUESTS_BEFORE] = 1000
    segment.words[first + layout.ACCESS_END] = 1000 + count


def member(slot: int = 1, pid: int = OWN_PID, state: State = State.READY) -> Member:
    return Member(pid, slot, 1, started_s=0.0, state=state)


def test_nothing_is_looked_at_where_nothing_is_configured(segment) -> None:
    recycler = Recycler(segment)
    assert recycler.wait_s(ServerConfig(), 5) is None
    assert recycler.due(ServerConfig(), [member()], 5) == []


def test_requests_of_the_worker_itself_count(segment) -> None:
    server = ServerConfig(max_requests=10)
    recycler = Recycler(segment)
    answer(segment, 1, 9)
    assert recycler.due(server, [member()], 1) == []
    answer(segment, 1, 10)
    (due,) = recycler.due(server, [member()], 2)
    assert (due.member.pid, due.reason) == (OWN_PID, "max_requests=10 requests=10")


def test_chance_is_drawn_once_for_each_worker(segment) -> None:
    drawn = []

    def draw(most: int) -> int:
        drawn.append(most)
        return 5

    server = ServerConfig(max_requests=10, max_requests_jitter=7)
    recycler = Recycler(segment, draw)
    for count, expected in ((14, 0), (15, 1)):
        answer(segment, 1, count)
        assert len(recycler.due(server, [member()], count)) == expected
    assert drawn == [7]


def test_age_is_counted_from_the_start(segment) -> None:
    server = ServerConfig(max_lifetime_s=60)
    recycler = Recycler(segment)
    assert recycler.due(server, [member()], 59) == []
    (due,) = recycler.due(server, [member()], 60)
    assert due.reason == "max_lifetime_s=60 lived_s=60"


def test_memory_is_the_kernels_account(segment) -> None:
    (due,) = Recycler(segment).due(ServerConfig(max_rss_bytes=1 << 20), [member()], 1)
    assert due.reason.startswith("max_rss_bytes=1048576 rss_bytes=")
    assert Recycler(segment).due(ServerConfig(max_rss_bytes=1 << 40), [member()], 1) == []


def test_it_looks_once_a_second(segment) -> None:
    server = ServerConfig(max_lifetime_s=1)
    recycler = Recycler(segment)
    assert recycler.wait_s(server, 100) == 0
    assert len(recycler.due(server, [member()], 100)) == 1
    assert recycler.wait_s(server, 100.4) == pytest.approx(0.6)
    assert recycler.due(server, [member()], 100.9) == []
    assert len(recycler.due(server, [member()], 101)) == 1


@pytest.mark.parametrize("state", [State.BOOTING, State.DRAINING])
def test_worker_that_boots_or_leaves_is_let_alone(segment, state) -> None:
    assert Recycler(segment).due(ServerConfig(max_lifetime_s=1), [member(state=state)], 100) == []
