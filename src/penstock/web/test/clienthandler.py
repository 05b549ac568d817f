"""The site as the test client calls it.

In:     an environ, or a scope.
Out:    the response itself, rather than what a server would make of it.
Never:  opens a socket.

Rules:  Django's ClientHandler: middleware is loaded with the first request, so that a test may override
        settings before; what a server strips is stripped; a response that does not stream is closed at once.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from penstock.web.core.handlers.asgi import ASGIRequest
from penstock.web.core.handlers.base import BaseHandler
from penstock.web.core.handlers.request import LimitedStream, WSGIRequest
from penstock.web.core.signals import request_started
from penstock.web.http import HttpRequest
from penstock.web.test.payload import FakePayload
from penstock.web.utils.crossing import run_in_thread

_WITHOUT_CONTENT = frozenset({*range(100, 200), 204, 304})


def conditional_content_removal(request: HttpRequest, response: Any) -> Any:
    """Remove the body that a server would not send; return the response (RFC 9110 section 6.4.1)."""
    if request.method != "HEAD" and response.status_code not in _WITHOUT_CONTENT:
        return response
    attribute, nothing = ("streaming_content", []) if response.streaming else ("content", b"")
    setattr(response, attribute, nothing)
    return response


def closing(pieces: Iterator[bytes], close: Callable[[], None]) -> Iterator[bytes]:
    """Yield what a response streams, then close it, as a server does."""
    try:
        yield from pieces
    finally:
        close()


async def aclosing(pieces: AsyncIterator[bytes], close: Callable[[], None]) -> AsyncIterator[bytes]:
    """Yield what a response streams asynchronously, then close it."""
    try:
        async for piece in pieces:
            yield piece
    finally:
        close()


class _Handler(BaseHandler):
    """What both kinds of handler do."""

    def __init__(self, enforce_csrf_checks: bool = True, *args: Any, **kwargs: Any) -> None:
        self.enforce_csrf_checks = enforce_csrf_checks
        super().__init__(*args, **kwargs)

    def _prepare(self, request: Any) -> None:
        request._dont_enforce_csrf_checks = not self.enforce_csrf_checks

    def _finish(self, request: HttpRequest, response: Any) -> None:
        conditional_content_removal(request, response)
        if not response.streaming:
            response.close()
        elif response.is_async:
            response.streaming_content = aclosing(response.streaming_content, response.close)
        else:
            response.streaming_content = closing(response.streaming_content, response.close)


class ClientHandler(_Handler):
    """Answers an environ."""

    def __call__(self, environ: dict[str, Any]) -> Any:
        """Return the response, with the request in `wsgi_request`."""
        if self._middleware_chain is None:
            self.load_middleware()
        request_started.send(sender=self.__class__, environ=environ)
        request = WSGIRequest(environ)
        self._prepare(request)
        response: Any = self.get_response(request)
        response.wsgi_request = request
        self._finish(request, response)
        return response


class AsyncClientHandler(_Handler):
    """Answers a scope."""

    async def __call__(self, scope: dict[str, Any]) -> Any:
        """Return the response, with the request in `asgi_request`."""
        if self._middleware_chain is None:
            self.load_middleware(is_async=True)
        body = scope.pop("_body_file", None) or FakePayload(b"")
        await run_in_thread(request_started.send, is_shared=False)(sender=self.__class__, scope=scope)
        request = ASGIRequest(scope, LimitedStream(body, len(body)))
        self._prepare(request)
        response: Any = await self.get_response_async(request)
        response.asgi_request = request
        await run_in_thread(self._finish, is_shared=False)(request, response)
        return response
