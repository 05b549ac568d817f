"""The methods of a client: one question each.

In:     method, path, data and fields.
Out:    what `_ask` of the client makes of a Question.
Never:  knows whether the client waits.
"""

from dataclasses import dataclass, field
from typing import Any

from penstock.web.test.factory import OCTETS, Headers, Query, RequestFactory
from penstock.web.test.payload import MULTIPART_CONTENT


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asks.

    Attributes:
        method: lower-case.
        path: with a query string, maybe.
        data: the query of GET and HEAD, the body of others.
        content_type: of the body; None for methods without one.
        secure: by HTTPS.
        follow: go where redirects lead.
        headers: fields.
        query_params: the query string.
        extra: further variables.
    """

    method: str
    path: object
    data: Any = None
    content_type: str | None = None
    secure: bool = False
    follow: bool = False
    headers: Headers = None
    query_params: Query = None
    extra: dict[str, Any] = field(default_factory=dict)


class ClientMethods(RequestFactory):
    """A factory whose requests are sent."""

    extra: Any
    headers: Any

    def _ask(self, question: Question) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _ask()")

    def _send(self, question: Question) -> Any:
        """Send one question, by the factory's method of that name; it ends in `request`."""
        named: dict[str, Any] = {"secure": question.secure, "headers": question.headers, **question.extra}
        if question.method != "trace":
            named["data"] = question.data
        if question.content_type is not None:
            named["content_type"] = question.content_type
        if question.query_params is not None:
            named["query_params"] = question.query_params
        # Assertions repeat a request with the same fields.
        self.extra, self.headers = question.extra, question.headers
        factory_method = getattr(super(), question.method)
        return factory_method(question.path, **named)

    # Arguments: see Question.

    def get(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = None,
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """GET a path; `data` is the query string."""
        return self._ask(Question("get", path, data, None, secure, follow, headers, query_params, extra))

    def head(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = None,
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """HEAD of a path; see `get`."""
        return self._ask(Question("head", path, data, None, secure, follow, headers, query_params, extra))

    def trace(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = "",
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """TRACE a path; `data` is not sent (RFC 9110 section 9.3.8)."""
        return self._ask(Question("trace", path, data, None, secure, follow, headers, query_params, extra))

    def post(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = None,
        content_type: str = MULTIPART_CONTENT,
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """POST a form, or what the content type says."""
        return self._ask(
            Question("post", path, data, content_type, secure, follow, headers, query_params, extra)
        )

    def options(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """OPTIONS of a path."""
        return self._ask(
            Question("options", path, data, content_type, secure, follow, headers, query_params, extra)
        )

    def put(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """PUT a body."""
        return self._ask(
            Question("put", path, data, content_type, secure, follow, headers, query_params, extra)
        )

    def patch(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """PATCH with a body."""
        return self._ask(
            Question("patch", path, data, content_type, secure, follow, headers, query_params, extra)
        )

    def delete(  # type: ignore[override]  # with `follow`
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        follow: bool = False,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """DELETE a path, with a body, maybe."""
        return self._ask(
            Question("delete", path, data, content_type, secure, follow, headers, query_params, extra)
        )
