"""Where everything stands in the shared memory: a page of header, then a slot for the master and each worker.

    page 0              header: sizes, pids, the agent's own words
    slot 0              the master's
    slot 1 .. slots-1   one a worker
    verdicts            what became of the last reloads (verdict.py)

    a slot              scoreboard page | thread lines | counts | 2 banks of retired counts | rings A, B, C
                        | the application's metrics | exemplars

Every word is 8 bytes, little-endian on the machines we run on, written by exactly one process. Words that
different processes write stand in different cache lines. Each region begins on a page, so what is never used
is never allocated: the mapping is large (about 14 MiB a worker) and its cost is what was touched.

In:     the three sizes of a segment.
Out:    byte offsets and word indexes; word index * 8 = byte offset.
Never:  touches memory.

Rules:  a change of any number here changes VERSION; `penstock status` refuses another version than its own.
"""

import dataclasses
import functools
from typing import Final

PAGE_BYTES: Final = 4096
WORD_BYTES: Final = 8

MAGIC: Final = int.from_bytes(b"penstock", "little")
VERSION: Final = 4

# --- header words (page 0)
# -------------------------------------------------------------------------------------------
MAGIC_WORD: Final = 0
VERSION_WORD: Final = 1
SLOTS_WORD: Final = 2
THREADS_WORD: Final = 3
RING_BYTES_WORD: Final = 4
CREATED_NS_WORD: Final = 5  # CLOCK_MONOTONIC
MASTER_PID_WORD: Final = 6
MASTER_TURNED_NS_WORD: Final = 7  # CLOCK_MONOTONIC of the last turn of its loop; 0 = not yet
RELOAD_WORD: Final = 8  # number of the last reload that was begun; 1 = the start
SUCCESSOR_PID_WORD: Final = 9  # of the program that has taken over after USR2; 0 = none has
AGENT_DISMISSED_WORD: Final = 10  # 1 = the agent is to leave: a TERM alone may be meant for the whole group

PARKED_WORD: Final = 16  # 1 = the agent waits on the wake descriptor; cleared by whoever wakes it

AGENT_PID_WORD: Final = 32
AGENT_STARTED_NS_WORD: Final = 33
AGENT_LINES_WORD: Final = 34  # lines handed to outputs since the segment was made
AGENT_DAMAGED_WORD: Final = 35  # records that could not be read (numbers, checks, lengths)
AGENT_DISCARDED_WORD: Final = 36  # lines given up because their output is gone or stayed stalled at the end
AGENT_LANE_WORDS: Final = (37, 38)  # access records read, by lane: inline, pool

AGENT_SAID_WORDS: Final = (40, 41, 42, 43, 44)  # losses that the log speaks of already, by agent/watch.py

# The commit in progress: written first, marked, applied, unmarked; whoever finds the mark applies it again.
COMMIT_MARK_WORD: Final = 48
COMMIT_TAIL_WORD: Final = 49  # which word receives the new tail
COMMIT_TAIL_VALUE_WORD: Final = 50
COMMIT_SIZE_WORDS: Final = (51, 53)  # which output area receives a new size (0 = none), then that size

OUTPUT_WORDS: Final = 8  # one area an output
ACCESS_OUTPUT: Final = 64  # first word of the access log's area
ERROR_OUTPUT: Final = 72
APPLICATION_OUTPUT: Final = 80
OUTPUTS: Final = (ACCESS_OUTPUT, ERROR_OUTPUT, APPLICATION_OUTPUT)
OUTPUT_DEVICE: Final = 0
OUTPUT_INODE: Final = 1
OUTPUT_SIZE: Final = 2  # committed: everything below it is others', or from records that are not read again
OUTPUT_INTENT: Final = 3  # bytes the write in progress may have added beyond that size; 0 = none is

# --- words of a slot's first page
# ------------------------------------------------------------------------------------
STATE: Final = 0
PID: Final = 1
GENERATION: Final = 2
STARTED_NS: Final = 3
CONNECTIONS: Final = 4
QUEUED: Final = 5
REQUESTS_BEFORE: Final = 6  # finished requests of earlier pids of this slot
TORN: Final = 7  # half records a killed writer left
FAILED: Final = 8  # records that could not be written because of what they held
FOLD: Final = 9  # see scoreboard.fold_counts
REFUSED: Final = 10  # refused requests of all pids of this slot (a part of the requests)
REFUSED_BEFORE: Final = 11  # those of earlier pids

BEAT_NS: Final = 16  # CLOCK_MONOTONIC of the loop's last turn; 0 = it has not begun
INTERRUPTS: Final = 17  # requests of this pid that were interrupted

METRICS_USED: Final = 24  # bytes of the table of series (metrics/table.py)
METRICS_REFUSED: Final = 25  # series that found no place of their own there, of all pids of this slot
METRICS_EXEMPLARS: Final = 26  # exemplars that were written (metrics/exemplar.py)

ACCESS_END: Final = 32  # ring A
ACCESS_DROPPED: Final = 33
ACCESS_TAIL: Final = 40  # the agent's word
LOG_END: Final = 48  # ring B
LOG_DROPPED: Final = 49
LOG_TAIL: Final = 56  # the agent's word
SPAN_END: Final = 64  # ring C
SPAN_DROPPED: Final = 65
TRACES_KEPT: Final = 66  # requests that were kept
TRACES_PASSED: Final = 67  # requests that were worth it, beyond the rate that is kept
SPANS_LOST: Final = 68  # spans of kept requests that found no room in their request
SPAN_TAIL: Final = 72  # the agent's word

# --- thread lines
# ----------------------------------------------------------------------------------------------------
THREAD_BYTES: Final = 192  # three cache lines
THREAD_ID_BYTES: Final = 40
THREAD_TEXT_BYTES: Final = 120
# since when (CLOCK_MONOTONIC ns; 0 = idle), deadline (0 = that of the configuration), request id and request
# line filled up with NUL; then `since` once more if the loop has answered in the application's place, and if
# the thread was interrupted: what was said of an earlier request does not repeat the `since` of this one
THREAD_FORMAT: Final = f"@QQ{THREAD_ID_BYTES}s{THREAD_TEXT_BYTES}sQQ"
THREAD_DEADLINE: Final = 1  # words of a line
THREAD_ANSWERED: Final = 22
THREAD_INTERRUPTED: Final = 23


# --- verdicts
# ----------------------------------------------------------------------------------------------------------
VERDICTS: Final = 8  # reloads that are remembered: more than any waits for
VERDICT_BYTES: Final = 8192  # number, state, length, then the reason: a traceback and a line

# --- counts
# ----------------------------------------------------------------------------------------------------------
PHASES: Final = ("head", "body", "queue", "application", "send", "total")
STATUS_CLASSES: Final = 6  # 0 = none of 1xx to 5xx
HISTOGRAM_WORDS: Final = 1024
COUNT_WORDS: Final = STATUS_CLASSES * len(PHASES) * HISTOGRAM_WORDS

# --- the application's metrics
# ----------------------------------------------------------------------------------------------------------
SERIES_BYTES: Final = 4 << 20  # of a slot; 20,000 counters with two labels, or 5,000 histograms
EXEMPLARS: Final = 256  # places; a newer one takes the place of an older one
EXEMPLAR_BYTES: Final = 256

# --- rings
# -----------------------------------------------------------------------------------------------------------
RECORD_BYTES: Final = 128
MAX_TEXT_BYTES: Final = 32768  # of one record; also how far a writer goes before it looks at TAIL again
MIN_RING_BYTES: Final = 65536
# Ring C holds spans of kept requests, some dozens a second at most: seconds of them.
SPAN_RING_BYTES: Final = 256 << 10


@dataclasses.dataclass(frozen=True, slots=True)
class RingPlace:
    """Where one ring stands: words of its header, its records of fixed size, their text. Offsets in bytes."""

    end_word: int
    dropped_word: int
    tail_word: int
    torn_word: int
    records_at: int
    record_count: int
    text_at: int
    text_bytes: int


def _pages(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES


@dataclasses.dataclass(frozen=True)
class Layout:
    """Offsets of one segment. Slot 0 is the master's; `threads` is the number of lines of each slot."""

    slots: int
    threads: int
    ring_bytes: int

    def __post_init__(self) -> None:
        """Refuse sizes that no segment of ours has; they may come from another process's memory."""
        if not 1 <= self.slots <= 4096:
            raise ValueError(f"slots {self.slots!r}; expected 1 to 4096")
        if not 1 <= self.threads <= 4096:
            raise ValueError(f"threads {self.threads!r}; expected 1 to 4096")
        if not MIN_RING_BYTES <= self.ring_bytes <= 1 << 30:
            raise ValueError(f"ring_bytes {self.ring_bytes!r}; expected 65536 to 1073741824")

    @functools.cached_property
    def total_bytes(self) -> int:
        """Size of the whole mapping."""
        return self.verdict_at(0) + VERDICTS * VERDICT_BYTES

    @functools.cached_property
    def slot_bytes(self) -> int:
        """Distance from one slot to the next."""
        return self._metrics_at + SERIES_BYTES + EXEMPLARS * EXEMPLAR_BYTES

    @functools.cached_property
    def counts_bytes(self) -> int:
        """Size of one set of histograms."""
        return _pages(COUNT_WORDS * WORD_BYTES)

    @functools.cached_property
    def _counts_at(self) -> int:
        return PAGE_BYTES + _pages(self.threads * THREAD_BYTES)

    @functools.cached_property
    def _rings_at(self) -> int:
        return self._counts_at + 3 * self.counts_bytes

    @functools.cached_property
    def _metrics_at(self) -> int:
        return self._rings_at + 2 * self._ring_pages + SPAN_RING_BYTES

    @functools.cached_property
    def _ring_pages(self) -> int:
        return _pages(self.ring_bytes)

    def slot_at(self, slot: int) -> int:
        """Byte offset of a slot's first page."""
        if not 0 <= slot < self.slots:
            raise ValueError(f"slot {slot!r}; expected 0 to {self.slots - 1}")
        return PAGE_BYTES + slot * self.slot_bytes

    def slot_word(self, slot: int) -> int:
        """Number of a slot's first word."""
        return self.slot_at(slot) // WORD_BYTES

    def thread_at(self, slot: int, thread: int) -> int:
        """Byte offset of a thread's line."""
        return self.slot_at(slot) + PAGE_BYTES + thread * THREAD_BYTES

    def verdict_at(self, number: int) -> int:
        """Byte offset of the verdict on a reload: behind everything else."""
        slots_bytes = self.slots * self.slot_bytes
        return PAGE_BYTES + slots_bytes + number % VERDICTS * VERDICT_BYTES

    def counts_at(self, slot: int) -> int:
        """Byte offset of the histograms that the slot's current pid counts in."""
        return self.slot_at(slot) + self._counts_at

    def bank_at(self, slot: int, bank: int) -> int:
        """Byte offset of one of the two banks of retired counts."""
        return self.counts_at(slot) + (1 + bank) * self.counts_bytes

    def metrics_at(self, slot: int) -> int:
        """Byte offset of the table of the application's series (metrics/table.py)."""
        return self.slot_at(slot) + self._metrics_at

    def exemplars_at(self, slot: int) -> int:
        """Byte offset of the exemplars of the slot's series (metrics/exemplar.py)."""
        return self.metrics_at(slot) + SERIES_BYTES

    def access_ring(self, slot: int) -> RingPlace:
        """Ring A: one access record a request; a third holds records, the rest their text (260 bytes)."""
        words = (ACCESS_END, ACCESS_DROPPED, ACCESS_TAIL)
        return self._ring(slot, 0, self._ring_pages, self._ring_pages // 3, words)

    def log_ring(self, slot: int) -> RingPlace:
        """Ring B: what the application and the server log; an eighth holds records."""
        size = self._ring_pages
        return self._ring(slot, size, size, size // 8, (LOG_END, LOG_DROPPED, LOG_TAIL))

    def span_ring(self, slot: int) -> RingPlace:
        """Ring C: spans of kept requests; a sixteenth holds records (2 KiB of text each)."""
        words = (SPAN_END, SPAN_DROPPED, SPAN_TAIL)
        return self._ring(slot, 2 * self._ring_pages, SPAN_RING_BYTES, SPAN_RING_BYTES // 16, words)

    def _ring(
        self, slot: int, offset: int, size: int, record_bytes: int, words: tuple[int, int, int]
    ) -> RingPlace:
        at = self.slot_at(slot)
        first_word = at // WORD_BYTES
        end, dropped, tail = words
        count = record_bytes // RECORD_BYTES
        records_at = at + self._rings_at + offset
        return RingPlace(
            end_word=first_word + end,
            dropped_word=first_word + dropped,
            tail_word=first_word + tail,
            torn_word=first_word + TORN,
            records_at=records_at,
            record_count=count,
            text_at=records_at + count * RECORD_BYTES,
            text_bytes=size - count * RECORD_BYTES,
        )
