"""The seam: events to environ, start_response, iterable (PEP 3333)."""

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
