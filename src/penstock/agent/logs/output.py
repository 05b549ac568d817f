"""Where lines go: a file, standard output or standard error, none of which may hold the agent up.

An output takes one text at a time and writes it as far as it goes without waiting; the rest stays pending and
is tried again when the descriptor is writable. What it stands on decides how:

    regular file by name    appended; its committed size is kept in shared memory (ledger.py)
    pipe, terminal, device  opened anew as /proc/self/fd/N, so that O_NONBLOCK is ours alone and not that of
                            the shell that shares the description; a pipe gets whole lines of at most
                            PIPE_BUF bytes, which other writers cannot split (pipe(7))
    socket                  send with MSG_DONTWAIT (the journal)
    a pipe that may not     poll first, then at most PIPE_BUF: may wait if another process fills the pipe in
    be opened anew          between, and only until somebody reads
    file inherited open     written as it is: its offset is shared with others

In:     texts that end with LF.
Out:    bytes; the trouble an output is in, as words.
Never:  blocks, raises because of the output, buffers more than the one text.

Rules:  pipe(7), open(2), write(2).
"""

import enum
import errno
import fcntl
import os
import select
import socket
import stat
import time
from collections.abc import Callable
from typing import Final

_CHUNK_BYTES: Final = select.PIPE_BUF
_STALLED_AFTER_S: Final = 1.0
_RETRY_S: Final = 0.2
_MODE: Final = 0o640  # logs hold addresses: readable by the group, as syslog's

# The reader is gone, or there never was a descriptor: waiting helps no more.
_GONE: Final = frozenset({errno.EPIPE, errno.EBADF, errno.ECONNRESET, errno.ENOTCONN, errno.ENXIO})


class Kind(enum.Enum):
    """What an output stands on."""

    OFF = "off"  # takes everything, writes nothing
    GONE = "gone"  # the same, and it was not meant to be so
    FILE = "file"
    STREAM = "stream"  # pipe, terminal, device; non-blocking
    SOCKET = "socket"
    POLLED = "polled"  # blocking descriptor that is asked before each write
    INHERITED = "inherited"  # regular file opened by somebody else


class Output:
    """One place lines go to."""

    __slots__ = (
        "_now",
        "_pending",
        "_pending_since",
        "_retry_at",
        "_sent",
        "_target",
        "fd",
        "kind",
        "name",
        "trouble",
    )

    def __init__(
        self, name: str, target: str, standard_fd: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Open an output; one that cannot be opened is in trouble, not an error.

        Args:
            name: for people, "access log" or "error log".
            target: a path, `-` for the standard descriptor, `off`.
            standard_fd: which one that is.
            now: monotonic seconds.
        """
        place = _standard_name(standard_fd) if target == "-" else target
        self.name = f"{name} on {place}"
        self._now = now
        self._target = target
        self._pending = b""
        self._pending_since = self._retry_at = 0.0
        self._sent = 0
        self.trouble = ""
        self.fd = -1
        self.kind = Kind.OFF if target == "off" else Kind.GONE
        if target == "-":
            self._adopt(standard_fd)
        elif target != "off":
            self._open()

    @property
    def is_file(self) -> bool:
        """A regular file of our own: its size can be committed and cut back to."""
        return self.kind is Kind.FILE

    @property
    def path(self) -> str:
        """The file's name as it was given."""
        return self._target

    @property
    def pending_bytes(self) -> int:
        """What is left of the last text."""
        return len(self._pending) - self._sent

    @property
    def takes_nothing(self) -> bool:
        """Whatever is written is gone."""
        return self.kind in (Kind.OFF, Kind.GONE)

    @property
    def awaits_writable(self) -> bool:
        """Its descriptor is worth polling: it was full, not broken."""
        return bool(self._pending) and self._retry_at <= self._now() and self.fd >= 0

    def write(self, text: bytes) -> bool:
        """Write a text; True = all of it left. False = it is pending: call flush until it says True."""
        self._pending = text
        self._sent = 0
        self._pending_since = self._now()
        return self.flush()

    def flush(self) -> bool:
        """Go on with the pending text; True = none is left."""
        if self._pending and self._now() >= self._retry_at:
            self._push()
        if self._pending:
            if not self.trouble and self._now() - self._pending_since > _STALLED_AFTER_S:
                self.trouble = "nobody reads it"
            return False
        return True

    def size_bytes(self) -> int:
        """Size of the file now."""
        return os.fstat(self.fd).st_size

    def give_up(self) -> int:
        """Forget the pending text; the number of its lines that were not written whole."""
        left = self._pending[self._sent :]
        self._pending = b""
        self._sent = 0
        return left.count(b"\n")

    def reopen(self) -> bool:
        """Open a file by its name again (it was rotated); False = it cannot be, and the old one stays."""
        if self._target in ("-", "off"):
            return True
        old_fd = self.fd
        is_open = self._open()
        if is_open and old_fd >= 0:
            os.close(old_fd)
        self._sent = self._pending.rfind(b"\n", 0, self._sent) + 1  # no half line in the new file
        return is_open

    def retry(self) -> bool:
        """Open what was gone: a fifo whose reader went, a folder that was missing; True = open."""
        if self.kind is not Kind.GONE or self._target == "-":
            return False
        old_fd = self.fd
        if not self._open():
            return False
        if old_fd >= 0:
            os.close(old_fd)
        return True

    def close(self) -> None:
        """Close the descriptor; what is pending is lost."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1
        self.kind = Kind.GONE

    def _push(self) -> None:
        """Write until done or refused."""
        view = memoryview(self._pending)
        try:
            while self._sent < len(view):
                self._sent += self._write_some(view)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        self._pending = b""
        self._sent = 0
        if not self.takes_nothing:
            self.trouble = ""

    def _write_some(self, view: memoryview) -> int:
        """One system call; raises BlockingIOError where it would wait."""
        start = self._sent
        match self.kind:
            case Kind.FILE | Kind.INHERITED:
                return os.write(self.fd, view[start:])
            case Kind.OFF | Kind.GONE:
                return len(view) - start
            case Kind.SOCKET:
                return _send(self.fd, view[start : start + 65536])
            case Kind.POLLED if not _is_writable(self.fd):
                raise BlockingIOError
            case _:
                return os.write(self.fd, view[start : _line_end(self._pending, start)])

    def _fail(self, error: OSError) -> None:
        """An output that is gone takes everything and writes nothing; any other is tried again later."""
        self.trouble = error.strerror or str(error)
        if error.errno in _GONE:
            self.kind = Kind.GONE
            self._push()
        else:
            self._retry_at = self._now() + _RETRY_S

    def _adopt(self, fd: int) -> None:
        """Write to a descriptor that we were given."""
        try:
            mode = _mode_if_writable(fd)
            self.fd = os.dup(fd)
        except OSError as error:
            self.trouble = "it was closed before we began" if error.errno == errno.EBADF else str(error)
            return
        if stat.S_ISREG(mode):
            self.kind = Kind.INHERITED
        elif stat.S_ISSOCK(mode):
            self.kind = Kind.SOCKET
        else:
            self._adopt_stream()

    def _adopt_stream(self) -> None:
        try:
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            anew = os.open(f"/proc/self/fd/{self.fd}", flags)
        except OSError:  # another user's pipe, or no /proc
            self.kind = Kind.POLLED
            return
        os.close(self.fd)
        self.fd = anew
        self.kind = Kind.STREAM

    def _open(self) -> bool:
        """Open the target by name; False = it cannot be, and what was open before stays."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            fd = os.open(self._target, flags, _MODE)
        except OSError as error:
            self.trouble = error.strerror or str(error)
            return False
        self.fd = fd
        self.trouble = ""
        self.kind = Kind.FILE if stat.S_ISREG(os.fstat(fd).st_mode) else Kind.STREAM
        return True


def _standard_name(fd: int) -> str:
    return {1: "standard output", 2: "standard error"}.get(fd, f"descriptor {fd}")


def _mode_if_writable(fd: int) -> int:
    """st_mode of a descriptor that text can be written to.

    One that is not for writing, or is no file of any kind (an epoll, an eventfd), took the number of a
    standard descriptor that was closed when the server started.

    Raises:
        OSError: closed (EBADF), or as good as closed (the same).
    """
    mode = os.fstat(fd).st_mode
    is_for_writing = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    if not (is_for_writing and stat.S_IFMT(mode)):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return mode


def _line_end(text: bytes, start: int) -> int:
    """End of the last whole line within PIPE_BUF bytes from `start`; a longer line goes in pieces."""
    stop = start + _CHUNK_BYTES
    if stop >= len(text):
        return len(text)
    end = text.rfind(b"\n", start, stop) + 1
    return end or stop


def _is_writable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))


def _send(fd: int, view: memoryview) -> int:
    """send(2) without waiting; the socket object only lends its method."""
    lent = socket.socket(fileno=fd)
    try:
        return lent.send(view, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    finally:
        lent.detach()
