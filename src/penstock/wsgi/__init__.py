"""The seam: events to environ, start_response, iterable (PEP 3333).

What this package offers is imported when it is first asked for: a CGI script (cgi/runner.py) pays for every
import at each request, and needs nothing of the server (130 ms of CPU, of which 100 were this file's).
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.wsgi.body import EMPTY_BODY
    from penstock.wsgi.environ import build_environ, connection_environ
    from penstock.wsgi.exchange import ApplicationError, Exchange, PeerGoneError, ResponseSink
    from penstock.wsgi.file_wrapper import FileWrapper
    from penstock.wsgi.gateway import Gateway, call_application, end_interrupted, stream_response
    from penstock.wsgi.loader import ApplicationLoadError, load_application, load_hook
    from penstock.wsgi.timeout import RequestTimeout
    from penstock.wsgi.trust import TrustConfigError, TrustedProxies

__all__ = [
    "EMPTY_BODY",
    "ApplicationError",
    "ApplicationLoadError",
    "Exchange",
    "FileWrapper",
    "Gateway",
    "PeerGoneError",
    "RequestTimeout",
    "ResponseSink",
    "TrustConfigError",
    "TrustedProxies",
    "build_environ",
    "call_application",
    "connection_environ",
    "end_interrupted",
    "load_application",
    "load_hook",
    "stream_response",
]

_HOMES = {
    "EMPTY_BODY": "body",
    "ApplicationError": "exchange",
    "ApplicationLoadError": "loader",
    "Exchange": "exchange",
    "FileWrapper": "file_wrapper",
    "Gateway": "gateway",
    "PeerGoneError": "exchange",
    "RequestTimeout": "timeout",
    "ResponseSink": "exchange",
    "TrustConfigError": "trust",
    "TrustedProxies": "trust",
    "build_environ": "environ",
    "call_application": "gateway",
    "connection_environ": "environ",
    "end_interrupted": "gateway",
    "load_application": "loader",
    "load_hook": "loader",
    "stream_response": "gateway",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
