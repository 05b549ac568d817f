"""One writer, one reader, and everything that memory may hold between them."""

import os
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import MAX_TEXT_BYTES, RECORD_BYTES, WORD_BYTES
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.records.record import CHECK, LOG
from penstock.telemetry.records.ring import RingReader, RingWriter

FIELDS = (7, 8, 9, 0, 0, 0, 0, 0, b"", b"")  # time, pid, level, five lengths


class Ring:
    """Both sides of one ring."""

    def __init__(self, segment: Segment):
        self.segment = segment
        self.place = segment.layout.log_ring(1)
        self.waits = []
        self.on_wait = lambda: None
        self.writer = self.new_writer()
        self.reader = RingReader(segment, self.place, LOG)

    def new_writer(self) -> RingWriter:
        return RingWriter(self.segment, self.place, self.segment.wake_fd, self._wait)

    def _wait(self, duration_s):
        self.waits.append(duration_s)
        self.on_wait()

    def write(self, *texts: bytes) -> list[bool]:
        return [self.writer.append(LOG, FIELDS, text) for text in texts]

    def commit(self, batch) -> None:
        self.segment.words[self.place.tail_word] = batch.tail

    def read_all(self) -> list[bytes]:
        texts = []
        while batch := self.reader.take(1000):
            texts += texts_of(batch)
            self.commit(batch)
        return texts

    def fill(self, text: bytes = b"x") -> int:
        written = 0
        while self.writer.append(LOG, FIELDS, text):
            written += 1
        return written

    def word(self, word: int) -> int:
        return self.segment.words[word]

    def was_woken(self) -> bool:
        try:
            return bool(os.read(self.segment.wake_fd, 8))
        except BlockingIOError:
            return False

    def record_at(self, number: int) -> int:
        return self.place.records_at + (number - 1) % self.place.record_count * RECORD_BYTES

    def damage(self, number: int, word: int, value: int) -> None:
        self.segment.words[self.record_at(number) // WORD_BYTES + word] = value


def texts_of(batch) -> list[bytes]:
    return [batch.text_of(row) for row in batch.rows]


@pytest.fixture
def ring(segment):
    return Ring(segment)


def test_records_arrive_in_order_with_their_fields(ring):
    ring.write(b"one", b"", b"three")
    batch = ring.reader.take(10)
    assert texts_of(batch) == [b"one", b"", b"three"]
    assert [row[3:6] for row in batch.rows] == [(7, 8, 9)] * 3


def test_an_empty_ring_gives_nothing(ring):
    assert ring.reader.is_empty()
    assert ring.reader.take(10) is None


def test_records_are_given_again_until_they_are_committed(ring):
    ring.write(b"one")
    first = ring.reader.take(10)
    assert texts_of(ring.reader.take(10)) == texts_of(first) == [b"one"]
    ring.commit(first)
    assert ring.reader.take(10) is None


def test_a_batch_is_no_longer_than_asked_for(ring):
    ring.write(*[b"x"] * 5)
    assert len(ring.reader.take(3).rows) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 20000), st.booleans()), max_size=60))
def test_whatever_is_written_and_read_arrives_once_in_order(segment, steps):
    ring = Ring(segment)
    expected, received = [], []
    for step, (size, is_reading) in enumerate(steps):
        text = (b"%d:" % step).ljust(size, b".")
        if all(ring.write(text)):
            expected.append(text)
        if is_reading and (batch := ring.reader.take(3)):
            received += texts_of(batch)
            ring.commit(batch)
    assert received + ring.read_all() == expected


def test_many_laps_lose_nothing(ring):
    expected, received = [], []
    for number in range(ring.place.record_count * 5):
        text = b"%d" % number * (number % 50)
        assert ring.write(text) == [True]
        expected.append(text)
        if number % 37 == 36:
            received += ring.read_all()
    assert received + ring.read_all() == expected


def test_a_ring_that_is_read_in_time_uses_the_same_memory_again(ring):
    for _ in range(ring.place.record_count * 2):
        ring.write(b"x" * 100)
        ring.read_all()
    assert ring.writer.text < ring.place.text_at + ring.place.text_bytes // 2


# Full


def test_a_full_ring_drops_and_counts(ring):
    written = ring.fill()
    ring.write(b"lost", b"lost too")
    assert written == ring.place.record_count
    assert ring.word(ring.place.dropped_word) == 3  # the one that ended fill as well
    assert ring.read_all() == [b"x"] * written


def test_a_full_text_area_drops_and_loses_nothing_that_was_written(ring):
    written = ring.fill(b"y" * 5000)
    assert written == ring.place.text_bytes // 5000
    assert not any(ring.write(b"y" * 5000, b"y" * 5000))
    assert ring.read_all() == [b"y" * 5000] * written


def test_a_text_area_that_is_exactly_full_is_not_taken_for_empty(ring):
    piece = ring.place.text_bytes // 2
    whole = [b"a" * piece, b"b" * (ring.place.text_bytes - piece)]
    assert ring.write(*whole) == [True, True]
    assert ring.write(b"c", b"d") == [False, False]
    assert ring.read_all() == whole


def test_writing_goes_on_when_the_reader_made_room(ring):
    ring.fill()
    ring.commit(ring.reader.take(10))
    assert ring.write(b"fits again") == [True]


def test_a_text_longer_than_any_may_be_is_refused(ring):
    assert ring.write(b"z" * (MAX_TEXT_BYTES + 1), b"next") == [False, True]


def test_the_longest_text_passes(ring):
    assert ring.write(b"z" * MAX_TEXT_BYTES) == [True]
    assert ring.read_all() == [b"z" * MAX_TEXT_BYTES]


def test_a_full_ring_waits_for_a_reader_that_moves(ring):
    ring.fill()
    ring.commit(ring.reader.take(1))
    ring.write(b"fills it again")
    ring.waits.clear()
    ring.on_wait = lambda: ring.commit(ring.reader.take(5))
    assert ring.write(b"saved") == [True]
    assert len(ring.waits) == 1


def test_a_full_ring_waits_two_milliseconds_once_for_a_reader_that_does_not(ring):
    ring.fill()
    ring.write(*[b"lost"] * 100)
    assert sum(ring.waits) == pytest.approx(0.002)


def test_a_tail_that_cannot_be_is_a_full_ring(ring):
    ring.write(b"one")
    ring.segment.words[ring.place.tail_word] = 999
    ring.writer.offset_stop = ring.writer.offset
    assert ring.write(b"two") == [False]


# Waking


def test_a_ring_with_room_wakes_nobody(ring):
    ring.write(*[b"x"] * (ring.place.record_count // 2))
    assert not ring.was_woken()


def test_a_parked_reader_is_woken_once(ring):
    ring.segment.words[layout.PARKED_WORD] = 1
    ring.write(b"one")
    assert ring.was_woken()
    ring.write(b"two")
    assert not ring.was_woken()
    assert ring.word(layout.PARKED_WORD) == 0


@pytest.mark.parametrize("text", [b"x", b"x" * 3000], ids=["records", "texts"])
def test_three_quarters_full_wakes_the_reader_before_anything_is_dropped(ring, text):
    ring.fill(text)
    assert ring.was_woken()


def test_a_reader_that_does_not_move_is_not_woken_again(ring):
    ring.fill()
    ring.was_woken()
    ring.write(*[b"lost"] * 10)
    assert not ring.was_woken()


def test_a_writer_without_a_wake_descriptor_goes_on(segment):
    writer = RingWriter(segment, segment.layout.log_ring(1), -1)
    segment.words[layout.PARKED_WORD] = 1
    assert writer.append(LOG, FIELDS, b"x")


# A writer that was killed


def test_a_successor_goes_on_behind_the_last_record(ring):
    ring.write(b"before")
    ring.writer = ring.new_writer()
    ring.write(b"after")
    assert ring.read_all() == [b"before", b"after"]
    assert ring.word(ring.place.torn_word) == 0


def test_a_record_that_was_never_published_is_lost_alone_and_counted_once(ring):
    ring.write(b"before")
    end = ring.word(ring.place.end_word)
    ring.write(b"half")
    ring.segment.words[ring.place.end_word] = end  # killed between writing and publishing
    ring.new_writer()
    ring.writer = ring.new_writer()
    ring.write(b"after")
    assert ring.read_all() == [b"before", b"after"]
    assert ring.word(ring.place.torn_word) == 1


def test_only_a_half_written_fixed_part_is_noticed_as_well(ring):
    struct.pack_into("@Q", ring.segment.memory, ring.record_at(1), 1)  # killed after the first word
    ring.new_writer()
    assert ring.word(ring.place.torn_word) == 1


# A reader that believes nothing


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param(0, 77, id="number"),
        pytest.param(15, CHECK, id="check"),
        pytest.param(1, 0, id="text-before-the-ring"),
        pytest.param(2, 2**64 - 1, id="text-beyond-the-ring"),
        pytest.param(1, 2**64 - 1, id="text-backwards"),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_damaged_record_costs_itself_only(ring, number, word, value):
    ring.write(b"one", b"two", b"three")
    ring.damage(number, word, value)
    expected = [text for position, text in enumerate([b"one", b"two", b"three"], 1) if position != number]
    assert ring.read_all() == expected


def test_damage_is_counted(ring):
    ring.write(b"one", b"two", b"three")
    ring.damage(1, 0, 0)
    ring.damage(2, 0, 0)
    batch = ring.reader.take(10)
    assert (batch.damaged, batch.tail, batch.rows) == (2, 2, [])


def test_a_wholly_damaged_table_is_skipped_at_once(ring):
    ring.write(b"one", b"two")
    ring.damage(1, 0, 0)
    ring.damage(2, 0, 0)
    assert ring.reader.take(10).tail == 2


def test_a_text_over_the_limit_is_damage(ring):
    ring.write(b"one")
    ring.damage(1, 1, ring.place.text_at)
    ring.damage(1, 2, ring.place.text_at + MAX_TEXT_BYTES + 1)
    assert ring.reader.take(10).damaged == 1


@pytest.mark.parametrize("end", [2**64 - 1, 5000], ids=["absurd", "more-than-the-ring"])
def test_an_end_that_cannot_be_is_skipped_to(ring, end):
    ring.segment.words[ring.place.end_word] = end
    batch = ring.reader.take(10)
    assert (batch.rows, batch.tail, batch.damaged) == ([], end, 1)


def test_an_end_before_the_tail_is_skipped_to(ring):
    ring.segment.words[ring.place.tail_word] = 10
    assert ring.reader.take(10).tail == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(
    damage=st.lists(
        st.tuples(st.integers(0, 60), st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 200_000))),
        max_size=30,
    ),
    end=st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 100)),
    tail=st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 100)),
)
def test_a_reader_survives_any_memory_in_bounded_steps(segment, damage, end, tail):
    place = segment.layout.log_ring(1)
    segment.words[place.end_word] = segment.words[place.tail_word] = 0
    ring = Ring(segment)
    ring.write(*[b"text"] * 4)
    for word, value in damage:
        segment.words[ring.place.records_at // WORD_BYTES + word] = value
    segment.words[ring.place.end_word] = end
    segment.words[ring.place.tail_word] = tail
    for _ in range(ring.place.record_count + 1):
        batch = ring.reader.take(16)
        if batch is None:
            break
        assert all(len(text) <= MAX_TEXT_BYTES for text in texts_of(batch))
        ring.commit(batch)
    assert ring.reader.take(16) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(
    damage=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2**64 - 1)), max_size=30),
    end=st.one_of(st.integers(0, 2**63), st.integers(0, 100)),
    tail=st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 100)),
)
def test_a_writer_survives_any_memory_and_writes_inside_its_ring(segment, damage, end, tail):
    ring = Ring(segment)
    for word, value in damage:
        segment.words[ring.place.records_at // WORD_BYTES + word] = value
    segment.words[ring.place.end_word] = end
    segment.words[ring.place.tail_word] = tail
    writer = ring.new_writer()
    for _ in range(20):
        place = ring.place
        if writer.append(LOG, FIELDS, b"x" * 3000):
            assert place.text_at + 3000 <= writer.text <= place.text_at + place.text_bytes
            assert place.records_at < writer.offset <= place.records_at + place.record_count * RECORD_BYTES
