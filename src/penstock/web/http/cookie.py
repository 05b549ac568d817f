"""Cookies: what a Cookie field says, and what Set-Cookie shall say.

In:     the value of a Cookie field; the arguments of `set_cookie`.
Out:    a dict of str; a morsel with its attributes.
Never:  signs or checks (core/signing.py); sends anything.

Rules:  RFC 6265 section 5.2, read leniently as browsers and Django do; the standard library's quoting.
"""

import datetime as dt
import re
import time
from functools import lru_cache
from http import cookies
from typing import Final

from penstock.web.utils.http import http_date

SimpleCookie = cookies.SimpleCookie

SAMESITE_VALUES: Final = frozenset({"lax", "none", "strict"})
_SECURE_PREFIXES: Final = ("__Secure-", "__Host-")
# A morsel's own looks each name up among the reserved ones; these are, and are lower-case.
_put: Final = dict.__setitem__

EPOCH: Final = "Thu, 01 Jan 1970 00:00:00 GMT"
_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


def parse_cookie(cookie: str) -> dict[str, str]:
    """Return the value of each cookie in a Cookie field, by name; of two with one name the last.

    Nothing is refused, whatever characters it has: a part without "=" is a value without a name.
    """
    jar: dict[str, str] = {}
    for part in cookie.split(";"):
        name, equals, value = part.partition("=")
        if not equals:
            name, value = "", part
        name, value = name.strip(), value.strip()
        if name or value:
            jar[name] = unquote(value) if value[:1] == '"' else value
    return jar


def unquote(value: str) -> str:
    r"""Return a quoted value without its quotes and escapes (``\"`` and ``\073``); any other as it is."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inner = value[1:-1]
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def _unescape(match: re.Match[str]) -> str:
    octal, character = match.groups()
    return chr(int(octal, 8)) if octal else character


# What a value may consist of that nobody needs to quote; the standard library leaves some more as they are.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:-]+")
_NO_ATTRIBUTES: Final = dict(cookies.Morsel[str]())
_new_morsel: Final = cookies.Morsel.__new__


def put_cookie(jar: cookies.SimpleCookie, name: str, value: str) -> cookies.Morsel[str]:
    """Put a value into a jar, as `jar[name] = value` does, and return its morsel.

    A new one with a plain value is put together by hand, in a third of the time.

    Raises:
        http.cookies.CookieError: a name that cannot be one.
    """
    if name in jar or not isinstance(value, str) or not _PLAIN.fullmatch(value) or not _may_be_a_name(name):
        jar[name] = value
        return jar[name]
    morsel: cookies.Morsel[str] = _new_morsel(cookies.Morsel)
    dict.update(morsel, _NO_ATTRIBUTES)
    state = {"key": name, "value": value, "coded_value": value}
    morsel.__setstate__(state)  # type: ignore[attr-defined]  # the way in for pickles: it checks nothing again
    _put(jar, name, morsel)
    return morsel


@lru_cache(maxsize=64)
def _may_be_a_name(name: str) -> bool:
    try:
        cookies.Morsel[str]().set(name, "", "")
    except cookies.CookieError:
        return False
    return True


def set_lifetime(
    morsel: cookies.Morsel[str],
    max_age: float | dt.timedelta | None,
    expires: dt.datetime | str | None,
) -> None:
    """Set Max-Age and expires from either of the two.

    Args:
        morsel: the cookie.
        max_age: seconds, or their difference; fractions are cut off.
        expires: a moment (without a zone: UTC), or text that is sent as it is.

    Raises:
        ValueError: both are there, and `expires` is a moment.
    """
    if isinstance(expires, dt.datetime):
        if max_age is not None:
            raise ValueError("'expires' and 'max_age' can't be used together.")
        max_age, expires = _seconds_until(expires), None
    if max_age is None:
        _put(morsel, "expires", expires or "")
        return
    seconds = int(max_age.total_seconds() if isinstance(max_age, dt.timedelta) else max_age)
    _put(morsel, "max-age", seconds)
    _put(morsel, "expires", expires or http_date(time.time() + seconds))  # for browsers that know no Max-Age


def _seconds_until(moment: dt.datetime) -> int:
    """Return the whole seconds left, rounded up: what is computed from now + 10 s must not become 9."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    left = moment - dt.datetime.now(tz=dt.UTC)
    return max(0, left.days * 86400 + left.seconds + 1)


def set_attributes(
    morsel: cookies.Morsel[str],
    *,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
) -> None:
    """Set what limits where a cookie goes; what is empty stays as it was.

    Raises:
        ValueError: a samesite other than lax, none and strict (in any case).
    """
    if path is not None:
        _put(morsel, "path", path)
    if domain is not None:
        _put(morsel, "domain", domain)
    if secure:
        _put(morsel, "secure", True)
    if httponly:
        _put(morsel, "httponly", True)
    if samesite:
        if samesite.lower() not in SAMESITE_VALUES:
            raise ValueError('samesite must be "lax", "none", or "strict".')
        _put(morsel, "samesite", samesite)


def set_cookie_field(morsel: cookies.Morsel[str]) -> str:
    """Return the value of Set-Cookie: what `Morsel.OutputString` returns, in half its time.

    That one sorts all attributes of each cookie, empty ones included; here they stand in that order.
    """
    get = morsel.get
    expires = get("expires")
    if get("comment") or get("version") or get("partitioned") or expires.__class__ is not str:
        return morsel.OutputString()
    field = f"{morsel.key}={morsel.coded_value}"
    if (domain := get("domain")) != "":
        field += f"; Domain={domain}"
    if expires != "":
        field += f"; expires={expires}"
    if get("httponly"):
        field += "; HttpOnly"
    if (max_age := get("max-age")) != "":
        field += f"; Max-Age={max_age}"
    if (path := get("path")) != "":
        field += f"; Path={path}"
    if (samesite := get("samesite")) != "":
        field += f"; SameSite={samesite}"
    return f"{field}; Secure" if get("secure") else field


def must_be_secure(name: str, samesite: str | None) -> bool:
    """Tell whether browsers ignore a cookie of that name and reach unless it is secure."""
    return name.startswith(_SECURE_PREFIXES) or (samesite is not None and samesite.lower() == "none")


def cookie_salt(key: str, salt: str) -> str:
    """Return the salt under which a cookie is signed.

    The length keeps ("ab", "c") and ("a", "bc") apart, which one name and salt after the other would not.
    """
    return f"django.http.cookies.v2:{len(salt)}:{salt}{key}"
