"""When lines reach the disk itself, not only the kernel: what is left of them after a power cut.

    never    the kernel decides, within half a minute or so; nothing waits
    second   a thread asks for it once a second: a power cut costs a second of lines
    batch    before a batch counts as written: it costs none, and the agent waits for the disk each time

A killed process loses nothing in any of them.

In:     descriptors of log files.
Out:    fdatasync(2).
Never:  lets the loop wait, but for `batch`, which asks for it.
"""

import contextlib
import enum
import os
import queue
import threading
from collections.abc import Callable
from typing import Final

_MAX_WAITING: Final = 8
_STOP_S: Final = 2.0


class Sync(enum.Enum):
    """When lines are brought to the disk."""

    NEVER = "never"
    SECOND = "second"
    BATCH = "batch"


class Syncer:
    """The thread of `second`.

    Args:
        remark: told when a disk refuses, on this thread.
    """

    def __init__(self, remark: Callable[[str], object]) -> None:
        self._remark = remark
        self._fds: queue.Queue[int] = queue.Queue(_MAX_WAITING)
        self._thread = threading.Thread(target=self._run, name="syncer", daemon=True)
        self._thread.start()

    def ask(self, fd: int) -> bool:
        """Have what was written reach the disk; False = the disk has not done the last ones yet."""
        if self._fds.full():
            return False
        self._fds.put(os.dup(fd))
        return True

    def stop(self) -> None:
        """Do what was asked for, and end; a disk that hangs is not waited for."""
        with contextlib.suppress(queue.Full):
            self._fds.put(-1, timeout=_STOP_S)
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        while (fd := self._fds.get()) >= 0:
            try:
                os.fdatasync(fd)
            except OSError as error:
                self._remark(f"lines may not have reached the disk: {error.strerror or error}")
            with contextlib.suppress(OSError):
                os.close(fd)
