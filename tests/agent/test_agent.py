"""The agent without its process: turns, when it waits and for what."""

import gc
import os
import select
import weakref

import pytest

from penstock.agent.agent import Agent
from penstock.agent.crew import Crew
from penstock.agent.tenant import Tenant
from penstock.agent.watch import Notice
from penstock.config import AgentConfig
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.writing.recorder import Recorder


class ParkedPoller:
    """Says what the mark was while the agent waited, and what was registered."""

    def __init__(self, segment):
        self.segment = segment
        self.seen = []

    def poll(self, timeout_ms):
        self.seen.append((self.segment.words[layout.PARKED_WORD], timeout_ms))
        return []

    def register(self, fd, events):
        if fd != self.segment.wake_fd:
            self.seen.append(("register", events))

    def unregister(self, fd):
        self.seen.append(("unregister", fd >= 0))


class Door:
    """A station with one descriptor."""

    name = "door"

    def __init__(self, fd):
        self.open_fds = [fd]
        self.heard = []

    def fds(self):
        return self.open_fds

    def readable(self, fd):
        self.heard.append(os.read(fd, 100))

    def tick(self, now_s):
        self.heard.append(now_s)

    def close(self):
        self.heard.append("closed")

    def report(self):
        return {}


@pytest.fixture
def segments():
    made = [Segment.create(slots=3, threads=2, ring_bytes=65536) for _ in range(2)]
    yield made
    for segment in made:
        segment.close()


@pytest.fixture
def make_tenant(tmp_path, now):
    """Make a tenant on two files of its own."""

    def make(segment, standard_fds=(1, 2), **options):
        folder = tmp_path / str(segment.fd)
        folder.mkdir(exist_ok=True)
        files = {"access_log": str(folder / "access.log"), "error_log": str(folder / "error.log")}
        return Tenant(segment, AgentConfig(**files | options), Crew(), now, standard_fds)

    return make


@pytest.fixture
def said():
    return []


@pytest.fixture
def make_agent(now, said, segment, segments):
    made = []

    def make(poller=None, stations=()):
        agent = Agent(poller or select.poll(), Crew(stations), said.append, now)
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.close()


def lines(tmp_path, segment):
    return (tmp_path / str(segment.fd) / "access.log").read_text().splitlines()


@pytest.fixture
def one_round(monkeypatch):
    monkeypatch.setattr("penstock.agent.agent._MAX_ROUNDS", 1)


# Turns


def test_every_tenant_has_its_turn(make_agent, make_tenant, segments, finished, tmp_path):
    agent = make_agent()
    for number, segment in enumerate(segments):
        agent.admit(make_tenant(segment))
        Recorder(segment, 1, wait=lambda _: None).access(finished(line=b"GET /%d HTTP/1.1" % number))
    assert agent.step()
    assert agent.is_empty()
    assert not agent.step()
    assert ["GET /0 " in lines(tmp_path, segments[0])[0], "GET /1 " in lines(tmp_path, segments[1])[0]] == [
        1,
        1,
    ]


def test_a_tenant_that_is_dismissed_is_drained_no_more(make_agent, make_tenant, segments, finished, tmp_path):
    agent = make_agent()
    tenant = make_tenant(segments[0])
    agent.admit(tenant)
    agent.dismiss(tenant)
    Recorder(segments[0], 1, wait=lambda _: None).access(finished())
    os.eventfd_write(segments[0].wake_fd, 1)
    assert not agent.step()
    assert agent.wait() == []
    assert lines(tmp_path, segments[0]) == []
    assert segments[0].words[layout.AGENT_PID_WORD] == 0


@pytest.mark.usefixtures("one_round")
def test_a_flood_of_records_does_not_keep_it_from_its_signals(
    make_agent, make_tenant, segment, recorder, finished
):
    agent = make_agent()
    agent.admit(make_tenant(segment))
    recorder.access(finished())
    assert agent.step()


def test_all_logs_are_opened_anew(make_agent, make_tenant, segments, finished, tmp_path):
    agent = make_agent()
    for segment in segments:
        agent.admit(make_tenant(segment))
        (tmp_path / str(segment.fd) / "access.log").unlink()
    agent.reopen()
    assert [lines(tmp_path, segment) for segment in segments] == [[], []]


# When it waits


def test_under_load_it_looks_again_without_parking(make_agent, make_tenant, segment):
    poller = select.poll()
    agent = make_agent(poller)
    agent.admit(make_tenant(segment))
    segment.words[layout.PARKED_WORD] = 0
    os.eventfd_write(segment.wake_fd, 1)
    assert agent.wait() == []
    assert segment.words[layout.PARKED_WORD] == 0
    assert not poller.poll(0)


def test_after_a_quarter_of_a_second_without_records_it_parks(make_agent, make_tenant, segment, now):
    poller = ParkedPoller(segment)
    agent = make_agent(poller)
    agent.admit(make_tenant(segment))
    agent.wait()
    now.pass_s(0.3)
    agent.wait()
    assert poller.seen == [(0, 10), (1, 1000)]
    assert segment.words[layout.PARKED_WORD] == 0


def test_it_does_not_park_over_a_record(make_agent, make_tenant, segment, now, finished):
    poller = ParkedPoller(segment)
    agent = make_agent(poller)
    agent.admit(make_tenant(segment))
    now.pass_s(0.3)
    Recorder(segment, 1, wait=lambda _: None).access(finished())
    assert agent.wait() == []
    assert poller.seen == []
    assert segment.words[layout.PARKED_WORD] == 0


def test_a_stalled_output_is_waited_for(make_agent, make_tenant, segment, recorder, finished):
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    try:
        while True:
            os.write(write_fd, bytes(4096))
    except BlockingIOError:
        pass
    poller = ParkedPoller(segment)
    agent = make_agent(poller)
    agent.admit(make_tenant(segment, (write_fd, 2), access_log="-"))
    recorder.access(finished())
    agent.step()
    agent.wait()
    assert poller.seen == [("register", select.POLLOUT), (0, 10), ("unregister", True)]
    os.close(read_fd)
    os.close(write_fd)


def test_a_full_disk_is_not_polled(make_agent, make_tenant, segment, recorder, finished):
    poller = ParkedPoller(segment)
    agent = make_agent(poller)
    agent.admit(make_tenant(segment, access_log="/dev/full"))
    recorder.access(finished())
    agent.step()
    agent.wait()
    assert poller.seen == [(0, 10)]


# Stations


def test_a_station_is_told_what_is_readable_and_the_caller_of_the_rest(make_agent):
    ends, own = os.pipe(), os.pipe()
    poller = select.poll()
    poller.register(own[0], select.POLLIN)
    door = Door(ends[0])
    agent = make_agent(poller, [door])
    for _, write_fd in (ends, own):
        os.write(write_fd, b"knock")
    assert agent.wait() == [own[0]]
    assert door.heard == [b"knock"]
    agent.forget(own[0])
    door.open_fds = []
    os.write(ends[1], b"again")
    assert agent.wait() == []
    assert door.heard == [b"knock"]
    for fd in (*ends, *own):
        os.close(fd)


def test_a_station_ticks_once_a_second(make_agent, now):
    door = Door(0)
    agent = make_agent(stations=[door])
    for _ in range(3):
        agent.step()
        now.pass_s(0.6)
    assert door.heard == [1000.0, 1001.2]


def test_cycles_that_came_and_went_are_collected_each_minute(make_agent, now):
    class Cycle:
        def __init__(self):
            self.itself = self

    agent = make_agent()
    gone = weakref.ref(Cycle())
    gc.disable()
    agent.step()
    assert gone() is not None
    now.pass_s(61)
    agent.step()
    gc.enable()
    assert gone() is None


def test_what_a_station_did_wrong_is_said(make_agent, said):
    door = Door(0)
    door.tick = lambda now_s: 1 // 0
    make_agent(stations=[door]).step()
    (notice,) = said
    assert isinstance(notice, Notice)
    assert "door failed" in notice.message
