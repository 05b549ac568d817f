"""What was written, kept in shared memory, so that an agent that is killed repeats nothing and loses nothing.

A batch is written in this order:

    1  INTENT = its bytes                      (file outputs)
    2  the bytes go to the file
    3  new TAIL and new size into the commit words, then COMMIT_MARK = 1
    4  TAIL and size where they belong, then COMMIT_MARK = 0

Killed before 3: the next agent cuts the file back to the committed size and reads the same records again.
Killed after 3: it finds the mark and does 4. The cut never exceeds INTENT: bytes beyond it were appended by
somebody else, and then the file is left as it is.

In:     batches and outputs.
Out:    published TAILs and sizes.
Never:  cuts a file that is not the one whose size was committed (device and inode).
"""

import os
from typing import Final

from penstock.telemetry import layout
from penstock.telemetry.segment import Segment

_NO_OUTPUT: Final = 0


class Ledger:
    """The agent's commit words. One agent at a time writes them."""

    __slots__ = ("_words",)

    def __init__(self, segment: Segment) -> None:
        """Finish the commit that a killed agent left marked."""
        self._words = segment.words
        if self._words[layout.COMMIT_MARK_WORD] == 1:
            self._apply(_tail_words(segment))
        self._words[layout.COMMIT_MARK_WORD] = 0

    def intend(self, area: int, size_bytes: int) -> None:
        """Say how far the file may grow in the write that follows."""
        self._words[area + layout.OUTPUT_INTENT] = size_bytes

    def commit(self, tail_word: int, tail: int, area: int = _NO_OUTPUT, size_bytes: int = 0) -> None:
        """Publish a ring's new TAIL together with the new size of the file its lines went to."""
        words = self._words
        words[layout.COMMIT_TAIL_WORD] = tail_word
        words[layout.COMMIT_TAIL_VALUE_WORD] = tail
        words[layout.COMMIT_OUTPUT_WORD] = area
        words[layout.COMMIT_SIZE_VALUE_WORD] = size_bytes
        words[layout.COMMIT_MARK_WORD] = 1
        words[tail_word] = tail
        if area:
            words[area + layout.OUTPUT_SIZE] = size_bytes
        words[layout.COMMIT_MARK_WORD] = 0

    def commit_size(self, area: int, size_bytes: int) -> None:
        """Publish a file's new size alone; killed before, its last lines are cut off and forgotten."""
        self._words[area + layout.OUTPUT_SIZE] = size_bytes

    def open_file(self, area: int, fd: int) -> int:
        """Take up a file: cut off what a killed agent wrote and did not commit. Returns the bytes cut off."""
        words = self._words
        status = os.fstat(fd)
        known = (words[area + layout.OUTPUT_DEVICE], words[area + layout.OUTPUT_INODE])
        committed = words[area + layout.OUTPUT_SIZE]
        surplus = status.st_size - committed
        cut = 0
        if known == (status.st_dev, status.st_ino) and 0 < surplus <= words[area + layout.OUTPUT_INTENT]:
            os.ftruncate(fd, committed)
            cut = surplus
        words[area + layout.OUTPUT_INTENT] = 0
        words[area + layout.OUTPUT_SIZE] = status.st_size - cut
        words[area + layout.OUTPUT_DEVICE] = status.st_dev
        words[area + layout.OUTPUT_INODE] = status.st_ino
        return cut

    def _apply(self, tail_words: frozenset[int]) -> None:
        """Do what the marked commit says, if it names words that a commit may name."""
        words = self._words
        tail_word, area = words[layout.COMMIT_TAIL_WORD], words[layout.COMMIT_OUTPUT_WORD]
        if tail_word not in tail_words:
            return
        words[tail_word] = words[layout.COMMIT_TAIL_VALUE_WORD]
        if area in (layout.ACCESS_OUTPUT, layout.ERROR_OUTPUT):
            words[area + layout.OUTPUT_SIZE] = words[layout.COMMIT_SIZE_VALUE_WORD]


def _tail_words(segment: Segment) -> frozenset[int]:
    plan = segment.layout
    return frozenset(
        ring.tail_word for slot in range(plan.slots) for ring in (plan.access_ring(slot), plan.log_ring(slot))
    )
