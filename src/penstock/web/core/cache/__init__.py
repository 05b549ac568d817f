"""Caches by alias, one object per thread, made at the first use.

In:     CACHES.
Out:    `caches[alias]`, and `cache`, which is `caches["default"]`.
Never:  shares a backend object between threads: some hold a connection.  What they keep may be shared.

Rules:  Django's names.  A change of CACHES is seen at the next use.
"""

import threading
from collections.abc import Iterator
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.cache.backends.base import (
    BaseCache,
    CacheKeyWarning,
    InvalidCacheBackendError,
    InvalidCacheKey,
)
from penstock.web.core.signals import request_finished
from penstock.web.utils.module_loading import import_string

DEFAULT_CACHE_ALIAS: Final = "default"

__all__ = [
    "DEFAULT_CACHE_ALIAS",
    "BaseCache",
    "CacheHandler",
    "CacheKeyWarning",
    "InvalidCacheBackendError",
    "InvalidCacheKey",
    "cache",
    "caches",
    "close_caches",
]


class CacheHandler:
    """The caches of the thread that asks."""

    def __init__(self) -> None:
        self._thread = threading.local()

    def __getitem__(self, alias: str) -> Any:
        """The cache of an alias.

        Raises:
            InvalidCacheBackendError: CACHES has no such alias, or names a backend that is not there.
        """
        made = self._made()
        if alias not in made:
            made[alias] = _create(alias)
        return made[alias]

    def __iter__(self) -> Iterator[str]:
        return iter(settings.CACHES)

    def all(self, initialized_only: bool = False) -> list[Any]:
        """All caches, or those that this thread has used."""
        return [self[alias] for alias in self if not initialized_only or alias in self._made()]

    def close_all(self) -> None:
        """Let go of connections that this thread's caches hold."""
        for each in list(self._made().values()):
            each.close()

    def reset(self) -> None:
        """Forget this thread's caches; the next use reads CACHES."""
        self._thread.revision = None

    def _made(self) -> dict[str, Any]:
        """This thread's caches; none after a change of settings."""
        if getattr(self._thread, "revision", None) != settings.revision:
            if getattr(self._thread, "configuration", None) != settings.CACHES:
                self._thread.caches = {}
                self._thread.configuration = settings.CACHES
            self._thread.revision = settings.revision
        made: dict[str, Any] = self._thread.caches
        return made


def _create(alias: str) -> BaseCache:
    try:
        options = dict(settings.CACHES[alias])
    except KeyError:
        raise InvalidCacheBackendError(
            f"CACHES has no {alias!r}; expected one of {list(settings.CACHES)!r}"
        ) from None
    path, location = options.pop("BACKEND"), options.pop("LOCATION", "")
    try:
        backend = import_string(path)
    except ImportError as error:
        raise InvalidCacheBackendError(f"cache backend {path!r} of {alias!r}: {error}") from error
    made: BaseCache = backend(location, options)
    if type(made).close is not BaseCache.close:  # most hold nothing, and a receiver costs each request
        request_finished.connect(close_caches)
    return made


class _DefaultCache:
    """Whatever `caches["default"]` is at the moment."""

    def __getattr__(self, name: str) -> Any:
        return getattr(caches[DEFAULT_CACHE_ALIAS], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(caches[DEFAULT_CACHE_ALIAS], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(caches[DEFAULT_CACHE_ALIAS], name)

    def __contains__(self, key: Any) -> bool:
        return key in caches[DEFAULT_CACHE_ALIAS]

    def __eq__(self, other: object) -> bool:
        return bool(caches[DEFAULT_CACHE_ALIAS] == other)

    def __hash__(self) -> int:
        return id(self)


caches: Final = CacheHandler()
cache: Final[Any] = _DefaultCache()


def close_caches(**_named: Any) -> None:
    """Let go of connections at a request's end; connected when there is a cache that holds one."""
    caches.close_all()
