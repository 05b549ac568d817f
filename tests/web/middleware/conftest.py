"""Requests and answers for tests of one middleware at a time."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from penstock.web.core.handlers.wsgi import WSGIRequest
from penstock.web.http import HttpResponse


@pytest.fixture
def make_request() -> Callable[..., WSGIRequest]:
    """`make_request("/a/?q=1", method="POST", secure=True, HTTP_X="y")`."""

    def make(
        location: str = "/", *, method: str = "GET", secure: bool = False, body: bytes = b"", **meta: Any
    ) -> WSGIRequest:
        path, _, query = location.partition("?")
        return WSGIRequest(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "SERVER_NAME": "testserver",
                "SERVER_PORT": "443" if secure else "80",
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.url_scheme": "https" if secure else "http",
                "wsgi.input": io.BytesIO(body),
                **meta,
            }
        )

    return make


@pytest.fixture
def answer() -> Callable[..., Callable[[Any], HttpResponse]]:
    """`answer(b"body", status=404)` is a get_response with a new response for each call."""
    return lambda *args, **kwargs: lambda _request: HttpResponse(*args, **kwargs)
