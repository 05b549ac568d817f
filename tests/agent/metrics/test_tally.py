import itertools
import os

import pytest

from penstock.agent.metrics import tally as tally_module
from penstock.agent.metrics.tally import TallyReader
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.histogram import bucket_of
from penstock.telemetry.memory.layout import PHASES, WORD_BYTES
from penstock.telemetry.memory.scoreboard import fold_counts

US = 1000


def test_requests_of_all_slots_and_pids_are_counted_once(segment, put, finished) -> None:
    for slot, pid in ((1, 100), (2, 200), (1, 101)):
        recorder = put(slot, pid=pid)
        recorder.access(finished())
        recorder.access(finished(status_code=503))
    tally = TallyReader(segment).read()
    assert tally.by_class == (0, 0, 3, 0, 0, 3)
    assert {phase: sum(counts) for phase, counts in tally.phases.items()} == dict.fromkeys(PHASES, 6)
    assert tally.phases["total"][bucket_of(19 * US)] == 6


def test_new_segment_has_counted_nothing(segment) -> None:
    tally = TallyReader(segment).read()
    assert tally.by_class == (0,) * 6
    assert not any(map(any, tally.phases.values()))


def test_phase_that_was_not_counted_took_no_time(segment, put, finished) -> None:
    put(1).access(finished(start_ns=finished().head_ns))
    assert TallyReader(segment).read().phases["queue"][0] == 1


def test_half_counted_request_takes_nothing_back(segment, put, finished) -> None:
    recorder = put(1)
    recorder.access(finished(start_ns=finished().head_ns))
    reader = TallyReader(segment)
    before = reader.read().phases["queue"][0]
    # The worker has counted the queue of the next request, and not its total.
    at = segment.layout.counts_at(1) // WORD_BYTES + (2 * len(PHASES) + PHASES.index("queue")) * 1024
    segment.words[at + 500] += 1
    tally = reader.read()
    assert tally.phases["queue"][0] == before
    assert tally.phases["queue"][500] == 1


@pytest.mark.parametrize("fold_at", [1, 2, 3, 4], ids=["bank", "living", "bank-again", "living-again"])
def test_fold_while_reading_counts_nothing_twice_and_loses_nothing(
    segment, put, finished, monkeypatch, fold_at
) -> None:
    recorder = put(1)
    for _ in range(5):
        recorder.access(finished())
    calls = itertools.count(1)
    read = tally_module._read

    def fold_meanwhile(fd, offset, spans):
        if next(calls) == fold_at:
            fold_counts(segment, 1)
        return read(fd, offset, spans)

    monkeypatch.setattr(tally_module, "_read", fold_meanwhile)
    assert TallyReader(segment).read().by_class[2] == 5


def test_marked_fold_is_read_from_its_bank(segment, put, finished) -> None:
    put(1).access(finished())
    fold_counts(segment, 1)
    fold_word = segment.layout.slot_word(1) + layout.FOLD
    assert segment.words[fold_word] == 2
    assert TallyReader(segment).read().by_class[2] == 1
    segment.words[fold_word] = 1  # killed between its two steps: the counts were not cleared yet
    at = segment.layout.counts_at(1)
    segment.memory[at : at + 8] = (99).to_bytes(8, "little")
    assert TallyReader(segment).read().by_class[2] == 1


def test_slot_that_folds_for_ever_is_read_all_the_same(segment, put, monkeypatch) -> None:
    put(1)
    fold_word = segment.layout.slot_word(1) + layout.FOLD
    read = tally_module._read

    def fold_always(fd, offset, spans):
        segment.words[fold_word] += 2
        return read(fd, offset, spans)

    monkeypatch.setattr(tally_module, "_read", fold_always)
    assert TallyReader(segment).read().by_class == (0,) * 6


def test_damaged_counts_do_not_end_the_reader(segment, put) -> None:
    for slot in (1, 2):
        put(slot)
        last = segment.layout.counts_at(slot) // WORD_BYTES + layout.COUNT_WORDS - 1
        segment.words[last] = (1 << 64) - 1
    assert TallyReader(segment).read().by_class == (0,) * 6


def test_counts_that_no_server_reaches_leave_room_for_those_that_were_counted(segment, put, finished) -> None:
    put(1).access(finished())
    at = segment.layout.counts_at(2)
    put(2)
    segment.memory[at : at + layout.COUNT_WORDS * WORD_BYTES] = b"\xff" * (layout.COUNT_WORDS * WORD_BYTES)
    reader = TallyReader(segment)
    for _ in range(2):
        tally = reader.read()
        assert all(sum(counts) < 1 << 63 for counts in tally.phases.values())
    segment.memory[at : at + layout.COUNT_WORDS * WORD_BYTES] = bytes(layout.COUNT_WORDS * WORD_BYTES)
    assert sum(TallyReader(segment).read().by_class) == 1


def test_looking_at_counts_allocates_no_memory(segment, put) -> None:
    put(1)
    put(2)
    before = os.fstat(segment.fd).st_blocks
    TallyReader(segment).read()
    assert os.fstat(segment.fd).st_blocks == before
