"""A text of a process that others may read without asking it: what `penstock agent status` shows.

An anonymous file named `penstock-agent`, found in /proc/PID/fd like a server's memory (reading/discovery.py),
so nothing stands on disk and the kernel guards it by user. A number before the text is odd while it is
written.

In:     texts.
Out:    the last whole one.
Never:  waits: a reader that never finds it whole gives up.

Rules:  memfd_create(2).
"""

import os
import struct
from typing import Final

BOARD_NAME: Final = "penstock-agent"
MAX_TEXT_BYTES: Final = 4 << 20
_HEADER: Final = struct.Struct("=8sQQ")  # magic, number, length of the text
_MAGIC: Final = b"pstkbord"
_TRIES: Final = 100


class BoardError(Exception):
    """A descriptor is not a board, or its text is never whole."""


class Board:
    """The writing side. One process, one thread."""

    def __init__(self) -> None:
        """Make an empty one.

        Raises:
            OSError: the kernel has no memory.
        """
        self.fd = os.memfd_create(BOARD_NAME, os.MFD_CLOEXEC)
        self._number = 0

    def write(self, text: str) -> None:
        """Put another text in place of the last; what is beyond 4 MiB is left out.

        Raises:
            OSError: the kernel has no memory.
        """
        content = text.encode("utf-8", "backslashreplace")[:MAX_TEXT_BYTES]
        self._number += 2
        os.pwrite(self.fd, _HEADER.pack(_MAGIC, self._number - 1, 0), 0)
        os.pwrite(self.fd, content, _HEADER.size)
        os.pwrite(self.fd, _HEADER.pack(_MAGIC, self._number, len(content)), 0)

    def close(self) -> None:
        """Take it away."""
        os.close(self.fd)


def read_board(fd: int) -> str:
    """Return the last text.

    Raises:
        BoardError: it is no board, or is written all the time.
        OSError: it cannot be read.
    """
    for _ in range(_TRIES):
        before = os.pread(fd, _HEADER.size, 0)
        if len(before) < _HEADER.size or before[: len(_MAGIC)] != _MAGIC:
            raise BoardError(f"descriptor {fd} begins with {before[:8]!r}; expected {_MAGIC!r}")
        _, number, length = _HEADER.unpack(before)
        content = os.pread(fd, min(length, MAX_TEXT_BYTES), _HEADER.size)
        if number % 2 == 0 and os.pread(fd, _HEADER.size, 0) == before:
            return content.decode("utf-8", "replace")
    raise BoardError(f"descriptor {fd} is being written all the time")
