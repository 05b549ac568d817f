"""A slot's own words: state, pid, counters; and how its counts survive the worker that made them.

Counts of a slot belong to its current pid, so that a table of workers compares like with like. When the slot
gets a new pid the old counts are folded into a bank of retired counts, and the total of a slot never goes
back:

    FOLD even (2k)     bank k & 1 holds what is retired; live counts are to be added to it
    FOLD odd  (2k+1)   bank (k+1) & 1 holds everything; live counts are in it already and about to be cleared

fold_counts writes the other bank, marks (odd), clears, marks (even). Killed anywhere, the next fold repeats
the step it was in, and no reader counts anything twice or not at all.

In:     a segment and a slot number.
Out:    folded counts; totals.
Never:  runs while another process writes the slot (the master gave it to one pid).
"""

import enum
import os
from array import array
from typing import Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import COUNT_WORDS, WORD_BYTES, Layout
from penstock.telemetry.memory.segment import Segment, add_to

_COUNT_BYTES: Final = COUNT_WORDS * WORD_BYTES


class WorkerState(enum.IntEnum):
    """The life of a slot. EMPTY: never used. TEMPLATE: holds a generation's code and forks its workers."""

    EMPTY = 0
    BOOTING = 1
    READY = 2
    DRAINING = 3
    GONE = 4
    TEMPLATE = 5


def read_counts(fd: int, offset: int) -> "array[int]":
    """One set of histograms, through the descriptor: looking at a hole in the file does not allocate it."""
    counts = array("Q", os.pread(fd, _COUNT_BYTES, offset))
    counts.extend([0] * (COUNT_WORDS - len(counts)))
    return counts


def total_counts(fd: int, plan: Layout, slot: int) -> "array[int]":
    """Counts of a slot over all its pids; right in each step of a fold."""
    fold = int.from_bytes(os.pread(fd, WORD_BYTES, plan.slot_at(slot) + layout.FOLD * WORD_BYTES), "little")
    retired = read_counts(fd, plan.bank_at(slot, (fold + 1 >> 1) & 1))
    if fold & 1:
        return retired
    return _sum(retired, read_counts(fd, plan.counts_at(slot)))


def fold_counts(segment: Segment, slot: int) -> None:
    """Retire the live counts of a slot: two marked steps, each repeatable."""
    plan = segment.layout
    fold_word = plan.slot_word(slot) + layout.FOLD
    fold = segment.words[fold_word]
    if not fold & 1:
        live = read_counts(segment.fd, plan.counts_at(slot))
        if not any(live):
            return
        bank = (fold >> 1) & 1
        _write(
            segment,
            plan.bank_at(slot, 1 - bank),
            _sum(read_counts(segment.fd, plan.bank_at(slot, bank)), live),
        )
        add_to(segment.words, fold_word, 1)
    _write(segment, plan.counts_at(slot), array("Q", bytes(_COUNT_BYTES)))
    add_to(segment.words, fold_word, 1)


def _sum(one: "array[int]", other: "array[int]") -> "array[int]":
    mask = (1 << 64) - 1
    return array("Q", [(a + b) & mask for a, b in zip(one, other, strict=True)])


def _write(segment: Segment, offset: int, counts: "array[int]") -> None:
    """Write what differs, page by page, so that empty pages stay holes."""
    new = counts.tobytes()
    old = os.pread(segment.fd, _COUNT_BYTES, offset)
    for at in range(0, _COUNT_BYTES, layout.PAGE_BYTES):
        stop = at + layout.PAGE_BYTES
        if new[at:stop] != old[at:stop]:
            segment.memory[offset + at : offset + stop] = new[at:stop]


def finished_requests(segment: Segment, slot: int) -> int:
    """How many requests the current pid of a slot has finished, refused ones included."""
    first = segment.layout.slot_word(slot)
    words = segment.words
    finished = words[first + layout.ACCESS_END] + words[first + layout.ACCESS_DROPPED]
    return max(finished - words[first + layout.REQUESTS_BEFORE], 0)


def mark_gone(segment: Segment, slot: int) -> None:
    """Say that the process of a slot has ended (its master, after reaping it)."""
    first = segment.layout.slot_word(slot)
    segment.words[first + layout.STATE] = WorkerState.GONE
    segment.words[first + layout.CONNECTIONS] = 0
