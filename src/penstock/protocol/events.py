"""What a receiver tells the server: a head, some body, or what to do next.

In:     nothing.
Out:    `RequestHead`, and `Signal` for everything that is not data.
Never:  knows bytes on the wire; that is http1.py.

Rules:  names say what to do next (NEED_DATA), not what happened inside.
"""

import enum
from typing import Any, Final

HTTP_1_0: Final = "HTTP/1.0"
HTTP_1_1: Final = "HTTP/1.1"


class Signal(enum.Enum):
    """An event without data."""

    NEED_DATA = "need data"  # nothing more can be said before receive_data() or next_request()
    END_OF_MESSAGE = "end of message"  # the body is complete; the receiver waits for next_request()
    PEER_CLOSED = "peer closed"  # between two requests, nothing was cut


NEED_DATA: Final = Signal.NEED_DATA
END_OF_MESSAGE: Final = Signal.END_OF_MESSAGE
PEER_CLOSED: Final = Signal.PEER_CLOSED


class RequestHead:
    """Request line and fields of one request, framed and checked.

    Built on the hottest path of the product: the receiver makes it with
    `object.__new__` and stores each slot, 60 ns less than a call of `__init__`.

    Attributes:
        method: a token, case kept; never CONNECT.
        target: the request target as sent.
        path: percent-decoded, each byte one latin-1 character; "*" for asterisk-form, never empty.
        query: what follows the first "?", undecoded; "" without one.
        version: "HTTP/1.1" or "HTTP/1.0".
        authority: host and port of an absolute-form target, else None; `fields["HTTP_HOST"]` then equals it.
        scheme: "http" or "https" of an absolute-form target, else None.
        fields: what the receiver's `common` holds, and values by CGI meta-variable name, doubled ones
            joined: a dict of this request's own.  No HTTP_CONNECTION, no
            HTTP_TRANSFER_ENCODING: those two are the flags below.
        content_length: bytes of body that follow; 0 = none; None = chunked.
        chunked: the body is chunked.
        keep_alive: the client would use the connection again.
        expects_continue: the client waits for 100 (Continue) before it sends the body.
        has_forwarding: `fields` holds a field that only a trusted proxy may set.
        line: the request line as sent, without CRLF.
    """

    __slots__ = (
        "authority",
        "chunked",
        "content_length",
        "expects_continue",
        "fields",
        "has_forwarding",
        "keep_alive",
        "line",
        "method",
        "path",
        "query",
        "scheme",
        "target",
        "version",
    )

    def __init__(  # noqa: PLR0913 - one keyword a slot; for whoever builds a head without a receiver
        self,
        *,
        method: str = "GET",
        target: str = "/",
        path: str = "/",
        query: str = "",
        version: str = HTTP_1_1,
        authority: str | None = None,
        scheme: str | None = None,
        fields: dict[str, Any] | None = None,
        content_length: int | None = 0,
        chunked: bool = False,
        keep_alive: bool = True,
        expects_continue: bool = False,
        has_forwarding: bool = False,
        line: bytes = b"GET / HTTP/1.1",
    ) -> None:
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.version = version
        self.authority = authority
        self.scheme = scheme
        self.fields = {} if fields is None else fields
        self.content_length = content_length
        self.chunked = chunked
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.has_forwarding = has_forwarding
        self.line = line
