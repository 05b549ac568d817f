import contextvars
import os
import signal
import struct
import threading
import weakref

import pytest

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.histogram import LONG_TICKS, TABLE_TICKS, TICK_BITS, bucket_of
from penstock.telemetry.memory.layout import HISTOGRAM_WORDS, PHASES, WORD_BYTES
from penstock.telemetry.memory.pulse import Pulse, RunningRequest, read_pulse, read_running
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.records.record import ACCESS, JOINED, LOG, MAX_PART_BYTES, Outcome
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.traces.threshold import Threshold
from penstock.telemetry.traces.trace import CALLED, ERROR, SLOW, RequestTrace, current_request_id
from penstock.telemetry.traces.trace_context import TraceContext
from penstock.telemetry.writing.recorder import Recorder, _disowner

SLOT = 1
FIELDS = (
    "number",
    "start",
    "stop",
    "last_ns",
    "head",
    "body",
    "queue",
    "response",
    "application",
    "send",
    "total",
    "received",
    "sent",
    "pid",
    "status",
    "thread",
    "outcome",
    "lane",
    "check",
)
MS = 1_000_000


class Slot:
    """A recorder and what it left in memory."""

    def __init__(self, segment: Segment):
        self.segment = segment
        self.recorder = Recorder(segment, SLOT, wait=lambda _: None)
        self.recorder.reset(4242, 3)

    def word(self, word: int) -> int:
        return self.segment.words[self.segment.layout.slot_word(SLOT) + word]

    def records(self) -> list[dict]:
        reader = RingReader(self.segment, self.segment.layout.access_ring(SLOT), ACCESS)
        rows = []
        while batch := reader.take(1000):
            for values in batch.rows:
                row = dict(zip(FIELDS, values, strict=True))
                text = batch.text_of(values)
                row |= {"text": text, "fields": text.split(b"\n")}
                rows.append(row)
            self.segment.words[reader.tail_word] = batch.tail
        return rows

    def logs(self) -> list[tuple]:
        reader = RingReader(self.segment, self.segment.layout.log_ring(SLOT), LOG)
        batch = reader.take(1000)
        if batch is None:
            return []
        found = []
        for row in batch.rows:
            text = batch.text_of(row)
            parts = []
            for length in row[6:11]:
                parts.append(text[:length].decode())
                text = text[length:]
            found.append((row[5], *parts))
        return found

    def count(self, status_class: int, phase: str, duration_ns: int) -> int:
        first = self.segment.layout.counts_at(SLOT) // WORD_BYTES
        histogram = status_class * len(PHASES) + PHASES.index(phase)
        return self.segment.words[first + histogram * HISTOGRAM_WORDS + bucket_of(duration_ns)]

    def all_counts(self) -> int:
        first = self.segment.layout.counts_at(SLOT) // WORD_BYTES
        return sum(self.segment.words[first : first + layout.COUNT_WORDS])


@pytest.fixture
def slot(segment):
    return Slot(segment)


# A slot's life


def test_a_new_pid_shows_in_its_slot(slot):
    assert [slot.word(word) for word in (layout.PID, layout.GENERATION, layout.STATE)] == [
        4242,
        3,
        WorkerState.BOOTING,
    ]
    assert slot.word(layout.STARTED_NS) > 0


def test_state_connections_and_queue_are_published(slot):
    slot.recorder.set_state(WorkerState.READY)
    slot.recorder.set_connections(17)
    slot.recorder.set_queued(4)
    assert [slot.word(word) for word in (layout.STATE, layout.CONNECTIONS, layout.QUEUED)] == [2, 17, 4]


def test_a_successor_begins_with_clean_words_and_keeps_the_slots_past(slot, finished):
    slot.recorder.access(finished())
    slot.recorder.set_connections(17)
    slot.recorder.enter(0, 5, b"GET /stuck HTTP/1.1")
    slot.recorder.interrupted(0)
    slot.recorder.beat(5)
    successor = Recorder(slot.segment, SLOT)
    successor.reset(4343, 4)
    assert slot.all_counts() == 0
    assert slot.word(layout.CONNECTIONS) == 0
    assert slot.word(layout.REQUESTS_BEFORE) == 1
    assert read_pulse(slot.segment.fd, slot.segment.layout, SLOT) == Pulse(4343, 0, 0, ())
    assert len(slot.records()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="quick"),
        pytest.param({"response_ns": 0, "start_ns": 0, "end_ns": 0}, id="stamps-missing"),
        pytest.param({"environ": {"HTTP_USER_AGENT": "x" * 40_000}}, id="long-text"),
    ],
)
def test_record_of_a_caller_names_its_trace(slot, finished, changes):
    request = finished(**changes)
    request.trace.marks |= CALLED
    request.trace.caller = TraceContext("a" * 32, "b" * 16)
    slot.recorder.access(request)
    (record,) = slot.records()
    assert record["fields"][2] == b"id-1 trace=" + b"a" * 32
    assert record["lane"] == JOINED


# Thread lines


def test_a_running_request_shows_on_its_threads_line(slot):
    slot.recorder.enter(1, 77, b"GET /a HTTP/1.1", "id-1")
    running = RunningRequest(1, 77, 0, "id-1", "GET /a HTTP/1.1", is_answered=False, is_interrupted=False)
    assert read_running(slot.segment.fd, slot.segment.layout, SLOT) == (running,)


def test_a_long_line_is_cut_to_its_place(slot):
    slot.recorder.enter(0, 77, b"x" * 500)
    at = slot.segment.layout.thread_at(SLOT, 1)
    assert bytes(slot.segment.memory[at : at + 8]) == bytes(8)


def test_more_time_and_an_interruption_show_on_the_line_of_their_request_alone(slot):
    slot.recorder.enter(1, 77, b"GET /a HTTP/1.1", "id-1")
    slot.recorder.extend(1, 99)
    slot.recorder.answered(1)
    slot.recorder.interrupted(1)
    (first,) = read_running(slot.segment.fd, slot.segment.layout, SLOT)
    slot.recorder.enter(1, 78, b"GET /b HTTP/1.1", "id-2")
    (second,) = read_running(slot.segment.fd, slot.segment.layout, SLOT)
    assert (first.deadline_ns, first.is_answered, first.is_interrupted) == (99, True, True)
    assert (second.deadline_ns, second.is_answered, second.is_interrupted) == (0, False, False)


def test_beats_and_interruptions_are_published(slot):
    slot.recorder.beat(55)
    slot.recorder.enter(1, 77, b"GET /a HTTP/1.1")
    slot.recorder.interrupted(1)
    pulse = read_pulse(slot.segment.fd, slot.segment.layout, SLOT)
    assert (pulse.beat_ns, pulse.interrupt_count) == (55, 1)


def test_leaving_makes_the_thread_idle(slot):
    slot.recorder.enter(1, 77, b"GET /a HTTP/1.1")
    assert not slot.recorder.is_idle(1)
    slot.recorder.leave(1)
    assert slot.recorder.is_idle(1)


def test_entering_sets_the_request_id_of_the_running_context(slot):
    def serve():
        trace = RequestTrace()
        trace.own_id = "id-9"
        slot.recorder.enter(1, 77, b"GET /a HTTP/1.1", "id-9", trace)
        return current_request_id()

    assert contextvars.copy_context().run(serve) == "id-9"
    assert current_request_id() == ""


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda recorder: recorder.enter(99, 1, b"line"), id="enter-unknown-thread"),
        pytest.param(lambda recorder: recorder.enter(0, -1, b"line"), id="enter-before-time"),
        pytest.param(lambda recorder: recorder.enter(0, 1, "text"), id="enter-text"),
        pytest.param(lambda recorder: recorder.leave(99), id="leave-unknown-thread"),
        pytest.param(lambda recorder: recorder.extend(0, -1), id="extend-before-time"),
        pytest.param(lambda recorder: recorder.answered(99), id="answered-unknown-thread"),
        pytest.param(lambda recorder: recorder.killed(None, 1, Outcome.CUT, 1), id="killed-no-request"),
        pytest.param(lambda recorder: recorder.interrupted(99), id="interrupted-unknown-thread"),
    ],
)
def test_what_cannot_be_shown_is_counted_and_not_raised(slot, call):
    call(slot.recorder)
    assert slot.word(layout.FAILED) == 1


# Access records


@pytest.mark.parametrize(
    ("outcome", "status"), [pytest.param(Outcome.TIMED_OUT, 504), pytest.param(Outcome.CUT, 503)]
)
def test_request_whose_worker_was_killed_has_its_record_with_the_workers_pid(slot, outcome, status):
    request = RunningRequest(2, 1000, 0, "id-1", "GET /x HTTP/1.1", is_answered=False, is_interrupted=False)
    slot.recorder.killed(request, 4121, outcome, 65000)
    (row,) = slot.records()
    assert row["fields"] == [b"GET /x HTTP/1.1", b"", b"id-1", b"", b"", b""]
    names = ("pid", "status", "thread", "outcome", "application", "total", "last_ns")
    assert [row[name] for name in names] == [4121, status, 2, outcome, 1000, 1000, 65000]


def test_request_that_cannot_have_begun_so_long_ago_took_no_time(slot):
    request = RunningRequest(2, 2**64 - 1, 0, "", "", is_answered=False, is_interrupted=False)
    slot.recorder.killed(request, 4121, Outcome.CUT, 65000)
    (row,) = slot.records()
    assert row["total"] == 0


def test_an_access_record_holds_the_request(slot, finished):
    slot.recorder.access(finished())
    (row,) = slot.records()
    assert row["fields"] == [b"GET /a?b=1 HTTP/1.1", b"192.0.2.1", b"id-1", b"http://site/", b"curl/8", b""]
    names = ("pid", "status", "sent", "received", "thread", "lane", "outcome", "last_ns")
    request = finished()
    assert [row[name] for name in names] == [4242, 200, 1234, 0, 1, 0, 0, request.last_byte_ns]


def test_an_access_record_holds_the_phases_in_ticks(slot, finished):
    slot.recorder.access(finished())
    (row,) = slot.records()
    phases = ("head", "body", "queue", "response", "application", "send", "total")
    assert [row[phase] for phase in phases] == [ns // 64 for ns in (2000, 0, 2000, 8000, 9000, 6000, 19000)]


def test_each_phase_counts_in_its_histogram(slot, finished):
    slot.recorder.access(finished(status_code=404))
    durations = {"head": 2000, "queue": 2000, "application": 9000, "send": 6000, "total": 19000}
    assert {phase: slot.count(4, phase, ns) for phase, ns in durations.items()} == dict.fromkeys(durations, 1)
    assert slot.count(4, "body", 0) == 1
    assert slot.all_counts() == len(durations) + 1


def test_a_request_without_body_and_queue_is_not_counted_for_them(slot, finished):
    slot.recorder.access(finished(start_ns=finished().head_ns))
    assert (slot.count(2, "body", 0), slot.count(2, "queue", 0), slot.all_counts()) == (0, 0, 4)


def test_a_body_is_a_phase_of_its_own(slot, finished):
    request = finished(received_bytes=5, head_ns=finished().head_ns - 1500)
    slot.recorder.access(request)
    assert slot.count(2, "body", 1500) == 1
    assert slot.records()[0]["body"] == 1500 // 64


def test_a_slow_request_counts_like_a_quick_one(slot, finished):
    quick = finished()
    slow = finished(end_ns=quick.start_ns + 30 * MS, last_byte_ns=quick.start_ns + 31 * MS)
    slot.recorder.access(slow)
    assert slot.count(2, "application", 30 * MS) == 1
    assert slot.count(2, "send", MS) == 1
    assert slot.all_counts() == 5  # its body took no time: nothing is counted for it
    (row,) = slot.records()
    assert (row["application"], row["response"]) == (30 * MS // 64, 8000 // 64)


@pytest.mark.parametrize(
    "ticks",
    [
        pytest.param(TABLE_TICKS - 1, id="last-of-the-short-table"),
        pytest.param(TABLE_TICKS, id="first-of-the-long-table"),
        pytest.param(LONG_TICKS - 1, id="last-of-the-long-table"),
        pytest.param(LONG_TICKS, id="beyond-both"),
    ],
)
def test_a_phase_of_a_slow_request_counts_in_the_bucket_of_its_duration(slot, finished, ticks):
    quick = finished()
    end_ns = quick.start_ns + (ticks << TICK_BITS)
    slot.recorder.access(finished(end_ns=end_ns, last_byte_ns=end_ns + 2 * MS))
    assert slot.count(2, "application", ticks << TICK_BITS) == 1


def test_a_slow_request_with_a_body_counts_it_too(slot, finished):
    quick = finished()
    slot.recorder.access(finished(head_ns=quick.first_byte_ns, first_byte_ns=quick.first_byte_ns - 5 * MS))
    assert slot.count(2, "body", 2000) == 1


@pytest.mark.parametrize("status", [0, 101, 200, 302, 404, 500, 599, 600, 999])
def test_every_status_counts_in_its_class(slot, finished, status):
    slot.recorder.access(finished(status_code=status))
    assert slot.count(status // 100 if status < 600 else 0, "total", 19000) == 1


def test_a_phase_that_was_not_finished_has_lasted_until_now(slot, finished, monkeypatch):
    request = finished(end_ns=0, response_ns=0, last_byte_ns=0)
    now_ns = request.start_ns + 30_000 * MS
    monkeypatch.setattr("penstock.telemetry.writing.recorder.time.monotonic_ns", lambda: now_ns)
    slot.recorder.access(request)
    (row,) = slot.records()
    assert row["application"] == 30_000 * MS // 64
    assert (row["send"], row["response"], row["last_ns"]) == (0, 0, now_ns)


def test_stamps_out_of_order_make_no_negative_phase(slot, finished):
    slot.recorder.access(finished(end_ns=finished().last_byte_ns + 5 * MS))
    (row,) = slot.records()
    assert row["send"] == 0


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({}, [b"", b""], id="absent"),
        pytest.param({"HTTP_REFERER": "a\nb"}, [b"a", b"b", b""], id="line-feed"),
        pytest.param({"HTTP_USER_AGENT": None}, [b"", b"None"], id="none"),
        pytest.param({"HTTP_USER_AGENT": 7}, [b"", b"7"], id="number"),
        pytest.param({"HTTP_USER_AGENT": "caf\xe9"}, [b"", b"caf\xc3\xa9"], id="latin-1"),
        pytest.param({"HTTP_USER_AGENT": "\u2028"}, [b"", b"\xe2\x80\xa8"], id="beyond-latin-1"),
        pytest.param({"HTTP_USER_AGENT": "\udc80"}, [b"", b"\\udc80"], id="lone-surrogate"),
    ],
)
def test_whatever_the_application_left_in_its_environ_makes_a_record(slot, finished, environ, expected):
    slot.recorder.access(finished(environ=environ))
    (row,) = slot.records()
    assert row["fields"][3:-1] == expected
    assert slot.word(layout.FAILED) == 0


class Hostile:
    def __str__(self):
        raise RuntimeError

    __format__ = __repr__ = __str__


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"environ": {"HTTP_REFERER": Hostile()}}, id="referer"),
        pytest.param({"environ": None}, id="environ"),
        pytest.param({"status_code": None}, id="status"),
        pytest.param({"line": None}, id="line"),
        pytest.param({"sent_bytes": -1}, id="sent"),
        pytest.param({"thread": 99999}, id="thread"),
    ],
)
def test_a_request_that_cannot_be_recorded_is_counted_and_not_raised(slot, finished, changes):
    slot.recorder.access(finished(**changes))
    slot.recorder.access(finished())
    assert slot.word(layout.FAILED) >= 1
    assert len(slot.records()) == 1


def test_texts_of_any_length_are_cut_and_not_lost(slot, finished):
    agent = "a" * 40000
    slot.recorder.access(finished(environ={"HTTP_USER_AGENT": agent}, line=b"GET /" + b"b" * 40000))
    (row,) = slot.records()
    assert [len(field) for field in row["fields"]] == [MAX_PART_BYTES, 9, 4, 0, MAX_PART_BYTES, 0]


def test_a_cut_text_does_not_end_inside_a_letter(slot, finished):
    slot.recorder.access(finished(environ={"HTTP_USER_AGENT": "\xe9" * 40000}))
    (row,) = slot.records()
    assert row["fields"][4].decode() == "\xe9" * (MAX_PART_BYTES // 2)


def test_a_full_ring_drops_the_record_and_keeps_the_count(slot, finished):
    capacity = slot.segment.layout.access_ring(SLOT).record_count
    for _ in range(capacity + 5):
        slot.recorder.access(finished())
    assert slot.word(layout.ACCESS_DROPPED) == 5
    assert slot.count(2, "total", 19000) == capacity + 5


def test_a_parked_agent_is_woken_by_a_request(slot, finished):
    slot.segment.words[layout.PARKED_WORD] = 1
    slot.recorder.access(finished())
    assert os.read(slot.segment.wake_fd, 8)
    assert slot.segment.words[layout.PARKED_WORD] == 0


def test_another_wake_descriptor_can_be_given(segment, finished):
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    segment.words[layout.PARKED_WORD] = 1
    Recorder(segment, SLOT, fd).access(finished())
    assert os.read(fd, 8)
    os.close(fd)


# Refused requests


def test_a_refused_request_has_a_record_with_its_reason(slot):
    slot.recorder.refused(
        status=400,
        line=b"GET / HTTP/9.9\nX",
        peer="192.0.2.7",
        now_ns=9000,
        reason="bad line",
        first_byte_ns=1000,
    )
    (row,) = slot.records()
    assert row["fields"] == [b"GET / HTTP/9.9\\nX", b"192.0.2.7", b"", b"", b"bad line", b""]
    assert (row["status"], row["outcome"], row["total"]) == (400, Outcome.REFUSED, 8000 // 64)
    assert slot.word(layout.REFUSED) == 1


def test_a_connection_that_sent_nothing_can_be_refused(slot):
    slot.recorder.refused(
        status=408, line=b"", peer="unix", now_ns=9000, reason="too slow", outcome=Outcome.TIMED_OUT
    )
    (row,) = slot.records()
    assert (row["total"], row["outcome"]) == (0, Outcome.TIMED_OUT)


def test_a_refusal_that_cannot_be_recorded_is_counted_and_not_raised(slot):
    slot.recorder.refused(status=-1, line=b"", peer="unix", now_ns=9000, reason="")
    assert slot.word(layout.FAILED) == 1


# Log records


def test_a_log_record_keeps_all_its_parts(slot):
    assert slot.recorder.log(
        40, "shop", "na\xefve\n\u2028", "id-1", thread_name="pool-1", trace="Traceback ..."
    )
    assert slot.logs() == [(40, "shop", "id-1", "pool-1", "na\xefve\n\u2028", "Traceback ...")]


def test_a_long_message_is_cut_and_says_so(slot):
    slot.recorder.log(20, "shop", "\u20ac" * 100_000)
    ((_, _, _, _, message, _),) = slot.logs()
    assert message.endswith(" ... cut, 300000 bytes in all")
    assert message.startswith("\u20ac" * 2000)


def test_lone_surrogates_in_a_message_are_escaped(slot):
    slot.recorder.log(20, "shop", "\udc80")
    assert slot.logs()[0][4] == "\\udc80"


@pytest.mark.parametrize("level", ["high", None])
def test_a_log_record_that_cannot_be_written_is_counted_and_not_raised(slot, level):
    assert not slot.recorder.log(level, "shop", "message")
    assert slot.word(layout.FAILED) == 1


def test_threads_may_log_at_the_same_time(slot):
    begun = threading.Barrier(4)

    def work(name):
        begun.wait()
        for _ in range(15):
            slot.recorder.log(20, name, name * 20)

    threads = [threading.Thread(target=work, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logs = slot.logs()
    assert sorted(log[1] for log in logs) == sorted("abcd" * 15)
    assert all(message == name * 20 for _, name, _, _, message, _ in logs)


# Another process


def in_child(function) -> int:
    """Exit status of a forked child that runs `function`; 0 = it returned something true."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if function() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_of_the_application_writes_nothing_into_its_parents_slot(slot, finished):
    before = bytes(slot.segment.memory)

    def misbehave():
        recorder = slot.recorder
        recorder.enter(1, 77, b"GET /child HTTP/1.1")
        recorder.access(finished())
        recorder.refused(status=400, line=b"", peer="", now_ns=1, reason="")
        recorder.set_state(WorkerState.GONE)
        return not recorder.log(20, "shop", "from a child") and not recorder.is_own

    assert in_child(misbehave) == 0
    assert bytes(slot.segment.memory) == before
    assert slot.recorder.is_own


def test_a_recorder_that_is_not_its_processs_own_any_more_takes_nothing(slot, finished):
    slot.recorder._disown()
    slot.recorder.access(finished())
    assert not slot.recorder.log(20, "shop", "x")
    assert slot.records() == slot.logs() == []


def test_what_a_fork_calls_knows_that_its_recorder_is_gone(segment):
    recorder = Recorder(segment, 2)
    disown = _disowner(weakref.ref(recorder))
    disown()
    assert not recorder.is_own
    del recorder
    assert disown() is None


def test_a_child_that_inherits_a_held_lock_does_not_hang(slot):
    with slot.recorder._log_lock:
        assert in_child(lambda: slot.recorder.log(20, "shop", "x") is False) == 0


def test_a_recorder_that_is_gone_does_not_disturb_a_fork(segment):
    Recorder(segment, 2)
    assert in_child(lambda: True) == 0


def test_a_writer_killed_while_it_records_loses_at_most_one_record(segment, finished):
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        recorder = Recorder(segment, SLOT, wait=lambda _: None)
        while True:
            recorder.access(finished())
            os.write(write_fd, b".")
    done = 0
    while done < 50:
        done += len(os.read(read_fd, 1))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(write_fd)
    while more := os.read(read_fd, 4096):
        done += len(more)
    os.close(read_fd)
    slot = Slot(segment)
    recorded = len(slot.records()) + slot.word(layout.ACCESS_DROPPED)
    assert done <= recorded <= done + 1
    assert slot.word(layout.TORN) <= 1
    slot.recorder.access(finished())
    assert len(slot.records()) == 1


def test_the_hot_path_makes_no_word_beyond_64_bits(slot, finished):
    slot.recorder.access(finished(sent_bytes=2**64 - 1, received_bytes=2**63))
    assert slot.records()[0]["sent"] == 2**64 - 1


def test_counting_a_failure_never_fails(slot, monkeypatch):
    first = slot.segment.layout.slot_word(SLOT)
    struct.pack_into("@Q", slot.segment.memory, (first + layout.FAILED) * WORD_BYTES, 2**64 - 1)
    slot.recorder.leave(99)
    assert slot.word(layout.FAILED) == 2**64 - 1


def test_connections_by_worker_are_those_of_the_workers_that_are_ready(segment):
    first, second = Recorder(segment, 1), Recorder(segment, 2)
    assert first.connections_by_worker() == []
    for recorder, count in ((first, 6), (second, 2)):
        recorder.reset(1, 1)
        recorder.set_connections(count)
    first.set_state(WorkerState.READY)
    assert first.connections_by_worker() == [6]
    second.set_state(WorkerState.READY)
    assert first.connections_by_worker() == [6, 2]


# Traces


@pytest.mark.parametrize(
    ("changes", "lane"),
    [
        pytest.param({}, 0, id="usual"),
        pytest.param({"lane": 1}, 1, id="pool"),
        pytest.param({"status_code": 500}, ERROR, id="failed"),
        pytest.param({"status_code": 500, "lane": 1}, ERROR | 1, id="failed-in-the-pool"),
        pytest.param({"outcome": Outcome.TIMED_OUT, "end_ns": 0}, ERROR, id="never-ended"),
        pytest.param({"status_code": 500, "request_id": "x" * 40000}, ERROR, id="too-long-for-the-quick-way"),
    ],
)
def test_access_record_says_why_a_request_is_kept(slot, finished, changes, lane):
    slot.recorder.access(finished(**changes))
    assert [record["lane"] for record in slot.records()] == [lane]
    assert slot.word(layout.TRACES_KEPT) == bool(lane & ERROR)


@pytest.mark.parametrize(
    ("least_us", "is_kept"), [pytest.param(10, True, id="above"), pytest.param(12, False, id="below")]
)
def test_queue_and_application_are_held_against_the_threshold(slot, finished, least_us, is_kept):
    threshold = Threshold(least_us * 1000 >> TICK_BITS)
    slot.recorder.access(finished(), threshold)  # 2 us and 9 us
    assert [bool(record["lane"] & SLOW) for record in slot.records()] == [is_kept]


def test_what_breaks_the_keeper_costs_no_access_record(slot, finished):
    request = finished(status_code=500)
    request.trace.spans = [object()]
    slot.recorder.access(request)
    assert [record["lane"] for record in slot.records()] == [0]
    assert slot.word(layout.FAILED) == 1


def test_killed_request_is_kept(slot):
    slot.recorder.killed(
        RunningRequest(0, 5, 0, "id-1", "GET / HTTP/1.1", False, False), 7, Outcome.TIMED_OUT, 99
    )
    assert [record["lane"] for record in slot.records()] == [1 | ERROR]
