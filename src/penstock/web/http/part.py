"""The parts of a multipart body, one after the other.

In:     the stream of a body and its boundary.
Out:    (kind, headers, stream) for each part; the preamble and the epilogue are parts without headers.
Never:  reads a part's content.

Rules:  RFC 7578 (form-data), RFC 2046 section 5.1.  A part's head has at most MAX_TOTAL_HEADER_SIZE bytes; a
        header line that cannot be read is left out.
"""

from collections.abc import Iterator
from typing import Final

from penstock.web.http.multipartstream import LazyStream, PartBytes
from penstock.web.utils.http import parse_header_parameters

FIELD: Final = "field"
FILE: Final = "file"
RAW: Final = "raw"

MAX_TOTAL_HEADER_SIZE: Final = 1024

PartHeaders = dict[str, tuple[str, dict[str, bytes]]]


class MultiPartParserError(Exception):
    """The body is no multipart form: the client's fault."""


class Parser:
    """Goes through the parts of a body; whoever does not read a part's stream has it skipped.

    Args:
        stream: the body.
        boundary: without the dashes.

    Raises:
        MultiPartParserError: a head that is too long.
    """

    def __init__(self, stream: LazyStream, boundary: bytes) -> None:
        self._stream = stream
        self._separator = b"--" + boundary

    def __iter__(self) -> Iterator[tuple[str, PartHeaders, LazyStream]]:
        while first := self._stream.read(1):
            self._stream.unget(first)
            part = LazyStream(PartBytes(self._stream, self._separator))
            yield _begin_part(part)
            for _ in part:  # what nobody wanted must not become the head of a part
                pass


def _begin_part(part: LazyStream) -> tuple[str, PartHeaders, LazyStream]:
    """Take the head off a part."""
    start = part.read(MAX_TOTAL_HEADER_SIZE)
    end = start.find(b"\r\n\r\n")
    if end < 0:
        if len(start) >= MAX_TOTAL_HEADER_SIZE:
            raise MultiPartParserError("Request max total header size exceeded.")
        part.unget(start)
        return RAW, {}, part
    kind, headers = parse_head(start[:end])
    part.unget(start if kind is RAW else start[end + 4 :])
    return kind, headers, part


def parse_head(head: bytes) -> tuple[str, PartHeaders]:
    """Return the kind of a part, and by lower-case name the value and the parameters of its headers."""
    kind, headers = RAW, {}
    for line in head.split(b"\r\n"):
        try:
            name, value, parameters = _parse_line(line)
        except ValueError:  # no colon, no UTF-8, or a parameter in a charset that nobody knows
            continue
        headers[name] = value, parameters
        if name == "content-disposition":
            kind = FILE if parameters.get("filename") else FIELD
    return kind, headers


def _parse_line(line: bytes) -> tuple[str, str, dict[str, bytes]]:
    start, parameters = parse_header_parameters(line.decode())
    name, value = start.split(":", 1)
    return name, value, {name: text.encode() for name, text in parameters.items()}
