"""Rings of records between one writer and the agent, without a lock and without a system call.

    table  | record | record | record | ...        fixed size, at number % record_count
    text   | text of 1 | text of 2 |   free   | ...  wherever the record says

The writer copies text and record, then publishes END, the number of the last record. The agent copies what stands
between TAIL and END, uses it, then publishes TAIL. Each side writes its own word only, in a cache line of its own.

Two parts because the agent then decodes a whole batch with three calls (unpack, decode, split) instead of five a
record. The text area is not a circle: a text never wraps, and when the writer finds the ring drained it begins again
at its start, so a ring that is read in time stays in the processor's cache and touches little memory.

When there is no room the record is dropped and counted. Once it is three quarters full the agent is woken, and a
full ring waits for it up to 2 ms, once: another wait needs a sign that the agent moved since. So a burst loses
nothing while the agent is scheduled, and a stalled agent costs a worker 2 ms in all, not 2 ms a request.

In:     packed texts; the memory of a segment, hostile to the reader.
Out:    batches of (record, text) in order; counts of what was dropped, torn, damaged.
Never:  raises because of what the memory holds; loops longer than the ring is.

Rejected: a barrier per record (Python has none); a TAIL read per record (20 ns; it is read once per 256 records).
"""

import dataclasses
import os
import struct
import time
from collections.abc import Callable
from typing import Any, Final

from penstock.telemetry.layout import MAX_TEXT_BYTES, PARKED_WORD, RECORD_BYTES, RingPlace
from penstock.telemetry.record import CHECK
from penstock.telemetry.segment import Segment

# How far the writer goes before it looks at TAIL again.
_STRIDE_RECORDS: Final = 256
_STRIDE_BYTES: Final = 65536

_WAIT_STEPS: Final = 4
_WAIT_STEP_S: Final = 0.0005
_WAKE: Final = (1).to_bytes(8, "little")

_WORD: Final = struct.Struct("<Q")


class RingWriter:
    """The writing side. Public fields are the hot path's: Recorder.access uses them instead of calling."""

    __slots__ = (
        "_place",
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
        self._waited_at = -1  # TAIL when we last waited in vain
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
        self.wake()
        tail = self.words[self._place.tail_word]
        steps = 0 if tail == self._waited_at else _WAIT_STEPS
        for _ in range(steps):
            self._wait(_WAIT_STEP_S)
            if self._find_room(size):
                return True
        self._waited_at = self.words[self._place.tail_word]
        self.words[self._place.dropped_word] += 1
        return False

    def wake(self) -> None:
        """Let the agent read now. One system call, when it is parked or has fallen behind."""
        self.words[PARKED_WORD] = 0
        try:
            os.write(self._wake_fd, _WAKE)
        except OSError:  # the counter is full (it is awake), or there is no descriptor: it looks each second
            return

    def leave_for(self, scratch: memoryview) -> None:
        """Write into other memory from now on and wake nobody: this process does not own the ring."""
        self.memory = scratch
        self.words = scratch.cast("Q")
        self._wake_fd = -1

    def _find_room(self, size: int) -> bool:
        """Set the stops from TAIL; False = the record or its text does not fit now."""
        place = self._place
        used = self.number - self.words[place.tail_word]
        if not 0 <= used < place.record_count or size > MAX_TEXT_BYTES:
            self.offset_stop = self.offset  # full, or a TAIL that cannot be: both drop
            return False
        index = self.number % place.record_count
        self.offset = place.records_at + index * RECORD_BYTES
        run = min(place.record_count - used, place.record_count - index, _STRIDE_RECORDS)
        self.offset_stop = self.offset + run * RECORD_BYTES
        if used * 4 > place.record_count * 3:
            self.wake()
        return self._find_text(size, used)

    def _find_text(self, size: int, used: int) -> bool:
        """Choose where texts go next: on from here, or from the start, always short of the oldest unread text."""
        begin = self._place.text_at
        limit = begin + self._place.text_bytes
        if used == 0:
            self.text = begin
        else:
            oldest = self._oldest_text()
            if oldest > self.text:
                limit = oldest - 1  # never reach it: equal would look like "nothing between"
            elif self.text + size > limit:
                self.text, limit = begin, oldest - 1
            if 4 * ((self.text - oldest) % self._place.text_bytes) > 3 * self._place.text_bytes:
                self.wake()
        self.text_stop = min(limit, self.text + max(size, _STRIDE_BYTES))
        return self.text + size <= limit

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
            self.words[place.torn_word] += 1


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Records read together. `text` is all their texts, one after the other; TAIL after them is `tail`."""

    rows: list[tuple[Any, ...]]
    text: bytes
    tail: int
    damaged: int


class RingReader:
    """The agent's side. Trusts nothing: numbers, checks and text bounds are compared before use."""

    __slots__ = ("_memory", "_packer", "_place", "_words", "tail_word")

    def __init__(self, segment: Segment, place: RingPlace, packer: struct.Struct) -> None:
        self._memory = segment.memory
        self._words = segment.words
        self._place = place
        self._packer = packer
        self.tail_word = place.tail_word

    def is_empty(self) -> bool:
        """Nothing was published since the last commit."""
        return bool(self._words[self._place.end_word] == self._words[self.tail_word])

    def take(self, most: int) -> Batch | None:
        """Copy up to `most` committed records out; None = nothing new. The same again until TAIL is published."""
        place = self._place
        tail = self._words[place.tail_word]
        end = self._words[place.end_word]
        waiting = end - tail
        if waiting == 0:
            return None
        if not 0 < waiting <= place.record_count:  # END jumped: nothing between can be believed
            return Batch([], b"", end, 1)
        index = tail % place.record_count
        count = min(waiting, place.record_count - index, most)
        at = place.records_at + index * RECORD_BYTES
        table = bytes(self._memory[at : at + count * RECORD_BYTES])
        rows = list(self._packer.iter_unpack(table))
        return self._checked(rows, tail)

    def _checked(self, rows: list[tuple[Any, ...]], tail: int) -> Batch:
        """The longest run of sound records whose texts stand one after the other; a damaged first one is skipped."""
        count = len(rows)
        first = tail + 1
        starts = [row[1] for row in rows]
        stops = [row[2] for row in rows]
        sound = (
            [row[0] for row in rows] == list(range(first, first + count))
            and [row[-1] for row in rows] == list(range(first + CHECK, first + CHECK + count))
            and starts[1:] == stops[:-1]
            and self._is_text(starts[0], stops[-1])
            and stops[-1] - starts[0] <= count * MAX_TEXT_BYTES
            and max(map(int.__sub__, stops, starts)) <= MAX_TEXT_BYTES
            and min(map(int.__sub__, stops, starts)) >= 0
        )
        if not sound:
            count = self._sound_run(rows, first)
            if count == 0:
                return Batch([], b"", first, 1)
            rows = rows[:count]
        text = bytes(self._memory[starts[0] : stops[count - 1]])
        return Batch(rows, text, tail + count, 0)

    def _sound_run(self, rows: list[tuple[Any, ...]], first: int) -> int:
        """How many records from the first are sound and contiguous."""
        previous = rows[0][1]
        for position, row in enumerate(rows):
            number, start, stop = row[:3]
            if (
                number != first + position
                or row[-1] != number + CHECK
                or start != previous
                or not 0 <= stop - start <= MAX_TEXT_BYTES
                or not self._is_text(start, stop)
            ):
                return position
            previous = stop
        return len(rows)

    def _is_text(self, start: int, stop: int) -> bool:
        begin = self._place.text_at
        return begin <= start <= stop <= begin + self._place.text_bytes
