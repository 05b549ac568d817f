"""What one series has added up to: a number, a histogram, or how many different members.

    Counter     the sum of what came, each value divided by its sample rate
    Gauge       the last value
    Histogram   counts between bounds, and the sum (histograms, distributions and timers)
    Members     how many different members came within a minute

A set's members are counted exactly up to 128, and usually within 3 % beyond (HyperLogLog, 2,048 registers):
what somebody sends must not decide how much memory we take.

In:     numbers and members, with the weight 1 / sample rate.
Out:    values as of now; `idle_turns`, which counts up at each turn of the table and is 0 after each value.
Never:  looks at a clock, knows its name or its labels (table.py).

Rules:  Flajolet et al., "HyperLogLog" (2007): estimate and small range correction. Hashes are Python's, keyed
        anew in each process, so nobody can choose members that collide.
"""

import bisect
import math
from collections.abc import Sequence
from typing import Final

_REGISTER_BITS: Final = 11
_REGISTERS: Final = 1 << _REGISTER_BITS
_HASH_BITS: Final = 64 - _REGISTER_BITS
_HASH_MASK: Final = (1 << 64) - 1
_ALPHA: Final = 0.7213 / (1 + 1.079 / _REGISTERS)
MAX_EXACT_MEMBERS: Final = 128


class _Cell:
    """What all have: how long nothing came."""

    __slots__ = ("idle_turns",)

    def __init__(self) -> None:
        self.idle_turns = 0

    def turn(self) -> None:
        """A minute is over."""
        self.idle_turns += 1


class Counter(_Cell):
    """A sum that never falls."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        super().__init__()
        self.value: float = 0

    def add(self, value: float, weight: float) -> None:
        """Add a count."""
        self.value += value if weight == 1 else value * weight
        self.idle_turns = 0


class Gauge(_Cell):
    """The last value; one with a time stamp counts only if it is not older than the last such one."""

    __slots__ = ("stamp_s", "value")

    def __init__(self) -> None:
        super().__init__()
        self.value: float = 0
        self.stamp_s = 0

    def add(self, value: float, _weight: float = 1) -> None:
        """Take a value as of now."""
        self.value = value
        self.idle_turns = 0

    def add_stamped(self, value: float, stamp_s: int) -> None:
        """Take a value as of Unix time `stamp_s`."""
        if stamp_s >= self.stamp_s:
            self.stamp_s = stamp_s
            self.add(value)


class Histogram(_Cell):
    """Counts between bounds."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        super().__init__()
        self.bounds = tuple(bounds)
        self.counts: list[float] = [0] * (len(bounds) + 1)
        self.sum: float = 0

    def add(self, value: float, weight: float) -> None:
        """Count a value `weight` times."""
        self.counts[bisect.bisect_left(self.bounds, value)] += weight
        self.sum += value * weight
        self.idle_turns = 0


class Members(_Cell):
    """How many different members came since the last turn."""

    __slots__ = ("_exact", "_registers", "last_count")

    def __init__(self) -> None:
        super().__init__()
        self._exact: set[int] = set()
        self._registers: bytearray | None = None
        self.last_count = 0

    @property
    def value(self) -> int:
        """Members of the last whole minute, or of this one if there are more already."""
        return max(self.last_count, self._count())

    def add_member(self, member: bytes) -> None:
        """Note a member."""
        number = hash(member) & _HASH_MASK
        self.idle_turns = 0
        if self._registers is not None:
            _note(self._registers, number)
            return
        self._exact.add(number)
        if len(self._exact) > MAX_EXACT_MEMBERS:
            self._registers = bytearray(_REGISTERS)
            for each in self._exact:
                _note(self._registers, each)
            self._exact = set()

    def turn(self) -> None:
        """A minute is over: keep its count, begin anew."""
        super().turn()
        self.last_count = self._count()
        self._exact = set()
        self._registers = None

    def _count(self) -> int:
        return len(self._exact) if self._registers is None else _estimate(self._registers)


Cell = Counter | Gauge | Histogram | Members


def _note(registers: bytearray, number: int) -> None:
    """The first bits choose a register; it keeps the longest run of zeros that the others begin with."""
    place = number >> _HASH_BITS
    rank = _HASH_BITS - (number & ((1 << _HASH_BITS) - 1)).bit_length() + 1
    registers[place] = max(registers[place], rank)


def _estimate(registers: bytearray) -> int:
    raw = _ALPHA * _REGISTERS**2 / sum(map(_POWERS.__getitem__, registers))
    empty = registers.count(0)
    if raw <= 2.5 * _REGISTERS and empty:
        return round(_REGISTERS * math.log(_REGISTERS / empty))
    return round(raw)


_POWERS: Final = [2.0**-rank for rank in range(_HASH_BITS + 2)]
