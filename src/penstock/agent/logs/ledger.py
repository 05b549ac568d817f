"""What was written, kept in shared memory, so that an agent that is killed repeats nothing and loses nothing.

A batch is written in this order:

    1  SIZE = the file's, INTENT = the batch's bytes    (each file it goes to)
    2  the bytes go to the files
    3  new TAIL and new sizes into the commit words, then COMMIT_MARK = 1
    4  TAIL and sizes where they belong, INTENT = 0, then COMMIT_MARK = 0

Killed before 3: the next agent cuts the files back to SIZE and reads the same records again. Killed after 3:
it finds the mark and does 4. The cut never exceeds INTENT: bytes beyond it were appended by somebody else,
and then the file is left as it is. A file that was moved away meanwhile is found beside its old name.

In:     batches and outputs.
Out:    published TAILs and sizes.
Never:  cuts a file that is not the one whose size is known (device and inode).
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.segment import Segment

_NO_SIZES: Final = ((0, 0), (0, 0))


class Ledger:
    """The agent's commit words. One agent at a time writes them."""

    __slots__ = ("_words",)

    def __init__(self, segment: Segment) -> None:
        """Finish the commit that a killed agent left marked."""
        self._words = segment.words
        if self._words[layout.COMMIT_MARK_WORD] == 1:
            self._apply(_tail_words(segment))
        self._words[layout.COMMIT_MARK_WORD] = 0

    def intend(self, area: int, size_bytes: int, coming_bytes: int) -> None:
        """Say how far the file may grow in the write that follows, and from where.

        What others appended since the last commit counts as theirs: it is not cut off.
        """
        words = self._words
        words[area + layout.OUTPUT_INTENT] = 0
        words[area + layout.OUTPUT_SIZE] = size_bytes
        words[area + layout.OUTPUT_INTENT] = coming_bytes

    def commit(self, tail_word: int, tail: int, sizes: Sequence[tuple[int, int]] = ()) -> None:
        """Publish a ring's new TAIL together with the new sizes of the files its lines went to.

        Args:
            tail_word: which word receives the tail.
            tail: the number of the last record that is through.
            sizes: area and size of each file, two at most.
        """
        words = self._words
        words[layout.COMMIT_TAIL_WORD] = tail_word
        words[layout.COMMIT_TAIL_VALUE_WORD] = tail
        for place, (area, size_bytes) in zip(layout.COMMIT_SIZE_WORDS, (*sizes, *_NO_SIZES), strict=False):
            words[place] = area
            words[place + 1] = size_bytes
        words[layout.COMMIT_MARK_WORD] = 1
        words[tail_word] = tail
        for area, size_bytes in sizes:
            self.commit_size(area, size_bytes)
        words[layout.COMMIT_MARK_WORD] = 0

    def commit_size(self, area: int, size_bytes: int) -> None:
        """Publish a file's new size alone; killed before, its last lines are cut off and forgotten."""
        self._words[area + layout.OUTPUT_SIZE] = size_bytes
        self._words[area + layout.OUTPUT_INTENT] = 0

    def cut_moved(self, area: int, path: str) -> None:
        """Cut off what a killed agent did not commit, where its file was moved away before we came.

        Args:
            area: the log's words.
            path: the log; the moved file stands beside it, with its name at the front of its own.
        """
        words = self._words
        known = (words[area + layout.OUTPUT_DEVICE], words[area + layout.OUTPUT_INODE])
        if not words[area + layout.OUTPUT_INTENT]:
            return
        with contextlib.suppress(OSError):
            place = Path(path).resolve()
            for entry in os.scandir(place.parent):
                is_moved = entry.name.startswith(place.name) and entry.name != place.name
                if is_moved and entry.inode() == known[1] and entry.stat().st_dev == known[0]:
                    self._cut(area, entry.path)

    def _cut(self, area: int, path: str) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self._cut_surplus(area, fd)
        finally:
            os.close(fd)

    def _cut_surplus(self, area: int, fd: int) -> int:
        """Cut off what goes beyond the committed size, if it can be ours. Returns the bytes cut off."""
        committed = self._words[area + layout.OUTPUT_SIZE]
        surplus = os.fstat(fd).st_size - committed
        if not 0 < surplus <= self._words[area + layout.OUTPUT_INTENT]:
            return 0
        os.ftruncate(fd, committed)
        return surplus

    def open_file(self, area: int, fd: int) -> int:
        """Take up a file: cut off what a killed agent wrote and did not commit. Returns the bytes cut off."""
        words = self._words
        status = os.fstat(fd)
        known = (words[area + layout.OUTPUT_DEVICE], words[area + layout.OUTPUT_INODE])
        cut = self._cut_surplus(area, fd) if known == (status.st_dev, status.st_ino) else 0
        words[area + layout.OUTPUT_INTENT] = 0
        words[area + layout.OUTPUT_SIZE] = status.st_size - cut
        words[area + layout.OUTPUT_DEVICE] = status.st_dev
        words[area + layout.OUTPUT_INODE] = status.st_ino
        return cut

    def _apply(self, tail_words: frozenset[int]) -> None:
        """Do what the marked commit says, if it names words that a commit may name."""
        words = self._words
        tail_word = words[layout.COMMIT_TAIL_WORD]
        if tail_word not in tail_words:
            return
        words[tail_word] = words[layout.COMMIT_TAIL_VALUE_WORD]
        for place in layout.COMMIT_SIZE_WORDS:
            if words[place] in layout.OUTPUTS:
                self.commit_size(words[place], words[place + 1])


def _tail_words(segment: Segment) -> frozenset[int]:
    plan = segment.layout
    return frozenset(
        ring.tail_word for slot in range(plan.slots) for ring in (plan.access_ring(slot), plan.log_ring(slot))
    )
