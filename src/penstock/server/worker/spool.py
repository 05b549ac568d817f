"""Bytes that wait: in memory up to a limit, then in a file that has no name.

Request bodies wait here until they are whole, output waits here until
the client takes it.  So a slow client costs a buffer, not a thread.

In:     bytes, in order.
Out:    a readable file (bodies) or what to send next (output).
Never:  leaves a file behind: O_TMPFILE has no name (open(2)), and where the file
        system lacks it the file is unlinked at once.
"""

import errno
import io
import os
import socket
import tempfile
from collections import deque
from typing import BinaryIO, Final, cast

SENDFILE_BYTES: Final = 1 << 20
ROTATE_BYTES: Final = 64 << 20
# What one call sends: 0.2 to 0.5 ms of copying.
TURN_BYTES: Final = 1 << 20


class SpoolError(Exception):
    """The bytes cannot be kept; `status` is the answer: 507 full disk, 413 no place to spool to."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def open_unnamed(folder: str) -> BinaryIO:
    """Return an empty file without a name, readable and writable, unbuffered.

    Args:
        folder: where; "" = the system's temporary folder.

    Raises:
        SpoolError: 507 when the disk is full, 413 when the folder cannot be written to.
    """
    try:
        return cast("BinaryIO", tempfile.TemporaryFile(dir=folder or None, buffering=0))
    except OSError as error:
        raise _spool_error(error, folder) from error


class BodySpool:
    """One request body, as it arrives.

    Args:
        memory_bytes: what stays in memory.
        folder: where the rest goes; "" = the system's temporary folder.
    """

    __slots__ = ("_file", "_folder", "_memory", "_memory_bytes", "size")

    def __init__(self, memory_bytes: int, folder: str) -> None:
        self.size = 0
        self._memory: list[bytes] = []
        self._memory_bytes = memory_bytes
        self._folder = folder
        self._file: BinaryIO | None = None

    def write(self, data: bytes) -> None:
        """Keep `data`.

        Raises:
            SpoolError: the disk is full (507) or there is none (413).
        """
        self.size += len(data)
        if self._file is None:
            self._memory.append(data)
            if self.size <= self._memory_bytes:
                return
            self._file = open_unnamed(self._folder)
            data = b"".join(self._memory)
            self._memory.clear()
        _write_all(self._file, data, self._folder)

    def finish(self) -> BinaryIO:
        """Return the whole body as a file positioned at its start; the caller closes it."""
        if self._file is None:
            return io.BytesIO(b"".join(self._memory))
        self._file.seek(0)
        return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", self._file)))

    def close(self) -> None:
        """Give up: the body was cut or refused."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()


class FilePiece:
    """Part of a file that waits to be sent; owns the file."""

    __slots__ = ("count", "file", "is_spool", "offset")

    def __init__(self, file: BinaryIO, offset: int, count: int, *, is_spool: bool) -> None:
        self.file = file
        self.offset = offset
        self.count = count
        self.is_spool = is_spool

    def transmit(self, sock: socket.socket) -> int:
        """Send what the peer takes and return how many bytes it was.

        Raises:
            BlockingIOError: the peer takes nothing now.
            EOFError: the file became shorter than was promised.
        """
        sent = os.sendfile(sock.fileno(), self.file.fileno(), self.offset, min(self.count, SENDFILE_BYTES))
        if not sent and self.count:
            raise EOFError(f"response file: {self.count} bytes short of what was promised")
        self.offset += sent
        self.count -= sent
        return sent


class Outbox:
    """Output that the peer has not taken, in order.

    Args:
        memory_bytes: what stays in memory; more goes to a file.
        folder: where that file is.

    Attributes:
        size: bytes that wait.
    """

    __slots__ = ("_folder", "_in_memory", "_memory_bytes", "_pieces", "size")

    def __init__(self, memory_bytes: int, folder: str) -> None:
        self.size = 0
        self._pieces: deque[memoryview | FilePiece] = deque()
        self._in_memory = 0
        self._memory_bytes = memory_bytes
        self._folder = folder

    def append(self, data: bytes | memoryview) -> None:
        """Add bytes that someone else keeps in memory anyway (a complete response): never spooled."""
        if len(data):
            self._pieces.append(memoryview(data))
            self.size += len(data)
            self._in_memory += len(data)

    def spool(self, data: bytes | FilePiece) -> None:
        """Add a piece of a stream; bytes beyond the memory limit go to a file.

        Raises:
            SpoolError: the disk is full or there is none.
        """
        if isinstance(data, FilePiece):
            self._pieces.append(data)
            self.size += data.count
            return
        last = self._pieces[-1] if self._pieces else None
        is_spooling = isinstance(last, FilePiece) and last.is_spool
        if not is_spooling and self._in_memory + len(data) <= self._memory_bytes:
            self.append(data)
            return
        # A new file now and then: what was sent of the old one gives its space back.
        if not isinstance(last, FilePiece) or not is_spooling or last.offset > ROTATE_BYTES:
            last = FilePiece(open_unnamed(self._folder), 0, 0, is_spool=True)
            self._pieces.append(last)
        _write_all(last.file, data, self._folder)
        last.count += len(data)
        self.size += len(data)

    def transmit(self, sock: socket.socket) -> int:
        """Send what the peer takes now and return how many bytes it was.

        A peer that takes as fast as we send gets its turn again: the loop has others to serve.

        Raises:
            OSError: the connection is broken.
            EOFError: a file became shorter than was promised.
        """
        total = 0
        while self._pieces and total < TURN_BYTES:
            piece = self._pieces[0]
            try:
                sent = piece.transmit(sock) if isinstance(piece, FilePiece) else self._send(sock, piece)
            except BlockingIOError:
                break
            total += sent
            self.size -= sent
            if isinstance(piece, FilePiece) and not piece.count:
                piece.file.close()
                self._pieces.popleft()
        return total

    def close(self) -> None:
        """Drop everything."""
        for piece in self._pieces:
            if isinstance(piece, FilePiece):
                piece.file.close()
        self._pieces.clear()
        self.size = self._in_memory = 0

    def _send(self, sock: socket.socket, piece: memoryview) -> int:
        sent = sock.send(piece)
        self._in_memory -= sent
        if sent == len(piece):
            self._pieces.popleft()
        else:
            self._pieces[0] = piece[sent:]
        return sent


def _write_all(file: BinaryIO, data: bytes, folder: str) -> None:
    rest = memoryview(data)
    try:
        file.seek(0, os.SEEK_END)
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise _spool_error(error, folder) from error


def _spool_error(error: OSError, folder: str) -> SpoolError:
    place = folder or "the temporary folder"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return SpoolError(507, f"cannot spool to {place}: {error.strerror}; expected free space")
    return SpoolError(413, f"cannot spool to {place}: {error.strerror}; expected a writable folder")
