"""The courier: a thread that brings a collector what the agent hands it, and tries again while that helps.

The agent's loop never waits for a network: it puts a parcel into a bounded queue. While the collector is away
the queue fills, and then the oldest parcels are dropped: the newest say most about what is wrong now.

    queued ---> on its way ---> taken
      |             |   ^
      |             v   | later each time
      v           tried again ---> dropped, when it is too old
    dropped, when there is no room

In:     parcels.
Out:    messages; counts of what became of them.
Never:  blocks whoever hands something over; keeps more than its limit; raises.

Threads: put, report and close on the agent's; the rest on the courier's own.
"""

import contextlib
import dataclasses
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from penstock.agent.exporters.delivery import Delivery, Verdict

_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
# OpenTelemetry's exporters give up after 64 s; a restart of a collector takes longer than that.
_TOO_OLD_S: Final = 300.0
MAX_WEIGHT: Final = 8 << 20  # bytes of memory that may wait, roughly


class Target(Protocol):
    """Who takes messages (delivery.Collector)."""

    def deliver(self, path: str, message: bytes) -> Delivery:
        """Attempt it."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclasses.dataclass(frozen=True, slots=True)
class Parcel:
    """What belongs together in one message.

    Attributes:
        kind: what is in it, for the counts: `traces`.
        path: behind the collector's.
        count: things in it.
        weight: bytes of memory that it holds, roughly.
        pack: makes the message, on the courier's thread.
        read_answer: how many of the things the collector's answer says it has refused, and why.
    """

    kind: str
    path: str
    count: int
    weight: int
    pack: Callable[[], bytes]
    read_answer: Callable[[bytes], tuple[int, str]]


class Courier:
    """One collector's.

    Args:
        target: the collector.
        name: of the thread.
        max_weight: of the parcels that wait.
        now_s: monotonic seconds.
        jitter: gives a number from 0 up to 1: not all agents try again at the same moment.

    Attributes:
        trouble: why the last attempt failed, or what of it was refused; empty = all is well.
    """

    def __init__(
        self,
        target: Target,
        name: str,
        max_weight: int = MAX_WEIGHT,
        now_s: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._target = target
        self._name = name
        self._max_weight = max_weight
        self._now_s = now_s
        self._jitter = jitter
        self._queue: deque[tuple[float, Parcel]] = deque()  # with the time at which it is too old
        self._weight = 0
        self._changed = threading.Condition()
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self._counts: dict[str, int] = {}
        self.trouble = ""

    def put(self, parcel: Parcel) -> None:
        """Hand a parcel over; the oldest ones make room for it."""
        with self._changed:
            self._queue.append((self._now_s() + _TOO_OLD_S, parcel))
            self._weight += parcel.weight
            while self._weight > self._max_weight and len(self._queue) > 1:
                self._drop_oldest()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def has_waiting(self, kind: str) -> bool:
        """Whether a parcel of that kind is still in the queue."""
        with self._changed:
            return any(parcel.kind == kind for _, parcel in self._queue)

    def report(self) -> dict[str, int | str]:
        """What was `sent`, `dropped`, `rejected` of each kind, how often it was tried again, what waits."""
        with self._changed:
            waiting = sum(parcel.count for _, parcel in self._queue)
            return {**self._counts, "waiting": waiting, "trouble": self.trouble}

    def close(self, patience_s: float) -> None:
        """Deliver what can be had within `patience_s` without a second try; drop the rest."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(patience_s)
        with self._changed:
            while self._queue:
                self._drop_oldest()

    # The thread

    def _run(self) -> None:
        tries = 0
        while (parcel := self._next()) is not None:
            delivery = self._deliver(parcel)
            if delivery.verdict is Verdict.TRY_AGAIN and self._may_wait(tries, delivery.wait_s):
                tries += 1
                self._count("tried_again")
                continue
            tries = 0
            self._settle(parcel, delivery)
        with contextlib.suppress(Exception):
            self._target.close()

    def _next(self) -> Parcel | None:
        """The oldest parcel that is not too old; waits for one. None = the agent leaves, none is left."""
        with self._changed:
            while True:
                while self._queue and self._queue[0][0] < self._now_s():
                    self._drop_oldest()
                if self._queue:
                    return self._queue[0][1]
                if self._is_closing:
                    return None
                self._changed.wait()

    def _deliver(self, parcel: Parcel) -> Delivery:
        try:
            delivery = self._target.deliver(parcel.path, parcel.pack())
        except Exception as error:  # noqa: BLE001 - what cannot be packed now never can
            delivery = Delivery(Verdict.REFUSED, f"{type(error).__name__}: {error}")
        self.trouble = delivery.reason
        return delivery

    def _may_wait(self, tries: int, asked_s: float) -> bool:
        """Wait until the next try; False = the agent leaves."""
        wait_s = min(_FIRST_WAIT_S * 2**tries, _LONGEST_WAIT_S)
        wait_s = max(asked_s, wait_s * (0.5 + self._jitter() / 2))
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing, wait_s)
            return not self._is_closing

    def _settle(self, parcel: Parcel, delivery: Delivery) -> None:
        """Take a parcel out of the queue and count what became of it."""
        with self._changed:
            # It may have been dropped meanwhile, to make room.
            if not (self._queue and self._queue[0][1] is parcel):
                if delivery.verdict is Verdict.TAKEN:  # and yet it arrived
                    self._add(f"{parcel.kind}_dropped", -parcel.count)
                    self._add(f"{parcel.kind}_sent", parcel.count)
                return
            if delivery.verdict is not Verdict.TAKEN:
                self._drop_oldest()
                return
            self._queue.popleft()
            self._weight -= parcel.weight
            self._count_taken(parcel, delivery.answer)

    def _count_taken(self, parcel: Parcel, answer: bytes) -> None:
        try:
            rejected, why = parcel.read_answer(answer)
        except Exception:  # noqa: BLE001 - an answer that nobody can read says nothing; it was taken
            rejected, why = 0, ""
        rejected = min(max(rejected, 0), parcel.count)
        self.trouble = why[:200]
        self._add(f"{parcel.kind}_sent", parcel.count - rejected)
        if rejected:
            self._add(f"{parcel.kind}_rejected", rejected)

    def _drop_oldest(self) -> None:
        _, parcel = self._queue.popleft()
        self._weight -= parcel.weight
        self._add(f"{parcel.kind}_dropped", parcel.count)

    def _count(self, what: str) -> None:
        with self._changed:
            self._add(what, 1)

    def _add(self, what: str, count: int) -> None:
        self._counts[what] = self._counts.get(what, 0) + count
