"""What every response has before its body: status, header fields, cookies, and what to close afterwards.

In:     status, fields and cookies as views and middleware set them.
Out:    `header_list` for start_response.
Never:  holds a body (content.py, streaming.py) or sends one.

Rules:  Django's HttpResponseBase; PEP 3333 for the list; RFC 9110 section 15 for status codes.

What most responses never touch costs nothing: cookies, the headers object and the reason are made when asked
for, and stand as None in the class until then.
"""

import datetime as dt
import re
from collections.abc import Callable, ItemsView, Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, NoReturn, Self

from penstock.web.conf import settings
from penstock.web.core import signing
from penstock.web.core.context import URLCONF
from penstock.web.core.signals import request_finished
from penstock.web.http.cookie import (
    EPOCH,
    SimpleCookie,
    cookie_salt,
    must_be_secure,
    put_cookie,
    set_attributes,
    set_cookie_field,
    set_lifetime,
)
from penstock.web.http.headers import ResponseHeaders, Store, check_value, set_field
from penstock.web.http.status import REASONS, UNKNOWN_REASON, parse_status

_CHARSET: Final = re.compile(r";\s*charset=([^\s;]+)", re.IGNORECASE)


@lru_cache(maxsize=64)
def html_type(charset: str) -> tuple[str, str]:
    """Return the Content-Type field of HTML in a charset."""
    return "Content-Type", check_value(f"text/html; charset={charset}")


@lru_cache(maxsize=256)
def type_field(content_type: str) -> tuple[str, str]:
    """Return the Content-Type field of a content type; raises BadHeaderError."""
    return "Content-Type", check_value(content_type)


@lru_cache(maxsize=256)
def stated_charset(content_type: str) -> str | None:
    """Return the charset that a Content-Type states; None without one."""
    match = _CHARSET.search(content_type)
    return match[1].replace('"', "") if match else None


class HttpResponseBase:
    """A response without a body: status, header fields and cookies, used as a dict of its fields.

    Attributes:
        status_code: 200 unless said otherwise.
        closed: `close` was called.
        streaming: the body is made while it is sent.
    """

    status_code: int = 200
    closed: bool = False
    streaming: bool = False
    # The test client and the handler hang these on a response; a cache must not keep them.
    non_picklable_attrs: ClassVar[frozenset[str]] = frozenset(
        {"client", "context", "json", "resolver_match", "templates"}
    )

    _store: Store
    _cookies: SimpleCookie | None = None
    _headers: ResponseHeaders | None = None
    _reason_phrase: str | None = None
    _charset: str | None = None
    _handler_class: type | None = None
    _resource_closers: list[Callable[[], object]]

    def __init__(
        self,
        content_type: str | None = None,
        status: int | str | None = None,
        reason: str | None = None,
        charset: str | None = None,
        headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None,
    ) -> None:
        self._resource_closers = []
        if headers is None and content_type is None and charset is None:
            self._store = {"content-type": html_type(settings.DEFAULT_CHARSET)}
        else:
            self._begin_fields(content_type, charset, headers)
        if status is not None:
            self.status_code = parse_status(status)
        if reason is not None:
            self._reason_phrase = reason

    def _begin_fields(
        self,
        content_type: str | None,
        charset: str | None,
        headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None,
    ) -> None:
        """Set the fields that construction asks for, and a Content-Type.

        Raises:
            ValueError: the Content-Type is given twice.
        """
        self._charset = charset
        self._store = ResponseHeaders(headers)._store if headers else {}
        if "content-type" not in self._store:
            if content_type is None:
                self._store["content-type"] = html_type(self.charset)
            else:
                self._store["content-type"] = type_field(content_type)
        elif content_type:
            raise ValueError(
                "'headers' must not contain 'Content-Type' when the 'content_type' parameter is provided."
            )

    # Status.

    @property
    def reason_phrase(self) -> str:
        """The words after the status code; those of the standard unless set."""
        if self._reason_phrase is not None:
            return self._reason_phrase
        return REASONS.get(self.status_code, UNKNOWN_REASON)

    @reason_phrase.setter
    def reason_phrase(self, value: str) -> None:
        self._reason_phrase = value

    # Header fields.

    @property
    def headers(self) -> ResponseHeaders:
        """The header fields; a mapping given in their stead is checked and taken over."""
        headers = self._headers
        if headers is None:
            headers = self._headers = ResponseHeaders.over(self._store)
        return headers

    @headers.setter
    def headers(self, value: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> None:
        self._headers = value if isinstance(value, ResponseHeaders) else ResponseHeaders(value)
        self._store = self._headers._store

    def __getitem__(self, header: str) -> str:
        return self._store[header.lower()][1]

    def __setitem__(self, header: str | bytes, value: object) -> None:
        set_field(self._store, header, value)

    def __delitem__(self, header: str) -> None:
        self._store.pop(header.lower(), None)

    def __contains__(self, header: str) -> bool:
        return header.lower() in self._store

    def has_header(self, header: str) -> bool:
        """Tell whether a field is there, in any case."""
        return header.lower() in self._store

    def get(self, header: str, alternate: Any = None) -> Any:
        """Return the value of a field, else `alternate`."""
        pair = self._store.get(header.lower())
        return alternate if pair is None else pair[1]

    def items(self) -> ItemsView[str, str]:
        """Return (name, value) for each field; cookies are not among them."""
        return self.headers.items()

    def setdefault(self, key: str, value: object) -> None:
        """Set a field unless it is there."""
        if key.lower() not in self._store:
            set_field(self._store, key, value)

    def header_list(self) -> list[tuple[str, str]]:
        """Return the fields for start_response: in order of setting, then a Set-Cookie for each cookie."""
        if self._cookies is None:
            return [*self._store.values()]
        # The leading space is Django's; a server strips it.
        cookies = [("Set-Cookie", f" {set_cookie_field(morsel)}") for morsel in self._cookies.values()]
        return [*self._store.values(), *cookies]

    def serialize_headers(self) -> bytes:
        """Return the fields as they stand in a message, without the empty line."""
        lines = [f"{name}: {value}".encode("latin-1") for name, value in self._store.values()]
        return b"\r\n".join(lines)

    __bytes__ = serialize_headers

    @property
    def charset(self) -> str:
        """The charset of the body: set, else that of the Content-Type, else DEFAULT_CHARSET."""
        if self._charset is not None:
            return self._charset
        pair = self._store.get("content-type")
        return (pair and stated_charset(pair[1])) or settings.DEFAULT_CHARSET

    @charset.setter
    def charset(self, value: str | None) -> None:
        self._charset = value

    @property
    def _type_shown(self) -> str:
        pair = self._store.get("content-type")
        return f', "{pair[1]}"' if pair else ""

    # Cookies.

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies to set, by name."""
        jar = self._cookies
        if jar is None:
            jar = self._cookies = SimpleCookie()
        return jar

    @cookies.setter
    def cookies(self, value: SimpleCookie) -> None:
        self._cookies = value

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: float | dt.timedelta | None = None,
        expires: dt.datetime | str | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
    ) -> None:
        """Set a cookie; of one that was set before, the attributes not given here stay.

        Args:
            key: its name.
            value: its value; quoted where need be.
            max_age: seconds to live, or a timedelta; sets expires, too.
            expires: a moment, or its text; a moment becomes a max_age.
            path: where it is sent; None leaves it out.
            domain: to which hosts; None means this host alone.
            secure: over HTTPS alone.
            httponly: hidden from scripts.
            samesite: "Lax", "Strict" or "None".

        Raises:
            ValueError: a moment and a max_age; an unknown samesite.
            http.cookies.CookieError: a name that cannot be one.
        """
        morsel = put_cookie(self.cookies, key, value)
        set_lifetime(morsel, max_age, expires)
        set_attributes(morsel, path=path, domain=domain, secure=secure, httponly=httponly, samesite=samesite)

    def set_signed_cookie(self, key: str, value: str, salt: str = "", **attributes: Any) -> None:
        """Set a cookie that `HttpRequest.get_signed_cookie` reads; further arguments are `set_cookie`'s."""
        signed = signing.get_cookie_signer(salt=cookie_salt(key, salt)).sign(value)
        self.set_cookie(key, signed, **attributes)

    def delete_cookie(
        self, key: str, path: str = "/", domain: str | None = None, samesite: str | None = None
    ) -> None:
        """Make the browser forget a cookie; path and domain are those it was set with."""
        secure = must_be_secure(key, samesite)
        self.set_cookie(
            key, max_age=0, expires=EPOCH, path=path, domain=domain, secure=secure, samesite=samesite
        )

    # Its life, and the file interface.

    def close(self) -> None:
        """Close what the response was made from, forget the URLconf, then say that the request is over.

        A closer's exception is swallowed: the client has its answer.
        """
        closers = self._resource_closers
        while closers:
            try:  # noqa: SIM105 - each request comes by, and suppress() costs twice what all of this does
                closers.pop(0)()
            except Exception:  # noqa: BLE001, S110 - nobody is left whom it could help
                pass
        self.closed = True
        if URLCONF.get() is not None:
            URLCONF.set(None)
        if request_finished.receivers:
            request_finished.send(sender=self._handler_class)

    def write(self, content: bytes | str) -> object:
        """Refuse: there is no body to write to."""
        self._refuse_writing(content)

    def writelines(self, lines: Iterable[bytes | str]) -> None:
        """Refuse, likewise."""
        self._refuse_writing(lines)

    def _refuse_writing(self, _content: object) -> NoReturn:
        raise OSError(f"This {type(self).__name__} instance is not writable")

    def tell(self) -> int:
        """Refuse: a body that is not held has no position."""
        raise OSError(f"This {type(self).__name__} instance cannot tell its position")

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def readable(self) -> bool:
        """Tell the file interface that this is not for reading."""
        return False

    def seekable(self) -> bool:
        """Tell the file interface that there is no seeking."""
        return False

    def writable(self) -> bool:
        """Tell the file interface whether `write` works."""
        return False

    def make_bytes(self, value: object) -> bytes:
        """Return a piece of the body as bytes: text in the charset, anything else by its str()."""
        if isinstance(value, (bytes, memoryview)):
            return bytes(value)
        return str(value).encode(self.charset)

    def __copy__(self) -> Self:
        duplicate = self.__class__.__new__(self.__class__)
        duplicate.__dict__.update(self.__dict__)
        return duplicate

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in self.non_picklable_attrs}
        state["_resource_closers"] = []  # they close what this process opened
        return state
