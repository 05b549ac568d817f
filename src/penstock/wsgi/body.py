"""`wsgi.input` of a request without a body: one object for all of them.

Most requests are GETs, so making a stream for each would be work for nothing.
One object can serve every thread because it has no state at all: nothing can
be written to it, it has no position, and closing it does nothing.

A request with a body gets the file the server spooled it to, which holds the
body and nothing beyond, so reading past its end is not possible there either.

In:     nothing.
Out:    EMPTY_BODY.
Never:  touches the socket.

Rules:  PEP 3333, "Input and Error Streams"; io.BufferedIOBase, so that io.TextIOWrapper takes it.
"""

import io
from typing import Any, Final


class EmptyBody(io.BufferedIOBase):
    """A readable stream that is always at its end and cannot be closed."""

    def readable(self) -> bool:
        """Return True: reading is all that may be asked of it."""
        return True

    def read(self, _size: int | None = -1, /) -> bytes:
        """Return b"", whatever is asked for."""
        return b""

    def read1(self, _size: int = -1, /) -> bytes:
        """Return b"", whatever is asked for."""
        return b""

    def readinto(self, _buffer: Any, /) -> int:
        """Put nothing into the buffer and return 0."""
        return 0

    def readline(self, _size: int | None = -1, /) -> bytes:
        """Return b"", the end."""
        return b""

    def readlines(self, _hint: int | None = -1, /) -> list[bytes]:
        """Return no lines."""
        return []

    def close(self) -> None:
        """Do nothing: the next request of another thread reads from the same object."""

    def detach(self) -> io.RawIOBase:
        """Refuse: there is nothing below.

        Raises:
            io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("detach of the empty body; expected a stream that has a raw one")


EMPTY_BODY: Final = EmptyBody()
