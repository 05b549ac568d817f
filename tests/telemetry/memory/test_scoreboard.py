import itertools
import os
from array import array

import pytest

from penstock.telemetry.memory import layout, scoreboard
from penstock.telemetry.memory.layout import COUNT_WORDS, WORD_BYTES
from penstock.telemetry.memory.scoreboard import (
    WorkerState,
    fold_counts,
    mark_gone,
    read_counts,
    total_counts,
)

SLOT = 1


class KilledError(Exception):
    """The process ended here."""


def live(segment):
    first = segment.layout.counts_at(SLOT) // WORD_BYTES
    return segment.words[first : first + COUNT_WORDS]


def total(segment) -> int:
    return sum(total_counts(segment.fd, segment.layout, SLOT))


def test_a_fold_moves_the_counts_of_a_slot_into_its_past(segment):
    live(segment)[7] = 5
    fold_counts(segment, SLOT)
    assert sum(live(segment)) == 0
    assert total_counts(segment.fd, segment.layout, SLOT)[7] == 5


def test_folds_add_up_and_use_both_banks(segment):
    for count in (1, 10, 100):
        live(segment)[7] = count
        fold_counts(segment, SLOT)
    live(segment)[7] = 1000
    assert total(segment) == 1111


def test_a_fold_of_nothing_changes_nothing(segment):
    fold_counts(segment, SLOT)  # touches the slot's own page
    before = os.fstat(segment.fd).st_blocks
    fold_counts(segment, SLOT)
    assert os.fstat(segment.fd).st_blocks == before


def test_a_fold_allocates_only_pages_that_hold_counts(segment):
    live(segment)[0] = 1
    before = os.fstat(segment.fd).st_blocks
    fold_counts(segment, SLOT)
    assert (os.fstat(segment.fd).st_blocks - before) * 512 <= 2 * layout.PAGE_BYTES


class DyingMemory:
    """Words (by index) and bytes (by slice) of a segment whose process is killed before its n-th store."""

    def __init__(self, segment, stores):
        self.segment = segment
        self.stores = stores

    def __getitem__(self, word):
        return self.segment.words[word]

    def __setitem__(self, key, value):
        if not self.stores:
            raise KilledError
        self.stores -= 1
        (self.segment.memory if isinstance(key, slice) else self.segment.words)[key] = value


class DyingSegment:
    """A segment on which every store, of words and of bytes, counts down to the end."""

    def __init__(self, segment, stores):
        self.fd = segment.fd
        self.layout = segment.layout
        self.words = self.memory = DyingMemory(segment, stores)


def fold_until_killed(segment, stores) -> bool:
    try:
        fold_counts(DyingSegment(segment, stores), SLOT)
    except KilledError:
        return False
    return True


def test_a_fold_killed_before_any_of_its_stores_counts_nothing_twice(segment):
    expected = 0
    for stores in itertools.count():
        live(segment)[7] = 1
        live(segment)[5000] = 2
        expected += 3
        is_done = fold_until_killed(segment, stores)
        assert total(segment) == expected
        fold_counts(segment, SLOT)
        assert total(segment) == expected
        if is_done:
            break
    assert stores > 4


def test_counts_beyond_64_bits_wrap_instead_of_failing(segment):
    live(segment)[7] = 2**64 - 1
    fold_counts(segment, SLOT)
    live(segment)[7] = 2
    assert total_counts(segment.fd, segment.layout, SLOT)[7] == 1


def test_counts_behind_the_end_of_a_short_file_are_zero(tmp_path):
    with (tmp_path / "short").open("w+b") as file:
        file.write((5).to_bytes(8, "little"))
        file.flush()
        assert read_counts(file.fileno(), 0) == array("Q", [5, *[0] * (COUNT_WORDS - 1)])


def test_a_slot_marked_gone_has_no_connections(segment):
    first = segment.layout.slot_word(SLOT)
    segment.words[first + layout.CONNECTIONS] = 9
    mark_gone(segment, SLOT)
    words = segment.words
    assert (words[first + layout.STATE], words[first + layout.CONNECTIONS]) == (WorkerState.GONE, 0)


@pytest.mark.parametrize("state", WorkerState)
def test_states_keep_their_numbers_because_memory_holds_them(state):
    assert list(scoreboard.WorkerState)[state] is state


def test_a_fold_of_a_slot_in_which_someone_wrote_the_highest_number_goes_on_from_0(segment):
    word = segment.layout.slot_word(SLOT) + layout.FOLD
    segment.words[word] = (1 << 64) - 1
    fold_counts(segment, SLOT)
    assert segment.words[word] == 0
