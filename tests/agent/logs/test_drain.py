import os

import pytest

from penstock.agent.logs.archive import Archive, Retention
from penstock.agent.logs.drain import BATCH_RECORDS, Drain
from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.outlet import Outlet
from penstock.agent.logs.output import Kind, Output
from penstock.agent.logs.rotation import Period, Rotation
from penstock.telemetry.memory import layout
from penstock.telemetry.records.record import ACCESS
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.writing.recorder import Recorder


def lines_of(batch, times=1):
    """The request lines of a batch, as the portion of the only outlet."""
    begin = batch.rows[0][1]
    texts = [batch.text[row[1] - begin : row[2] - begin] for row in batch.rows]
    return [(b"".join(text.split(b"\n")[0] + b"\n" for text in texts) * times, len(texts))]


@pytest.fixture
def make_drain(segment, now):
    made = []

    def make(target, form=lines_of, standard_fd=1):
        plan = segment.layout
        readers = [RingReader(segment, plan.access_ring(slot), ACCESS) for slot in range(plan.slots)]
        output = Output("access log", str(target), standard_fd, now)
        made.append(output)
        ledger = Ledger(segment)
        outlet = Outlet(output, ledger, layout.ACCESS_OUTPUT)
        return Drain(segment, readers, form, [outlet], ledger=ledger)

    yield make
    for output in made:
        output.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "access.log"


def lines(path):
    return path.read_bytes().splitlines()


def test_records_become_lines_and_leave_the_ring(make_drain, recorder, finished, path):
    drain = make_drain(path)
    recorder.access(finished(line=b"one"))
    recorder.access(finished(line=b"two"))
    assert not drain.is_empty()
    assert drain.step()
    assert lines(path) == [b"one", b"two"]
    assert drain.is_empty()
    assert not drain.step()


def test_lines_are_counted(make_drain, recorder, finished, path, segment):
    recorder.access(finished())
    make_drain(path).step()
    assert segment.words[layout.AGENT_LINES_WORD] == 1


def test_a_busy_worker_does_not_starve_a_quiet_one(make_drain, recorder, segment, finished, path):
    quiet = Recorder(segment, 2, wait=lambda _: None)
    drain = make_drain(path)
    for _ in range(100):
        recorder.access(finished(line=b"busy"))
    quiet.access(finished(line=b"quiet"))
    drain.step()
    assert b"quiet" in lines(path)
    assert BATCH_RECORDS < 1000


def test_after_a_stalled_turn_the_next_ring_comes_first(make_drain, recorder, segment, finished, now):
    read_fd, write_fd = os.pipe()
    quiet = Recorder(segment, 2, wait=lambda _: None)
    drain = make_drain("-", standard_fd=write_fd, form=lambda batch: lines_of(batch, 2000))
    for _ in range(20):
        recorder.access(finished(line=b"busy" * 10))
    assert drain.step()
    quiet.access(finished(line=b"quiet"))
    for _ in range(200):
        os.read(read_fd, 65536)
        drain.step()
        if drain.is_empty():
            break
    assert drain.is_empty()
    os.close(read_fd)
    os.close(write_fd)


def test_a_stalled_output_takes_one_batch_and_leaves_the_rest_in_the_ring(
    make_drain, recorder, finished, segment
):
    drain = make_drain("/dev/full")
    recorder.access(finished())
    drain.step()
    recorder.access(finished())
    assert not drain.step()
    assert segment.words[segment.layout.access_ring(1).tail_word] == 0
    assert not drain.is_empty()


def test_giving_up_counts_what_was_pending(make_drain, recorder, finished, segment):
    drain = make_drain("/dev/full")
    recorder.access(finished())
    drain.step()
    drain.close()
    drain.close()
    assert segment.words[layout.AGENT_DISCARDED_WORD] == 1


def test_an_output_that_is_gone_is_drained_and_counted(make_drain, recorder, finished, tmp_path, segment):
    drain = make_drain(tmp_path / "missing" / "log")
    recorder.access(finished())
    drain.step()
    assert drain.is_empty()
    assert (drain.outlets[0].lost_lines, segment.words[layout.AGENT_DISCARDED_WORD]) == (1, 1)


def test_a_file_that_was_gone_is_taken_up_when_it_can_be(make_drain, recorder, finished, tmp_path, segment):
    drain = make_drain(tmp_path / "missing" / "log")
    drain.tick()
    (tmp_path / "missing").mkdir()
    drain.tick()
    recorder.access(finished(line=b"one"))
    drain.step()
    assert lines(tmp_path / "missing" / "log") == [b"one"]
    assert segment.words[layout.ACCESS_OUTPUT + layout.OUTPUT_SIZE] == 4


def test_off_formats_nothing_and_counts_nothing(make_drain, recorder, finished, segment):
    drain = make_drain("off", form=lambda batch: pytest.fail("formatted"))
    recorder.access(finished())
    drain.step()
    assert drain.is_empty()
    assert segment.words[layout.AGENT_LINES_WORD] == segment.words[layout.AGENT_DISCARDED_WORD] == 0


def test_a_batch_that_cannot_be_formatted_is_counted_and_passed(
    make_drain, recorder, finished, path, segment
):
    drain = make_drain(path, form=lambda batch: {}["missing"])
    recorder.access(finished())
    drain.step()
    assert drain.is_empty()
    assert segment.words[layout.AGENT_DAMAGED_WORD] == 1


def test_damaged_records_are_counted_and_passed(make_drain, recorder, finished, path, segment):
    drain = make_drain(path)
    recorder.access(finished(line=b"one"))
    recorder.access(finished(line=b"two"))
    segment.words[segment.layout.access_ring(1).records_at // 8] = 77
    drain.step()
    drain.step()
    assert lines(path) == [b"two"]
    assert segment.words[layout.AGENT_DAMAGED_WORD] == 1


def test_an_agent_killed_after_it_wrote_repeats_no_line(make_drain, recorder, finished, path, segment):
    recorder.access(finished(line=b"one"))
    first = make_drain(path)
    first.step()
    recorder.access(finished(line=b"two"))
    size = segment.words[layout.ACCESS_OUTPUT + layout.OUTPUT_SIZE]
    tail = segment.words[segment.layout.access_ring(1).tail_word]
    first.step()
    segment.words[layout.ACCESS_OUTPUT + layout.OUTPUT_SIZE] = size  # killed before it committed
    segment.words[layout.ACCESS_OUTPUT + layout.OUTPUT_INTENT] = 4
    segment.words[segment.layout.access_ring(1).tail_word] = tail
    make_drain(path).step()
    assert lines(path) == [b"one", b"two"]


def test_a_rotated_file_is_followed(make_drain, recorder, finished, path, segment):
    drain = make_drain(path)
    recorder.access(finished(line=b"one"))
    drain.step()
    path.rename(path.with_suffix(".1"))
    drain.reopen()
    recorder.access(finished(line=b"two"))
    drain.step()
    assert lines(path) == [b"two"]
    assert segment.words[layout.ACCESS_OUTPUT + layout.OUTPUT_SIZE] == 4


# Lines of the agent's own


def test_the_agents_own_lines_come_before_the_next_batch(make_drain, recorder, finished, path, segment):
    drain = make_drain(path)
    drain.say(b"notice\n")
    assert not drain.is_empty()
    recorder.access(finished(line=b"one"))
    drain.step()
    assert lines(path) == [b"notice", b"one"]
    assert segment.words[layout.ACCESS_OUTPUT + layout.OUTPUT_SIZE] == 11


def test_a_notice_that_does_not_leave_holds_the_batch_up(make_drain, recorder, finished, now):
    drain = make_drain("/dev/full")
    drain.say(b"notice\n")
    recorder.access(finished())
    assert not drain.step()
    assert not drain.step()
    assert drain.pending_bytes == 7


def test_a_notice_goes_to_a_stream_too(make_drain):
    read_fd, write_fd = os.pipe()
    drain = make_drain("-", standard_fd=write_fd)
    assert drain.outlets[0].output.kind is Kind.STREAM
    drain.say(b"notice\n")
    drain.step()
    assert os.read(read_fd, 100) == b"notice\n"
    os.close(read_fd)
    os.close(write_fd)


def test_counters_in_which_someone_wrote_the_highest_number_do_not_end_the_agent(
    make_drain, recorder, finished, path, segment
):
    drain = make_drain(path)
    segment.words[layout.AGENT_LINES_WORD] = (1 << 64) - 1
    recorder.access(finished(line=b"one"))
    drain.step()
    assert lines(path) == [b"one"]
    assert segment.words[layout.AGENT_LINES_WORD] == 0


# Two logs of one kind


@pytest.fixture
def make_pair(segment, now, tmp_path):
    """A drain whose odd lines go to the second of two files."""
    made = []

    def form(batch):
        (text, _), *_ = lines_of(batch)
        lines = text.splitlines(keepends=True)
        return [(b"".join(lines[part::2]), len(lines[part::2])) for part in (0, 1)]

    def make(second="two.log"):
        plan = segment.layout
        readers = [RingReader(segment, plan.access_ring(slot), ACCESS, slot) for slot in range(plan.slots)]
        ledger = Ledger(segment)
        targets = (
            (tmp_path / "one.log", layout.ERROR_OUTPUT),
            (tmp_path / second, layout.APPLICATION_OUTPUT),
        )
        outlets = [Outlet(Output("log", str(path), 2, now), ledger, area) for path, area in targets]
        drain = Drain(segment, readers, form, outlets, ledger=ledger)
        made.append(drain)
        return drain

    yield make
    for drain in made:
        drain.close()


def test_a_batch_of_two_logs_is_committed_together(make_pair, recorder, finished, tmp_path, segment):
    drain = make_pair()
    for line in (b"a", b"b", b"c"):
        recorder.access(finished(line=line))
    drain.step()
    assert lines(tmp_path / "one.log") == [b"a", b"c"]
    assert lines(tmp_path / "two.log") == [b"b"]
    sizes = [
        segment.words[area + layout.OUTPUT_SIZE] for area in (layout.ERROR_OUTPUT, layout.APPLICATION_OUTPUT)
    ]
    assert sizes == [4, 2]
    assert segment.words[layout.AGENT_LINES_WORD] == 3
    assert drain.is_empty()


def test_two_logs_are_both_cut_back_when_the_second_was_not_written(
    make_pair, recorder, finished, tmp_path, monkeypatch
):
    drain = make_pair()
    for line in (b"a", b"b"):
        recorder.access(finished(line=line))
    write = os.write

    def die_at_the_second(fd, text):
        if bytes(text) == b"b\n":
            write(fd, b"b")
            raise KeyboardInterrupt
        return write(fd, text)

    with monkeypatch.context() as patch:
        patch.setattr("penstock.agent.logs.output.os.write", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            drain.step()
    assert lines(tmp_path / "one.log") == [b"a"]
    make_pair().step()
    assert lines(tmp_path / "one.log") == [b"a"]
    assert lines(tmp_path / "two.log") == [b"b"]


def test_a_log_that_is_gone_is_counted_and_the_other_goes_on(
    make_pair, recorder, finished, tmp_path, segment
):
    drain = make_pair("missing/two.log")
    for line in (b"a", b"b", b"c"):
        recorder.access(finished(line=line))
    drain.step()
    assert lines(tmp_path / "one.log") == [b"a", b"c"]
    assert [outlet.lost_lines for outlet in drain.outlets] == [0, 1]
    assert segment.words[layout.AGENT_DISCARDED_WORD] == 1
    assert segment.words[layout.AGENT_LINES_WORD] == 2


def test_a_log_whose_lines_are_not_committed_is_not_rotated(make_pair, recorder, finished, tmp_path):
    (tmp_path / "full").symlink_to("/dev/full")
    drain = make_pair("full")
    archive = Archive(tmp_path / "one.log", Retention(), is_compressing=False)
    drain.outlets[0]._archive, drain.outlets[0]._rotation = archive, Rotation(1, Period.NEVER)
    for line in (b"a", b"b"):
        recorder.access(finished(line=line))
    drain.step()  # the first log has its line, the second takes none: nothing is committed
    drain.tick()
    assert lines(tmp_path / "one.log") == [b"a"]
    assert archive.entries() == []
