"""How far a streaming application may run ahead of its client.

The application's thread adds what it hands over, the loop subtracts what the
client took.

    pending < memory            the thread goes on
    memory <= pending < limit   the thread waits a moment: a quick client catches up, and no byte sees a disk;
                                for a slow one the rest is spooled, and the thread is soon free
    pending >= limit            the thread waits until the client takes some, or has gone

In:     byte counts from two threads.
Out:    a thread that waits, or PeerGoneError.
Never:  holds the bytes (spool.py) or touches a socket.
"""

import threading
from time import monotonic_ns
from typing import Final

from penstock.wsgi import PeerGoneError

# A client that does not take half a megabyte in this time is not worth a thread.
PATIENCE_S: Final = 0.1


class Flow:
    """The bytes of one streamed response between the application and the socket.

    Args:
        memory_bytes: what waits in memory, beyond which it would be spooled.
        limit_bytes: what may wait at all; one chunk may exceed it.
    """

    __slots__ = (
        "_changed",
        "_is_broken",
        "_is_patient",
        "_limit_bytes",
        "_memory_bytes",
        "_waited_ns",
        "_waiting_since_ns",
        "pending_bytes",
    )

    def __init__(self, memory_bytes: int, limit_bytes: int) -> None:
        self.pending_bytes = 0
        self._memory_bytes = memory_bytes
        self._is_patient = True
        self._limit_bytes = limit_bytes
        self._is_broken = False
        self._waited_ns = 0
        self._waiting_since_ns = 0  # 0 = the thread does not wait
        self._changed = threading.Condition(threading.Lock())

    def add(self, count: int) -> None:
        """Account for `count` bytes; wait while the client is too far behind (application's thread).

        Raises:
            PeerGoneError: nobody will take them.
        """
        with self._changed:
            if self.pending_bytes >= min(self._memory_bytes, self._limit_bytes):
                self._wait()
            if self._is_broken:
                raise PeerGoneError
            self.pending_bytes += count

    @property
    def is_waiting(self) -> bool:
        """Whether the thread waits for the client."""
        return self._waiting_since_ns != 0

    def waited_ns(self, now_ns: int) -> int:
        """Return for how long the thread has waited for the client, until now (loop)."""
        with self._changed:
            since_ns = self._waiting_since_ns
            return self._waited_ns + (max(now_ns - since_ns, 0) if since_ns else 0)

    def taken(self, count: int) -> None:
        """Account for `count` bytes that the client took (loop)."""
        with self._changed:
            self.pending_bytes -= count
            if self.pending_bytes < self._memory_bytes:
                self._is_patient = True
                self._changed.notify_all()
            elif self.pending_bytes < self._limit_bytes and not self._is_patient:
                self._changed.notify_all()

    def cut(self) -> None:
        """Tell the application's thread that the client has gone (loop)."""
        with self._changed:
            self._is_broken = True
            self._changed.notify_all()

    def _wait(self) -> None:
        since_ns = self._waiting_since_ns = monotonic_ns()
        if self._is_patient:
            self._is_patient = self._changed.wait_for(self._may_go_on, PATIENCE_S)
        while self.pending_bytes >= self._limit_bytes and not self._is_broken:
            self._changed.wait()
        self._waited_ns += monotonic_ns() - since_ns
        self._waiting_since_ns = 0

    def _may_go_on(self) -> bool:
        return self.pending_bytes < self._memory_bytes or self._is_broken
