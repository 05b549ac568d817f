"""Request body framing: how many body bytes follow a head, and whether the connection stays.

A wrong answer here is request smuggling: the proxy and this server disagree on
where a request ends, and an attacker's bytes become someone else's request.
So a length that could be read in two ways is refused, never repaired.

In:     version, method and the joined values of the framing fields of one request.
Out:    a content length, None for chunked, or a boolean.
Never:  reads the body (body.py) or changes a field.

Rules:  RFC 9112 section 6.1 to 6.3 (numbers at each branch) and 9.3, RFC 9110 section 10.1.1.
"""

from typing import Final

from penstock.protocol import grammar
from penstock.protocol.errors import (
    BadFramingError,
    BodyTooLargeError,
    ExpectationError,
    LengthRequiredError,
    UnsupportedCodingError,
)
from penstock.protocol.events import HTTP_1_0

# No message has more; 15,000 of them in one head took 6 ms to look at.
_MAX_CODINGS: Final = 8

_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


def request_framing(
    version: str, method: str, codings: str | None, length: str | None, max_body_bytes: int
) -> int | None:
    """Return the body length in bytes, None for a chunked body.

    Args:
        version: "HTTP/1.1" or "HTTP/1.0".
        method: decides whether HTTP/1.0 must state a length.
        codings: the values of all Transfer-Encoding lines joined with ", "; None without one.
        length: the one Content-Length value; None without one.
        max_body_bytes: the largest length that is not refused.

    Raises:
        BadFramingError: both are there, or either is malformed; Transfer-Encoding in HTTP/1.0.
        UnsupportedCodingError: codings besides the final chunked.
        BodyTooLargeError: the length is above `max_body_bytes`.
        LengthRequiredError: POST, PUT or PATCH in HTTP/1.0 without a length.
    """
    if codings is not None:
        if length is not None:  # section 6.3 rule 3: "ought to be handled as an error"
            msg = f"both Transfer-Encoding {codings!r:.200} and Content-Length {length!r:.50}; expected one"
            raise BadFramingError(msg)
        _check_codings(version, codings)
        return None
    if length is not None:
        return parse_content_length(length, max_body_bytes)
    if version == HTTP_1_0 and method in _METHODS_WITH_BODY:
        # Rule 7 would make it empty; an HTTP/1.0 client that ends its body by
        # closing would then see its body taken for the next request.
        msg = f"{method} in HTTP/1.0 without Content-Length; expected one"
        raise LengthRequiredError(msg)
    return 0  # rule 7


def parse_content_length(length: str, max_body_bytes: int) -> int:
    """Return a Content-Length in bytes.

    Raises:
        BadFramingError: not one run of 1 to 19 digits; a list, even of equal numbers, included.
        BodyTooLargeError: above `max_body_bytes`.
    """
    if not grammar.DIGITS.fullmatch(length):  # rule 5
        msg = f"Content-Length {length!r:.200}; expected one run of 1 to 19 digits"
        raise BadFramingError(msg)
    number = int(length)
    if number > max_body_bytes:
        msg = f"Content-Length {length}; expected at most {max_body_bytes}"
        raise BodyTooLargeError(msg)
    return number


def _check_codings(version: str, codings: str) -> None:
    """Accept exactly one coding, chunked, in HTTP/1.1."""
    if version == HTTP_1_0:  # section 6.1, last paragraph
        msg = f"Transfer-Encoding {codings!r:.200} in HTTP/1.0; expected none"
        raise BadFramingError(msg)
    names = [coding.strip(" \t").lower() for coding in codings.split(",")]
    if names == ["chunked"]:
        return
    # Rule 4: without a final chunked, or with two, nobody knows where the body ends.
    is_list = len(names) <= _MAX_CODINGS and all(map(_is_coding, names))
    if not is_list or names[-1] != "chunked" or names.count("chunked") > 1:
        msg = f"Transfer-Encoding {codings!r:.200}; expected chunked once and last"
        raise BadFramingError(msg)
    msg = f"Transfer-Encoding {codings!r:.200}; expected chunked alone"
    raise UnsupportedCodingError(msg)


def _is_coding(name: str) -> bool:
    """Tell whether a list element is a coding, parameters included, rather than empty or noise."""
    return grammar.TOKEN.fullmatch(name.partition(";")[0].rstrip(" \t")) is not None


def expects_continue(version: str, expectation: str | None) -> bool:
    """Tell whether the client waits for 100 (Continue).

    Raises:
        ExpectationError: HTTP/1.1 expects anything else; HTTP/1.0 knows no expectations.
    """
    if expectation is None or version == HTTP_1_0:
        return False
    if expectation.lower() != "100-continue":
        msg = f"Expect {expectation!r:.200}; expected 100-continue"
        raise ExpectationError(msg)
    return True


def may_keep_alive(version: str, connection: str | None) -> bool:
    """Tell whether the client would use the connection again (RFC 9112 section 9.3).

    Args:
        version: HTTP/1.1 stays unless told to close, HTTP/1.0 closes unless told to stay.
        connection: the values of all Connection lines joined with ", "; None without one.
    """
    if connection is None:
        return version != HTTP_1_0
    options = {option.strip(" \t").lower() for option in connection.split(",")}
    if "close" in options:
        return False
    return version != HTTP_1_0 or "keep-alive" in options
