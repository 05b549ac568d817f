"""Whole pages from the cache.

In:     GET and HEAD requests; responses with status 200 and 304.
Out:    the page as it was kept, or one that is kept for the next.
Never:  keeps what streams, is private, sets a cookie that its Vary depends on, or must not be stored.

Rules:  Django's cache middleware; RFC 9111 for Cache-Control and Vary.  UpdateCacheMiddleware stands
        outside of whatever changes the response, FetchFromCacheMiddleware inside of whatever changes the
        request; CacheMiddleware is both, for sites and decorators that need no third between them.
"""

import time
from typing import Any, cast

from penstock.web.conf import settings
from penstock.web.core.cache import DEFAULT_CACHE_ALIAS, caches
from penstock.web.http import HttpRequest
from penstock.web.http.response import HttpResponseBase
from penstock.web.utils.cache import (
    get_cache_key,
    get_max_age,
    has_vary_header,
    learn_cache_key,
    patch_response_headers,
)
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.http import parse_http_date_safe

PRIVATE = ("private", "no-cache", "no-store")


class _CacheUser(MiddlewareMixin):
    """What both halves know: which cache, and which part of it."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.cache_alias = settings.CACHE_MIDDLEWARE_ALIAS
        self.key_prefix = settings.CACHE_MIDDLEWARE_KEY_PREFIX

    @property
    def cache(self) -> Any:
        """The cache of this thread."""
        return caches[self.cache_alias]


class UpdateCacheMiddleware(_CacheUser):
    """Keeps responses; must come first in MIDDLEWARE, to see them last."""

    page_timeout: Any = None

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.cache_timeout = settings.CACHE_MIDDLEWARE_SECONDS

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Keep the response if the request asked for that and the response allows it."""
        if not getattr(request, "_cache_update_cache", False) or not _may_be_kept(request, response):
            return response
        timeout = self._timeout(response)
        if timeout == 0:
            return response
        patch_response_headers(response, timeout)
        if timeout and response.status_code == 200:
            self._keep(request, response, timeout)
        return response

    def _timeout(self, response: HttpResponseBase) -> Any:
        """Seconds: what the page says, else what the response says, else what the site says."""
        if self.page_timeout is not None:
            return self.page_timeout
        max_age = get_max_age(response)
        return self.cache_timeout if max_age is None else max_age

    def _keep(self, request: HttpRequest, response: Any, timeout: Any) -> None:
        key = learn_cache_key(request, response, timeout, self.key_prefix, cache=self.cache)
        if callable(getattr(response, "render", None)):
            response.add_post_render_callback(lambda rendered: self.cache.set(key, rendered, timeout))
        else:
            self.cache.set(key, response, timeout)


def _may_be_kept(request: HttpRequest, response: Any) -> bool:
    if response.streaming or response.status_code not in (200, 304):
        return False
    # The first visit sets a cookie: what is kept of it would be given to everyone.
    if not request.COOKIES and response.cookies and has_vary_header(response, "Cookie"):
        return False
    control = response.get("Cache-Control", "").lower()
    return not any(directive in control for directive in PRIVATE) and not has_vary_header(response, "*")


class FetchFromCacheMiddleware(_CacheUser):
    """Answers from the cache; must come last in MIDDLEWARE."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Return the page that was kept for such a request; note whether its answer is to be kept."""
        state: Any = request  # other middleware reads the mark by this name
        state._cache_update_cache = False
        if request.method not in ("GET", "HEAD"):
            return None
        response = self._kept(request, "GET")
        if response is None and request.method == "HEAD":
            response = self._kept(request, "HEAD")
        state._cache_update_cache = response is None
        return response

    def _kept(self, request: HttpRequest, method: str) -> HttpResponseBase | None:
        key = get_cache_key(request, self.key_prefix, method, cache=self.cache)
        if key is None:
            return None
        return cast("HttpResponseBase | None", _with_age(self.cache.get(key)))


def _with_age(response: Any) -> Any:
    """Say for how long the response has been kept already, as RFC 9111 section 5.1 asks."""
    if response is None or "Expires" not in response:
        return response
    max_age = get_max_age(response)
    expires = parse_http_date_safe(response["Expires"])
    if max_age is not None and expires is not None:
        remaining = expires - int(time.time())
        response["Age"] = max(0, max_age - remaining)
    return response


class CacheMiddleware(UpdateCacheMiddleware, FetchFromCacheMiddleware):
    """Both halves in one, for sites of one cache and for decorators.

    Args:
        get_response: the rest of the site, or a view.
        page_timeout: seconds, above anything a response says.
        cache_timeout: seconds, where neither page nor response says anything.
        key_prefix: tells sites that share a cache apart; None and "" are both no prefix.
        cache_alias: one of CACHES; None is the default one.
    """

    def __init__(self, get_response: Any, page_timeout: Any = None, **kwargs: Any) -> None:
        super().__init__(get_response)
        if "key_prefix" in kwargs:
            self.key_prefix = kwargs["key_prefix"] or ""
        if "cache_alias" in kwargs:
            self.cache_alias = kwargs["cache_alias"] or DEFAULT_CACHE_ALIAS
        if "cache_timeout" in kwargs:
            self.cache_timeout = kwargs["cache_timeout"]
        self.page_timeout = page_timeout
