"""The environ of a request, from its head and the connection it came on.

What does not change within a connection is put together once; a request then
costs one copy, one merge and what differs.  Forwarding fields are looked at
only when the head says that there are any.

In:     a RequestHead, the connection's template, whom we trust, the spooled body.
Out:    the environ: a plain dict that belongs to the application.
Never:  reads the body, or refuses a request (protocol/ has done that).

Rules:  PEP 3333 "environ Variables"; RFC 3875 section 4.1.  PATH_INFO is the decoded path, its bytes as
        latin-1; SCRIPT_NAME is empty unless configured or told by a trusted proxy.
"""

from typing import Any, BinaryIO, Final

from penstock import __version__
from penstock.config import WSGIConfig
from penstock.protocol import RequestHead
from penstock.wsgi.body import EMPTY_BODY
from penstock.wsgi.error_stream import ERROR_STREAM
from penstock.wsgi.file_wrapper import FileWrapper
from penstock.wsgi.forwarded import apply_forwarding
from penstock.wsgi.trust import UNIX_PEER, TrustedProxies

SERVER_SOFTWARE: Final = f"penstock/{__version__}"
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


def connection_environ(  # noqa: PLR0913 - what a connection is, by keyword
    config: WSGIConfig,
    *,
    server: tuple[str, str],
    peer: tuple[str, str],
    scheme: str,
    multithread: bool,
    multiprocess: bool,
) -> dict[str, Any]:
    """Return the part of the environ that all requests of a connection share.

    Args:
        config: where the application is mounted.
        server: our end of the socket, (address, port); for a Unix socket its path or "unix", and "".
        peer: the other end, likewise.
        scheme: "http" or "https".
        multithread: another thread of this process may call the application at the same time.
        multiprocess: another process may.
    """
    # 24 keys: from 22 on a dict has room for 42, and so has its copy: it takes 18 fields without growing.
    return {
        # The request's own, filled in by build_environ; here they make room and keep their order.
        "REQUEST_METHOD": "",
        "SCRIPT_NAME": _mount(config.script_name),
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "RAW_URI": "",
        "REQUEST_URI": "",
        "SERVER_PROTOCOL": "",
        # The connection's.  PEP 3333: SERVER_NAME and SERVER_PORT "can never be empty strings".
        "SERVER_NAME": server[0] if server[1] else "localhost",
        "SERVER_PORT": server[1] or _DEFAULT_PORTS[scheme],
        "SERVER_SOFTWARE": SERVER_SOFTWARE,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "" if peer[0] == UNIX_PEER else peer[0].removeprefix("::ffff:"),
        "REMOTE_PORT": peer[1],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": EMPTY_BODY,
        "wsgi.input_terminated": True,
        "wsgi.errors": ERROR_STREAM,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "penstock.request_id": "",
    }


def build_environ(
    head: RequestHead,
    trusted: TrustedProxies | None,
    body: BinaryIO | None,
    body_size: int = 0,
) -> dict[str, Any]:
    """Return the environ of one request: `head.fields` itself, completed.

    Args:
        head: of the request; its receiver has put `connection_environ` under the fields.
        trusted: None = nothing that the peer says about the client is believed.
        body: the whole body, at its beginning; None = there is none.
        body_size: bytes of it.
    """
    environ = head.fields
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = head.path
    environ["QUERY_STRING"] = head.query
    environ["RAW_URI"] = environ["REQUEST_URI"] = head.target
    environ["SERVER_PROTOCOL"] = head.version
    if body is not None:
        environ["wsgi.input"] = body
    if head.chunked:  # its length is known now that it is here
        environ["CONTENT_LENGTH"] = str(body_size)
    if head.has_forwarding:
        apply_forwarding(environ, trusted)
    if head.path == "*":  # RFC 3875 section 4.1.5: empty, or it begins with a slash
        environ["PATH_INFO"] = ""
    elif environ["SCRIPT_NAME"]:
        environ["PATH_INFO"] = _below(head.path, environ["SCRIPT_NAME"])
    return environ


def _mount(script_name: str) -> str:
    """Return SCRIPT_NAME for a mount point: empty, or with a slash in front and none at the end."""
    path = script_name.strip("/")
    return f"/{path}" if path else ""


def _below(path: str, script_name: str) -> str:
    """Return PATH_INFO: proxies may strip the prefix, or leave it to us."""
    if path == script_name or path.startswith(f"{script_name}/"):
        return path[len(script_name) :]
    return path
