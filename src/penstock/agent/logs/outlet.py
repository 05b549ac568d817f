"""One log: where its lines go, what of them is committed, when its file makes way for a new one.

A file makes way only between two texts, when all that stands in it is committed: it is moved to a name of its
own, a new file is opened under the old name, and the ledger takes that up. An agent killed in between leaves
a whole rotated file and no log, or an empty one; its successor goes on in it.

In:     texts that end with LF; a rotation, an archive.
Out:    written texts, rotated files.
Never:  moves a file that is not the one it writes: somebody else has rotated it, and it is opened anew.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from penstock.agent.logs.archive import Archive
from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.output import Kind, Output
from penstock.agent.logs.rotation import Period, Rotation
from penstock.agent.logs.syncing import Sync, Syncer


class Outlet:
    """One log of one tenant.

    Args:
        output: what it stands on.
        ledger: where sizes are kept.
        area: the log's words in the ledger.
        rotation: when its file makes way.
        archive: the names of rotated files; where there is none, nothing rotates.
        rotated: told the path of a file that made way.
        remark: told what went wrong with a rotation.
    """

    __slots__ = (
        "_archive",
        "_area",
        "_is_unsynced",
        "_ledger",
        "_remark",
        "_rotated",
        "_rotation",
        "_sync",
        "_syncer",
        "lost_lines",
        "output",
    )

    def __init__(  # noqa: PLR0913 - a log's parts, each optional but three
        self,
        output: Output,
        ledger: Ledger,
        area: int,
        *,
        rotation: Rotation | None = None,
        archive: Archive | None = None,
        rotated: Callable[[Path], object] = lambda _: None,
        remark: Callable[[str], object] = lambda _: None,
        sync: Sync = Sync.NEVER,
        syncer: Syncer | None = None,
    ) -> None:
        self.output = output
        self._ledger = ledger
        self._area = area
        self._rotation = rotation or Rotation(0, Period.NEVER)
        self._archive = archive
        self._rotated = rotated
        self._remark = remark
        self._sync = sync
        self._syncer = syncer
        self._is_unsynced = False
        self.lost_lines = 0  # while the output was gone
        if output.is_file:
            ledger.cut_moved(area, output.path)
        self._take_up_file()

    def write(self, text: bytes) -> bool:
        """Write a text; True = all of it left, False = it is pending."""
        if text and self.output.is_file:
            self._make_way(len(text))
            self._ledger.intend(self._area, self.output.size_bytes(), len(text))
            self._is_unsynced = True
        return self.output.write(text)

    def settle(self) -> tuple[int, int] | None:
        """All was written: what the ledger commits, area and size; None where there is no file."""
        if not self.output.is_file:
            return None
        if self._sync is Sync.BATCH and self._is_unsynced:
            self._is_unsynced = False
            try:
                os.fdatasync(self.output.fd)
            except OSError as error:
                self._remark(f"{self.output.name}: lines may not have reached the disk: {error.strerror}")
        return self._area, self.output.size_bytes()

    def reopen(self) -> None:
        """Somebody else rotated the file. A line that was being written begins again in the new one."""
        self._ask_for_sync()
        self.output.reopen()
        self._take_up_file()

    def tick(self) -> None:
        """Once a second: open what was gone, rotate what is due, ask for the disk."""
        if self.output.retry():
            self._take_up_file()
        if self.output.is_file and not self.output.pending_bytes:
            if not os.fstat(self.output.fd).st_nlink:  # it was removed: what is written now nobody can read
                self.reopen()
            self._make_way(0)
        self._ask_for_sync()

    def close(self) -> None:
        """Close the output; what is pending is lost."""
        self._ask_for_sync()
        self.output.close()

    def _take_up_file(self) -> None:
        if self.output.is_file:
            self._ledger.open_file(self._area, self.output.fd)
            status = os.fstat(self.output.fd)
            if status.st_size:
                self._rotation.begin(status.st_mtime)
            if self.output.pending_bytes:
                self._ledger.intend(self._area, status.st_size, self.output.pending_bytes)

    def _make_way(self, coming_bytes: int) -> None:
        """Rotate the file if it is due."""
        if self._archive is None or not self._rotation.is_due(self.output.size_bytes(), coming_bytes):
            return
        try:
            self._rotate(self._archive)
        except OSError as error:
            self._rotation.put_off()
            self._remark(f"{self.output.name}: cannot be rotated: {error.strerror or error}; it grows on")

    def _rotate(self, archive: Archive) -> None:
        """Move the file away and open a new one.

        Raises:
            OSError: it cannot be moved, or no new one opened; the log goes on where it was.
        """
        if not self._is_in_place(archive.path):
            self.reopen()
            return
        self._ask_for_sync()
        path = archive.new_path()
        archive.path.rename(path)
        if not self.output.reopen():
            with contextlib.suppress(OSError):
                path.rename(archive.path)
            raise OSError(self.output.trouble)
        self._take_up_file()
        self._rotated(path)

    def _is_in_place(self, path: Path) -> bool:
        """The file that is written is the one that has the name."""
        try:
            return os.path.samestat(path.stat(), os.fstat(self.output.fd))
        except OSError:
            return False

    def _ask_for_sync(self) -> None:
        if self._syncer and self._is_unsynced and self.output.kind is Kind.FILE:
            self._is_unsynced = not self._syncer.ask(self.output.fd)
