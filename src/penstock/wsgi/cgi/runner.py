"""Runs a WSGI application as a CGI script: one request, from the environment and standard input.

    #!/usr/bin/env python3
    from penstock.wsgi.cgi import run
    from mysite.wsgi import application

    run(application)

Python dropped its own way to do this for all but tests; hosts that offer nothing but a cgi-bin remain.  Each
request pays for the import of the whole application (docs/why-not-cgi.md has the figures).

In:     meta-variables, standard input.
Out:    a response on standard output; what went wrong on standard error.
Never:  sends half a head: until the first body byte a failure becomes a 500 page.

Rules:  PEP 3333 "The Server/Gateway Side", "Unicode Issues"; RFC 3875 sections 4.1, 4.2, 6.
"""

import io
import os
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TextIO

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication

    ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

_FAILURE_PAGE: Final = (
    b"Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\nInternal Server Error\n"
)
_PIECE_BYTES: Final = 65536

# What could end a header line early would split the response (RFC 9110 section 5.5).
_NAME: Final = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile("[\t\x20-\x7e\x80-\xff]*")


class RunError(Exception):
    """The application breaks PEP 3333."""


def run(application: "WSGIApplication") -> None:
    """Answer the one request of this process.

    What the application prints goes to standard error: on standard output it would be part of the response.

    Raises:
        SystemExit: with status 1: the application failed when part of the response was out.
    """
    output = sys.stdout.buffer
    sys.stdout, printed = sys.stderr, sys.stdout
    try:
        is_whole = respond(application, cgi_environ(os.environ, sys.stdin.buffer, sys.stderr), output)
    finally:
        sys.stdout = printed
    if not is_whole:
        raise SystemExit(1)


def cgi_environ(variables: Mapping[str, str], body: BinaryIO, errors: TextIO) -> dict[str, Any]:
    """Return the environ of a request.

    Args:
        variables: the process's environment; its texts are bytes that were decoded with surrogateescape, and
            become bytes in latin-1, as PEP 3333 has them.
        body: standard input; the application sees CONTENT_LENGTH bytes of it and then its end.
        errors: standard error.
    """
    environ: dict[str, Any] = {name: os.fsencode(text).decode("latin-1") for name, text in variables.items()}
    length = environ.get("CONTENT_LENGTH", "")
    is_https = environ.get("HTTPS", "off").lower() in {"on", "1", "yes"}
    environ |= {
        "SCRIPT_NAME": environ.get("SCRIPT_NAME", ""),
        "PATH_INFO": environ.get("PATH_INFO", ""),
        "QUERY_STRING": environ.get("QUERY_STRING", ""),
        "REQUEST_METHOD": environ.get("REQUEST_METHOD", "GET"),
        "SERVER_NAME": environ.get("SERVER_NAME") or "localhost",
        "SERVER_PORT": environ.get("SERVER_PORT") or ("443" if is_https else "80"),
        "SERVER_PROTOCOL": environ.get("SERVER_PROTOCOL") or "HTTP/1.0",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if is_https else "http",
        "wsgi.input": io.BufferedReader(_Body(body, int(length) if length.isdecimal() else 0)),
        "wsgi.input_terminated": True,
        "wsgi.errors": errors,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": True,
    }
    return environ


def respond(application: "WSGIApplication", environ: dict[str, Any], output: BinaryIO) -> bool:
    """Call the application and write its response.

    Returns:
        False: it failed when part of the response was out.
    """
    response = _Response(output)
    try:
        iterable = application(environ, response.start_response)
        try:
            for item in iterable:
                response.write(item)
            response.finish()
        finally:
            close = getattr(iterable, "close", None)
            if close is not None:
                close()
    except BrokenPipeError:
        return False  # nobody reads any more
    except BaseException:  # noqa: BLE001 - SystemExit of an application is no response
        import traceback  # noqa: PLC0415 - 10 ms that a response need not pay for

        traceback.print_exc(file=environ["wsgi.errors"])
        return response.fail()
    return True


class _Response:
    """What the application says; the head goes out with the first byte of the body, or at the end."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._head = b""
        self._is_begun = False

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: "ExceptionInfo | None" = None, /
    ) -> Any:
        """Take status and headers.

        Raises:
            RunError: they cannot be sent, or called twice without `exc_info`.
            BaseException: the one in `exc_info`, when the head is out already.
        """
        try:
            if exc_info and exc_info[1] and self._is_begun:
                raise exc_info[1].with_traceback(exc_info[2])
            if self._head and not exc_info:
                raise RunError("start_response called twice; expected exc_info with the second call")
        finally:
            exc_info = None  # its traceback holds this frame: a cycle otherwise
        lines = [_line("Status", status), *(_line(name, value) for name, value in headers)]
        self._head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
        return self.write

    def write(self, data: bytes) -> None:
        """Send body bytes at once.

        Raises:
            TypeError: `data` is not bytes.
            RunError: start_response was not called.
        """
        if not isinstance(data, bytes):
            raise TypeError(f"body item of {type(data).__name__}; expected bytes")
        if data:
            self._begin()
            self._output.write(data)
            self._output.flush()

    def finish(self) -> None:
        """Send the head of a response without a body."""
        self._begin()
        self._output.flush()

    def fail(self) -> bool:
        """Send the 500 page, if nothing is out yet."""
        if not self._is_begun:
            self._is_begun = True
            self._output.write(_FAILURE_PAGE)
            self._output.flush()
            return True
        return False

    def _begin(self) -> None:
        if self._is_begun:
            return
        if not self._head:
            raise RunError("start_response was not called; expected before the first body byte")
        self._is_begun = True
        self._output.write(self._head + b"\r\n")


def _line(name: str, value: str) -> str:
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise RunError(f"header {(name, value)!r}; expected a name, and a value of one line in latin-1")
    return f"{name}: {value}"


class _Body(io.RawIOBase):
    """So many bytes of standard input: a script must not read more (RFC 3875 section 4.2)."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._stream.read(min(len(buffer), self._left, _PIECE_BYTES)) if self._left else b""
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)
