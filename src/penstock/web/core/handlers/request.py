"""A request as WSGI brings it.

In:     an environ.
Out:    a WSGIRequest: method and path at once, everything else when it is asked for.
Never:  reads beyond Content-Length; decides on a URLconf.

Rules:  PEP 3333: text in an environ is bytes read as latin-1; Django's paths, to the letter.

Nearly every request has an ASCII path, no script name and no body.  Such a one costs a handful of attributes.
"""

import io
import re
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.exceptions import BadRequest
from penstock.web.http.body import stated_length
from penstock.web.http.cookie import parse_cookie
from penstock.web.http.querydict import QueryDict
from penstock.web.http.request import HttpRequest
from penstock.web.utils.encoding import repercent_broken_unicode
from penstock.web.utils.functional import cached_property

_SLASHES: Final = re.compile(r"//+")


class LimitedStream(io.IOBase):
    """A stream that ends after so many bytes, whatever its source still has.

    Args:
        stream: has read and readline, both with a size.
        limit: bytes.
    """

    def __init__(self, stream: Any, limit: int) -> None:
        self._source = stream
        self._left = max(limit, 0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes, all that are left by default."""
        return self._take(self._source.read, size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read to the next line feed, or `size` bytes."""
        return self._take(self._source.readline, size)

    def _take(self, reader: Any, size: int | None) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        if not wanted:
            return b""
        taken: bytes = reader(wanted)
        self._left -= len(taken)
        return taken


class WSGIRequest(HttpRequest):
    """A request made from an environ, which is also its META.

    Raises:
        KeyError: no REQUEST_METHOD.
        UnicodeEncodeError: a path with a character that no WSGI server sends.
        UnicodeDecodeError: a script name that is not UTF-8.
        ValueError: see `HttpRequest._set_content_type_params`.
    """

    content_type = ""
    environ: dict[str, Any]

    def __init__(self, environ: dict[str, Any]) -> None:
        script_name = get_script_name(environ)
        # An empty PATH_INFO is the server's way to say that the script itself was asked for.
        path_info = get_path_info(environ) or "/"
        environ["PATH_INFO"] = path_info
        environ["SCRIPT_NAME"] = script_name
        self.environ = self.META = environ
        self.path_info = path_info
        # "//x" keeps its second slash.
        self.path = (
            path_info
            if not script_name and path_info[0] == "/"
            else f"{script_name.rstrip('/')}/{path_info.replace('/', '', 1)}"
        )
        self.method = environ["REQUEST_METHOD"].upper()
        if environ.get("CONTENT_TYPE"):
            self._set_content_type_params(environ)

    @cached_property
    def content_params(self) -> dict[str, str]:
        """The parameters of the content type: none, where there is none."""
        return {}

    @cached_property
    def _stream(self) -> Any:
        """The body, and no byte more."""
        return LimitedStream(self.environ["wsgi.input"], stated_length(self.environ))

    @cached_property
    def GET(self) -> QueryDict:
        """The fields of the query string.

        Raises:
            TooManyFieldsSent: more than DATA_UPLOAD_MAX_NUMBER_FIELDS.
            BadRequest: the content type names an encoding that is not one of text.
        """
        query = self.environ.get("QUERY_STRING", "")
        if self._encoding is None and query.isascii():
            return QueryDict(query)
        try:
            return QueryDict(query.encode("latin-1"), encoding=self._encoding)
        except (LookupError, UnicodeError):  # "base64" is a codec, and "idna" one that replaces nothing
            raise BadRequest(f"charset {self._encoding!r}; expected an encoding of text") from None

    @cached_property
    def COOKIES(self) -> dict[str, str]:
        """The cookies' values, by name."""
        field = self.environ.get("HTTP_COOKIE", "")
        if not field.isascii():
            field = field.encode("latin-1").decode("utf-8", "replace")
        return parse_cookie(field)

    def _get_scheme(self) -> Any:
        return self.environ.get("wsgi.url_scheme")


def get_path_info(environ: dict[str, Any]) -> str:
    """Return PATH_INFO, decoded; bytes that are not UTF-8 stay percent-encoded."""
    path: str = environ.get("PATH_INFO", "/")
    if path.isascii():
        return path
    return repercent_broken_unicode(path.encode("latin-1")).decode()


def get_script_name(environ: dict[str, Any]) -> str:
    """Return the part of the path that belongs to the server: where this application is mounted.

    FORCE_SCRIPT_NAME decides; else the URL before the server rewrote it, if it says so, without PATH_INFO;
    else SCRIPT_NAME.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    forced = settings.FORCE_SCRIPT_NAME
    if forced is not None:
        return forced  # type: ignore[no-any-return]  # a setting
    original = ""
    if "SCRIPT_URL" in environ or "REDIRECT_URL" in environ:
        original = environ.get("SCRIPT_URL") or environ.get("REDIRECT_URL") or ""
    if not original:
        name: str = environ.get("SCRIPT_NAME", "")
        return name if name.isascii() else name.encode("latin-1").decode()
    path_info = environ.get("PATH_INFO", "").encode("latin-1")
    # Apache squeezes slashes in PATH_INFO alone.
    squeezed = _SLASHES.sub("/", original).encode("latin-1")
    return squeezed.removesuffix(path_info).decode()
