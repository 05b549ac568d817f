"""Responses that are known by their status code, and Http404.

In:     what HttpResponse takes.
Out:    304, 400, 403, 404, 405, 410 and 500.
Never:  renders error pages (views/defaults.py).

Rules:  RFC 9110 section 15.4.5 (304: no body) and 15.5.6 (405: Allow).
"""

from collections.abc import Iterable
from typing import Any

from penstock.web.http.content import HttpResponse


class Http404(Exception):
    """Nothing is there: raised by views, it becomes the 404 page."""


class HttpResponseNotModified(HttpResponse):
    """304: what the client has is current."""

    status_code = 304

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._store.pop("content-type", None)  # it may have come with `headers`

    @property
    def content(self) -> bytes:
        """Empty.

        Raises:
            AttributeError: anything but nothing is assigned.
        """
        return b""

    @content.setter
    def content(self, value: object) -> None:
        if value:
            raise AttributeError("You cannot set content to a 304 (Not Modified) response")
        self._chunks = []


class HttpResponseBadRequest(HttpResponse):
    """400: the client's fault."""

    status_code = 400


class HttpResponseForbidden(HttpResponse):
    """403: not for this client."""

    status_code = 403


class HttpResponseNotFound(HttpResponse):
    """404: nothing here."""

    status_code = 404


class HttpResponseNotAllowed(HttpResponse):
    """405: not with this method.

    Args:
        permitted_methods: for Allow, in this order.
        args: as of HttpResponse.
        kwargs: as of HttpResponse.
    """

    status_code = 405

    def __init__(self, permitted_methods: Iterable[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self["Allow"] = ", ".join(permitted_methods)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self['Allow']}] status_code={self.status_code}{self._type_shown}>"


class HttpResponseGone(HttpResponse):
    """410: nothing here any more."""

    status_code = 410


class HttpResponseServerError(HttpResponse):
    """500: our fault."""

    status_code = 500
