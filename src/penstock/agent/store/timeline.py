"""Positions in time that a wall clock cannot disturb: what the store orders and ages its rows by.

A position is a number of seconds that grows as time passes, while the agent runs and while it does not. It
begins as the Unix time at which the store was made and goes on by the machine's boot clock; so the wall clock
may jump forward (nothing is suddenly old) and back (nothing new stands before something old, nothing lives
for ever).

    the same boot           position + what the boot clock has gone on
    another boot            position + what the wall clock has gone on, never less than nothing

The time of day that is shown for a position is counted back from now: `now - how long ago`. After the clock
was corrected, old rows show corrected times.

In:     clocks; what an earlier agent saved.
Out:    positions, times of day.
Never:  goes back.

Rules:  clock_gettime(2) CLOCK_BOOTTIME, which goes on while the machine sleeps; random(4) boot_id.
"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclasses.dataclass(frozen=True, slots=True)
class Anchor:
    """One moment on all clocks, to go on from.

    Attributes:
        position_s: of that moment.
        boot_id: which run of the machine it was.
        boot_s: its boot clock.
        wall_s: its wall clock, Unix time.
    """

    position_s: float
    boot_id: str
    boot_s: float
    wall_s: float


@dataclasses.dataclass(frozen=True, slots=True)
class Clocks:
    """Where times come from."""

    boot_id: str
    boot: Callable[[], float]
    wall: Callable[[], float]

    @classmethod
    def of_this_machine(cls) -> Self:
        """Return the real ones; without a boot id each start counts as another boot."""
        try:
            boot_id = _BOOT_ID.read_text().strip()
        except OSError:
            boot_id = ""
        return cls(boot_id, lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.time)


class Timeline:
    """Positions from an anchor on.

    Args:
        saved: the last moment that was written down; None = the store is new.
        clocks: of this machine.
    """

    def __init__(self, saved: Anchor | None, clocks: Clocks) -> None:
        self._clocks = clocks
        self._boot_s = clocks.boot()
        self._position_s = _resume(saved, clocks, self._boot_s)

    def now(self) -> float:
        """Return the position of this moment."""
        return self._position_s + self._clocks.boot() - self._boot_s

    def wall_s(self, position_s: float) -> float:
        """Return the Unix time of a position, by the wall clock as it goes now."""
        return self._clocks.wall() - (self.now() - position_s)

    def anchor(self) -> Anchor:
        """Return this moment, to be written down."""
        boot_s = self._clocks.boot()
        position_s = self._position_s + boot_s - self._boot_s
        return Anchor(position_s, self._clocks.boot_id, boot_s, self._clocks.wall())


def _resume(saved: Anchor | None, clocks: Clocks, boot_s: float) -> float:
    if saved is None:
        return clocks.wall()
    is_same_boot = bool(clocks.boot_id) and saved.boot_id == clocks.boot_id
    passed_s = boot_s - saved.boot_s if is_same_boot else clocks.wall() - saved.wall_s
    return saved.position_s + max(passed_s, 0.0)
