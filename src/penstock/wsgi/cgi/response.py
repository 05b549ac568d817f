"""The header section of a script's response: read line by line, checked, made a status and headers.

    document response     Content-Type, perhaps Status                          section 6.2.1
    local redirect        Location: /path, nothing else                         section 6.2.2
    client redirect       Location: scheme:..., or with a Status                section 6.2.3, 6.2.4
    non-parsed headers    HTTP/1.1 200 OK, and header fields; script is nph-*   section 5

What could be read in two ways is refused: a folded line, a line without a colon, a control character, a CGI
field that comes twice.  The fields that belong to a connection are the server's and are left out.

In:     bytes as the script writes them, in any pieces.
Out:    a ResponseHead, and the bytes behind it.
Never:  reads the body, or starts anything.

Rules:  RFC 3875 sections 5, 6.2, 6.3; lines end with LF or CRLF (6.1: NL).
"""

import re
from dataclasses import dataclass
from typing import Final

from penstock.wsgi.cgi.error import ScriptFailedError

Fields = list[tuple[str, str]]

_END: Final = re.compile(rb"(?:\A|\n)\r?\n")
_FIELD: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_STATUS: Final = re.compile(r"([2-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
_LENGTH: Final = re.compile("[0-9]{1,19}")
_STATUS_LINE: Final = re.compile(r"HTTP/[0-9]\.[0-9] (.*)")

# 6.3.4: what HTTP has for the connection, the server says.  6.3.5: X-CGI- is between script and server.
_CONNECTION: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_EXTENSION: Final = "x-cgi-"
_CGI_FIELDS: Final = ("content-type", "location", "status")

_REASONS: Final = {200: "OK", 302: "Found"}


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """What a script wants to be answered.

    Attributes:
        status: for start_response.
        fields: for start_response; without Status.
        has_type: Content-Type is among them: there may be a body.
        local: path and query to go on with instead; empty = answer.
    """

    status: str
    fields: Fields
    has_type: bool
    local: str = ""


class HeadReader:
    """Collects the header section from a script's output.

    Args:
        max_bytes: of the section.
        is_nph: it begins with a status line.
    """

    __slots__ = ("_is_nph", "_max_bytes", "_seen")

    def __init__(self, max_bytes: int, *, is_nph: bool) -> None:
        self._max_bytes = max_bytes
        self._is_nph = is_nph
        self._seen = b""

    def receive(self, data: bytes) -> tuple[ResponseHead, bytes] | None:
        """Return the head and what follows it; None = more is needed.

        Raises:
            ScriptFailedError: the head is too long, or not one.
        """
        self._seen += data
        end = _END.search(self._seen)
        if (end.end() if end else len(self._seen)) > self._max_bytes:
            raise _failed(
                f"header section of more than {self._max_bytes} bytes; expected an empty line before"
            )
        if not end:
            return None
        head = self._seen[: end.start()]
        return parse_head(head, is_nph=self._is_nph), self._seen[end.end() :]


def parse_head(head: bytes, *, is_nph: bool) -> ResponseHead:
    """Return what a header section says.

    Args:
        head: without its empty line.
        is_nph: it begins with a status line.

    Raises:
        ScriptFailedError: it breaks the grammar, lacks what it must have, or says it twice.
    """
    lines = [line.removesuffix("\r") for line in head.decode("latin-1").split("\n")]
    if is_nph:
        return _nph_head(lines)
    fields = _parse_fields(lines)
    said = _cgi_fields(fields)
    sent = [(name, value) for name, value in fields if name.lower() != "status" and _is_sent(name)]
    status, location = said.get("status"), said.get("location", "")
    has_type = "content-type" in said
    if status is not None:
        return ResponseHead(_checked_status(status), sent, has_type)
    if location.startswith("/") and not location.startswith("//"):
        return ResponseHead(_status(302), sent, has_type, local=location)
    return ResponseHead(_status(302 if location else 200), sent, has_type)


def _nph_head(lines: list[str]) -> ResponseHead:
    matched = _STATUS_LINE.fullmatch(lines[0])
    if not matched:
        raise _failed(
            f"first line {lines[0]!r} of a non-parsed header script; expected HTTP/1.1 and a status"
        )
    fields = _parse_fields(lines[1:]) if lines[1:] else []
    return ResponseHead(
        _checked_status(matched[1]), [field for field in fields if _is_sent(field[0])], has_type=True
    )


def _parse_fields(lines: list[str]) -> Fields:
    fields = []
    for line in lines:
        matched = _FIELD.fullmatch(line)
        if not matched:
            raise _failed(
                f"header line {line[:100]!r}; expected Name: value, not folded, without control characters"
            )
        fields.append((matched[1], matched[2]))
    _check_length([value for name, value in fields if name.lower() == "content-length"])
    return fields


def _check_length(lengths: list[str]) -> None:
    """A length that can be read in two ways would be another's response (RFC 9110 section 8.6)."""
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise _failed(f"Content-Length {lengths!r}; expected one run of 1 to 19 digits")


def _cgi_fields(fields: Fields) -> dict[str, str]:
    """Return the CGI fields that are there, by lower-case name; one must be (6.3), and none twice."""
    said: dict[str, str] = {}
    for name, value in fields:
        if (lower := name.lower()) in _CGI_FIELDS:
            if lower in said:
                raise _failed(f"header field {name!r} twice; expected it once")
            said[lower] = value
    if not said:
        raise _failed("header section without Content-Type, Location and Status; expected one of them")
    return said


def _is_sent(name: str) -> bool:
    lower = name.lower()
    return lower not in _CONNECTION and not lower.startswith(_EXTENSION)


def _checked_status(status: str) -> str:
    matched = _STATUS.fullmatch(status)
    if not matched:
        raise _failed(f"status {status!r}; expected 200 to 599, and a reason")
    return status if matched[2] is not None else f"{status} "


def _status(code: int) -> str:
    return f"{code} {_REASONS[code]}"


def _failed(message: str) -> ScriptFailedError:
    return ScriptFailedError("502 Bad Gateway", message)
