"""The threads that may call the application: `threads` + 1 of them, for the life of the worker.

One owns the loop, the others take complete requests.  A take-over swaps roles;
it never makes or ends a thread, so connection pools and thread-local
connections stay as many as the operator counted.

    slots       one token for each application call that may run; who calls holds one, the loop's owner too
    jobs        requests that found no slot, oldest first; threads take them by themselves, after the inline
                requests that found none: these are quick, and who comes back need not leave its slot to them
    vacancies   a token when the loop needs an owner; comes before any job

Requests of this lane run on the loop's owner, at the end of their batch, while
one woken thread waits for the GIL.  It gets it as soon as a request waits for
something, finds the owner's claim, and owns the loop from then on (leader and
followers).  If it finds none, it goes back to bed.

                         claim found                       the owner found work all the time, and others wait
    asleep --> on its way ----------> owner --> application --> asleep, or the next job
       ^            |                   |
       +-- nothing -+                   +-- vacancy for a thread on its way --> asleep

A thread costs most when it wakes for nothing: it then fights for the GIL with
the one that works.  So at most one thread is on its way at any time, it does not
push the owner off its CPU (standby.py), and a thread that takes a job wakes the
next only if jobs are left.

In:     exchanges from the loop, or the loop itself.
Out:    exchanges, answered, to the loop's hand-off queue.
Never:  reads or writes a socket outside the loop role.

Rejected: queue.SimpleQueue, which wakes a thread for each request; every request of the lane as a job, which
        wakes two threads and the loop for each batch: 1.9 us a request more.
"""

import sys
import threading
import traceback
from collections import deque
from time import monotonic_ns
from typing import TYPE_CHECKING, Final

from penstock.server.worker.interrupt import Guard
from penstock.server.worker.standby import Standby
from penstock.wsgi import Exchange, RequestTimeout, call_application, end_interrupted, stream_response

if TYPE_CHECKING:
    from penstock.server.worker.loop import Loop

POOL_LANE: Final = 1
# Waking the loop costs a system call and, with it, the GIL: answers of quick jobs are handed over together.
QUIET_NS: Final = 200_000


class Pool:
    """A fixed crew around one loop.

    Every list here is changed by single operations only (append, pop), which the interpreter makes atomic.

    Args:
        threads: application calls at once.

    Attributes:
        slots: free application calls.
        jobs: complete requests that wait for a thread.
        guards: by thread, the border to the application.
        reserved_slots: slots that jobs may not take: they are kept for inline requests.
    """

    def __init__(self, threads: int) -> None:
        self.slots: list[None] = [None] * threads
        self.jobs: deque[Exchange] = deque()
        self.reserved_slots = 0
        self.guards = [Guard() for _ in range(threads + 1)]
        self._vacancies: list[None] = []
        self._beds = [threading.Lock() for _ in range(threads + 1)]
        self._standbys = [Standby() for _ in range(threads + 1)]
        self._idle: list[threading.Lock] = []
        self._is_waking = False
        self._is_stopping = False
        self._threads: list[threading.Thread] = []

    def start(self, loop: "Loop") -> None:
        """Start the threads; one of them becomes the owner of the loop."""
        self._vacancies.append(None)
        for index, bed in enumerate(self._beds):
            bed.acquire()
            thread = threading.Thread(
                target=self._serve, args=(loop, index), name=f"penstock-{index}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stack(self, index: int) -> str:
        """Return where the thread with that number in the scoreboard stands now."""
        frame = sys._current_frames().get(self._threads[index].ident or 0)
        return "".join(traceback.format_stack(frame)) if frame is not None else "(the thread has ended)"

    def appoint(self) -> None:
        """Let another thread own the loop."""
        self._vacancies.append(None)
        self.wake()

    def wake(self) -> bool:
        """Wake one thread, unless one is on its way; False = there is none that sleeps."""
        return self._is_waking or self._wake_one()

    def stop(self) -> None:
        """Let every waiting thread end; one that is inside the application is not waited for."""
        self._is_stopping = True
        while self._wake_one():
            pass

    def _wake_one(self) -> bool:
        try:
            bed = self._idle.pop()  # the one that slept last has the warmest cache
        except IndexError:
            return False
        self._is_waking = True
        bed.release()
        return True

    def _serve(self, loop: "Loop", index: int) -> None:
        """Take what there is: the loop, then jobs, else sleep."""
        bed = self._beds[index]
        standby = self._standbys[index]
        self.guards[index].ident = threading.get_ident()
        was_needed = False
        while not self._is_stopping:
            if self._take_turn(loop, index):
                was_needed = True
                continue
            if not was_needed:  # the next time it may be in vain as well
                standby.begin()
            was_needed = False
            self._sleep(loop, bed)

    def _take_turn(self, loop: "Loop", index: int) -> bool:
        """Own the loop until it is lost, or answer a request; False = neither needs this thread."""
        if self._fill_vacancy() or loop.maybe_take_over():
            self._standbys[index].end()
            self._own(loop, index)
            return True
        return self._take_job(loop, index)

    def _fill_vacancy(self) -> bool:
        """Take the place of the loop's owner if it is free."""
        if not self._vacancies:
            return False
        try:
            self._vacancies.pop()
        except IndexError:
            return False
        return True

    def may_abdicate(self) -> bool:
        """Leave the loop to a thread that is on its way; False = none sleeps (owner of the loop)."""
        if not self.wake():
            return False
        self._vacancies.append(None)
        if self._is_waking:
            return True
        try:  # it passed before it could see the vacancy: is that still there?
            self._vacancies.pop()
        except IndexError:
            return True
        return False

    def _own(self, loop: "Loop", index: int) -> None:
        """Run the loop; who leaves it to another thread goes to bed, or it would take it back at once."""
        if self.has_work():
            self.wake()
        if not loop.own(index):
            return
        bed = self._beds[index]
        self._idle.append(bed)
        # The next owner may be stuck by now, and found nobody to wake.
        if not ((self._is_stopping or loop.is_stuck) and self._has_risen(bed)):
            self._wait(bed)

    def _take_job(self, loop: "Loop", index: int) -> bool:
        """Answer one request that waits for a slot; False = there is none that this thread may take."""
        exchange = self._maybe_next(loop)
        if exchange is None:
            return False
        self._standbys[index].end()
        is_inline = exchange.lane != POOL_LANE
        if is_inline:
            loop.watcher.wake()  # it nudges the loop should this one be slow after all
        elif not self.has_work() or not self.wake():
            loop.nudge()  # nobody else is on the way: what is answered must not wait for this job
        _answer(loop, exchange, index)
        if is_inline:
            loop.note_wait(exchange.start_ns - exchange.body_ns)
        self.slots.append(None)
        loop.hand_off_quietly(exchange)
        is_long = exchange.end_ns - exchange.start_ns > QUIET_NS
        if not loop.waiting_inline and (is_long or not self.jobs):
            loop.nudge()
        return True

    def _maybe_next(self, loop: "Loop") -> Exchange | None:
        """Return what waits for a slot, and has one now: inline requests first, then jobs."""
        waiting_inline = loop.waiting_inline
        if not (self.slots if waiting_inline else self.has_work()):
            return None
        try:
            self.slots.pop()
        except IndexError:  # another thread, or the owner, was quicker
            return None
        try:
            return (waiting_inline or self.jobs).popleft()
        except IndexError:
            self.slots.append(None)
            return None

    def has_work(self) -> bool:
        """Whether a job may be taken now."""
        return bool(self.jobs) and self.has_slot()

    def has_slot(self) -> bool:
        """Whether a slot is free for the pool lane."""
        return len(self.slots) > self.reserved_slots

    def _sleep(self, loop: "Loop", bed: threading.Lock) -> None:
        """Wait to be woken."""
        loop.nudge()  # jobs may be left that this thread must not take: it was quiet for their sake
        self._idle.append(bed)
        # Look again: who came between our last look and our going to bed saw nobody to wake.
        has_duty = self._vacancies or self._is_stopping or loop.is_stuck or self.has_work()
        if not (has_duty and self._has_risen(bed)):
            self._wait(bed)

    def _has_risen(self, bed: threading.Lock) -> bool:
        """Get up by oneself; False = somebody is waking this thread already."""
        try:
            self._idle.remove(bed)
        except ValueError:
            return False
        return True

    def _wait(self, bed: threading.Lock) -> None:
        bed.acquire()
        self._is_waking = False


def _answer(loop: "Loop", exchange: Exchange, thread: int) -> None:
    """Call the application on this thread."""
    exchange.thread = thread
    exchange.lane = POOL_LANE
    exchange.start_ns = now_ns = monotonic_ns()
    loop.recorder.enter(thread, now_ns, exchange.line, exchange.request_id, exchange.trace)
    guard = loop.pool.guards[thread]
    try:
        if not call_application(loop.application, exchange):
            stream_response(exchange)
        if guard.is_armed:  # it was late: see interrupt.py
            guard.leave()
    except RequestTimeout:
        end_interrupted(exchange)
        guard.leave()
    loop.recorder.leave(thread)
