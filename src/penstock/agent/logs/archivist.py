"""The thread that compresses and removes rotated files, so that the agent's loop never waits for a disk.

It runs at the lowest priority and gives up the lock of the interpreter while it compresses, so the loop
notices it as little as a neighbour. What the agent's end interrupts, the next agent's archivist begins again.

In:     archives; the word that a file was rotated.
Out:    compressed files, removed files, remarks about what could not be done.
Never:  touches a file that is being written; ends because of a disk.
"""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from penstock.agent.logs.archive import Archive, StoppedError, compress

_LOOK_EVERY_S: Final = 3600.0  # files grow old without a rotation too
_RETRY_S: Final = 60.0
_NICE: Final = 19


class Archivist:
    """Looks after the rotated files of all logs of a tenant.

    Args:
        archives: of logs that rotate.
        remark: told what went wrong, on the archivist's thread.
    """

    def __init__(self, archives: Sequence[Archive], remark: Callable[[str], object]) -> None:
        self._archives = archives
        self._remark = remark
        # What predecessors left is found before anything is rotated: later, a file that stands there may
        # be one whose move is being taken back.
        self._waiting = {archive: archive.uncompressed() for archive in archives}
        self._wake = threading.Event()
        self._is_stopping = False
        self._said: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="archivist", daemon=True)

    def start(self) -> None:
        """Begin with what predecessors left: halves at once, so that nobody who looks finds them."""
        self._mend()
        self._wake.set()
        self._thread.start()

    def take(self, archive: Archive, path: Path) -> None:
        """A file was rotated and will not be written again."""
        if archive.is_compressing:
            self._waiting[archive].append(path)
        self._wake.set()

    def stop(self) -> None:
        """Stop within a chunk."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # a thread's own: Linux
        while not self._is_stopping:
            self._wake.clear()
            try:
                is_done = self.turn()
            except StoppedError:
                return
            if not self._is_stopping:
                self._wake.wait(_LOOK_EVERY_S if is_done else _RETRY_S)

    def turn(self) -> bool:
        """Do all there is to do now; False = something could not be done and is tried again later.

        Raises:
            StoppedError: the agent leaves.
        """
        is_done = self._mend()
        for archive in self._archives:
            compress_all = functools.partial(self._compress_all, self._waiting[archive])
            is_done &= self._try(compress_all, f"cannot compress files of {str(archive.path)!r}")
            is_done &= self._try(archive.retire, f"cannot remove old files of {str(archive.path)!r}")
        return is_done

    def _mend(self) -> bool:
        is_done = True
        for archive in self._archives:
            is_done &= self._try(archive.mend, f"cannot tidy up beside {str(archive.path)!r}")
        return is_done

    def _compress_all(self, waiting: list[Path]) -> None:
        """Compress what waits; a file that cannot be lets the others pass, and the first fault is raised."""
        faults = []
        for path in waiting[:]:
            try:
                with contextlib.suppress(FileNotFoundError):  # somebody else removed it
                    compress(path, lambda: self._is_stopping)
            except OSError as error:
                faults.append(error)
            else:
                waiting.remove(path)
        if faults:
            raise faults[0]

    def _try(self, act: Callable[[], object], complaint: str) -> bool:
        """Do it; what goes wrong is said once until it went well."""
        try:
            act()
        except OSError as error:
            if complaint not in self._said:
                self._said.add(complaint)
                self._remark(f"{complaint}: {error.strerror or error}; tried again each minute")
            return False
        self._said.discard(complaint)
        return True
