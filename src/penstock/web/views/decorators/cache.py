"""Caching of one view: here, and what is said to browsers and proxies.

In:     a view.
Out:    a view whose answers are kept, or say how they may be.
Never:  keeps what the middleware would not keep (middleware/cache.py).
Rules:  Django's.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from penstock.web.middleware.cache import CacheMiddleware
from penstock.web.utils.cache import add_never_cache_headers, patch_cache_control
from penstock.web.utils.decorators import decorator_from_middleware_with_args
from penstock.web.views.decorators.around import around, require_request

V = TypeVar("V", bound="Callable[..., Any]")


def cache_page(
    timeout: float | None, *, cache: str | None = None, key_prefix: str | None = None
) -> Callable[[V], V]:
    """Keep the view's answers for `timeout` seconds in the cache `cache`; `key_prefix` tells sites apart."""
    decorate: Callable[[V], V] = decorator_from_middleware_with_args(CacheMiddleware)(
        page_timeout=timeout, cache_alias=cache, key_prefix=key_prefix
    )
    return decorate


def cache_control(**kwargs: Any) -> Callable[[V], V]:
    """Set directives of Cache-Control: `cache_control(max_age=60, private=True)`."""

    def label(_request: Any, response: Any, /) -> None:
        patch_cache_control(response, **kwargs)

    check = functools.partial(require_request, "cache_control")
    return lambda view: around(view, before=check, after=label)


def never_cache(view_func: V) -> V:
    """Say that nobody may keep the answer."""

    def label(_request: Any, response: Any, /) -> None:
        add_never_cache_headers(response)

    return around(view_func, before=functools.partial(require_request, "never_cache"), after=label)
