"""What every cache can do; a backend says how to get, set, add, touch, delete and clear.

In:     keys (text), values (anything that pickles), timeouts in seconds.
Out:    values, or a default.
Never:  promises to keep anything: a cache may forget at any time.

Rules:  Django's names.  timeout: seconds; None keeps for ever; 0 or less does not keep at all; not given
        takes TIMEOUT.  The coroutines do what the methods without "a" do, in a thread.
"""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.utils.crossing import make_async_twin
from penstock.web.utils.module_loading import import_string

DEFAULT_TIMEOUT: Final[Any] = object()
MEMCACHE_MAX_KEY_LENGTH: Final = 250  # bytes; the least of those that a site may change to later

_MISSING: Final[Any] = object()
_DEFAULTS: Final = {"TIMEOUT": 300, "MAX_ENTRIES": 300, "CULL_FREQUENCY": 3}


class InvalidCacheBackendError(ImproperlyConfigured):
    """CACHES has no such alias, or names a backend that is not there."""


class CacheKeyWarning(RuntimeWarning):
    """A key that memcached would refuse."""


class InvalidCacheKey(ValueError):
    """A key that this backend refuses."""


def default_key_func(key: Any, key_prefix: str, version: Any) -> str:
    """Prefix, version and key with colons between them."""
    return f"{key_prefix}:{version}:{key}"


def get_key_func(key_func: Any) -> Callable[[Any, str, Any], str]:
    """A function as it is or by dotted path; None for the usual one."""
    if key_func is None:
        return default_key_func
    return key_func if callable(key_func) else import_string(key_func)  # type: ignore[no-any-return]  # a dotted path


def memcache_key_warnings(key: str) -> Iterator[str]:
    """What memcached would not like about a key."""
    if len(key) > MEMCACHE_MAX_KEY_LENGTH:
        yield f"cache key {key!r} has {len(key)} characters; memcached takes {MEMCACHE_MAX_KEY_LENGTH}"
    if any(ord(character) < 33 or ord(character) == 127 for character in key):
        yield f"cache key {key!r} has spaces or control characters; memcached takes none"


class BaseCache:
    """The API, in terms of what a backend must say."""

    _missing_key = _MISSING

    def __init__(self, params: dict[str, Any]) -> None:
        self.default_timeout = _seconds(params.get("TIMEOUT", params.get("timeout", _DEFAULTS["TIMEOUT"])))
        self._max_entries = int(_option(params, "MAX_ENTRIES"))
        self._cull_frequency = int(_option(params, "CULL_FREQUENCY"))
        self.key_prefix = params.get("KEY_PREFIX", "")
        self.version = params.get("VERSION", 1)
        self.key_func = get_key_func(params.get("KEY_FUNCTION"))

    # -- what a backend says -----------------------------------------------------------------

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Keep a value unless there is one; tell whether it was kept."""
        raise NotImplementedError(f"{type(self).__name__} has no add()")

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        """The value of a key, or the default."""
        raise NotImplementedError(f"{type(self).__name__} has no get()")

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        """Keep a value."""
        raise NotImplementedError(f"{type(self).__name__} has no set()")

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Give a key a new timeout; tell whether there was one."""
        raise NotImplementedError(f"{type(self).__name__} has no touch()")

    def delete(self, key: str, version: Any = None) -> bool:
        """Forget a key; tell whether there was one."""
        raise NotImplementedError(f"{type(self).__name__} has no delete()")

    def clear(self) -> None:
        """Forget everything, of other prefixes and versions too."""
        raise NotImplementedError(f"{type(self).__name__} has no clear()")

    def close(self, **kwargs: Any) -> None:
        """Let go of a connection, if there is one; called at each request's end."""

    # -- keys and times ------------------------------------------------------------------------

    def get_backend_timeout(self, timeout: Any = DEFAULT_TIMEOUT) -> float | None:
        """When a value kept now is forgotten, in seconds since the epoch; None for never."""
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        if timeout is None:
            return None
        return -1 if timeout == 0 else time.time() + timeout

    def make_key(self, key: str, version: Any = None) -> str:
        """The key with prefix and version."""
        return self.key_func(key, self.key_prefix, self.version if version is None else version)

    def validate_key(self, key: str) -> None:
        """Warn of keys that memcached would refuse: a site may change to it later."""
        for warning in memcache_key_warnings(key):
            warnings.warn(warning, CacheKeyWarning, stacklevel=3)

    def make_and_validate_key(self, key: str, version: Any = None) -> str:
        """The key with prefix and version, looked at."""
        made = self.make_key(key, version)
        self.validate_key(made)
        return made

    # -- what follows from that ----------------------------------------------------------------

    def get_many(self, keys: Iterable[str], version: Any = None) -> dict[str, Any]:
        """The values of those keys that have one."""
        found = {key: self.get(key, _MISSING, version=version) for key in keys}
        return {key: value for key, value in found.items() if value is not _MISSING}

    def get_or_set(self, key: str, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        """The value of a key; where there is none, `default` (called, if it can be) is kept and returned."""
        value = self.get(key, _MISSING, version=version)
        if value is not _MISSING:
            return value
        value = default() if callable(default) else default
        self.add(key, value, timeout=timeout, version=version)
        return self.get(key, value, version=version)  # another may have been quicker

    def has_key(self, key: str, version: Any = None) -> bool:
        """Tell whether a key has a value, None included."""
        return self.get(key, _MISSING, version=version) is not _MISSING

    def __contains__(self, key: str) -> bool:
        return self.has_key(key)

    def incr(self, key: str, delta: int = 1, version: Any = None) -> Any:
        """Add to a number and return the sum; not atomic unless the backend says so.

        Raises:
            ValueError: the key has no value.
        """
        value = self._present(key, version) + delta
        self.set(key, value, version=version)
        return value

    def decr(self, key: str, delta: int = 1, version: Any = None) -> Any:
        """Subtract from a number; see `incr`."""
        return self.incr(key, -delta, version=version)

    def set_many(
        self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> list[str]:
        """Keep several values; return the keys that could not be kept."""
        for key, value in data.items():
            self.set(key, value, timeout=timeout, version=version)
        return []

    def delete_many(self, keys: Iterable[str], version: Any = None) -> None:
        """Forget several keys."""
        for key in keys:
            self.delete(key, version=version)

    def incr_version(self, key: str, delta: int = 1, version: Any = None) -> Any:
        """Move a value to a later version of its key; return that.

        Raises:
            ValueError: the key has no value.
        """
        before = self.version if version is None else version
        self.set(key, self._present(key, before), version=before + delta)
        self.delete(key, version=before)
        return before + delta

    def decr_version(self, key: str, delta: int = 1, version: Any = None) -> Any:
        """Move a value to an earlier version of its key; see `incr_version`."""
        return self.incr_version(key, -delta, version)

    def _present(self, key: str, version: Any) -> Any:
        value = self.get(key, _MISSING, version=version)
        if value is _MISSING:
            raise ValueError(f"cache has no {key!r}; expected a number there")
        return value

    aget = make_async_twin("get")
    aset = make_async_twin("set")
    aadd = make_async_twin("add")
    atouch = make_async_twin("touch")
    adelete = make_async_twin("delete")
    aclear = make_async_twin("clear")
    aclose = make_async_twin("close")
    aget_many = make_async_twin("get_many")
    aset_many = make_async_twin("set_many")
    adelete_many = make_async_twin("delete_many")
    aget_or_set = make_async_twin("get_or_set")
    ahas_key = make_async_twin("has_key")
    aincr = make_async_twin("incr")
    adecr = make_async_twin("decr")
    aincr_version = make_async_twin("incr_version")
    adecr_version = make_async_twin("decr_version")


def _seconds(timeout: Any) -> int | None:
    """A timeout as a number; what is none becomes the default, as with Django."""
    try:
        return None if timeout is None else int(timeout)
    except (TypeError, ValueError):
        return _DEFAULTS["TIMEOUT"]


def _option(params: dict[str, Any], name: str) -> Any:
    """An option, in OPTIONS or beside it; what is no number becomes the default, as with Django."""
    value = params.get(name.lower(), params.get("OPTIONS", {}).get(name, _DEFAULTS[name]))
    try:
        return int(value)
    except (TypeError, ValueError):
        return _DEFAULTS[name]
