"""What is appended to a log from now on, across rotations: ours, logrotate's, and copytruncate's.

A file that was moved away is read to its end before the new one is begun. Where we rotated more than once
between two looks, the files in between are read from their rotated names. The last entry is held back until
the next look: a traceback may still come.

In:     a shelf.
Out:    whole entries.
Never:  waits (the caller does); misses a line of a file that is still there.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from penstock.agent.logs.archive import Archive, Retention
from penstock.agent.logs.reading.line import Entry
from penstock.agent.logs.reading.query import Query
from penstock.agent.logs.reading.shelf import Shelf
from penstock.agent.logs.reading.volume import (
    BLOCK_BYTES,
    MAX_REST_BYTES,
    entries,
    grouped,
    last_start,
    open_volume,
    select,
)


class Follower:
    """Reads one log as it grows, from where a shelf stops.

    Args:
        shelf: of the log; what it reads is not read again.
        query: which entries.
    """

    def __init__(self, shelf: Shelf, query: Query) -> None:
        self._path = shelf.path
        self._grammar = shelf.grammar
        self._query = query
        self._archive = Archive(shelf.path, Retention(), is_compressing=False)
        self._known = {path.name.removesuffix(".gz") for path in shelf.rotated}
        self._rest = b""
        self._file: IO[bytes] | None = None
        if shelf.live:  # a description of its own: the shelf moves the other's offset
            self._file = Path(f"/proc/self/fd/{shelf.live.fileno()}").open("rb")  # noqa: SIM115 - stays open
            self._file.seek(shelf.stop)

    def read(self) -> Iterator[Entry]:
        """Yield what has come since the last call.

        Raises:
            OSError: a file cannot be read.
        """
        yield from self._take()
        while (successor := self._successor()) is not None:
            file, between = successor
            yield from self._take()
            yield from self._flush()
            for path in between:
                with open_volume(path) as volume:
                    yield from entries(volume, self._grammar, self._query)
            self.close()
            self._file = file
            yield from self._take()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
        self._file = None

    def _take(self) -> Iterator[Entry]:
        """Read to the end; the last entry waits for a look that finds no more of it."""
        if self._file is None:
            return
        if os.fstat(self._file.fileno()).st_size < self._file.tell():  # truncated in its place
            yield from self._flush()
            self._file.seek(0)
        has_come = False
        while block := self._file.read(BLOCK_BYTES):
            has_come = True
            self._rest += block
            start = last_start(self._rest)
            if not start and len(self._rest) > MAX_REST_BYTES:
                start = len(self._rest)
            whole, self._rest = self._rest[:start], self._rest[start:]
            yield from self._select(whole)
        if not has_come:
            yield from self._flush(self._rest.rfind(b"\n") + 1)

    def _flush(self, stop: int | None = None) -> Iterator[Entry]:
        """Pass on what waits, half a line too unless `stop` leaves it."""
        stop = len(self._rest) if stop is None else stop
        whole, self._rest = self._rest[:stop], self._rest[stop:]
        return self._select(whole)

    def _select(self, whole: bytes) -> Iterator[Entry]:
        return select(grouped(whole.splitlines(keepends=True)), self._grammar, self._query)

    def _successor(self) -> tuple[IO[bytes], list[Path]] | None:
        """Open the file that has the name now, if it is another one; with those written in between.

        Listed while it is open and still has the name: a rotation meanwhile is not taken for an earlier one.
        """
        while True:
            with contextlib.ExitStack() as opened:
                try:
                    file = opened.enter_context(self._path.open("rb"))
                    if self._file and _is_same(file, os.fstat(self._file.fileno())):
                        return None
                    rotated = {
                        entry.path.name.removesuffix(".gz"): entry.path for entry in self._archive.entries()
                    }
                    is_still_it = _is_same(file, self._path.stat())
                except FileNotFoundError:  # being moved: the name is back in a moment
                    return None
                if is_still_it:
                    opened.pop_all()
                    break
        new = [rotated[name] for name in rotated if name not in self._known]
        self._known |= rotated.keys()
        return file, new[1:] if self._file else new  # the first of them is the one that we have open


def _is_same(file: IO[bytes], status: os.stat_result) -> bool:
    return os.path.samestat(os.fstat(file.fileno()), status)
