"""A request, as views see it.

In:     what a handler's own class of request puts into it (core/handlers/request.py).
Out:    method, path, fields, cookies, form, files.
Never:  knows WSGI.

Rules:  Django's HttpRequest; RFC 9110 section 12.5.1 for Accept.
"""

import codecs
import copy
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Self

from penstock.web.conf import settings
from penstock.web.core import signing
from penstock.web.core.exceptions import DisallowedHost
from penstock.web.http.body import RawPostDataException, RequestBody, UnreadablePostError
from penstock.web.http.cookie import cookie_salt
from penstock.web.http.fields import HttpHeaders
from penstock.web.http.host import split_domain_port, validate_host
from penstock.web.http.mediatype import MediaType
from penstock.web.http.origin import RequestOrigin
from penstock.web.http.querydict import QueryDict
from penstock.web.http.session import SessionOnDemand, settle_session
from penstock.web.utils.datastructures import MultiValueDict
from penstock.web.utils.functional import cached_property
from penstock.web.utils.http import parse_header_parameters

__all__ = [
    "DisallowedHost",
    "HttpHeaders",
    "HttpRequest",
    "MediaType",
    "QueryDict",
    "RawPostDataException",
    "UnreadablePostError",
    "split_domain_port",
    "validate_host",
]

RAISE_ERROR: Final = object()


class HttpRequest(RequestOrigin, RequestBody):
    """A request.

    Attributes:
        method: upper-case; None if nobody said.
        path: the whole path, decoded.
        path_info: the part of it below the script name.
        META: the environ, or what stands for it.
        GET: the fields of the query string.
        COOKIES: values by name.
        content_type: the media type alone, lower-case.
        content_params: its parameters.
        resolver_match: the route that was taken; None before.
        urlconf: set by middleware, the URLconf to use in ROOT_URLCONF's place.
    """

    # Bound to this process: a match holds a view, the stream a connection.
    non_picklable_attrs: ClassVar[frozenset[str]] = frozenset({"resolver_match", "_stream"})

    method: str | None = None
    path: str = ""
    path_info: str = ""
    content_type: str | None = None
    resolver_match: Any = None
    urlconf: Any  # no default: that it is missing means ROOT_URLCONF, and None resets to it
    session: Any = SessionOnDemand()  # missing, unless SessionMiddleware is there

    def __init__(self) -> None:
        self.META = {}
        self.content_params: dict[str, str] | None = None
        self.COOKIES: dict[str, str] = {}
        self.GET: QueryDict = QueryDict(mutable=True)
        self.POST, self.FILES = QueryDict(mutable=True), MultiValueDict()

    def __repr__(self) -> str:
        if self.method is None or not self.get_full_path():
            return f"<{type(self).__name__}>"
        return f"<{type(self).__name__}: {self.method} {self.get_full_path()!r}>"

    def __getstate__(self) -> dict[str, Any]:
        settle_session(self)
        return {name: value for name, value in self.__dict__.items() if name not in self.non_picklable_attrs}

    def __copy__(self) -> Self:
        settle_session(self)
        duplicate = self.__class__.__new__(self.__class__)
        duplicate.__dict__.update(self.__dict__)
        return duplicate

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        duplicate = memo[id(self)] = self.__class__.__new__(self.__class__)
        for name, value in self.__dict__.items():
            # A stream is the connection's, and a match the URLconf's: there is but one of each.
            is_shared = name in self.non_picklable_attrs
            duplicate.__dict__[name] = value if is_shared else _deepcopy_unless_stream(value, memo)
        return duplicate

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        """Take the content type apart; its charset counts if it is one.

        Raises:
            ValueError: a parameter in a charset that nobody knows (RFC 2231).
        """
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        charset = self.content_params.get("charset")
        if charset is None:
            return
        try:
            codecs.lookup(charset)
        except (LookupError, ValueError):
            return
        self.encoding = charset

    @cached_property
    def headers(self) -> HttpHeaders:
        """The header fields."""
        return HttpHeaders(self.META)

    def get_signed_cookie(
        self,
        key: str,
        default: Any = RAISE_ERROR,
        salt: str = "",
        max_age: Any = None,
    ) -> Any:
        """Return the value of a cookie that `set_signed_cookie` set.

        Args:
            key: its name.
            default: what to return, if there is any, for a cookie that is missing, forged or too old.
            salt: the one it was signed with.
            max_age: seconds since it was signed, or a timedelta; None: any.

        Raises:
            KeyError: no such cookie.
            BadSignature: forged; its SignatureExpired: too old.
        """
        try:
            return _unsign(self.COOKIES[key], key, salt, max_age)
        except (KeyError, signing.BadSignature):
            if default is RAISE_ERROR:
                raise
            return default

    # What the client would rather have.

    @cached_property
    def accepted_types(self) -> list[MediaType]:
        """The types of Accept that are wanted at all, the most wanted first."""
        elements = self.headers.get("Accept", "*/*").split(",")
        types = [MediaType(element) for element in elements if element.strip()]
        wanted = [each for each in types if each.quality > 0]
        return sorted(wanted, key=lambda each: (each.quality, each.specificity), reverse=True)

    @cached_property
    def accepted_types_by_precedence(self) -> list[MediaType]:
        """The same, the most narrowly put first: the first that matches a type decides on it."""
        return sorted(self.accepted_types, key=lambda each: (each.specificity, each.quality), reverse=True)

    def accepted_type(self, media_type: str) -> MediaType | None:
        """Return the element of Accept that decides on a type, None if there is none."""
        offered = MediaType(media_type)
        return next((each for each in self.accepted_types_by_precedence if offered.match(each)), None)

    def get_preferred_type(self, media_types: Iterable[str]) -> str | None:
        """Return the type that the client wants most; of several the first, None if it wants none."""
        ranked = [(accepted, each) for each in media_types if (accepted := self.accepted_type(each))]
        if not ranked:
            return None
        return max(ranked, key=lambda pair: (pair[0].quality, pair[0].specificity))[1]

    def accepts(self, media_type: str) -> bool:
        """Tell whether the client takes a type."""
        return self.accepted_type(media_type) is not None


def _unsign(value: str, key: str, salt: str, max_age: Any) -> str:
    """Return what was signed, under the salt of now or, while settings allow it, that of old cookies."""
    try:
        return str(signing.get_cookie_signer(salt=cookie_salt(key, salt)).unsign(value, max_age=max_age))
    except signing.SignatureExpired:
        raise
    except signing.BadSignature:
        if not settings.SIGNED_COOKIE_LEGACY_SALT_FALLBACK:
            raise
        return str(signing.get_cookie_signer(salt=key + salt).unsign(value, max_age=max_age))


def _deepcopy_unless_stream(value: Any, memo: dict[int, Any]) -> Any:
    """Copy a value; of an environ the dict alone, which holds streams and the server's own objects."""
    if isinstance(value, dict) and "wsgi.input" in value:
        if id(value) not in memo:
            memo[id(value)] = dict(value)
        return memo[id(value)]
    return copy.deepcopy(value, memo)
