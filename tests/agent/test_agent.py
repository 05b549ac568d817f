"""The agent without its process: what it writes, what it says, when it waits."""

import json
import logging
import os
import re
import select

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.agent.agent import Agent
from penstock.config.agent import AgentConfig
from penstock.telemetry import layout
from penstock.telemetry.layout import WORD_BYTES
from penstock.telemetry.recorder import Recorder
from penstock.telemetry.scoreboard import WorkerState
from penstock.telemetry.snapshot import Snapshot


class Logs:
    """An agent on two files (unless a test says otherwise), and what stands in them."""

    def __init__(self, folder, segment, now):
        self.access_path = folder / "access.log"
        self.error_path = folder / "error.log"
        self.segment = segment
        self.now = now
        self.agents = []

    def start(self, standard_fds=(1, 2), **options) -> Agent:
        options = {"access_log": str(self.access_path), "error_log": str(self.error_path)} | options
        agent = Agent(self.segment, self.segment.wake_fd, AgentConfig(**options), self.now, standard_fds)
        self.agents.append(agent)
        return agent

    def report(self, agent: Agent) -> None:
        """Let the agent look at what went wrong, and write what it says."""
        self.now.pass_s(1.1)
        agent.step()
        agent.step()

    def access(self) -> list[str]:
        return self.access_path.read_text().splitlines()

    def errors(self) -> list[str]:
        return self.error_path.read_text().splitlines()


@pytest.fixture
def logs(tmp_path, segment, now):
    made = Logs(tmp_path, segment, now)
    yield made
    for agent in made.agents:
        agent.close()


@pytest.fixture
def poller(segment):
    made = select.poll()
    made.register(segment.wake_fd, select.POLLIN)
    return made


def set_word(segment, slot, word, value):
    segment.words[segment.layout.slot_at(slot) // WORD_BYTES + word] = value


# What it writes


def test_a_request_becomes_a_line(logs, recorder, finished):
    agent = logs.start()
    recorder.access(finished())
    assert agent.step()
    assert not agent.step()
    (line,) = logs.access()
    assert re.fullmatch(
        r'192\.0\.2\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\?b=1 HTTP/1\.1" 200 1234 '
        r'"http://site/" "curl/8" pid=4242 id=id-1 total_ms=0\.019 head_ms=0\.002 body_ms=0\.000 '
        r"queue_ms=0\.002 application_ms=0\.009 send_ms=0\.006",
        line,
    )


def test_all_workers_and_the_master_are_written(logs, segment, finished):
    agent = logs.start()
    for slot in range(3):
        recorder = Recorder(segment, slot, wait=lambda _: None)
        recorder.access(finished(line=b"GET /%d HTTP/1.1" % slot))
        recorder.log(20, "server", f"slot {slot}")
    agent.step()
    assert sorted(re.findall(r"GET /(\d)", "\n".join(logs.access()))) == ["0", "1", "2"]
    assert sorted(re.findall(r"slot (\d)", "\n".join(logs.errors()))) == ["0", "1", "2"]


def test_lines_can_be_json(logs, recorder, finished):
    agent = logs.start(access_log_format="json", error_log_format="json")
    recorder.access(finished())
    recorder.log(40, "shop", "m")
    agent.step()
    assert json.loads(logs.access()[0])["url.path"] == "/a"
    assert json.loads(logs.errors()[0])["body"] == "m"


def test_queries_can_be_left_out(logs, recorder, finished):
    agent = logs.start(log_query=False)
    recorder.access(finished(environ={"HTTP_REFERER": "http://site/?token=1"}))
    agent.step()
    assert '"GET /a HTTP/1.1" 200 1234 "http://site/" "-"' in logs.access()[0]


def test_entries_below_the_level_are_left_out(logs, recorder):
    agent = logs.start(log_level="warning")
    for level in (logging.INFO, logging.WARNING, logging.ERROR):
        recorder.log(level, "shop", f"level {level}")
    agent.step()
    assert [line[-2:] for line in logs.errors()] == ["30", "40"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("field", ["line", "referer", "agent", "request_id", "peer"])
def test_no_byte_of_a_client_forges_a_line(logs, recorder, finished, form, field):
    evil = '\r\n127.0.0.1 - - [x] "GET /forged HTTP/1.1" 200 0 "-" "-"\x1b[2J\u2028\x85\x00\xff'
    latin = evil.replace("\u2028", "\xe2\x80\xa8")
    changes = {
        "line": {"line": b"GET / HTTP/1.1" + latin.encode("latin-1").replace(b"\n", b"")},
        "referer": {"environ": {"HTTP_REFERER": evil}},
        "agent": {"environ": {"HTTP_USER_AGENT": latin}},
        "request_id": {"request_id": evil},
        "peer": {"peer": evil},
    }
    agent = logs.start(access_log_format=form)
    recorder.access(finished())
    recorder.access(finished(**changes[field]))
    recorder.access(finished())
    agent.step()
    raw = logs.access_path.read_bytes()
    assert raw.count(b"\n") == 3
    assert raw.replace(b"\n", b"").decode("ascii").isprintable()
    assert not any(line.startswith("127.") for line in raw.decode().splitlines())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    damage=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 2**64 - 1)), max_size=40),
    words=st.lists(st.tuples(st.integers(0, 63), st.integers(0, 2**64 - 1)), max_size=8),
)
def test_any_memory_is_drained_in_bounded_steps(logs, segment, finished, damage, words):
    first = segment.layout.slot_at(1) // WORD_BYTES
    for word in range(64):
        segment.words[first + word] = 0
    recorder = Recorder(segment, 1, wait=lambda _: None)
    for _ in range(20):
        recorder.access(finished())
        recorder.log(20, "shop", "message")
    for ring in (segment.layout.access_ring(1), segment.layout.log_ring(1)):
        for word, value in damage:
            segment.words[ring.records_at // WORD_BYTES + word] = value
    for word, value in words:
        segment.words[first + word] = value
    agent = logs.start(access_log="/dev/null", error_log="/dev/null")
    for _ in range(100):
        if agent.is_empty():
            break
        agent.step()
    assert agent.is_empty()
    assert Snapshot.take(segment.fd).agent_pid == os.getpid()


# What it says


def test_a_full_disk_is_said_in_the_other_log_once_and_when_it_ends(logs, recorder, finished, monkeypatch):
    agent = logs.start(access_log="/dev/full")
    recorder.access(finished())
    agent.step()
    for _ in range(3):
        logs.report(agent)
    (said,) = logs.errors()
    assert said.endswith(
        "penstock.agent: access log on /dev/full: No space left on device; "
        "its lines wait in memory until it is full"
    )
    full_fd, write = agent._access.output.fd, os.write
    monkeypatch.setattr(
        "penstock.agent.logs.output.os.write",
        lambda fd, data: len(data) if fd == full_fd else write(fd, data),
    )
    logs.report(agent)
    monkeypatch.undo()
    logs.report(agent)
    logs.report(agent)
    assert "written again after" in logs.errors()[-1]


@pytest.fixture
def closed_pipe():
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    yield write_fd
    os.close(write_fd)


def test_trouble_of_the_error_log_is_said_on_standard_error(logs, recorder):
    read_fd, write_fd = os.pipe()
    agent = logs.start(standard_fds=(1, write_fd), error_log="/dev/full")
    recorder.log(20, "shop", "m")
    logs.report(agent)
    assert "error log on /dev/full: No space left on device" in os.read(read_fd, 10_000).decode()
    assert logs.access() == []
    os.close(read_fd)
    os.close(write_fd)


@pytest.mark.parametrize("error_log", ["-", "/dev/full"])
def test_trouble_of_the_error_log_and_standard_error_is_said_among_the_access_lines(
    logs, recorder, closed_pipe, error_log
):
    agent = logs.start(standard_fds=(1, closed_pipe), error_log=error_log, access_log_format="json")
    recorder.log(20, "shop", "m")
    logs.report(agent)
    (said,) = logs.access()
    assert json.loads(said)["body"].startswith("error log on ")


def test_trouble_with_nobody_to_tell_is_counted_only(logs, recorder, finished, closed_pipe):
    agent = logs.start(standard_fds=(closed_pipe, closed_pipe), access_log="-", error_log="-")
    recorder.access(finished())
    recorder.log(20, "shop", "m")
    logs.report(agent)
    assert logs.segment.words[layout.AGENT_DISCARDED_WORD] == 2


def test_a_pipe_that_nobody_reads_is_said_and_stops_nobody(logs, recorder, finished, segment):
    read_fd, write_fd = os.pipe()
    agent = logs.start(standard_fds=(write_fd, 2), access_log="-")
    capacity = segment.layout.access_ring(1).record_count
    for _ in range(capacity * 5):
        recorder.access(finished())
        agent.step()
    logs.report(agent)
    logs.report(agent)
    assert "nobody reads it" in logs.errors()[-1]
    dropped = Snapshot.take(segment.fd).workers[0].dropped_access
    assert dropped > 0
    received = b""
    while not agent.is_empty():
        received += os.read(read_fd, 65536)
        agent.step()
    logs.report(agent)
    logs.report(agent)
    os.set_blocking(read_fd, False)
    received += os.read(read_fd, 65536)
    assert received.count(b"\n") == capacity * 5 - dropped
    assert "written again after" in logs.errors()[-1]
    os.close(read_fd)
    os.close(write_fd)


def test_losses_are_said(logs, segment):
    agent = logs.start()
    set_word(segment, 1, layout.TORN, 2)
    logs.report(agent)
    said = f"WARNING [pid {os.getpid()}] penstock.agent: 2 half records of killed workers skipped"
    assert logs.errors()[-1].endswith(said)


def test_a_log_folder_that_appears_is_used(logs, recorder, finished, tmp_path):
    path = tmp_path / "missing" / "access.log"
    agent = logs.start(access_log=str(path))
    (tmp_path / "missing").mkdir()
    logs.report(agent)
    recorder.access(finished())
    agent.step()
    assert path.read_text().count("\n") == 1


def test_rotated_logs_are_opened_anew(logs, recorder, finished):
    agent = logs.start()
    recorder.access(finished(line=b"GET /1 HTTP/1.1"))
    agent.step()
    logs.access_path.rename(logs.access_path.with_suffix(".1"))
    agent.reopen()
    recorder.access(finished(line=b"GET /2 HTTP/1.1"))
    agent.step()
    assert len(logs.access()) == 1
    assert "GET /2 " in logs.access()[0]


def test_a_flood_of_records_does_not_keep_it_from_its_signals(logs, recorder, finished, monkeypatch):
    monkeypatch.setattr("penstock.agent.agent._MAX_ROUNDS", 1)
    agent = logs.start()
    recorder.access(finished())
    assert agent.step()


# When it waits


def test_under_load_it_looks_again_without_parking(logs, segment, poller):
    agent = logs.start()
    segment.words[layout.PARKED_WORD] = 0
    os.eventfd_write(segment.wake_fd, 1)
    assert agent.wait(poller)
    assert segment.words[layout.PARKED_WORD] == 0
    assert not poller.poll(0)


class ParkedPoller:
    """Says what the mark was while the agent waited."""

    def __init__(self, segment):
        self.segment = segment
        self.seen = []

    def poll(self, timeout_ms):
        self.seen.append((self.segment.words[layout.PARKED_WORD], timeout_ms))
        return []

    def register(self, fd, events):
        self.seen.append(("register", events))

    def unregister(self, fd):
        self.seen.append(("unregister", fd >= 0))


def test_after_a_quarter_of_a_second_without_records_it_parks(logs, segment, now):
    agent = logs.start()
    poller = ParkedPoller(segment)
    agent.wait(poller)
    now.pass_s(0.3)
    agent.wait(poller)
    assert poller.seen == [(0, 10), (1, 1000)]
    assert segment.words[layout.PARKED_WORD] == 0


def test_it_does_not_park_over_a_record(logs, segment, now, recorder, finished):
    agent = logs.start()
    now.pass_s(0.3)
    recorder.access(finished())
    poller = ParkedPoller(segment)
    assert agent.wait(poller) == []
    assert poller.seen == []
    assert segment.words[layout.PARKED_WORD] == 0


def test_a_stalled_output_is_waited_for(logs, segment, recorder, finished):
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    try:
        while True:
            os.write(write_fd, bytes(4096))
    except BlockingIOError:
        pass
    agent = logs.start(standard_fds=(write_fd, 2), access_log="-")
    recorder.access(finished())
    agent.step()
    poller = ParkedPoller(segment)
    agent.wait(poller)
    assert poller.seen == [("register", select.POLLOUT), (0, 10), ("unregister", True)]
    os.close(read_fd)
    os.close(write_fd)


def test_a_full_disk_is_not_polled(logs, segment, recorder, finished):
    agent = logs.start(access_log="/dev/full")
    recorder.access(finished())
    agent.step()
    poller = ParkedPoller(segment)
    agent.wait(poller)
    assert poller.seen == [(0, 10)]


# Life


def test_its_pid_stands_in_the_header_while_it_lives(logs, segment):
    agent = logs.start()
    assert segment.words[layout.AGENT_PID_WORD] == os.getpid()
    agent.close()
    assert segment.words[layout.AGENT_PID_WORD] == 0


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((WorkerState.EMPTY, WorkerState.GONE), True),
        ((WorkerState.READY, WorkerState.GONE), False),
        ((WorkerState.EMPTY, WorkerState.DRAINING), False),
    ],
)
def test_workers_are_gone_when_no_slot_says_otherwise(logs, segment, states, expected):
    agent = logs.start()
    set_word(segment, 0, layout.STATE, WorkerState.READY)
    for slot, state in enumerate(states, 1):
        set_word(segment, slot, layout.STATE, state)
    assert agent.are_workers_gone() is expected


def test_a_successor_repeats_nothing_and_loses_nothing(logs, recorder, finished):
    first = logs.start()
    recorder.access(finished(line=b"GET /1 HTTP/1.1"))
    first.step()
    recorder.access(finished(line=b"GET /2 HTTP/1.1"))
    logs.start().step()
    assert [re.search(r"GET /(\d)", line)[1] for line in logs.access()] == ["1", "2"]


def test_records_are_counted_by_lane_and_refused_ones_in_none(logs, recorder, finished, segment):
    for lane in (0, 1, 1):
        recorder.access(finished(lane=lane))
    recorder.refused(status=400, line=b"X", peer="", now_ns=1, reason="bad")
    logs.start().step()
    assert [segment.words[word] for word in layout.AGENT_LANE_WORDS] == [1, 2]
