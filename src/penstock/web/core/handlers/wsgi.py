"""The site as a WSGI application.

In:     a WSGI environ and start_response.
Out:    a response, which is the iterable of its body and has a close() that says the request is over.
Never:  strips the body of HEAD (the server does) or resets the script prefix (the next request sets it).

Rules:  PEP 3333; Django's order: prefix, request_started, request, response, start_response.  What fails
        before there is a request (a SCRIPT_NAME that is not UTF-8, say) is the server's to answer.
"""

from collections.abc import Callable, Iterable
from typing import Any

from penstock.web.core.context import ROOT_PREFIX, SCRIPT_PREFIX
from penstock.web.core.handlers import base
from penstock.web.core.handlers.request import LimitedStream, WSGIRequest, get_script_name
from penstock.web.core.signals import request_abandoned, request_started
from penstock.web.http.status import STATUS_LINES
from penstock.web.urls import set_script_prefix

__all__ = ["LimitedStream", "WSGIHandler", "WSGIRequest", "get_script_name"]


class WSGIHandler(base.BaseHandler):
    """A WSGI application; its middleware is loaded when it is made, so errors show at start-up."""

    request_class = WSGIRequest

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.load_middleware()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request.

        Raises:
            UnicodeError, ValueError: PATH_INFO, SCRIPT_NAME or CONTENT_TYPE can be read in no way.
        """
        kind = self.__class__
        script_name = get_script_name(environ)
        if script_name or SCRIPT_PREFIX.get() != ROOT_PREFIX:
            set_script_prefix(script_name)
        if request_started.receivers:
            request_started.send(sender=kind, environ=environ)
        try:
            request = self.request_class(environ)
            response: Any = self.get_response(request)
            response._handler_class = kind
            status = STATUS_LINES.get(response.status_code)
            if status is None or response._reason_phrase is not None:
                status = f"{response.status_code:d} {response.reason_phrase}"
            start_response(status, response.header_list())
        except BaseException:
            request_abandoned.send(sender=kind)
            raise
        if response.streaming and environ.get("wsgi.file_wrapper"):
            return _wrapped(response, environ["wsgi.file_wrapper"])
        return response  # type: ignore[no-any-return]  # what middleware returns is the site's


def _wrapped(response: Any, wrapper: Callable[..., Iterable[bytes]]) -> Iterable[bytes]:
    """Return a response made from a file as the server's own way of sending files."""
    file = getattr(response, "file_to_stream", None)
    if file is None:
        return response  # type: ignore[no-any-return]  # a response: see above
    # The server closes what it is given; the response behind it must hear of that.
    file.close = response.close
    return wrapper(file, response.block_size)
