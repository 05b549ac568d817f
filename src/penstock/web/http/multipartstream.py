"""Streams for multipart bodies: bytes that may be put back, and the bytes of one part.

In:     chunks of bytes from a body.
Out:    `LazyStream`, and one `LazyStream` for each part, without the boundaries.
Never:  holds more than a few chunks; knows what is in a part.

Rules:  RFC 2046 section 5.1.1.  As Django, and unlike the RFC, a boundary counts wherever it stands, not
        only at the start of a line.

A part ends where the boundary is found; what was read beyond it is put back.  The last bytes of a chunk may
be the beginning of a boundary, so they are put back, too, and looked at again with the next chunk before
them.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from penstock.web.core.exceptions import SuspiciousMultipartForm

# Putting the same number of bytes back again and again, with nothing new read between, is a form that was
# made to keep the parser busy.
_MAX_UNGETS: Final = 50
_MAX_EQUAL_UNGETS: Final = 40


class LazyStream(Iterator[bytes]):
    """A stream over chunks, which are taken as they are needed.

    Raises:
        SuspiciousMultipartForm: what is taken is put back again and again.
    """

    def __init__(self, producer: Iterable[bytes], length: int | None = None) -> None:
        self._producer = iter(producer)
        self._length = length
        self._pending = b""
        self._position = 0
        self._ungets: deque[int] = deque(maxlen=_MAX_UNGETS)

    def tell(self) -> int:
        """Return how many bytes were taken and not put back."""
        return self._position

    def __next__(self) -> bytes:
        chunk = self._pending
        if chunk:
            self._pending = b""
        else:
            chunk = next(self._producer)
            self._ungets.clear()
        self._position += len(chunk)
        return chunk

    def read(self, size: int | None = None) -> bytes:
        """Take `size` bytes, or all; fewer only at the end."""
        if size is None:
            return b"".join(self)
        chunks, missing = [], size
        while missing > 0:
            chunk = next(self, b"")
            if not chunk:
                break
            chunks.append(chunk)
            missing -= len(chunk)
        if missing < 0:  # the last chunk was longer than what was missing
            chunks[-1], rest = chunks[-1][:missing], chunks[-1][missing:]
            self.unget(rest)
        return b"".join(chunks)

    def unget(self, chunk: bytes) -> None:
        """Put bytes back: they are the next to be taken."""
        if not chunk:
            return
        size = len(chunk)
        self._ungets.append(size)
        if self._ungets.count(size) > _MAX_EQUAL_UNGETS:
            raise SuspiciousMultipartForm(
                "The multipart parser got stuck, which shouldn't happen with normal uploaded files. "
                "Check for malicious upload activity; if there is none, report this to the developers."
            )
        self._position -= size
        self._pending = chunk + self._pending

    def close(self) -> None:
        """Take nothing from the source any more."""
        self._producer = iter(())


class PartBytes(Iterator[bytes]):
    """The chunks of one part: those up to a separator, which is taken and left out.

    Args:
        stream: stands behind the separator before this part, or at the start.
        separator: two dashes and the boundary.
    """

    def __init__(self, stream: LazyStream, separator: bytes) -> None:
        self._stream = stream
        self._separator = separator
        # What may be the beginning of a line break and a separator, short of its last byte.
        self._held = len(separator) + 1
        self._is_over = False

    def __next__(self) -> bytes:
        if self._is_over:
            raise StopIteration
        window = self._take_window()
        found = window.find(self._separator)
        if found >= 0:
            self._is_over = True
            self._stream.unget(window[found + len(self._separator) :])
            return _without_line_end(window[:found])
        if len(window) <= self._held:  # the end of the body, without a separator
            self._is_over = True
            return window
        self._stream.unget(window[-self._held :])
        return window[: -self._held]

    def _take_window(self) -> bytes:
        """Take a chunk, or as many as it needs to be longer than what is put back.

        Raises:
            StopIteration: nothing is left.
        """
        window = next(self._stream)
        while len(window) <= self._held and self._separator not in window:
            chunk = next(self._stream, b"")
            if not chunk:
                break
            window += chunk
        return window


def _without_line_end(chunk: bytes) -> bytes:
    """Cut off the line break that belongs to the separator."""
    return chunk.removesuffix(b"\n").removesuffix(b"\r")
