"""`wsgi.file_wrapper`: a file as a response, sent by the kernel where that gives the same bytes.

The application wraps anything with read().  Only what this file can prove to
be the plain bytes of a regular file goes to sendfile; a gzip.GzipFile, for
one, has a fileno() too, of the *compressed* file.  So it is not asked whether
there is a fileno() but whose read() would be called.

In:     the wrapped object, at its current position.
Out:    blocks by iteration, or a FileSpan for the server's sendfile.
Never:  closes the file by itself: the gateway calls close().

Rules:  PEP 3333, "Optional Platform-Specific File Handling".
"""

import io
import os
import stat
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Protocol

# Buffered or not, these read what their descriptor holds and nothing else.  Subclasses may not.
_PLAIN_FILES: Final = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class Readable(Protocol):
    """What an application may wrap."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; b"" at the end."""


class FileSpan(NamedTuple):
    """The rest of a regular file."""

    fd: int
    offset: int
    length: int


class FileWrapper:
    """An iterable over a file, which the gateway recognises.

    Args:
        file: an object with read(), and close() if it wants to be closed.
        block_bytes: how much to read at once when the kernel cannot do it.
    """

    __slots__ = ("block_bytes", "file")

    def __init__(self, file: Readable, block_bytes: int = 65536) -> None:
        self.file = file
        self.block_bytes = block_bytes

    def __iter__(self) -> Iterator[bytes]:
        """Read block by block until the first empty one."""
        read, block_bytes = self.file.read, self.block_bytes
        while block := read(block_bytes):
            yield block

    def close(self) -> None:
        """Close the file if it can be closed."""
        close = getattr(self.file, "close", None)
        if close is not None:
            close()

    def maybe_span(self) -> FileSpan | None:
        """Return what sendfile would send; None = read it instead.

        The span begins at the file's position, as read() would.
        """
        plain: Any = _maybe_plain_file(self.file)
        if plain is None:
            return None
        try:
            plain.flush()  # a BufferedRandom may hold bytes that the descriptor does not have yet
            offset = plain.tell()
            status = os.fstat(plain.fileno())
        except (OSError, ValueError):  # closed, or not seekable
            return None
        length = status.st_size - offset
        if not stat.S_ISREG(status.st_mode) or length <= 0:  # files of /proc say 0 and hold more
            return None
        return FileSpan(plain.fileno(), offset, length)


def _maybe_plain_file(file: Any) -> Any:
    """Return the plain file whose own read() reading `file` amounts to.

    Django's File, for one, hands out the read() of the file it holds.
    """
    owner = getattr(getattr(file, "read", None), "__self__", None)
    return owner if type(owner) in _PLAIN_FILES else None
