"""The threads that may call the application: `threads` + 1 of them, for the life of the worker.

One owns the loop, the others wait for complete requests.  A take-over swaps
roles; it never makes or ends a thread, so connection pools and thread-local
connections stay as many as the operator counted.

In:     exchanges from the loop, or the loop itself.
Out:    exchanges, answered, to the loop's hand-off queue.
Never:  reads or writes a socket outside the loop role.
"""

import threading
from queue import SimpleQueue
from time import monotonic_ns
from typing import TYPE_CHECKING, Final

from penstock.wsgi import Exchange, call_application, stream_response

if TYPE_CHECKING:
    from penstock.server.loop import Loop

POOL_LANE: Final = 1


class TakeLoop:
    """The message that makes a waiting thread the owner of the loop."""


class Leave:
    """The message that ends a thread."""


TAKE_LOOP: Final = TakeLoop()
LEAVE: Final = Leave()


class Pool:
    """A fixed crew around one loop.

    Args:
        threads: application calls at once.
    """

    def __init__(self, threads: int) -> None:
        self.queue: SimpleQueue[Exchange | TakeLoop | Leave] = SimpleQueue()
        self.count = threads + 1
        self._threads: list[threading.Thread] = []

    def start(self, loop: "Loop") -> None:
        """Start the threads; the first message makes one of them the owner of the loop."""
        self.queue.put(TAKE_LOOP)
        for index in range(self.count):
            thread = threading.Thread(
                target=self._serve, args=(loop, index), name=f"penstock-{index}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def thread(self, index: int) -> threading.Thread:
        """Return the thread with that number in the scoreboard."""
        return self._threads[index]

    def stop(self) -> None:
        """Let every waiting thread end; one that is inside the application is not waited for."""
        for _ in range(self.count):
            self.queue.put(LEAVE)

    def _serve(self, loop: "Loop", index: int) -> None:
        get = self.queue.get
        while True:
            job = get()
            if job.__class__ is Exchange:
                _answer(loop, job, index)
            elif job is TAKE_LOOP:
                loop.own(index)
            else:
                return


def _answer(loop: "Loop", exchange: Exchange, thread: int) -> None:
    """Call the application on this thread and hand the answer to the loop."""
    exchange.thread = thread
    exchange.lane = POOL_LANE
    exchange.start_ns = now_ns = monotonic_ns()
    loop.recorder.enter(thread, now_ns, exchange.line, exchange.request_id)
    if not call_application(loop.application, exchange):
        stream_response(exchange)
    loop.recorder.leave(thread)
    loop.hand_off(exchange, None)
