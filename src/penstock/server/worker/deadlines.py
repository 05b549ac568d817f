"""Deadlines of many connections at the price of a few.

A connection changes its deadline with each request, but deadlines are hardly
ever reached.  So changing one is an assignment to the connection, and the wheel
looks at a connection only when the time it was filed under has come:
if its deadline has moved on, it is filed again.

    file(item)      O(1)    needed only when a deadline moves *earlier*
    forget(item)    O(1)
    due(now)        O(items filed under the past)

In:     items with `deadline_ns` (CLOCK_MONOTONIC) and `tick` (ours).
Out:    the items whose deadline has passed.
Never:  reads a clock.

Rejected: a heap entry a request (1 us each), and asking every connection each
second (0.1 ms per 2,000).
"""

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

TICK_NS: Final = 250_000_000
NEVER: Final = 1 << 62


class Expiring(Protocol):
    """What the wheel holds."""

    deadline_ns: int  # CLOCK_MONOTONIC; `NEVER` = no deadline
    tick: int  # the bucket it is filed under, 0 = none

    def on_deadline(self) -> None:
        """Do what the passed deadline asks for."""


Item = TypeVar("Item", bound=Expiring)


class DeadlineWheel(Generic[Item]):
    """Items by the quarter second in which their deadline has to be looked at."""

    def __init__(self) -> None:
        self._buckets: dict[int, set[Item]] = {}
        self._next_tick = 0  # 0 = no bucket

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def file(self, item: Item) -> None:
        """Make sure that `item` is looked at when its deadline comes; an earlier filing is kept."""
        tick = item.deadline_ns // TICK_NS + 1
        if item.tick:
            if item.tick <= tick:
                return
            self.forget(item)
        item.tick = tick
        self._buckets.setdefault(tick, set()).add(item)
        if not self._next_tick or tick < self._next_tick:
            self._next_tick = tick

    def forget(self, item: Item) -> None:
        """Drop `item`; it may be filed again."""
        bucket = self._buckets.get(item.tick)
        item.tick = 0
        if bucket is not None:
            bucket.discard(item)

    def due(self, now_ns: int) -> list[Item]:
        """Return the items whose deadline is not after `now_ns`; they are filed no longer."""
        overdue: list[Item] = []
        this_tick = now_ns // TICK_NS
        if not self._next_tick or this_tick < self._next_tick:
            return overdue
        for tick in [tick for tick in self._buckets if tick <= this_tick]:
            for item in self._buckets.pop(tick):
                item.tick = 0
                if item.deadline_ns <= now_ns:
                    overdue.append(item)
                else:
                    self.file(item)
        self._next_tick = min(self._buckets, default=0)
        return overdue

    def wait_s(self, now_ns: int) -> float:
        """Return how long `due` will find nothing; -1 = for ever (as epoll.poll takes it)."""
        if not self._next_tick:
            return -1
        return max(0, self._next_tick * TICK_NS - now_ns) * 1e-9


class Alarm:
    """Something of ours that is due later: an item of the wheel that calls back."""

    __slots__ = ("_call", "deadline_ns", "tick")

    def __init__(self, deadline_ns: int, call: Callable[[], None]) -> None:
        self.deadline_ns = deadline_ns
        self.tick = 0
        self._call = call

    def on_deadline(self) -> None:
        """Do it."""
        self._call()
