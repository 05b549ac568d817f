"""A server for one developer's machine, on the standard library's wsgiref.

`penstock serve --reload` is what we would have you use; this is here for projects that name it in their
tests or tools.  It is the only module below `penstock.web` that can open a socket, and only when told to.

In:     a WSGI application, an address.
Out:    HTTP/1.0 answers and a line per request on `penstock.web.server`.
Never:  serves a site in production.

Rules:  Django's `django.core.servers.basehttp`: header names with an underscore are dropped, since in an
        environ they could not be told from those with a hyphen.
"""

import logging
import socketserver
import sys
from collections.abc import Iterable
from typing import Any
from wsgiref import simple_server

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.core.wsgi import get_wsgi_application
from penstock.web.utils.module_loading import import_string

logger = logging.getLogger("penstock.web.server")

TLS_HANDSHAKE = "\x16\x03"  # RFC 8446 section 5.1: record type 22, legacy version 3.x


def get_internal_wsgi_application() -> Any:
    """Return what settings.WSGI_APPLICATION names; None: the site as `get_wsgi_application` makes it.

    Raises:
        ImproperlyConfigured: the name leads nowhere.
    """
    name = getattr(settings, "WSGI_APPLICATION", None)
    if name is None:
        return get_wsgi_application()
    try:
        return import_string(name)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"WSGI application '{name}' could not be loaded; Error importing module."
        ) from error


class WSGIServer(simple_server.WSGIServer):
    """One request at a time; a client that leaves is a line in the log."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note a client that left; report anything else as the standard library does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
            return
        logger.info("- Broken pipe from %s", client_address)


class ThreadedWSGIServer(socketserver.ThreadingMixIn, WSGIServer):
    """A thread for each request."""

    daemon_threads = True


class ServerHandler(simple_server.ServerHandler):
    """Runs the application for one request; the answer to HEAD has no body."""

    http_version = "1.1"
    environ: dict[str, Any]  # this and the next are set while it runs; typeshed does not tell
    result: Iterable[bytes] | None
    request_handler: Any

    def finish_response(self) -> None:
        """Send the body, or read it and send what stands before it."""
        if self.environ["REQUEST_METHOD"] != "HEAD":
            super().finish_response()
            return
        try:
            for _ in self.result or ():
                pass  # the status may come with the first piece
            self.send_headers()
        finally:
            self.close()

    def cleanup_headers(self) -> None:
        """Complete the header; the length of a body that is not sent is the application's to say."""
        if self.environ["REQUEST_METHOD"] != "HEAD":
            super().cleanup_headers()


class WSGIRequestHandler(simple_server.WSGIRequestHandler):
    """Reads one request and logs it, at a level that fits its status."""

    def address_string(self) -> str:
        """Return the client's address without asking a name server."""
        return str(self.client_address[0])

    def get_environ(self) -> dict[str, Any]:
        """Return the environ, without fields whose names have an underscore."""
        for name in [name for name in self.headers if "_" in name]:
            del self.headers[name]
        return super().get_environ()

    def handle(self) -> None:
        """Read one request and answer it."""
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
        elif self.parse_request():
            # wsgiref names its own ServerHandler in this method: hence a copy of its few lines.
            files: Any = (self.rfile, self.wfile, self.get_stderr(), self.get_environ())
            handler = ServerHandler(*files)
            handler.request_handler = self
            handler.run(self.server.get_app())  # type: ignore[attr-defined]  # WSGIServer has it

    def log_message(self, format: str, *args: Any) -> None:
        """Write one line: an error from status 500 on, a warning from 400 on."""
        status = str(args[1]) if len(args) > 1 else ""
        extra = {"request": self.request, "server_time": self.log_date_time_string()}
        if status.isdigit():
            extra["status_code"] = int(status)
        if str(args[0]).startswith(TLS_HANDSHAKE):
            logger.error(
                "You're accessing the development server over HTTPS, but it only supports HTTP.", extra=extra
            )
            return
        levels = {"4": logging.WARNING, "5": logging.ERROR}
        logger.log(levels.get(status[:1], logging.INFO), format, *args, extra=extra)
