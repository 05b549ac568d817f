"""The histograms of all workers, living and gone, added up; never a count twice, never one less than before.

Three things could make a sum go back, and a counter that goes back looks like a restart:

 - a worker's counts are folded into the retired ones while we read (fold_counts): read again;
 - a phase without duration is not counted by the recorder and filled in from the requests (as Snapshot does).
   The requests are read before all phases, so that what is filled in is never too much, and it is never less
   than last time, so that a request that was half counted takes nothing back;
 - the agent starts anew: what is remembered from last time is gone, and at most the half counted requests of
   that moment with it.

Sets of counts are added as one large number each, a count in every 64 bits of it: 0.6 ms a slot, where adding
word by word takes 10. (Counts near 2**64, which only damaged memory holds, carry over into their neighbour.)
A sum that no server ever reaches is damage, too, and counts as none: a page with the others is worth more.

In:     a segment.
Out:    Tally: per phase a histogram over all requests; requests by status class.
Never:  writes; allocates pages of the memory by looking at them.
"""

import dataclasses
import os
from array import array
from collections.abc import Sequence
from typing import Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import (
    COUNT_WORDS,
    HISTOGRAM_WORDS,
    PHASES,
    STATUS_CLASSES,
    WORD_BYTES,
)
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment

_COUNT_BYTES: Final = COUNT_WORDS * WORD_BYTES
_HISTOGRAM_BYTES: Final = HISTOGRAM_WORDS * WORD_BYTES
Spans = Sequence[tuple[int, int]]  # parts of a set of counts: offset, bytes
_EVERYTHING: Final[Spans] = ((0, _COUNT_BYTES),)
# What says how many requests there were: one histogram of each status class.
_TOTALS: Final[Spans] = tuple(
    ((number * len(PHASES) + PHASES.index("total")) * _HISTOGRAM_BYTES, _HISTOGRAM_BYTES)
    for number in range(STATUS_CLASSES)
)
# 90 years of 100,000 requests a second; all that is added up from such counts fits in 64 bits.
_MAX_COUNT: Final = 1 << 48
# A fold has two steps, and each slot is folded once in the life of a worker.
_TRIES: Final = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Tally:
    """Requests that reached the application, since the server started.

    Attributes:
        by_class: requests by status // 100; 0 = no status.
        phases: histogram of each phase, over all status classes.
    """

    by_class: tuple[int, ...]
    phases: "dict[str, array[int]]"


class TallyReader:
    """Reads tallies of one segment, each at least as high as the one before."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._filled = dict.fromkeys(PHASES, 0)

    def read(self) -> Tally:
        """Add up all slots now."""
        requests = sum(_counts(self._segment, _TOTALS))
        counts = _counts(self._segment, _EVERYTHING)
        phases = {phase: self._phase(counts, phase, requests) for phase in PHASES}
        return Tally(by_class=_by_class(counts), phases=phases)

    def _phase(self, counts: "array[int]", phase: str, requests: int) -> "array[int]":
        """One phase over all classes; a request that was not counted for it spent no time in it."""
        regions = (_region(counts, number, phase) for number in range(STATUS_CLASSES))
        merged = _counts_of(sum(int.from_bytes(region, "little") for region in regions), _HISTOGRAM_BYTES)
        self._filled[phase] = max(self._filled[phase], requests - sum(merged))
        merged[0] += self._filled[phase]
        return merged


def _counts(segment: Segment, spans: Spans) -> "array[int]":
    """Return parts of the counts of all slots, added up."""
    total = sum(_slot_counts(segment, slot, spans) for slot in _used_slots(segment))
    return _counts_of(total, sum(size for _, size in spans))


def _counts_of(total: int, size: int) -> "array[int]":
    """Return the counts that stand in one large number; what overflows the last of them is dropped."""
    room = max(total.bit_length() + 7 >> 3, size)
    counts = array("Q", total.to_bytes(room, "little")[:size])
    if max(counts) > _MAX_COUNT:
        return array("Q", [count if count <= _MAX_COUNT else 0 for count in counts])
    return counts


def _used_slots(segment: Segment) -> list[int]:
    words, plan = segment.words, segment.layout
    return [
        slot
        for slot in range(1, plan.slots)
        if words[plan.slot_word(slot) + layout.STATE] != WorkerState.EMPTY
    ]


def _slot_counts(segment: Segment, slot: int, spans: Spans) -> int:
    """Counts of a slot over all its pids, as one number; read again if they were folded meanwhile."""
    plan = segment.layout
    fold_word = plan.slot_word(slot) + layout.FOLD
    counts = 0
    for _ in range(_TRIES):
        fold = segment.words[fold_word]
        counts = _read(segment.fd, plan.bank_at(slot, (fold + 1 >> 1) & 1), spans)
        if not fold & 1:  # else the living counts are in the bank already
            counts += _read(segment.fd, plan.counts_at(slot), spans)
        if segment.words[fold_word] == fold:
            break
    return counts


def _read(fd: int, offset: int, spans: Spans) -> int:
    return int.from_bytes(b"".join(os.pread(fd, size, offset + at) for at, size in spans), "little")


def _by_class(counts: "array[int]") -> tuple[int, ...]:
    return tuple(sum(_region(counts, number, "total")) for number in range(STATUS_CLASSES))


def _region(counts: "array[int]", status_class: int, phase: str) -> "array[int]":
    start = (status_class * len(PHASES) + PHASES.index(phase)) * HISTOGRAM_WORDS
    return counts[start : start + HISTOGRAM_WORDS]
