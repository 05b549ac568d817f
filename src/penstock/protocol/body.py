"""Request bodies: the counted and the chunked one, fed with whatever arrived.

    SIZE --line--> DATA --n bytes--> DATA_END --CRLF--> SIZE
      `--"0"--> TRAILER --field line--> TRAILER --empty line--> finished

Both readers take all bytes there are and hand back body data and, when the body
is complete, the surplus: the beginning of the next request.  A reader keeps at
most one unfinished line between calls, so an attacker who sends a byte at a time
costs one short line, and a thousand one-byte chunks in one read become one event.

In:     bytes, in order, cut anywhere.
Out:    (body data, surplus); `is_finished`.
Never:  keeps body data, or trailers: those are checked, counted and dropped
        (RFC 9110 section 6.5.1: they must not be merged into the header).

Rules:  RFC 9112 section 6.3 (counted), 7.1 (chunked), 7.1.1 (extensions), 7.1.2 (trailers).
"""

import enum
from typing import Final, Protocol

from penstock.config import ProtocolConfig
from penstock.protocol import grammar
from penstock.protocol.errors import BadChunkError, BodyTooLargeError, HeaderTooLargeError
from penstock.protocol.fields import FieldTable

# Extensions of one whole body.  net/http of Go allows 16 KiB of overhead since
# CVE-2023-39326, where a body was nearly all extensions and the limits never saw it.
_MAX_EXTENSION_BYTES: Final = 16384


class BodyReader(Protocol):
    """What http1.py needs of a body."""

    is_finished: bool

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Take all bytes that arrived; return (body data, surplus after the end of the body)."""


class CountedReader:
    """A body of Content-Length bytes (more than zero)."""

    __slots__ = ("_remaining", "is_finished")

    def __init__(self, length: int) -> None:
        self._remaining = length
        self.is_finished = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return (body data, surplus); the data uncopied unless they end within it."""
        remaining = self._remaining - len(data)
        if remaining > 0:
            self._remaining = remaining
            return data, b""
        self.is_finished = True
        if remaining == 0:
            return data, b""
        return data[:remaining], data[remaining:]


class _Part(enum.Enum):
    SIZE = "size line"
    DATA = "chunk data"
    DATA_END = "the CRLF after chunk data"
    TRAILER = "trailer section"


class ChunkedReader:
    """A chunked body: sizes checked, extensions and trailers bounded and dropped."""

    __slots__ = (
        "_config",
        "_extension_bytes",
        "_part",
        "_partial",
        "_received_bytes",
        "_remaining",
        "_table",
        "_trailer_bytes",
        "_trailer_count",
        "is_finished",
    )

    def __init__(self, config: ProtocolConfig, table: FieldTable) -> None:
        self._config = config
        self._table = table
        self._part = _Part.SIZE
        self._partial = b""  # the unfinished line
        self._remaining = 0  # of the current chunk
        self._received_bytes = 0
        self._extension_bytes = 0
        self._trailer_bytes = 0
        self._trailer_count = 0
        self.is_finished = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return (body data of all chunks that arrived, surplus).

        Raises:
            BadChunkError: a size line, an extension or the end of a chunk breaks the grammar.
            BodyTooLargeError: the sizes add up to more than `max_body_bytes`.
            HeaderTooLargeError: the trailer section exceeds its limit or `max_fields`.
            BadFieldError, BadLineEndError, BadHostError: a trailer line breaks the field grammar.
        """
        data = self._partial + data
        self._partial = b""
        pieces: list[bytes] = []
        position, end = 0, len(data)
        while position < end and not self.is_finished:
            if self._part is _Part.DATA:
                piece = data[position : position + self._remaining]
                pieces.append(piece)
                position += len(piece)
                self._remaining -= len(piece)
                if not self._remaining:
                    self._part = _Part.DATA_END
                    if data.startswith(b"\r\n", position):  # a third of the time of a tiny chunk
                        self._part = _Part.SIZE
                        position += 2
                continue
            stop = data.find(b"\n", position)
            if stop < 0:
                self._keep_partial(data[position:])
                return b"".join(pieces), b""
            self._take_line(data[position:stop])
            position = stop + 1
        return b"".join(pieces), data[position:]

    def _keep_partial(self, line: bytes) -> None:
        """Keep an unfinished line, unless it cannot become a good one any more."""
        if self._part is _Part.DATA_END and line != b"\r":
            raise _delimiter_error(line)
        if self._part is _Part.SIZE:
            self._check_size_line_length(line)
        elif line != b"\r" and self._trailer_bytes + len(line) > self._config.max_trailer_bytes:
            raise self._trailer_error()
        self._partial = line

    def _take_line(self, line: bytes) -> None:
        """Take one line; its CR is still there, its LF is not."""
        if self._part is _Part.SIZE:
            self._take_size(line)
        elif self._part is _Part.TRAILER:
            self._take_trailer(line)
        elif line == b"\r":
            self._part = _Part.SIZE
        else:
            raise _delimiter_error(line)

    def _take_size(self, line: bytes) -> None:
        self._check_size_line_length(line)
        match = grammar.CHUNK_LINE.fullmatch(line, 0, len(line) - 1) if line.endswith(b"\r") else None
        if match is None:
            msg = f"chunk size line {line[:80]!r}; expected 1 to 16 hexadecimal digits, extensions and CRLF"
            raise BadChunkError(msg)
        self._extension_bytes += len(match[2])
        if self._extension_bytes > _MAX_EXTENSION_BYTES:
            msg = (
                f"chunk extensions of {self._extension_bytes} bytes; expected at most {_MAX_EXTENSION_BYTES}"
            )
            raise BadChunkError(msg)
        self._begin_chunk(int(match[1], 16))

    def _begin_chunk(self, size: int) -> None:
        if size == 0:
            self._part = _Part.TRAILER
            return
        self._received_bytes += size
        if self._received_bytes > self._config.max_body_bytes:
            msg = f"chunks of {self._received_bytes} bytes; expected at most {self._config.max_body_bytes}"
            raise BodyTooLargeError(msg)
        self._remaining = size
        self._part = _Part.DATA

    def _take_trailer(self, line: bytes) -> None:
        if line == b"\r":
            self.is_finished = True
            return
        self._trailer_bytes += len(line)
        self._trailer_count += 1
        if (
            self._trailer_bytes > self._config.max_trailer_bytes
            or self._trailer_count > self._config.max_fields
        ):
            raise self._trailer_error()
        self._table[line]  # checked, and remembered like any other line

    def _check_size_line_length(self, line: bytes) -> None:
        if len(line) > self._config.max_chunk_line_bytes:
            most = self._config.max_chunk_line_bytes
            msg = f"chunk size line of {len(line)} bytes or more; expected at most {most}"
            raise BadChunkError(msg)

    def _trailer_error(self) -> HeaderTooLargeError:
        most_bytes, most_fields = self._config.max_trailer_bytes, self._config.max_fields
        return HeaderTooLargeError(f"trailers; expected at most {most_bytes} bytes and {most_fields} fields")


def _delimiter_error(line: bytes) -> BadChunkError:
    return BadChunkError(f"chunk data followed by {line[:20]!r}; expected CRLF")
