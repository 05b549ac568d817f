"""Requests without a server.

In:     method, path, data and fields.
Out:    a WSGIRequest or an ASGIRequest, such as a server would have made.
Never:  calls a view.

Rules:  Django's RequestFactory.  All methods come down to `generic`, and that to `request`.
"""

import json
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from penstock.web.conf import settings
from penstock.web.core.handlers.asgi import ASGIRequest
from penstock.web.core.handlers.request import LimitedStream, WSGIRequest
from penstock.web.core.serializers.json import DjangoJSONEncoder
from penstock.web.http import HttpHeaders, SimpleCookie
from penstock.web.test.payload import BOUNDARY, MULTIPART_CONTENT, FakePayload, encode_multipart
from penstock.web.utils.encoding import force_bytes
from penstock.web.utils.http import urlencode

OCTETS: Final = "application/octet-stream"
JSON_CONTENT_TYPE_RE: Final = re.compile(r"application/(.+\+)?json")
CONTENT_TYPE_RE: Final = re.compile(r".*; charset=([\w-]+)")

Headers = Mapping[str, Any] | None
Query = Mapping[str, Any] | None


class RequestFactory:
    """Makes requests.

    Args:
        json_encoder: for data of requests whose content type is JSON.
        headers: fields that each request has.
        query_params: the query string that each request has.
        defaults: what each environ has, under WSGI's names.
    """

    def __init__(
        self,
        *,
        json_encoder: type[json.JSONEncoder] = DjangoJSONEncoder,
        headers: Headers = None,
        query_params: Query = None,
        **defaults: Any,
    ) -> None:
        self.errors = BytesIO()
        self.cookies: SimpleCookie = SimpleCookie()
        self.json_encoder = json_encoder
        query = {"QUERY_STRING": urlencode(query_params, doseq=True)} if query_params else {}
        self.defaults: dict[str, Any] = {**defaults, **HttpHeaders.to_wsgi_names(headers or {}), **query}

    def _cookie_field(self) -> str:
        return "; ".join(sorted(f"{each.key}={each.coded_value}" for each in self.cookies.values()))

    def _base_environ(self, **request: Any) -> dict[str, Any]:
        """Return the environ of a request: what every one has, the defaults, then its own."""
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_COOKIE": self._cookie_field(),
            "wsgi.input": FakePayload(b""),
            "wsgi.errors": self.errors,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.run_once": False,
            "wsgi.multiprocess": True,
            "wsgi.multithread": False,
            **self.defaults,
            **request,
        }

    def request(self, **request: Any) -> Any:
        """Return the request of an environ that has these variables."""
        return WSGIRequest(self._base_environ(**request))

    def generic(
        self,
        method: str,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a request of any method.

        Args:
            method: GET or the like.
            path: with a query string, maybe.
            data: the body.
            content_type: its type.
            secure: by HTTPS.
            headers: fields.
            query_params: the query string.
            extra: further variables of the environ.
        """
        target = urlsplit(str(path))
        body = force_bytes(data, settings.DEFAULT_CHARSET)
        environ: dict[str, Any] = {
            "PATH_INFO": self._get_path(target),
            "REQUEST_METHOD": method,
            "SERVER_PORT": "443" if secure else "80",
            "wsgi.url_scheme": "https" if secure else "http",
        }
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["CONTENT_TYPE"] = content_type
            environ["wsgi.input"] = FakePayload(body)
        environ.update(extra)
        if headers:
            environ.update(HttpHeaders.to_wsgi_names(headers))
        if query_params:
            environ["QUERY_STRING"] = urlencode(query_params, doseq=True)
        if not environ.get("QUERY_STRING"):
            default = self.defaults.get("QUERY_STRING", "")
            environ["QUERY_STRING"] = target.query.encode().decode("latin-1") or default
        return self.request(**environ)

    def _get_path(self, target: SplitResult) -> str:
        """Return the path as WSGI has it: decoded, its bytes as latin-1."""
        return unquote_to_bytes(target.path).decode("latin-1")

    def _encode_json(self, data: Any, content_type: str) -> Any:
        """Return JSON, if that is what the content type says and it is not encoded yet."""
        is_document = isinstance(data, (dict, list, tuple))
        if is_document and JSON_CONTENT_TYPE_RE.match(content_type):
            return json.dumps(data, cls=self.json_encoder)
        return data

    def _encode_data(self, data: Any, content_type: str) -> bytes:
        """Return a form as multipart, anything else in the charset of the content type."""
        if content_type is MULTIPART_CONTENT:
            return encode_multipart(BOUNDARY, data)
        match = CONTENT_TYPE_RE.match(content_type)
        encoded: bytes = force_bytes(data, encoding=match[1] if match else settings.DEFAULT_CHARSET)
        return encoded

    # The methods.  Arguments are those of `generic`.

    def get(
        self,
        path: object,
        data: Any = None,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a GET request; `data` is its query string.

        Raises:
            ValueError: the query string is given twice.
        """
        query = choose_query(data, query_params)
        return self.generic("GET", path, secure=secure, headers=headers, query_params=query, **extra)

    def head(
        self,
        path: object,
        data: Any = None,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a HEAD request; see `get`."""
        query = choose_query(data, query_params)
        return self.generic("HEAD", path, secure=secure, headers=headers, query_params=query, **extra)

    def trace(
        self,
        path: object,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a TRACE request."""
        return self.generic("TRACE", path, secure=secure, headers=headers, query_params=query_params, **extra)

    def post(
        self,
        path: object,
        data: Any = None,
        content_type: str = MULTIPART_CONTENT,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a POST request; `data` is a form unless the content type says otherwise.

        Raises:
            TypeError: a field is None.
        """
        document = self._encode_json({} if data is None else data, content_type)
        body = self._encode_data(document, content_type)
        fields: dict[str, Any] = {"headers": headers, "query_params": query_params}
        return self.generic("POST", path, body, content_type, secure, **fields, **extra)

    def options(
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return an OPTIONS request."""
        fields: dict[str, Any] = {"headers": headers, "query_params": query_params}
        return self.generic("OPTIONS", path, data, content_type, secure, **fields, **extra)

    def put(
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a PUT request."""
        body = self._encode_json(data, content_type)
        fields: dict[str, Any] = {"headers": headers, "query_params": query_params}
        return self.generic("PUT", path, body, content_type, secure, **fields, **extra)

    def patch(
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a PATCH request."""
        body = self._encode_json(data, content_type)
        fields: dict[str, Any] = {"headers": headers, "query_params": query_params}
        return self.generic("PATCH", path, body, content_type, secure, **fields, **extra)

    def delete(
        self,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a DELETE request."""
        body = self._encode_json(data, content_type)
        fields: dict[str, Any] = {"headers": headers, "query_params": query_params}
        return self.generic("DELETE", path, body, content_type, secure, **fields, **extra)


def choose_query(data: Any, query_params: Query) -> Any:
    """Return whichever is given; raises ValueError for both."""
    if data and query_params:
        raise ValueError("query_params and data arguments are mutually exclusive.")
    return data or query_params


class AsyncRequestFactory(RequestFactory):
    """Makes requests as an ASGI server would; `extra` and defaults are header fields, "_" for "-"."""

    def _base_scope(self, **request: Any) -> dict[str, Any]:
        """Return the scope of a request."""
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": "GET",
            "client": ["127.0.0.1", 0],
            "server": ("testserver", "80"),
            "headers": [],
            **self.defaults,
            **request,
        }
        scope["headers"].append((b"cookie", self._cookie_field().encode("ascii")))
        return scope

    def request(self, **request: Any) -> Any:
        """Return the request of a scope that has these entries."""
        body = request.pop("_body_file", None) or FakePayload(b"")
        # A server ends the body by itself; what a test gives must end, too.
        return ASGIRequest(self._base_scope(**request), LimitedStream(body, len(body)))

    def generic(
        self,
        method: str,
        path: object,
        data: Any = "",
        content_type: str = OCTETS,
        secure: bool = False,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **extra: Any,
    ) -> Any:
        """Return a request of any method; see RequestFactory."""
        target = urlsplit(str(path))
        body = force_bytes(data, settings.DEFAULT_CHARSET)
        fields = {"host": "testserver"}
        if body:
            fields.update({"content-length": str(len(body)), "content-type": content_type})
        extra = {**self.defaults, **extra, **(headers or {})}
        query = extra.pop("QUERY_STRING", None)
        for name, value in extra.items():
            fields[name.replace("_", "-").lower()] = value
        lines = [(name.encode("ascii"), str(value).encode("latin-1")) for name, value in fields.items()]
        scope: dict[str, Any] = {
            "method": method,
            "path": self._get_path(target),
            # A query of parameters without values is an empty one: the path's does not come back.
            "query_string": urlencode(query_params, doseq=True) if query_params else query or target.query,
            "server": ("127.0.0.1", "443" if secure else "80"),
            "scheme": "https" if secure else "http",
            "headers": lines,
        }
        if body:
            scope["_body_file"] = FakePayload(body)
        return self.request(**scope)
