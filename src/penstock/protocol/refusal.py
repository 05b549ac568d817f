"""Complete responses that the server gives by itself, always the last of their connection.

In:     a status; perhaps the reason phrase, a Date line, header lines.
Out:    wire bytes.
Never:  repeats what the client sent: an error page that echoes is a cross-site script.

Rules:  RFC 9112 section 9.6 (`Connection: close`), RFC 9110 section 15.
"""

from typing import Final

# RFC 9110 section 15, RFC 6585.  Not http.HTTPStatus: its phrases differ between
# the Python versions we run on.
REASONS: Final = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    414: "URI Too Long",
    417: "Expectation Failed",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}


def refusal(
    status: int, reason: str = "", *, method: str = "", date_line: bytes = b"", extra_lines: bytes = b""
) -> bytes:
    r"""Return a whole response, head and a line of plain text, that closes the connection.

    Args:
        status: 400 to 599.
        reason: phrase of the status line and of the body; the RFC's by default.
        method: of the request as far as it is known; HEAD gets no body.
        date_line: `b"Date: ...\r\n"` or nothing.
        extra_lines: further field lines with their CRLF, for Retry-After and its like.
    """
    phrase = reason or REASONS.get(status, "Error")
    body = f"{status} {phrase}\n".encode("latin-1")
    head = (
        f"HTTP/1.1 {status} {phrase}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n"
    ).encode("latin-1")
    head += date_line + extra_lines + b"Server: penstock\r\n\r\n"
    return head if method == "HEAD" else head + body
