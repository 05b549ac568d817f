import itertools
import os

import pytest

from penstock.agent.logs.ledger import Ledger
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import ACCESS_OUTPUT, ERROR_OUTPUT

SIZE = ACCESS_OUTPUT + layout.OUTPUT_SIZE


@pytest.fixture
def tail_word(segment):
    return segment.layout.access_ring(1).tail_word


@pytest.fixture
def ledger(segment):
    return Ledger(segment)


@pytest.fixture
def file(tmp_path):
    fd = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    yield fd
    os.close(fd)


def test_a_commit_publishes_tail_and_size(segment, ledger, tail_word):
    ledger.commit(tail_word, 7, [(ACCESS_OUTPUT, 700)])
    assert (segment.words[tail_word], segment.words[SIZE]) == (7, 700)
    assert segment.words[layout.COMMIT_MARK_WORD] == 0


def test_a_commit_without_a_file_publishes_the_tail_alone(segment, ledger, tail_word):
    ledger.commit(tail_word, 7)
    assert (segment.words[tail_word], segment.words[SIZE]) == (7, 0)


def test_a_size_can_be_committed_alone(segment, ledger):
    ledger.commit_size(ACCESS_OUTPUT, 50)
    assert segment.words[SIZE] == 50


class KilledError(Exception):
    """The agent ended here."""


class DyingWords:
    """Words of a segment whose agent is killed before its n-th store."""

    def __init__(self, words, stores):
        self.words = words
        self.stores = stores

    def __getitem__(self, word):
        return self.words[word]

    def __setitem__(self, word, value):
        if not self.stores:
            raise KilledError
        self.stores -= 1
        self.words[word] = value


class DyingSegment:
    def __init__(self, segment, stores):
        self.words = DyingWords(segment.words, stores)
        self.layout = segment.layout


def test_a_commit_killed_before_any_of_its_stores_is_done_or_not_begun(segment, tail_word):
    for stores in itertools.count(1):  # the first store clears the mark when an agent begins
        segment.words[tail_word], segment.words[SIZE] = 3, 300
        try:
            Ledger(DyingSegment(segment, stores)).commit(tail_word, 7, [(ACCESS_OUTPUT, 700)])
            is_done = True
        except KilledError:
            is_done = False
        Ledger(segment)
        assert (segment.words[tail_word], segment.words[SIZE]) in {(3, 300), (7, 700)}
        if is_done:
            break
    assert (segment.words[tail_word], segment.words[SIZE]) == (7, 700)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param(layout.COMMIT_TAIL_WORD, 0, id="tail-in-the-header"),
        pytest.param(layout.COMMIT_TAIL_WORD, 2**64 - 1, id="tail-beyond-the-memory"),
        pytest.param(layout.COMMIT_SIZE_WORDS[0], 2**64 - 1, id="output-beyond-the-memory"),
    ],
)
def test_a_mark_in_damaged_memory_writes_nothing_where_it_should_not(segment, tail_word, word, value):
    segment.words[layout.COMMIT_TAIL_WORD] = tail_word
    segment.words[layout.COMMIT_SIZE_WORDS[0]] = ERROR_OUTPUT
    segment.words[word] = value
    segment.words[layout.COMMIT_MARK_WORD] = 1
    before = bytes(segment.memory[:128])
    Ledger(segment)
    assert bytes(segment.memory[:128]) == before
    assert segment.words[layout.COMMIT_MARK_WORD] == 0


def test_what_a_killed_agent_wrote_and_did_not_commit_is_cut_off(segment, ledger, file):
    ledger.open_file(ACCESS_OUTPUT, file)
    os.write(file, b"committed\n")
    ledger.commit_size(ACCESS_OUTPUT, 10)
    ledger.intend(ACCESS_OUTPUT, 10, 100)
    os.write(file, b"half a ba")
    assert Ledger(segment).open_file(ACCESS_OUTPUT, file) == 9
    assert os.pread(file, 100, 0) == b"committed\n"


def test_more_than_we_can_have_written_is_somebody_elses_and_stays(ledger, file):
    ledger.open_file(ACCESS_OUTPUT, file)
    ledger.intend(ACCESS_OUTPUT, 0, 5)
    os.write(file, b"another program's line\n")
    assert ledger.open_file(ACCESS_OUTPUT, file) == 0
    assert os.fstat(file).st_size == 23


def test_another_file_is_never_cut(segment, ledger, file, tmp_path):
    ledger.open_file(ACCESS_OUTPUT, file)
    ledger.intend(ACCESS_OUTPUT, 0, 100)
    with (tmp_path / "other").open("w+b", buffering=0) as other:
        other.write(b"keep me\n")
        assert ledger.open_file(ACCESS_OUTPUT, other.fileno()) == 0
        assert os.fstat(other.fileno()).st_size == 8
    assert segment.words[SIZE] == 8


def test_a_file_that_was_cut_by_somebody_else_is_taken_as_it_is(segment, ledger, file):
    ledger.open_file(ACCESS_OUTPUT, file)
    ledger.commit_size(ACCESS_OUTPUT, 500)
    assert ledger.open_file(ACCESS_OUTPUT, file) == 0
    assert segment.words[SIZE] == 0
