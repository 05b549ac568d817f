"""A request as ASGI tells of it: what `AsyncRequestFactory` and `AsyncClient` give to async views.

There is no ASGI handler here: the project's server speaks WSGI, where async views run as well.

In:     an HTTP scope and a file with the body.
Out:    an HttpRequest.
Never:  awaits anything.

Rules:  the ASGI HTTP specification 2.x; Django's ASGIRequest: META is what a WSGI environ would be.
"""

from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.http import HttpRequest, QueryDict, parse_cookie
from penstock.web.utils.functional import cached_property

UNPREFIXED: Final = {"content-length": "CONTENT_LENGTH", "content-type": "CONTENT_TYPE"}

# What a view may ask a WSGI server about.
_SERVER: Final = {"wsgi.multithread": True, "wsgi.multiprocess": True}


def get_script_prefix(scope: dict[str, Any]) -> str:
    """Return where the site is mounted: FORCE_SCRIPT_NAME, else what the server says."""
    return str(settings.FORCE_SCRIPT_NAME or scope.get("root_path") or "")


class ASGIRequest(HttpRequest):
    """A request made from an ASGI scope; the path there is the whole path, mounting point included.

    Raises:
        ValueError: a parameter of the content type in a charset that nobody knows.
    """

    content_type = ""

    def __init__(self, scope: dict[str, Any], body_file: Any) -> None:
        self.scope = scope
        self.path = scope["path"]
        self.script_name = get_script_prefix(scope)
        self.path_info = self.path.removeprefix(self.script_name)
        self.method = scope["method"].upper()
        self.META = {**_SERVER, **_addresses(scope), **_fields(scope.get("headers", ()))}
        self.META.update(REQUEST_METHOD=self.method, SCRIPT_NAME=self.script_name, PATH_INFO=self.path_info)
        self.META["QUERY_STRING"] = _text(scope.get("query_string", ""))
        self._set_content_type_params(self.META)
        self._stream = body_file

    @cached_property
    def GET(self) -> QueryDict:
        """The fields of the query string."""
        return QueryDict(self.META["QUERY_STRING"])  # as Django has it: whatever charset the body is in

    @cached_property
    def COOKIES(self) -> dict[str, str]:
        """The cookies' values, by name."""
        return parse_cookie(self.META.get("HTTP_COOKIE", ""))

    def _get_scheme(self) -> str:
        return self.scope.get("scheme") or super()._get_scheme()

    def close(self) -> None:
        """Close the uploaded files and the body."""
        super().close()
        self._stream.close()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _addresses(scope: dict[str, Any]) -> dict[str, str]:
    server = scope.get("server") or ("unknown", "0")
    meta = {"SERVER_NAME": server[0], "SERVER_PORT": str(server[1])}
    if scope.get("client"):
        address, port = scope["client"]
        meta.update(REMOTE_ADDR=address, REMOTE_HOST=address, REMOTE_PORT=port)
    return meta


def _fields(headers: Any) -> dict[str, str]:
    """Return the header fields under the names they have in an environ; those of one name are joined."""
    meta: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if "_" in name:
            continue  # in META it could not be told from the name with a hyphen
        key = UNPREFIXED.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        if key in meta:
            value = meta[key] + ("; " if key == "HTTP_COOKIE" else ",") + value
        meta[key] = value
    return meta
