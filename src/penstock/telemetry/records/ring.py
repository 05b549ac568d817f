"""Rings of records between one writer and the agent, without a lock and without a system call.

    table  | record | record | record | ...        fixed size, at number % record_count
    text   | text of 1 | text of 2 |   free   | ...  wherever the record says

The writer copies text and record, then publishes END, the number of the last record. The agent copies what
stands between TAIL and END, uses it, then publishes TAIL. Each side writes its own word only, in a cache line
of its own.

Two parts because the agent then decodes a whole batch with three calls (unpack, decode, split) instead of
five a record. The text area is not a circle: a text never wraps, and when the writer finds the ring drained
it begins again at its start, so a ring that is read in time stays in the processor's cache and touches little
memory.

When there is no room the record is dropped and counted. Once it is three quarters full the agent is woken,
and a full ring waits for it up to 2 ms, once: another wait needs a sign that the agent moved since. So a
burst loses nothing while the agent is scheduled, and a stalled agent costs a worker 2 ms in all, not 2 ms a
request.

In:     packed texts; the memory of a segment, hostile to the reader.
Out:    batches of (record, text) in order; counts of what was dropped, torn, damaged.
Never:  raises because of what the memory holds; loops longer than the ring is.

Rejected: a barrier per record (Python has none); reading TAIL per record (20 ns; once a stride will do).
"""

import dataclasses
import os
import struct
import time
from collections.abc import Callable
from operator import sub
from typing import Any, Final

from penstock.telemetry.memory.layout import MAX_TEXT_BYTES, PARKED_WORD, RECORD_BYTES, RingPlace
from penstock.telemetry.memory.segment import Segment, add_to
from penstock.telemetry.records.record import CHECK

# How far the writer goes before it looks at TAIL again; less in a small ring. The stride of the text is at
# most the longest text, so a longer one always comes to make_room, which refuses it.
_STRIDE_RECORDS: Final = 256
_STRIDE_BYTES: Final = MAX_TEXT_BYTES
_STRIDE_PART: Final = 8

_WAIT_STEPS: Final = 4
_WAIT_STEP_S: Final = 0.0005
_WAKE: Final = (1).to_bytes(8, "little")

_WORD: Final = struct.Struct("<Q")


class RingWriter:
    """The writing side. Public fields are the hot path's: Recorder.access uses them instead of calling."""

    __slots__ = (
        "_hurried_at",
        "_place",
        "_stride_bytes",
        "_stride_records",
        "_wait",
        "_waited_at",
        "_wake_fd",
        "end_word",
        "memory",
        "number",
        "offset",
        "offset_stop",
        "text",
        "text_stop",
        "words",
    )

    def __init__(
        self, segment: Segment, place: RingPlace, wake_fd: int, wait: Callable[[float], object] = time.sleep
    ) -> None:
        """Continue where the last writer of this ring stopped; its half record is counted as torn."""
        self.memory = segment.memory
        self.words = segment.words
        self.end_word = place.end_word
        self._place = place
        self._wake_fd = wake_fd
        self._wait = wait
        self._stride_records = min(_STRIDE_RECORDS, place.record_count // _STRIDE_PART)
        self._stride_bytes = min(_STRIDE_BYTES, place.text_bytes // _STRIDE_PART)
        self._waited_at = -1  # TAIL when we last waited in vain
        self._hurried_at = -1  # TAIL when we last woke the agent because of a filling ring
        self.number = self.words[place.end_word]  # of the last committed record
        self.text = self._last_text_stop()
        self.offset = self.offset_stop = self.text_stop = 0
        self._count_torn()
        self._find_room(0)

    def append(self, packer: struct.Struct, fields: tuple[Any, ...], text: bytes) -> bool:
        """Write one record; False = dropped and counted. Not the hot path (that is Recorder.access)."""
        if (self.text + len(text) > self.text_stop or self.offset == self.offset_stop) and not self.make_room(
            len(text)
        ):
            return False
        start = self.text
        stop = start + len(text)
        number = self.number + 1
        self.memory[start:stop] = text
        packer.pack_into(self.memory, self.offset, number, start, stop, *fields, number + CHECK)
        self.text = stop
        self.offset += RECORD_BYTES
        self.number = number
        self.words[self.end_word] = number
        if self.words[PARKED_WORD]:
            self.wake()
        return True

    def make_room(self, size: int) -> bool:
        """Find room for one more record with a text of `size` bytes; False = dropped, and counted."""
        if self._find_room(size):
            return True
        tail = self.words[self._place.tail_word]
        steps = 0 if tail == self._waited_at else _WAIT_STEPS
        for _ in range(steps):
            self._wait(_WAIT_STEP_S)
            if self._find_room(size):
                return True
        self._waited_at = self.words[self._place.tail_word]
        add_to(self.words, self._place.dropped_word, 1)
        return False

    def _hurry(self) -> None:
        """Wake the agent because the ring fills; once until it has moved, so a stalled one costs no more."""
        tail = self.words[self._place.tail_word]
        if tail != self._hurried_at:
            self._hurried_at = tail
            self.wake()

    def wake(self) -> None:
        """Let the agent read now. One system call, when it is parked or has fallen behind."""
        self.words[PARKED_WORD] = 0
        try:
            os.write(self._wake_fd, _WAKE)
        except OSError:  # the counter is full (it is awake), or there is no descriptor: it looks each second
            return

    def _find_room(self, size: int) -> bool:
        """Set the stops from TAIL; False = the record or its text does not fit now."""
        place = self._place
        used = self.number - self.words[place.tail_word]
        if not 0 <= used < place.record_count or size > MAX_TEXT_BYTES:
            self.offset_stop = self.offset  # full, or a TAIL that cannot be: both drop
            return False
        index = self.number % place.record_count
        self.offset = place.records_at + index * RECORD_BYTES
        run = min(place.record_count - used, place.record_count - index, self._stride_records)
        self.offset_stop = self.offset + run * RECORD_BYTES
        if used * 4 > place.record_count * 3:
            self._hurry()
        return self._find_text(size, used)

    def _find_text(self, size: int, used: int) -> bool:
        """Choose where texts go next: on from here, or from the start; short of the oldest unread text."""
        begin = self._place.text_at
        text, limit = self.text, begin + self._place.text_bytes
        if used == 0:
            text = begin
        else:
            oldest = self._oldest_text()
            if 4 * ((text - oldest) % self._place.text_bytes) > 3 * self._place.text_bytes:
                self._hurry()
            if oldest > text:
                limit = oldest - 1  # never reach it: equal would look like "nothing between"
            elif text + size > limit:
                text, limit = begin, oldest - 1
        if text + size > limit:
            self.text_stop = self.text
            return False
        self.text = text
        self.text_stop = min(limit, text + max(size, self._stride_bytes))
        return True

    def _oldest_text(self) -> int:
        """Where the oldest unread text begins, kept inside the text area."""
        place = self._place
        index = self.words[place.tail_word] % place.record_count
        start: int = _WORD.unpack_from(self.memory, place.records_at + index * RECORD_BYTES + 8)[0]
        return min(max(start, place.text_at), place.text_at + place.text_bytes)

    def _last_text_stop(self) -> int:
        place = self._place
        index = (self.number - 1) % place.record_count
        stop: int = _WORD.unpack_from(self.memory, place.records_at + index * RECORD_BYTES + 16)[0]
        return min(max(stop, place.text_at), place.text_at + place.text_bytes)

    def _count_torn(self) -> None:
        """A killed writer leaves at most one record that carries the next number and was never published."""
        place = self._place
        at = place.records_at + (self.number % place.record_count) * RECORD_BYTES
        if _WORD.unpack_from(self.memory, at)[0] == self.number + 1:
            _WORD.pack_into(self.memory, at, 0)  # counted once, whoever comes next
            add_to(self.words, place.torn_word, 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Records read together. `text` is all their texts, one after the other; TAIL after them is `tail`.

    `slot` says whose they are: 0 the master's, 1 and up those of workers and templates.
    """

    rows: list[tuple[Any, ...]]
    text: bytes
    tail: int
    damaged: int
    slot: int = 0

    def text_of(self, row: tuple[Any, ...]) -> bytes:
        """Return the text of one of its rows."""
        begin = self.rows[0][1]
        return self.text[row[1] - begin : row[2] - begin]


class RingReader:
    """The agent's side. Trusts nothing: numbers, checks and text bounds are compared before use."""

    __slots__ = ("_memory", "_packer", "_place", "_slot", "_words", "tail_word")

    def __init__(self, segment: Segment, place: RingPlace, packer: struct.Struct, slot: int = 0) -> None:
        """Begin at TAIL.

        Args:
            segment: mapped writable.
            place: the ring's.
            packer: of its records.
            slot: whose ring it is, for who reads the batches.
        """
        self._memory = segment.memory
        self._words = segment.words
        self._place = place
        self._packer = packer
        self._slot = slot
        self.tail_word = place.tail_word

    def is_empty(self) -> bool:
        """Nothing was published since the last commit."""
        return bool(self._words[self._place.end_word] == self._words[self.tail_word])

    def take(self, most: int) -> Batch | None:
        """Copy up to `most` committed records out; None = nothing new. Again the same until committed."""
        place = self._place
        tail = self._words[place.tail_word]
        end = self._words[place.end_word]
        waiting = end - tail
        if waiting == 0:
            return None
        if not 0 < waiting <= place.record_count:  # END jumped: nothing between can be believed
            return Batch([], b"", end, 1, self._slot)
        index = tail % place.record_count
        count = min(waiting, place.record_count - index, most)
        at = place.records_at + index * RECORD_BYTES
        table = bytes(self._memory[at : at + count * RECORD_BYTES])
        rows = list(self._packer.iter_unpack(table))
        return self._checked(rows, tail)

    def _checked(self, rows: list[tuple[Any, ...]], tail: int) -> Batch:
        """The longest run of sound records whose texts follow each other; or damage at the front, skipped."""
        count = len(rows)
        first = tail + 1
        starts = [row[1] for row in rows]
        stops = [row[2] for row in rows]
        sound = (
            [row[0] for row in rows] == list(range(first, first + count))
            and [row[-1] for row in rows] == list(range(first + CHECK, first + CHECK + count))
            and starts[1:] == stops[:-1]
            and self._is_text(starts[0], stops[-1])
            and max(map(sub, stops, starts)) <= MAX_TEXT_BYTES
            and min(map(sub, stops, starts)) >= 0
        )
        if not sound:
            count = self._sound_run(rows, first)
            if count == 0:
                damaged = self._damaged_run(rows, first)
                return Batch([], b"", tail + damaged, damaged, self._slot)
            rows = rows[:count]
        text = bytes(self._memory[starts[0] : stops[count - 1]])
        return Batch(rows, text, tail + count, 0, self._slot)

    def _sound_run(self, rows: list[tuple[Any, ...]], first: int) -> int:
        """How many records from the first are sound and contiguous."""
        previous = rows[0][1]
        count = 0
        while count < len(rows) and rows[count][1] == previous and self._is_sound(rows[count], first + count):
            previous = rows[count][2]
            count += 1
        return count

    def _damaged_run(self, rows: list[tuple[Any, ...]], first: int) -> int:
        """How many records from the first are not sound; skipped together, so that damage costs one pass."""
        count = 0
        while count < len(rows) and not self._is_sound(rows[count], first + count):
            count += 1
        return count

    def _is_sound(self, row: tuple[Any, ...], number: int) -> bool:
        start, stop = row[1:3]
        return (
            row[0] == number
            and row[-1] == number + CHECK
            and stop - start <= MAX_TEXT_BYTES
            and self._is_text(start, stop)
        )

    def _is_text(self, start: int, stop: int) -> bool:
        begin = self._place.text_at
        return begin <= start <= stop <= begin + self._place.text_bytes
