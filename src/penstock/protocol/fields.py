"""Header fields of a request: raw lines to CGI meta-variables, each line parsed once.

A browser sends the same dozen lines with every request.  FieldTable is a dict
from the raw line to its checked `(name, value)`, so a line that was seen before
costs one look-up in C, and `dict(map(table.lookup, lines))` is the whole parse:
15 lines take 1 us instead of 9.  A line that was not seen before lands in
`__missing__`, which holds the grammar.

What keeps a hostile client from gaining anything by it:

 - only lines that passed the grammar enter;
 - entries are bounded in number and size, and a full table is dropped whole
   (an eviction order would cost every hit and could be steered from outside);
 - credentials and what proxies say about one client are never kept;
 - a line that has a say in framing is never kept either, so each one passes
   `__missing__` and leaves a mark in `seen`.  The ordinary request then needs
   one comparison instead of a look-up for each such field.

Lines are split at LF, and the CR stays at the end of the line: splitting at one
byte takes half the time of splitting at two, and a bare LF then shows as a line
that does not end in CR.

In:     one field line as sent, its CR at the end, without LF.
Out:    (CGI meta-variable name, value): outer SP and HTAB removed, latin-1.
Never:  joins lines, decides framing (framing.py), or believes a forwarded field (wsgi/).
Thread: one at a time, the owner of the loop; `seen` is a note from `__missing__` to its caller.

Rules:  RFC 9112 section 5 (no space before the colon, no obs-fold), RFC 9110 section 5.5 and 5.6.2,
        RFC 3875 section 4.1.18 (names).
"""

from typing import Final

from penstock.config import ProtocolConfig
from penstock.protocol import grammar
from penstock.protocol.errors import BadFieldError, BadHostError, BadLineEndError
from penstock.protocol.request_line import RequestLine

# What is special about a name; the sum of what a head's fresh lines had is `seen`.
ORDINARY: Final = 0
SECRET: Final = 1  # parsed each time, never kept
FORWARDING: Final = 2  # the same, and only a trusted proxy may set it
FRAMING: Final = 4  # decides where the message ends or whether the connection stays
DROPPED: Final = 8  # never reaches the application
_HOST: Final = 16  # checked here, then ordinary
_CONNECTION: Final = 32  # "keep-alive" alone is ordinary, everything else is FRAMING

# The name under which dropped lines come out; http1.py removes it.
DROPPED_NAME: Final = ""

_TREATMENTS: Final = {
    "host": _HOST,
    "connection": _CONNECTION,
    "content-length": FRAMING,
    "transfer-encoding": FRAMING,
    "expect": FRAMING,
    "cookie": SECRET,
    "authorization": SECRET,
    "proxy-authorization": SECRET,
    "forwarded": FORWARDING,
    "x-real-ip": FORWARDING,
    "x-request-id": SECRET,  # no secret, but new each time
    "traceparent": SECRET,
    "tracestate": SECRET,
    "penstock-trace": SECRET,
    # httpoxy (CVE-2016-5385): HTTP_PROXY in an environment turns outgoing
    # requests to the attacker's proxy, and no client has a use for the field.
    "proxy": DROPPED,
}

_FORWARDING_PREFIX: Final = "x-forwarded-"

# RFC 3875 sections 4.1.2 and 4.1.3: these two have no prefix.
_UNPREFIXED: Final = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}

# Learned names; each is at most 64 bytes long, so 1,024 are some 200 KiB.
_MAX_NAMES: Final = 1024
_MAX_NAME_BYTES: Final = 64

# A request line takes some four times the memory of a field line, once parsed.
_REQUEST_LINE_SHARE: Final = 4


def meta_variable(name: str) -> str:
    """Return the CGI meta-variable of a field name that is a token without underscore."""
    lowered = name.lower()
    return _UNPREFIXED.get(lowered) or "HTTP_" + lowered.upper().replace("-", "_")


def treatment(name: str) -> int:
    """Return what is special about a field name (a token, any case).

    A name with an underscore is DROPPED: `X_Real_IP` and `X-Real-IP` would
    share one meta-variable, and a proxy that strips the second lets the first
    through (nginx drops them too: `underscores_in_headers off`).
    """
    lowered = name.lower()
    if "_" in name:
        return DROPPED
    if lowered.startswith(_FORWARDING_PREFIX):
        return FORWARDING
    return _TREATMENTS.get(lowered, ORDINARY)


class FieldTable(dict[bytes, tuple[str, str]]):
    """Field lines that were parsed before, and the parser for those that were not; one a worker.

    `table[line]` is `(meta-variable name, value)`, or `(DROPPED_NAME, value)`.

    Attributes:
        seen: the treatments of the lines that were parsed since it was last set to 0.
        lookup: `self.__getitem__`, bound once.
        request_lines: parsed request lines by raw line; a quarter of the table's bound.
    """

    __slots__ = (
        "_max_entries",
        "_max_line_bytes",
        "_max_request_lines",
        "_names",
        "lookup",
        "request_lines",
        "seen",
    )

    def __init__(self, config: ProtocolConfig) -> None:
        super().__init__()
        self._max_entries = config.max_memo_entries
        self._max_line_bytes = config.max_memo_line_bytes if config.max_memo_entries else -1
        self._max_request_lines = config.max_memo_entries // _REQUEST_LINE_SHARE
        self._names: dict[bytes, tuple[str, int]] = {}
        self.seen = 0
        self.request_lines: dict[bytes, RequestLine] = {}
        self.lookup = self.__getitem__

    def __missing__(self, line: bytes) -> tuple[str, str]:
        """Parse one line; remember it unless its name or its length forbids that.

        Written in one piece: it runs for each line that is new.

        Raises:
            BadFieldError: no colon, a name that is no token (so a space before the colon, and a
                line that continues the one before it), a control character in the value.
            BadLineEndError: a bare CR or LF, or a NUL.
            BadHostError: Host is no host with an optional port.
        """
        name, _, value = line.partition(b":")
        if value[-1:] != b"\r":  # no colon leaves no value
            raise _shape_error(line)
        try:
            meta, special = self._names[name]
        except KeyError:
            meta, special = self._learn(name, line)
        text = value[:-1].decode("latin-1").strip(" \t")
        # One call in C for the usual value; what it does not like may still be
        # HTAB, NBSP or SHY, which the grammar allows.
        if not text.isprintable() and not grammar.FIELD_VALUE.fullmatch(text):
            raise _value_error(name, text)
        if special:
            if special > DROPPED:
                special = _examine(special, text)
            self.seen |= special
            if special:
                return meta, text
        pair = (meta, text)
        if len(line) <= self._max_line_bytes:
            if len(self) >= self._max_entries:
                self.clear()
            self[line] = pair
        return pair

    def remember_request_line(self, line: bytes, request: RequestLine) -> None:
        """Keep a parsed request line unless it is long."""
        if len(line) > self._max_line_bytes:
            return
        if len(self.request_lines) >= self._max_request_lines:
            self.request_lines.clear()
        self.request_lines[line] = request

    def _learn(self, name: bytes, line: bytes) -> tuple[str, int]:
        """Return the meta-variable and the treatment of a name, kept if it is short."""
        if not grammar.TOKEN_BYTES.fullmatch(name):
            raise _name_error(name, line)
        text = name.decode("ascii")
        special = treatment(text)
        known = (DROPPED_NAME if special == DROPPED else meta_variable(text), special)
        if len(name) <= _MAX_NAME_BYTES:
            if len(self._names) >= _MAX_NAMES:
                self._names.clear()
            self._names[name] = known
        return known


def _examine(special: int, value: str) -> int:
    """Return the treatment of one Host or Connection line, which depends on its value."""
    if special == _HOST:
        if not grammar.HOST.fullmatch(value):
            msg = f"Host {value!r:.200}; expected a host and an optional port"
            raise BadHostError(msg)
        return ORDINARY
    return ORDINARY if value.lower() == "keep-alive" else FRAMING


def _shape_error(line: bytes) -> BadFieldError | BadLineEndError:
    if line.endswith(b"\r"):
        return BadFieldError(f"field line {line[:-1]!r:.200}; expected a name, a colon and a value")
    return BadLineEndError(f"field line {line!r:.200}; expected CRLF at its end")


def _name_error(name: bytes, line: bytes) -> BadFieldError:
    if name[:1] in (b" ", b"\t"):
        return BadFieldError(f"field line {line[:-1]!r:.200}; expected no continuation of the line before it")
    return BadFieldError(f"field name {name!r:.200}; expected a token directly before the colon")


def _value_error(name: bytes, value: str) -> BadFieldError | BadLineEndError:
    if "\r" in value or "\0" in value:
        return BadLineEndError(f"field {name!r:.200}; expected no bare CR and no NUL, came {value!r:.200}")
    return BadFieldError(f"field {name!r:.200}; expected no control character, came {value!r:.200}")
