"""Whether requests should be sent to this server now, and if not, why.

     a new program has taken over (USR2) and serves while this one drains; or
     the master lives, and its loop has turned within 10 s
     and it is READY: not starting, not draining
     and a worker is READY

In:     the states in the shared memory.
Out:    a Verdict.
Never:  asks a process anything: readiness is answered while all of them are busy.
"""

import dataclasses
from typing import Final

from penstock.telemetry.clock import NS_PER_S
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment

# The master turns at least every 2 s; a machine that swaps may delay it.
STALE_NS: Final = 10 * NS_PER_S


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """Ready, or not and why."""

    is_ready: bool
    reason: str


READY: Final = Verdict(is_ready=True, reason="ready")
# The new program's agent does not write, and so does not answer, before the old one's has ended.
HANDED_OVER: Final = Verdict(is_ready=True, reason="ready: a new program has taken over")


def judge(segment: Segment, now_ns: int, *, has_master: bool) -> Verdict:
    """Return the verdict of this moment.

    Args:
        segment: mapped.
        now_ns: CLOCK_MONOTONIC.
        has_master: whether the master's process lives.
    """
    if segment.words[layout.SUCCESSOR_PID_WORD]:
        return HANDED_OVER
    if not has_master:
        return _not("the master has gone")
    turned_ns = segment.words[layout.MASTER_TURNED_NS_WORD]
    if turned_ns and now_ns - turned_ns > STALE_NS:
        return _not(f"the master has not moved for {(now_ns - turned_ns) / NS_PER_S:.0f} s")
    master = _state(segment, 0)
    if master == WorkerState.BOOTING:
        return _not("starting")
    if master != WorkerState.READY:
        return _not("draining")
    if not any(_state(segment, slot) == WorkerState.READY for slot in range(1, segment.layout.slots)):
        return _not("no worker is ready")
    return READY


def _not(reason: str) -> Verdict:
    return Verdict(is_ready=False, reason=reason)


def _state(segment: Segment, slot: int) -> int:
    return segment.words[segment.layout.slot_word(slot) + layout.STATE]
