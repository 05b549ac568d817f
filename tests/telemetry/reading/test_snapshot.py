import os

import pytest

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import WORD_BYTES
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment, SegmentError
from penstock.telemetry.reading.snapshot import CurrentRequest, Snapshot, phase_quantile_ns
from penstock.telemetry.writing.recorder import Recorder

SLOT = 1
NS = 10**9


@pytest.fixture
def recorder(segment):
    made = Recorder(segment, SLOT)
    made.reset(4242, 3)
    return made


def set_word(segment, slot, word, value):
    segment.words[segment.layout.slot_word(slot) + word] = value


def take(segment, now_ns=None):
    return Snapshot.take(segment.fd, now_ns)


def only_worker(segment, now_ns=None):
    (worker,) = take(segment, now_ns).workers
    return worker


def test_a_new_segment_has_a_master_and_no_workers(segment):
    snapshot = take(segment)
    assert (snapshot.master_pid, snapshot.workers, snapshot.agent_pid) == (os.getpid(), (), 0)
    assert snapshot.uptime_s >= 0


def test_a_worker_shows_its_words(segment, recorder):
    recorder.set_state(WorkerState.READY)
    recorder.set_connections(17)
    recorder.set_queued(4)
    worker = only_worker(segment)
    shown = (worker.slot, worker.pid, worker.generation, worker.state, worker.connections, worker.queued)
    assert shown == (1, 4242, 3, WorkerState.READY, 17, 4)


def test_a_template_is_no_worker(segment, recorder):
    recorder.set_state(WorkerState.TEMPLATE)
    snapshot = take(segment)
    assert (snapshot.workers, [template.pid for template in snapshot.templates]) == ((), [4242])


def test_uptime_and_rate_count_from_the_start_of_the_pid(segment, recorder, finished):
    recorder.access(finished())
    recorder.access(finished())
    set_word(segment, SLOT, layout.STARTED_NS, 100 * NS)
    worker = only_worker(segment, 104 * NS)
    assert (worker.uptime_s, worker.requests, worker.mean_rate) == (4.0, 2, 0.5)


def test_a_worker_that_has_just_started_has_no_rate(segment, recorder):
    set_word(segment, SLOT, layout.STARTED_NS, 100 * NS)
    assert only_worker(segment, 100 * NS).mean_rate == 0.0


def test_the_rate_between_two_snapshots(segment, recorder, finished):
    earlier = only_worker(segment)
    for _ in range(10):
        recorder.access(finished())
    later = only_worker(segment)
    assert later.rate_since(earlier, 2.0) == 5.0
    assert later.rate_since(earlier, 0.0) == later.mean_rate


def test_the_rate_of_a_worker_that_is_new_since_is_that_of_its_life(segment, recorder, finished):
    earlier = only_worker(segment)
    recorder.reset(4343, 4)
    recorder.access(finished())
    later = only_worker(segment)
    assert later.rate_since(earlier, 2.0) == later.mean_rate


def test_requests_of_earlier_pids_do_not_count_for_a_worker(segment, recorder, finished):
    recorder.access(finished())
    recorder.reset(4343, 4)
    assert only_worker(segment).requests == 0


def test_refused_and_dropped_requests_are_requests(segment, recorder, finished):
    recorder.refused(status=400, line=b"", peer="", now_ns=1, reason="")
    set_word(segment, SLOT, layout.ACCESS_DROPPED, 5)
    worker = only_worker(segment)
    assert (worker.requests, worker.refused, worker.dropped_access) == (6, 1, 5)


def test_quantiles_and_classes_come_from_the_histograms(segment, recorder, finished):
    for status in (200, 200, 404, 500):
        recorder.access(finished(status_code=status))
    worker = only_worker(segment)
    assert worker.p50_ms == pytest.approx(0.019, rel=0.02)
    assert worker.p99_ms == pytest.approx(0.019, rel=0.02)
    assert worker.by_class == (0, 0, 2, 0, 1, 1)


def test_a_phase_has_quantiles_over_all_pids_of_its_slot(segment, recorder, finished):
    recorder.access(finished())
    recorder.reset(4343, 4)
    found = phase_quantile_ns(segment.fd, segment.layout, SLOT, "application", 0.5)
    assert found == pytest.approx(9000, rel=0.02)


def test_a_request_that_was_not_counted_for_a_phase_spent_no_time_in_it(segment, recorder, finished):
    for queued_ns in (0, 0, 0, 5000):
        recorder.access(finished(start_ns=finished().head_ns + queued_ns))
    quantiles = [phase_quantile_ns(segment.fd, segment.layout, SLOT, "queue", part) for part in (0.5, 1.0)]
    assert quantiles == [32, pytest.approx(5000, rel=0.02)]


def test_counts_being_folded_are_not_those_of_the_new_pid(segment, recorder, finished):
    recorder.access(finished())
    set_word(segment, SLOT, layout.FOLD, 1)
    assert only_worker(segment).by_class == (0, 0, 0, 0, 0, 0)


def test_running_requests_show_with_their_age(segment, recorder):
    recorder.enter(1, 100 * NS, b"GET /slow HTTP/1.1", "id-1")
    worker = only_worker(segment, 103 * NS)
    assert worker.current == (CurrentRequest(1, "GET /slow HTTP/1.1", 3.0, "id-1"),)
    assert (worker.busy, worker.threads) == (1, 2)


def test_a_terminal_does_not_obey_a_request_line(segment, recorder):
    recorder.enter(1, 100 * NS, b"GET /\x1b[31m\x9b\n HTTP/1.1")
    assert only_worker(segment, 103 * NS).current[0].line == "GET /\\x1b[31m\\x9b\\x0a HTTP/1.1"


def test_times_in_the_future_are_no_age(segment, recorder):
    recorder.enter(1, 100 * NS, b"GET / HTTP/1.1")
    assert only_worker(segment, 99 * NS).current[0].age_s == 0.0


def test_a_state_that_is_none_is_shown_as_gone(segment, recorder):
    set_word(segment, SLOT, layout.STATE, 99)
    assert only_worker(segment).state is WorkerState.GONE


def test_looking_allocates_nothing(segment):
    before = os.fstat(segment.fd).st_blocks
    take(segment)
    assert os.fstat(segment.fd).st_blocks == before


def test_looking_needs_only_the_right_to_read(segment):
    fd = os.open(f"/proc/self/fd/{segment.fd}", os.O_RDONLY)
    assert Snapshot.take(fd).master_pid == os.getpid()
    os.close(fd)


def test_something_else_is_refused(tmp_path):
    with (tmp_path / "file").open("w+b") as file, pytest.raises(SegmentError):
        Snapshot.take(file.fileno())


def test_any_memory_makes_a_snapshot():
    segment = Segment.create(2, 2, 65536)
    for word in range(layout.PAGE_BYTES // WORD_BYTES, segment.layout.counts_at(0) // WORD_BYTES + 4096):
        segment.words[word] = 2**64 - 1
    snapshot = take(segment)
    assert len(snapshot.master.current) == 2
    segment.close()
