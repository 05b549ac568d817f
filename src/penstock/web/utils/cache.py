"""The headers by which caches decide, and the keys under which we keep responses.

In:     a request, a response, a number of seconds.
Out:    changed headers; 304 or 412 where a condition says so; keys.
Never:  stores a response (middleware/cache.py does).

Rules:  RFC 9110 section 13 (conditional requests) and 12.5.5 (Vary), RFC 9111 section 5.2 (Cache-Control).
        A key is made of the method, the address and the values of the headers that Vary names; a header that
        is absent is not one that is empty.
"""

import hashlib
import re
import time
from collections.abc import Iterable
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.utils.http import http_date, parse_etags, parse_http_date_safe, quote_etag
from penstock.web.utils.log import log_response

cc_delim_re: Final = re.compile(r"\s*,\s*")
# RFC 9110 section 15.4.5, and Last-Modified as Django has it.
_KEPT_BY_304: Final = (
    "Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Last-Modified", "Vary",
)  # fmt: skip


# -- Cache-Control, Expires, Vary ------------------------------------------------------------------


def patch_cache_control(response: Any, **kwargs: Any) -> None:
    """Add directives to Cache-Control; "_" in a name means "-", True means a directive without a value.

    The smaller of two max-ages stays, and of private and public the one that is asked for.  `no_cache` twice,
    with field names, keeps all of the names.
    """
    directives = _directives(response.get("Cache-Control", ""))
    _keep_smaller_age(directives, kwargs)
    for visibility, other in (("private", "public"), ("public", "private")):
        if visibility in kwargs:
            directives.pop(other, None)
    for name, value in kwargs.items():
        _set_directive(directives, name.replace("_", "-"), value)
    response.headers["Cache-Control"] = ", ".join(
        written for name, value in directives.items() for written in _written(name, value)
    )


def _directives(header: str) -> dict[str, Any]:
    """Values by lower-case name; True for none; a dict of them for no-cache, which may come twice."""
    directives: dict[str, Any] = {}
    for item in cc_delim_re.split(header) if header else ():
        name, equals, value = item.partition("=")
        _set_directive(directives, name.lower(), value if equals else True)
    return directives


def _set_directive(directives: dict[str, Any], name: str, value: Any) -> None:
    if name == "no-cache":
        directives.setdefault(name, {})[value] = None
    else:
        directives[name] = value


def _written(name: str, value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [name if value is True else f"{name}={value}"]
    if True in value:  # without a field name it forbids everything, so the names say nothing more
        return [name]
    return [f"{name}={field}" for field in value]


def _keep_smaller_age(directives: dict[str, Any], kwargs: dict[str, Any]) -> None:
    if "max-age" in directives and "max_age" in kwargs:
        try:
            kwargs["max_age"] = min(int(directives["max-age"]), kwargs["max_age"])
        except ValueError:
            return  # what stands there is no number: it is replaced


def get_max_age(response: Any) -> int | None:
    """The seconds that Cache-Control's max-age says, or None."""
    if not response.has_header("Cache-Control"):
        return None
    try:
        return int(_directives(response.headers["Cache-Control"])["max-age"])
    except (KeyError, TypeError, ValueError):
        return None


def patch_response_headers(response: Any, cache_timeout: float | None = None) -> None:
    """Set Expires, unless it is set, and max-age to seconds from now, CACHE_MIDDLEWARE_SECONDS by default."""
    seconds = settings.CACHE_MIDDLEWARE_SECONDS if cache_timeout is None else cache_timeout
    seconds = max(0, seconds)
    if not response.has_header("Expires"):
        response.headers["Expires"] = http_date(time.time() + seconds)
    patch_cache_control(response, max_age=seconds)


def add_never_cache_headers(response: Any) -> None:
    """Say that no cache may keep it."""
    patch_response_headers(response, cache_timeout=-1)
    patch_cache_control(response, no_cache=True, no_store=True, must_revalidate=True, private=True)


def patch_vary_headers(response: Any, newheaders: Iterable[str]) -> None:
    """Add names to Vary, unless they are there in any case; "*" stands alone."""
    value = response.get("Vary")
    names = list(newheaders)
    if value is not None:
        present = cc_delim_re.split(value)
        known = {name.lower() for name in present}
        names = present + [name for name in names if name.lower() not in known]
    response["Vary"] = "*" if "*" in names else ", ".join(names)


def has_vary_header(response: Any, header_query: str) -> bool:
    """Tell whether Vary names a header."""
    if not response.has_header("Vary"):
        return False
    return header_query.lower() in {name.lower() for name in cc_delim_re.split(response.headers["Vary"])}


# -- conditional requests --------------------------------------------------------------------------


def set_response_etag(response: Any) -> Any:
    """Give a response with content an ETag, a digest of it."""
    if not response.streaming and response.content:
        digest = hashlib.md5(response.content, usedforsecurity=False).hexdigest()
        response.headers["ETag"] = quote_etag(digest)
    return response


def get_conditional_response(
    request: Any, etag: str | None = None, last_modified: int | None = None, response: Any = None
) -> Any:
    """The response, or 304 or 412 instead of it where the request's conditions say so.

    Args:
        request: its If-* fields are looked at, in the order of RFC 9110 section 13.2.2.
        etag: of what would be sent, quoted.
        last_modified: of the same, in seconds since the epoch.
        response: what would be sent, or None if that is not known yet.
    """
    if response is not None and not 200 <= response.status_code < 300:
        return response  # section 13.2.1: conditions concern what would have succeeded
    field = request.META.get
    if_match, if_none_match = (
        parse_etags(field(name, "")) for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
    )
    modified, unmodified = (
        parse_http_date_safe(field(name) or None)
        for name in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")
    )
    if if_match and not _matches_strongly(etag, if_match):  # step 1
        return _precondition_failed(request)
    if not if_match and unmodified and not (last_modified and last_modified <= unmodified):  # step 2
        return _precondition_failed(request)
    if if_none_match:  # step 3
        return (
            response
            if not _matches_weakly(etag, if_none_match)
            else _not_modified_or_failed(request, response)
        )
    is_unchanged = last_modified and modified and last_modified <= modified
    if is_unchanged and request.method in ("GET", "HEAD"):  # step 4
        return _not_modified(response)
    return response


def _matches_strongly(etag: str | None, tags: list[str]) -> bool:
    """Section 8.8.3.2: a weak tag equals nothing."""
    if not etag:
        return False
    return tags == ["*"] or (not etag.startswith("W/") and etag in tags)


def _matches_weakly(etag: str | None, tags: list[str]) -> bool:
    """Section 8.8.3.2: W/ is looked past."""
    if not etag:
        return False
    return tags == ["*"] or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in tags}


def _not_modified_or_failed(request: Any, response: Any) -> Any:
    if request.method in ("GET", "HEAD"):
        return _not_modified(response)
    return _precondition_failed(request)


def _not_modified(response: Any = None) -> Any:
    from penstock.web.http import HttpResponseNotModified

    made = HttpResponseNotModified()
    if response is not None:
        for name in _KEPT_BY_304:
            if name in response:
                made.headers[name] = response.headers[name]
        made.cookies = response.cookies
    return made


def _precondition_failed(request: Any) -> Any:
    from penstock.web.http import HttpResponse

    response = HttpResponse(status=412)
    log_response("Precondition Failed: %s", request.path, response=response, request=request)
    return response


# -- keys ------------------------------------------------------------------------------------------


def get_cache_key(
    request: Any, key_prefix: str | None = None, method: str = "GET", cache: Any = None
) -> str | None:
    """The key of a request's response, or None while it is not known which headers it depends on."""
    prefix = settings.CACHE_MIDDLEWARE_KEY_PREFIX if key_prefix is None else key_prefix
    headers = _store(cache).get(_headers_key(request, prefix))
    return None if headers is None else _page_key(request, method, headers, prefix)


def learn_cache_key(
    request: Any,
    response: Any,
    cache_timeout: float | None = None,
    key_prefix: str | None = None,
    cache: Any = None,
) -> str:
    """The key to keep a response under; the headers that it depends on are kept, too."""
    prefix = settings.CACHE_MIDDLEWARE_KEY_PREFIX if key_prefix is None else key_prefix
    seconds = settings.CACHE_MIDDLEWARE_SECONDS if cache_timeout is None else cache_timeout
    headers = sorted(_varying(response)) if response.has_header("Vary") else []
    _store(cache).set(_headers_key(request, prefix), headers, seconds)
    return _page_key(request, request.method, headers, prefix)


def _varying(response: Any) -> set[str]:
    """The META keys of the headers in Vary, without Accept-Language where keys have the language."""
    names = {name.upper().replace("-", "_") for name in cc_delim_re.split(response.headers["Vary"])}
    return {f"HTTP_{name}" for name in names if not (settings.USE_I18N and name == "ACCEPT_LANGUAGE")}


def _store(cache: Any) -> Any:
    if cache is not None:
        return cache
    from penstock.web.core.cache import caches

    return caches[settings.CACHE_MIDDLEWARE_ALIAS]


def _headers_key(request: Any, prefix: str) -> str:
    return f"penstock.page.headers.{prefix}.{_digest([request.build_absolute_uri()])}{_place(request)}"


def _page_key(request: Any, method: str | None, headers: list[str], prefix: str) -> str:
    values = [f"{name}={request.META[name]}" for name in headers if name in request.META]
    address = _digest([request.build_absolute_uri()])
    return f"penstock.page.{prefix}.{method}.{address}.{_digest(values)}{_place(request)}"


def _digest(parts: list[str]) -> str:
    # A length before each part: no two lists of parts look alike when joined.
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.md5(joined.encode(errors="surrogateescape"), usedforsecurity=False).hexdigest()


def _place(request: Any) -> str:
    """Language and time zone, where pages depend on them."""
    place = ""
    if settings.USE_I18N:
        from penstock.web.utils.translation import get_language

        place += f".{getattr(request, 'LANGUAGE_CODE', get_language())}"
    if settings.USE_TZ:
        from penstock.web.utils.timezone import get_current_timezone_name

        place += f".{get_current_timezone_name()}"
    return place
