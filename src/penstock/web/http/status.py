"""Status codes, and the line that tells a WSGI server of one.

In:     a status code.
Out:    its reason phrase, or "404 Not Found".
Never:  judges whether a code makes sense for a response.

Rules:  RFC 9110 section 15; PEP 3333 on the status string.
"""

from http import HTTPStatus
from typing import Final

UNKNOWN_REASON: Final = "Unknown Status Code"

# By code.  http.client has the same table, and brings ssl and the mail parser along.
REASONS: Final[dict[int, str]] = {status.value: status.phrase for status in HTTPStatus}

# Every code a response may have, so that sending one is a look-up and no formatting.
STATUS_LINES: Final[dict[int, str]] = {
    code: f"{code} {REASONS.get(code, UNKNOWN_REASON)}" for code in range(100, 600)
}


def parse_status(status: object) -> int:
    """Return a status code given as a number or its digits.

    Raises:
        TypeError: it is no integer.
        ValueError: it is not between 100 and 599.
    """
    try:
        code = int(status)  # type: ignore[call-overload]  # anything with __int__, digits included; else TypeError
    except (TypeError, ValueError):
        raise TypeError("HTTP status code must be an integer.") from None
    if not 100 <= code <= 599:
        raise ValueError("HTTP status code must be an integer from 100 to 599.")
    return int(code)
