"""The warden with real processes that hang, and a memory that says so."""

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from penstock.config import ServerConfig
from penstock.server.master.lifecycle import State
from penstock.server.master.roster import Member
from penstock.server.master.warden import Warden
from penstock.telemetry import Outcome, Recorder, Segment
from penstock.telemetry.memory import stack as stack_module
from penstock.telemetry.records.record import ACCESS
from penstock.telemetry.records.ring import RingReader

SLOT = 1
NS = 10**9
PATIENCE_S = 10.0

# A process with a stack to show, which then holds the interpreter's lock in C, for centuries.
HANGING = """
import os, re, sys
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.memory.stack import show_stacks
segment = Segment.attach(int(sys.argv[1]), writable=True)
segment.stack_fds = (-1, int(sys.argv[2]))
show_stacks(segment)
def hang():
    os.write(1, b"!")
    re.match("(a+)+$", "a" * 60 + "b")
hang()
"""


@pytest.fixture
def segment() -> Iterator[Segment]:
    made = Segment.create(slots=2, threads=2, ring_bytes=65536)
    yield made
    made.close()


@pytest.fixture
def warden(segment) -> Warden:
    recorder = Recorder(segment, 0)
    recorder.reset(os.getpid(), 0)
    logging.getLogger("penstock").setLevel(logging.INFO)
    return Warden(segment, recorder, ServerConfig(request_timeout_s=0.1, request_grace_s=0.0))


@pytest.fixture
def hanging(segment) -> Iterator[subprocess.Popen]:
    fds = (segment.fd, segment.stack_fds[1])
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, *map(str, fds)], pass_fds=fds, stdout=subprocess.PIPE
    )
    with contextlib.closing(process.stdout):
        assert process.stdout.read(1) == b"!"
        yield process
    process.kill()
    process.wait()


def worker(segment, pid, *, state=State.READY) -> tuple[Member, Recorder]:
    """Return a member of the roster and the pen with which it writes about itself."""
    recorder = Recorder(segment, SLOT)
    recorder.reset(pid, 1)
    return Member(pid, SLOT, 1, 0.0, state), recorder


def past_ns(seconds: float) -> int:
    return time.monotonic_ns() - int(seconds * NS)


def access_lines(segment) -> list[tuple]:
    """Return (request line, status, outcome, pid) of what the master has recorded."""
    batch = RingReader(segment, segment.layout.access_ring(0), ACCESS).take(100)
    if batch is None:
        return []
    start = batch.rows[0][1]
    return [
        (batch.text[row[1] - start : row[2] - start].split(b"\n")[0], row[14], Outcome(row[16]), row[13])
        for row in batch.rows
    ]


def test_worker_in_which_nothing_runs_is_killed_with_its_stack_and_its_requests(
    segment, warden, hanging, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(
        stack_module, "FIRST_WAIT_MS", int(PATIENCE_S * 1000)
    )  # a busy machine writes it late
    member, recorder = worker(segment, hanging.pid)
    recorder.beat(past_ns(5))
    recorder.enter(1, past_ns(3), b"GET /other HTTP/1.1", "id-2")
    recorder.enter(0, past_ns(4), b"GET /hang HTTP/1.1", "id-1")
    give_up_s = time.monotonic() + PATIENCE_S
    assert warden.see_to_it([member]) == [hanging.pid]  # its successor boots meanwhile
    while hanging.poll() is None:
        assert warden.see_to_it([member]) == []
        assert time.monotonic() < give_up_s
        time.sleep(warden.wait_s())
    assert hanging.returncode == -signal.SIGKILL
    (message,) = [record.getMessage() for record in caplog.records]
    first_line = message.splitlines()[0]
    assert first_line.startswith(f"worker.killed slot=1 pid={hanging.pid} silent_s=")
    assert "requests=2 request=id-1 line='GET /hang HTTP/1.1' age_s=" in first_line
    silent_s, age_s = map(float, re.findall(r"(?:silent|age)_s=([0-9.]+)", first_line))
    assert (silent_s >= 5, age_s >= 4) == (True, True)
    assert "in hang" in message
    assert access_lines(segment) == [
        (b"GET /hang HTTP/1.1", 504, Outcome.TIMED_OUT, hanging.pid),
        (b"GET /other HTTP/1.1", 503, Outcome.CUT, hanging.pid),
    ]
    assert warden.explain(member, signal.SIGKILL) == "killed_by=master"
    assert len(access_lines(segment)) == 2


def test_worker_that_hangs_outside_of_a_request_is_killed_too(segment, warden, hanging, caplog) -> None:
    member, recorder = worker(segment, hanging.pid)
    recorder.beat(past_ns(5))
    while hanging.poll() is None:
        warden.see_to_it([member])
        time.sleep(warden.wait_s())
    assert "requests=0 inside no request: nothing in it runs" in caplog.text


def test_worker_whose_thread_is_lost_is_named_for_replacement_and_lives(
    segment, warden, hanging, caplog
) -> None:
    member, recorder = worker(segment, hanging.pid)
    recorder.enter(1, past_ns(4), b"GET /sleep HTTP/1.1", "id-1")
    recorder.beat(time.monotonic_ns())
    assert warden.see_to_it([member]) == [hanging.pid]
    assert warden.see_to_it([member]) == []
    assert hanging.poll() is None
    assert "worker.thread_lost slot=1" in caplog.text
    assert "thread=1 request=id-1 line='GET /sleep HTTP/1.1' age_s=4.0" in caplog.text


def test_worker_has_the_time_that_a_reload_gave_it(segment, warden, hanging) -> None:
    member, recorder = worker(segment, hanging.pid)
    recorder.enter(1, past_ns(4), b"GET /sleep HTTP/1.1", "id-1")
    recorder.beat(time.monotonic_ns())
    warden.follow(ServerConfig(request_timeout_s=60.0))
    assert warden.see_to_it([member]) == []


def test_interrupted_worker_is_named_for_replacement(segment, warden, hanging, caplog) -> None:
    member, recorder = worker(segment, hanging.pid)
    recorder.enter(1, past_ns(0), b"GET /spin HTTP/1.1", "id-1")
    recorder.interrupted(1)
    recorder.leave(1)
    recorder.beat(time.monotonic_ns())
    assert warden.see_to_it([member]) == [hanging.pid]
    assert "worker.interrupted slot=1" in caplog.text


def test_worker_that_is_leaving_is_not_replaced_for_a_lost_thread(segment, warden, hanging, caplog) -> None:
    member, recorder = worker(segment, hanging.pid, state=State.DRAINING)
    recorder.enter(1, past_ns(4), b"GET /sleep HTTP/1.1", "id-1")
    recorder.beat(time.monotonic_ns())
    assert warden.see_to_it([member]) == []
    assert caplog.messages == []


def test_booting_worker_is_not_judged_by_what_its_predecessor_left(segment, warden, hanging) -> None:
    member, recorder = worker(segment, hanging.pid, state=State.BOOTING)
    recorder.beat(past_ns(100))
    assert warden.see_to_it([member]) == []
    assert warden.wait_s() is None
    assert hanging.poll() is None


def test_death_from_outside_is_told_with_the_request_it_ended(segment, warden, caplog) -> None:
    member, recorder = worker(segment, 4121)
    recorder.enter(0, past_ns(2), b"GET /x?card=4711 HTTP/1.1", "id-1")
    told = warden.explain(member, signal.SIGKILL)
    assert told == "killed_by=somebody request=id-1 line='GET /x HTTP/1.1' age_s=2.0"
    assert access_lines(segment) == [(b"GET /x?card=4711 HTTP/1.1", 503, Outcome.CUT, 4121)]


def test_death_by_the_kernel_for_memory_is_told(segment, warden, monkeypatch) -> None:
    member, _ = worker(segment, 4121)
    monkeypatch.setattr(warden._oom_killer, "_count", lambda: warden._oom_killer.total_count + 1)
    told = warden.explain(member, signal.SIGKILL)
    assert told.startswith("killed_by=kernel reason=out_of_memory oom_kill=")


@pytest.mark.parametrize("number", [signal.SIGSEGV, 0])
def test_death_by_its_own_hand_is_told_with_the_request(segment, warden, number) -> None:
    member, recorder = worker(segment, 4121)
    recorder.enter(0, past_ns(2), b"GET /crash HTTP/1.1", "id-1")
    assert warden.explain(member, number) == "request=id-1 line='GET /crash HTTP/1.1' age_s=2.0"


def test_request_that_was_answered_in_its_place_is_not_recorded_twice(segment, warden) -> None:
    member, recorder = worker(segment, 4121)
    recorder.enter(0, past_ns(2), b"GET /x HTTP/1.1", "id-1")
    recorder.answered(0)
    assert warden.explain(member, signal.SIGKILL) == "killed_by=somebody"
    assert access_lines(segment) == []


def test_slot_of_another_pid_says_nothing_about_a_death(segment, warden) -> None:
    _, recorder = worker(segment, 4121)
    recorder.enter(0, past_ns(2), b"GET /x HTTP/1.1", "id-1")
    stranger = Member(4122, SLOT, 1, 0.0, State.BOOTING)
    assert warden.explain(stranger, signal.SIGSEGV) == ""


def test_worker_that_did_not_stop_in_time_is_killed_and_its_requests_recorded(
    segment, warden, hanging, caplog
) -> None:
    member, recorder = worker(segment, hanging.pid)
    recorder.enter(0, past_ns(2), b"GET /x HTTP/1.1", "id-1")
    warden.kill(member, "it did not stop in time")
    assert hanging.wait(PATIENCE_S) == -signal.SIGKILL
    assert f"worker.killed slot=1 pid={hanging.pid}: it did not stop in time" in caplog.text
    assert access_lines(segment) == [(b"GET /x HTTP/1.1", 503, Outcome.CUT, hanging.pid)]
    assert warden.explain(member, signal.SIGKILL) == "killed_by=master"
