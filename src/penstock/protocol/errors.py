"""Everything that can be wrong with a message, one type for each fault.

    PeerError                    the client's fault: answer `status`, then close
     |- BadLineEndError          400  a bare CR, a bare LF or a NUL
     |- BadRequestLineError      400  not `method SP target SP version`
     |- BadTargetError           400  the target is in none of the four forms
     |- BadFieldError            400  a field line outside the grammar, a doubled singleton
     |- BadHostError             400  Host missing, doubled or malformed
     |- BadFramingError          400  the end of the body could be read in two ways
     |- BadChunkError            400  a chunk size, extension or delimiter outside the grammar
     |- TruncatedHeadError       400  the peer closed inside a head
     |- TruncatedBodyError       400  the peer closed inside a body
     |- RequestTimeoutError      408  raised by the server, which owns the clock
     |- LengthRequiredError      411  HTTP/1.0 with a body and no length
     |- BodyTooLargeError        413
     |- UriTooLongError          414
     |- ExpectationError         417  an expectation other than 100-continue
     |- HeaderTooLargeError      431  head or trailers
     |- UnsupportedMethodError   501  CONNECT
     |- UnsupportedCodingError   501  a transfer coding before the final chunked
     `- VersionError             505
    BadResponseError             the application's fault: answer 500, log the message

In:     a message for the log: subject, what came, what was expected.
Out:    the status that the client gets and whether an answer makes sense.
Never:  sends or logs anything; the client never sees the message.

Rules:  after any PeerError the connection closes: what follows is not looked at,
        because the two sides disagree on where it begins (RFC 9112 section 11.2).
"""

from typing import ClassVar


class PeerError(Exception):
    """The client broke a rule of RFC 9112 or a limit of ours; answer `status` and close.

    The text is for the log and quotes a bounded part of what came.  `answerable`
    is False where the client no longer listens, so that an answer would only be noise.
    """

    status: ClassVar[int] = 400
    answerable: ClassVar[bool] = True


class BadLineEndError(PeerError):
    """A line ends in something other than CRLF, or holds a bare CR, LF or NUL (RFC 9112 section 2.2)."""


class BadRequestLineError(PeerError):
    """The first line is not `method SP request-target SP HTTP-version` (RFC 9112 section 3)."""


class BadTargetError(PeerError):
    """The request target has none of the four forms or the wrong one for its method (RFC 9112 3.2)."""


class BadFieldError(PeerError):
    """A field line breaks the grammar, or a field that may occur once came twice (RFC 9112 section 5)."""


class BadHostError(PeerError):
    """Host is missing in HTTP/1.1, came twice, or is no host with an optional port (RFC 9112 section 3.2)."""


class BadFramingError(PeerError):
    """The length of the body is malformed, stated twice or ambiguous (RFC 9112 section 6.3)."""


class BadChunkError(PeerError):
    """A chunk size, a chunk extension or the CRLF after chunk data is malformed (RFC 9112 section 7.1)."""


class TruncatedHeadError(PeerError):
    """The peer closed its side before the head was complete (RFC 9112 section 8)."""


class TruncatedBodyError(PeerError):
    """The peer closed its side inside a body; what came is not a request (RFC 9112 section 8)."""

    answerable: ClassVar[bool] = False


class RequestTimeoutError(PeerError):
    """Head or body did not arrive before their deadline; raised by the server (RFC 9110 section 15.5.9)."""

    status: ClassVar[int] = 408


class LengthRequiredError(PeerError):
    """A body is expected and nothing says how long it is (RFC 9110 section 15.5.12)."""

    status: ClassVar[int] = 411


class BodyTooLargeError(PeerError):
    """The body is, or says that it will be, longer than `max_body_bytes` (RFC 9110 section 15.5.14)."""

    status: ClassVar[int] = 413


class UriTooLongError(PeerError):
    """The request line is longer than `max_request_line_bytes` (RFC 9110 section 15.5.15)."""

    status: ClassVar[int] = 414


class ExpectationError(PeerError):
    """Expect asks for something other than 100-continue (RFC 9110 section 10.1.1)."""

    status: ClassVar[int] = 417


class HeaderTooLargeError(PeerError):
    """Head or trailers exceed `max_head_bytes`, `max_fields` or `max_trailer_bytes` (RFC 6585 section 5)."""

    status: ClassVar[int] = 431


class UnsupportedMethodError(PeerError):
    """CONNECT: an origin server has no tunnels (RFC 9110 section 9.3.6)."""

    status: ClassVar[int] = 501


class UnsupportedCodingError(PeerError):
    """The body carries a transfer coding besides chunked (RFC 9112 section 6.1)."""

    status: ClassVar[int] = 501


class VersionError(PeerError):
    """The version is well-formed and neither HTTP/1.0 nor HTTP/1.1 (RFC 9110 section 15.6.6)."""

    status: ClassVar[int] = 505


class BadResponseError(Exception):
    """The application handed over a status or header that cannot be sent; nothing of it was sent."""
