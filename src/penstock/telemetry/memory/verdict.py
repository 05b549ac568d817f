"""What became of each reload: how `penstock reload --wait` learns it without asking the master.

A reload has a number, that of the generation it makes.  The number of the last one that was begun stands in
the header; whoever wants a reload reads it, sends HUP and waits for the verdict on the next number: that
reload began after it looked, so it has loaded what was on disk by then.  Two that wait at once share one only
where one reload served both.

    number | state | length | text
    the state is written last when a reload ends, and first when its place is given to a new number

In:     a segment (the master's side) or a descriptor of one (who waits); the memory is hostile.
Out:    verdicts.
Never:  waits.
"""

import dataclasses
import enum
import os
import struct
from typing import Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import WORD_BYTES
from penstock.telemetry.memory.segment import Segment, read_layout

_HEAD: Final = struct.Struct("@QQQ")
_MAX_TEXT_BYTES: Final = layout.VERDICT_BYTES - _HEAD.size


class ReloadState(enum.IntEnum):
    """How a reload stands."""

    NONE = 0
    RUNNING = 1
    DONE = 2
    FAILED = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """One reload; `text` says why it failed: a traceback, if any, and one line."""

    number: int
    state: ReloadState
    text: str = ""


def begin_reload(segment: Segment, number: int) -> None:
    """Publish that a reload has begun."""
    write_verdict(segment, Verdict(number, ReloadState.RUNNING))
    segment.words[layout.RELOAD_WORD] = number


def write_verdict(segment: Segment, verdict: Verdict) -> None:
    """Publish what became of a reload; of a long text the end is kept."""
    at = segment.layout.verdict_at(verdict.number)
    raw = verdict.text.encode("utf-8", "replace")[-_MAX_TEXT_BYTES:]
    segment.words[at // WORD_BYTES + 1] = ReloadState.RUNNING
    segment.memory[at + _HEAD.size : at + _HEAD.size + len(raw)] = raw
    segment.words[at // WORD_BYTES] = verdict.number
    segment.words[at // WORD_BYTES + 2] = len(raw)
    segment.words[at // WORD_BYTES + 1] = verdict.state


def last_reload(fd: int) -> int:
    """Return the number of the last reload that was begun; 0 = not even the start.

    Raises:
        SegmentError: the descriptor is no segment of this version.
        OSError: it cannot be read.
    """
    read_layout(fd)
    return int.from_bytes(os.pread(fd, WORD_BYTES, layout.RELOAD_WORD * WORD_BYTES), "little")


def read_verdict(fd: int, number: int) -> Verdict | None:
    """Return the verdict on a reload; None = its place is a later one's by now, or it has not begun.

    Raises:
        SegmentError: the descriptor is no segment of this version.
        OSError: it cannot be read.
    """
    raw = os.pread(fd, layout.VERDICT_BYTES, read_layout(fd).verdict_at(number))
    found, state, length = _HEAD.unpack_from(raw)
    if found != number or state not in ReloadState.__members__.values():
        return None
    text = raw[_HEAD.size : _HEAD.size + min(length, _MAX_TEXT_BYTES)].decode("utf-8", "replace")
    return Verdict(number, ReloadState(state), text)
