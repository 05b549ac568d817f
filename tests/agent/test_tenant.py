"""A server's logs: what is written, what is said, what is heard of it."""

import json
import logging
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.agent.crew import Crew
from penstock.agent.tenant import Tenant
from penstock.config.agent import AgentConfig
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import WORD_BYTES
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.reading.snapshot import Snapshot
from penstock.telemetry.writing.recorder import Recorder


class Logs:
    """A tenant on two files (unless a test says otherwise), and what stands in them."""

    def __init__(self, folder, segment, now):
        self.access_path = folder / "access.log"
        self.error_path = folder / "error.log"
        self.segment = segment
        self.now = now
        self.tenants = []

    def start(self, standard_fds=(1, 2), stations=(), **options) -> Tenant:
        options = {"access_log": str(self.access_path), "error_log": str(self.error_path)} | options
        tenant = Tenant(self.segment, AgentConfig(**options), Crew(stations), self.now, standard_fds)
        self.tenants.append(tenant)
        return tenant

    def report(self, tenant: Tenant) -> None:
        """Let the agent look at what went wrong, and write what it says."""
        self.now.pass_s(1.1)
        tenant.step()
        tenant.tick()
        tenant.step()

    def access(self) -> list[str]:
        return self.access_path.read_text().splitlines()

    def errors(self) -> list[str]:
        return self.error_path.read_text().splitlines()


@pytest.fixture
def logs(tmp_path, segment, now):
    made = Logs(tmp_path, segment, now)
    yield made
    for tenant in made.tenants:
        tenant.close()


def set_word(segment, slot, word, value):
    segment.words[segment.layout.slot_word(slot) + word] = value


# What it writes


def test_a_request_becomes_a_line(logs, recorder, finished):
    tenant = logs.start()
    recorder.access(finished())
    assert tenant.step()
    assert not tenant.step()
    (line,) = logs.access()
    assert re.fullmatch(
        r'192\.0\.2\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\?b=1 HTTP/1\.1" 200 1234 '
        r'"http://site/" "curl/8" pid=4242 id=id-1 total_ms=0\.019 head_ms=0\.002 body_ms=0\.000 '
        r"queue_ms=0\.002 application_ms=0\.009 send_ms=0\.006",
        line,
    )


def test_all_workers_and_the_master_are_written(logs, segment, finished):
    tenant = logs.start()
    for slot in range(3):
        recorder = Recorder(segment, slot, wait=lambda _: None)
        recorder.access(finished(line=b"GET /%d HTTP/1.1" % slot))
        recorder.log(20, "server", f"slot {slot}")
    tenant.step()
    assert sorted(re.findall(r"GET /(\d)", "\n".join(logs.access()))) == ["0", "1", "2"]
    assert sorted(re.findall(r"slot (\d)", "\n".join(logs.errors()))) == ["0", "1", "2"]


def test_lines_can_be_json(logs, recorder, finished):
    tenant = logs.start(access_log_format="json", error_log_format="json")
    recorder.access(finished())
    recorder.log(40, "shop", "m")
    tenant.step()
    assert json.loads(logs.access()[0])["url.path"] == "/a"
    assert json.loads(logs.errors()[0])["body"] == "m"


def test_queries_can_be_left_out(logs, recorder, finished):
    tenant = logs.start(log_query=False)
    recorder.access(finished(environ={"HTTP_REFERER": "http://site/?token=1"}))
    tenant.step()
    assert '"GET /a HTTP/1.1" 200 1234 "http://site/" "-"' in logs.access()[0]


def test_entries_below_the_level_are_left_out(logs, recorder):
    tenant = logs.start(log_level="warning")
    for level in (logging.INFO, logging.WARNING, logging.ERROR):
        recorder.log(level, "shop", f"level {level}")
    tenant.step()
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
    tenant = logs.start(access_log_format=form)
    recorder.access(finished())
    recorder.access(finished(**changes[field]))
    recorder.access(finished())
    tenant.step()
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
    first = segment.layout.slot_word(1)
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
    tenant = logs.start(access_log="/dev/null", error_log="/dev/null")
    for _ in range(100):
        if tenant.is_empty():
            break
        tenant.step()
    assert tenant.is_empty()
    assert Snapshot.take(segment.fd).agent_pid == os.getpid()


def test_the_applications_entries_can_have_a_log_of_their_own(logs, recorder, tmp_path):
    tenant = logs.start(application_log=str(tmp_path / "application.log"), log_level="info")
    recorder.log(20, "shop", "ours")
    recorder.log(20, "penstock.server.worker", "the server's")
    recorder.log(10, "shop", "too little")
    tenant.step()
    assert [line[-4:] for line in (tmp_path / "application.log").read_text().splitlines()] == ["ours"]
    assert [line[-12:] for line in logs.errors()] == ["the server's"]


def test_entries_name_their_worker(logs, recorder):
    tenant = logs.start()
    recorder.log(20, "shop", "m", "id-1", thread_name="pool-3")
    tenant.step()
    assert logs.errors()[0].endswith("INFO [pid 4242 worker 1 pool-3 id=id-1] shop: m")


def test_a_rotation_that_fails_is_said(logs, recorder, finished, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    tenant = logs.start(log_rotate_bytes=1)
    monkeypatch.setattr("penstock.agent.logs.outlet.Path.rename", refuse)
    for _ in range(2):
        recorder.access(finished())
        tenant.step()
    logs.report(tenant)
    assert any("cannot be rotated: Permission denied; it grows on" in line for line in logs.errors())
    assert len(logs.access()) == 2


# What it says


def test_a_full_disk_is_said_in_the_other_log_once_and_when_it_ends(logs, recorder, finished, monkeypatch):
    tenant = logs.start(access_log="/dev/full")
    recorder.access(finished())
    tenant.step()
    for _ in range(3):
        logs.report(tenant)
    (said,) = logs.errors()
    assert said.endswith(
        "penstock.agent: access log on /dev/full: No space left on device; "
        "its lines wait in memory until it is full"
    )
    full_fd, write = tenant._journals.access.output.fd, os.write
    monkeypatch.setattr(
        "penstock.agent.logs.output.os.write",
        lambda fd, data: len(data) if fd == full_fd else write(fd, data),
    )
    logs.report(tenant)
    monkeypatch.undo()
    logs.report(tenant)
    logs.report(tenant)
    assert "written again after" in logs.errors()[-1]


@pytest.fixture
def closed_pipe():
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    yield write_fd
    os.close(write_fd)


def test_trouble_of_the_error_log_is_said_on_standard_error(logs, recorder):
    read_fd, write_fd = os.pipe()
    tenant = logs.start(standard_fds=(1, write_fd), error_log="/dev/full")
    recorder.log(20, "shop", "m")
    logs.report(tenant)
    assert "error log on /dev/full: No space left on device" in os.read(read_fd, 10_000).decode()
    assert logs.access() == []
    os.close(read_fd)
    os.close(write_fd)


@pytest.mark.parametrize("error_log", ["-", "/dev/full"])
def test_trouble_of_the_error_log_and_standard_error_is_said_among_the_access_lines(
    logs, recorder, closed_pipe, error_log
):
    tenant = logs.start(standard_fds=(1, closed_pipe), error_log=error_log, access_log_format="json")
    recorder.log(20, "shop", "m")
    logs.report(tenant)
    (said,) = logs.access()
    assert json.loads(said)["body"].startswith("error log on ")


def test_trouble_with_nobody_to_tell_is_counted_only(logs, recorder, finished, closed_pipe):
    tenant = logs.start(standard_fds=(closed_pipe, closed_pipe), access_log="-", error_log="-")
    recorder.access(finished())
    recorder.log(20, "shop", "m")
    logs.report(tenant)
    assert logs.segment.words[layout.AGENT_DISCARDED_WORD] == 2


def test_a_pipe_that_nobody_reads_is_said_and_stops_nobody(logs, recorder, finished, segment):
    read_fd, write_fd = os.pipe()
    tenant = logs.start(standard_fds=(write_fd, 2), access_log="-")
    capacity = segment.layout.access_ring(1).record_count
    for _ in range(capacity * 5):
        recorder.access(finished())
        tenant.step()
    logs.report(tenant)
    logs.report(tenant)
    assert "nobody reads it" in logs.errors()[-1]
    dropped = Snapshot.take(segment.fd).workers[0].dropped_access
    assert dropped > 0
    received = b""
    while not tenant.is_empty():
        received += os.read(read_fd, 65536)
        tenant.step()
    logs.report(tenant)
    logs.report(tenant)
    os.set_blocking(read_fd, False)
    received += os.read(read_fd, 65536)
    assert received.count(b"\n") == capacity * 5 - dropped
    assert "written again after" in logs.errors()[-1]
    os.close(read_fd)
    os.close(write_fd)


def test_losses_are_said(logs, segment):
    tenant = logs.start()
    set_word(segment, 1, layout.TORN, 2)
    logs.report(tenant)
    said = f"WARNING [pid {os.getpid()}] penstock.agent: 2 half records of killed workers skipped"
    assert logs.errors()[-1].endswith(said)


def test_a_log_folder_that_appears_is_used(logs, recorder, finished, tmp_path):
    path = tmp_path / "missing" / "access.log"
    tenant = logs.start(access_log=str(path))
    (tmp_path / "missing").mkdir()
    logs.report(tenant)
    recorder.access(finished())
    tenant.step()
    assert path.read_text().count("\n") == 1


def test_rotated_logs_are_opened_anew(logs, recorder, finished):
    tenant = logs.start()
    recorder.access(finished(line=b"GET /1 HTTP/1.1"))
    tenant.step()
    logs.access_path.rename(logs.access_path.with_suffix(".1"))
    tenant.reopen()
    recorder.access(finished(line=b"GET /2 HTTP/1.1"))
    tenant.step()
    assert len(logs.access()) == 1
    assert "GET /2 " in logs.access()[0]


# Life


def test_its_pid_stands_in_the_header_while_it_lives(logs, segment):
    tenant = logs.start()
    assert segment.words[layout.AGENT_PID_WORD] == os.getpid()
    tenant.close()
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
    tenant = logs.start()
    set_word(segment, 0, layout.STATE, WorkerState.READY)
    for slot, state in enumerate(states, 1):
        set_word(segment, slot, layout.STATE, state)
    assert tenant.are_workers_gone() is expected


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


# What is heard


class Ear:
    """A station that hears records."""

    name = "ear"

    def __init__(self):
        self.batches = []
        self.entries = []

    def access(self, tenant, batch):
        self.batches.append((tenant, len(batch.rows)))

    def logged(self, tenant, entry):
        self.entries.append((tenant, entry.message))


def test_batches_are_heard_once_they_are_committed(logs, recorder, finished):
    ear = Ear()
    tenant = logs.start(stations=[ear], access_log="/dev/full")
    recorder.access(finished())
    tenant.step()
    assert ear.batches == []
    tenant = logs.start(stations=[ear])
    recorder.access(finished())
    tenant.step()
    assert ear.batches == [(tenant, 2)]


@pytest.mark.parametrize("error_log", ["off", None], ids=["no-log", "file"])
def test_entries_that_are_kept_are_heard(logs, recorder, error_log):
    ear = Ear()
    tenant = logs.start(stations=[ear], **{"error_log": error_log} if error_log else {})
    for level in (logging.DEBUG, logging.ERROR):
        recorder.log(level, "shop", f"level {level}")
    tenant.step()
    assert ear.entries == [(tenant, "level 40")]


def test_entries_that_cannot_be_read_are_damaged_and_not_heard(logs, recorder, segment, monkeypatch):
    ear = Ear()
    tenant = logs.start(stations=[ear])
    recorder.log(40, "shop", "m")
    monkeypatch.setattr("penstock.agent.tenant.entry_of", lambda row, text: 1 // 0)
    tenant.step()
    assert ear.entries == []
    assert segment.words[layout.AGENT_DAMAGED_WORD] == 1
