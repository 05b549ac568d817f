"""The safety net of the inline lane: takes the loop away from a thread that is stuck in the application.

This is about the inline lane: a request of the pool lane that waits loses the loop at once (pool.py).
The loop's owner puts a claim before it calls the application and takes it back after.
The watcher looks every few milliseconds and takes a claim that is too old.
Whoever pops the claim owns the loop: one list operation decides, no lock.

    owner    claim.append(exchange) ... application ... claim.pop()   -> goes on
    watcher            sees an old claim, claim.pop()            -> a waiting thread becomes the owner;
                                                                    the old one finds no claim: pool

In:     the loop's claim.
Out:    a new owner for the loop.
Never:  calls the application; runs while nothing happens (it parks; the loop wakes it once).

Limits: a thread that spins in Python holds the GIL for one switch interval; C code that keeps the
GIL cannot be taken over at all.
"""

import sys
from queue import SimpleQueue
from time import monotonic_ns, sleep
from typing import TYPE_CHECKING, Final

from penstock.telemetry.metrics.runtime import take_over_counter

if TYPE_CHECKING:
    from penstock.server.worker.loop import Loop

# How often the watcher looks, how old a claim may be: a misjudged request delays neighbours by the sum.
LOOK_S: Final = 0.003
OLD_CLAIM_NS: Final = 3_000_000
# A watcher that polls costs 0.5 to 1 % of a core: after this many looks without an inline request it parks.
LOOKS_BEFORE_PARKING: Final = 20
# The default of 5 ms is how late everything else gets its turn while a thread spins in Python.
SWITCH_INTERVAL_S: Final = 0.002


class Watcher:
    """Runs on the worker's main thread, which has nothing else to do.

    Attributes:
        is_parked: whether the loop has to wake it before an inline request.
    """

    def __init__(self, loop: "Loop") -> None:
        self.is_parked = False
        self.take_over_count = 0
        self._counter = take_over_counter()
        self._loop = loop
        self._bell: SimpleQueue[None] = SimpleQueue()  # rung twice = one look too many, nothing worse

    def watch(self) -> None:
        """Watch until the loop has stopped."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        loop = self._loop
        quiet_looks = 0
        seen_ns = 0
        while not loop.is_stopped:
            quiet_looks = quiet_looks + 1 if loop.last_inline_ns == seen_ns else 0
            seen_ns = loop.last_inline_ns
            if quiet_looks > LOOKS_BEFORE_PARKING and not loop.claim:
                self._park()
                quiet_looks = 0
            else:
                # Not bell.get(timeout=...): when a signal interrupts it as its time ends, CPython 3.11 goes
                # on with a negative rest, which means for ever, and the worker does not stop.
                sleep(LOOK_S)
            self.look(monotonic_ns())

    def look(self, now_ns: int) -> None:
        """Take the loop over if its claim is too old at `now_ns`."""
        self._loop.nudge()  # a thread was quiet for the sake of an inline request that is slow after all
        claim = self._loop.claim
        try:
            if now_ns - claim[0].start_ns < OLD_CLAIM_NS:
                return
            exchange = claim.pop()
        except IndexError:  # the owner was quicker
            return
        self.take_over_count += 1
        self._counter.inc()
        self._loop.appoint(exchange)

    def wake(self) -> None:
        """Make a parked watcher look again (loop)."""
        if self.is_parked:
            self.is_parked = False
            self._bell.put(None)

    def _park(self) -> None:
        # The flag first: a request that begins in between wakes us for nothing, never the other way round.
        self.is_parked = True
        self._loop.nudge()  # likewise: a thread that still saw us looking leaves its answers to us
        if self._loop.claim or self._loop.is_stopped:
            self.wake()
        self._bell.get()
