"""The files of one log, oldest first: those that we rotated, those that logrotate did, the one being written.

    access.log.20261120T000000+0100.gz    ours (archive.py)
    access.log-20261120.gz                logrotate with dateext
    access.log.2.gz  access.log.1         logrotate's default

The one being written is opened before anything is read, and at a moment at which no file was rotated: however
long the reading takes, it is neither missed nor read twice.

In:     the path of a log.
Out:    entries of all its files in order.
Never:  opens a file that cannot hold what is asked for: nothing in it is younger than its last change.
"""

import contextlib
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

from penstock.agent.logs.archive import Archive, Retention
from penstock.agent.logs.reading.line import Entry, Grammar
from penstock.agent.logs.reading.query import Query
from penstock.agent.logs.reading.volume import entries, last_entries, open_plain, open_volume, seek_time
from penstock.telemetry.memory.layout import MAX_TEXT_BYTES

_FOREIGN: Final = re.compile(r"\.([0-9]{1,6})(\.gz)?|-([0-9]{8,14})(\.gz)?")
_SLACK_S: Final = 5.0  # a clock that was corrected; a line is written a moment after its time
_TRIES: Final = 10


class Shelf:
    """All files of one log.

    Args:
        path: the log; it need not be there.
        grammar: of its lines.
        complain: told which rotated file cannot be read, and why.

    Attributes:
        path: the file itself, where the log is a link.
        live: the file being written, open; None = there is none.
        stop: its size when it was opened: what comes later is a follower's.
        rotated: the others, oldest first.

    Raises:
        OSError: the file being written cannot be opened.
    """

    def __init__(
        self, path: Path, grammar: Grammar, complain: Callable[[str], object] = lambda _: None
    ) -> None:
        self.path = path.resolve()
        self._complain = complain
        self.grammar = grammar
        self.rotated = rotated_paths(self.path)
        self.live: IO[bytes] | None = None
        if self.path.suffix == ".gz":  # one rotated file that was named: nothing is written to it
            self.rotated, self.stop = [self.path], 0
            return
        for _ in range(_TRIES):
            self.close()
            with contextlib.suppress(FileNotFoundError):
                self.live = open_plain(self.path)
            before, self.rotated = self.rotated, rotated_paths(self.path)
            if before == self.rotated:
                break
        self.stop = _last_line_end(self.live) if self.live else 0

    def entries(self, query: Query) -> Iterator[Entry]:
        """Yield what is asked for, oldest first.

        Raises:
            OSError: the file being written cannot be read.
        """
        for path in self._candidates(query):
            with self._passing_over(path), open_volume(path) as file:
                yield from entries(file, self.grammar, query)
        if self.live:
            start = self.live.seek(0)
            if query.since_s > -math.inf:
                start = seek_time(self.live, self.grammar, query.since_s - _SLACK_S, self.stop)
            yield from entries(self.live, self.grammar, query, self.stop - start)

    def last_entries(self, query: Query, count: int) -> list[Entry]:
        """Return the last `count` of what is asked for, in order.

        Raises:
            OSError: the file being written cannot be read.
        """
        found = last_entries(self.live, self.grammar, query, count, self.stop) if self.live else []
        for path in reversed(self._candidates(query)):
            if len(found) >= count:
                break
            with self._passing_over(path), open_volume(path) as file:
                found = last_entries(file, self.grammar, query, count - len(found)) + found
        return found

    @contextlib.contextmanager
    def _passing_over(self, path: Path) -> Iterator[None]:
        """A rotated file that cannot be read does not hide the younger ones; one that is gone was retired."""
        try:
            yield
        except FileNotFoundError:
            pass
        except OSError as error:
            self._complain(f"cannot read {str(path)!r} (to its end): {error.strerror or error}")

    def close(self) -> None:
        """Close the file being written."""
        if self.live:
            self.live.close()
        self.live = None

    def _candidates(self, query: Query) -> list[Path]:
        return [path for path in self.rotated if _changed_s(path) >= query.since_s - _SLACK_S]


def _last_line_end(file: IO[bytes]) -> int:
    """Where the last whole line ends: what is being written at the moment is the follower's."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(size - MAX_TEXT_BYTES, 0))
    end = file.read(size - start).rfind(b"\n") + 1
    return start + end if end else size


def rotated_paths(path: Path) -> list[Path]:
    """Return the rotated files of a log, oldest first."""
    own = Archive(path, Retention(), is_compressing=False).entries()
    return [*_foreign(path), *(entry.path for entry in own)]


def _foreign(path: Path) -> list[Path]:
    """Files that logrotate left, oldest first: its dates rise, its numbers fall."""
    found = []
    for entry in path.parent.glob(f"{_literal(path.name)}*"):
        match = _FOREIGN.fullmatch(entry.name, len(path.name))
        if match and entry.is_file():
            key = (1, -int(match[1])) if match[1] else (0, int(match[3]))
            found.append((key, entry))
    return [entry for _, entry in sorted(found)]


def _literal(name: str) -> str:
    """A name as glob takes it for itself."""
    return re.sub(r"([*?[])", r"[\1]", name)


def _changed_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # compressed since it was listed (and then it is young), or removed
        return float("inf")
