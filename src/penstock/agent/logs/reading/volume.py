"""One log file, plain or compressed: its entries from the front, or the last of them from the back.

An entry is a line and the lines after it that begin with `  | `. A file is read by the block and never held,
however large it is or its lines are.

In:     open files.
Out:    entries that a query asks for.
Never:  holds more than some blocks, an entry and the entries that were asked for.
"""

import collections
import contextlib
import errno
import gzip
import io
import math
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from penstock.agent.logs.reading.line import Entry, Grammar
from penstock.agent.logs.reading.query import Query

CONTINUATION: Final = b"  | "
BLOCK_BYTES: Final = 1 << 20
# An entry of ours has at most 16 KB; what is longer is none, and comes in pieces.
_MAX_LINE_BYTES: Final = 1 << 20
_MAX_ENTRY_LINES: Final = 1000
MAX_REST_BYTES: Final = 16 << 20


class _Gzip(gzip.GzipFile):
    """A compressed file whose faults are all OSErrors: half a file ends in EOFError, garbage in zlib's."""

    def readline(self, size: int | None = -1) -> bytes:
        try:
            return super().readline(-1 if size is None else size)
        except (EOFError, zlib.error) as error:
            raise OSError(f"no whole gzip file: {error}") from None


def open_plain(path: Path) -> IO[bytes]:
    """Open a file to be read; a fifo, which nobody may ever write to, is refused.

    Raises:
        OSError: it cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return os.fdopen(fd, "rb")
    os.close(fd)
    raise OSError(errno.EINVAL, "Not a regular file")


def open_volume(path: Path) -> IO[bytes]:
    """Open a file to be read; one that was compressed since it was listed is found under its new name.

    Raises:
        OSError: it cannot be read.
    """
    if path.suffix != ".gz":
        with contextlib.suppress(FileNotFoundError):
            return open_plain(path)
        path = path.with_name(f"{path.name}.gz")
    return _Gzip(path)  # type: ignore[return-value] # it is one, but for its fileno's name


def seek_time(file: IO[bytes], grammar: Grammar, since_s: float, stop: int) -> int:
    """Go to a place before the first entry of a moment, halving what is left; return the place.

    Lines stand in the order in which they were written, so a file is in order but for some milliseconds;
    entries that say no time are passed over.

    Args:
        file: a plain one.
        grammar: of its lines.
        since_s: seconds since the epoch.
        stop: its end.
    """
    low, high = 0, stop
    while high - low > BLOCK_BYTES:
        middle = (low + high) // 2
        file.seek(middle)
        if _first_time_s(file.read(min(BLOCK_BYTES, high - middle)), grammar) < since_s:
            low = middle
        else:
            high = middle
    file.seek(low)
    block = file.read(min(BLOCK_BYTES, stop - low))
    start = low + max(_first_start(block), 0) if low else 0
    return file.seek(start)


def _first_time_s(block: bytes, grammar: Grammar) -> float:
    """When the first whole entry of a block that says so was written; nan = none does."""
    whole = block[max(_first_start(block), 0) :]
    times = (grammar.read(text.decode("utf-8", "replace")).time_s for text in grouped(io.BytesIO(whole)))
    return next((time_s for time_s in times if not math.isnan(time_s)), math.nan)


def entries(file: IO[bytes], grammar: Grammar, query: Query, stop: int | None = None) -> Iterator[Entry]:
    """Yield what is asked for, from the front.

    Args:
        file: at the place where to begin.
        grammar: of its lines.
        query: which entries.
        stop: how many bytes to read; None = to its end.

    Raises:
        OSError: it cannot be read.
    """
    return select(grouped(_lines(file, stop)), grammar, query)


def last_entries(
    file: IO[bytes], grammar: Grammar, query: Query, count: int, stop: int | None = None
) -> list[Entry]:
    """Return the last `count` entries that are asked for, in order.

    Raises:
        OSError: it cannot be read.
    """
    if isinstance(file, _Gzip):  # can only be read forward
        return list(collections.deque(entries(file, grammar, query), count))
    found: list[Entry] = []
    for chunk in _chunks_from_the_end(file, stop):
        found = [*select(grouped(io.BytesIO(chunk)), grammar, query), *found]
        if len(found) >= count:
            return found[len(found) - count :]
    return found


def grouped(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Put lines together that are one entry."""
    held: list[bytes] = []
    for line in lines:
        if held and not (line.startswith(CONTINUATION) and len(held) < _MAX_ENTRY_LINES):
            yield b"".join(held)
            held.clear()
        held.append(line)
    if held:
        yield b"".join(held)


def select(texts: Iterable[bytes], grammar: Grammar, query: Query) -> Iterator[Entry]:
    """Read entries, and pass on those that are asked for."""
    needles = query.needles()
    for text in texts:
        if all(needle.search(text) for needle in needles):
            entry = grammar.read(text.decode("utf-8", "backslashreplace"))
            if query.matches(entry):
                yield entry


def last_start(block: bytes) -> int:
    """Where the last entry begins whose first line is whole: more of it may still come."""
    start = block.rfind(b"\n", 0, max(block.rfind(b"\n"), 0)) + 1
    while start and block.startswith(CONTINUATION, start):
        start = block.rfind(b"\n", 0, start - 1) + 1
    return start


def _lines(file: IO[bytes], stop: int | None) -> Iterator[bytes]:
    """Lines of a file; one that is longer than any of ours comes in pieces."""
    left = stop
    while line := file.readline(_MAX_LINE_BYTES if left is None else min(left, _MAX_LINE_BYTES)):
        yield line
        if left is not None:
            left -= len(line)


def _chunks_from_the_end(file: IO[bytes], stop: int | None) -> Iterator[bytes]:
    """Cut a file into chunks of whole entries, the last one first."""
    position = file.seek(0, os.SEEK_END) if stop is None else stop
    rest = b""
    while position > 0:
        size = min(BLOCK_BYTES, position)
        position -= size
        file.seek(position)
        block = file.read(size) + rest
        start = _first_start(block) if position else 0
        if start < 0 and len(block) < MAX_REST_BYTES:
            rest = block
            continue
        start = max(start, 0)
        rest = block[:start]
        yield block[start:]


def _first_start(block: bytes) -> int:
    """Where the first line begins that begins an entry; -1 = none does."""
    start = block.find(b"\n") + 1
    while start and block.startswith(CONTINUATION, start):
        start = block.find(b"\n", start) + 1
    return start if 0 < start < len(block) else -1
