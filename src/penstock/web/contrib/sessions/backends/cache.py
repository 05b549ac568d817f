"""Sessions in a cache: quick, and gone when the cache forgets.

In:     a key.
Out:    an entry of the cache SESSION_CACHE_ALIAS.
Never:  promises to keep anything.

Rules:  Django's cache keys.
"""

from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from penstock.web.core.cache import caches

KEY_PREFIX: Final = "django.contrib.sessions.cache"

_MAX_TRIES: Final = 10_000  # of a key that nobody has; a cache that refuses as often refuses everything


class SessionStore(SessionBase):
    """A session in a cache."""

    cache_key_prefix = KEY_PREFIX

    @property
    def _cache(self) -> Any:
        return caches[settings.SESSION_CACHE_ALIAS]  # per thread: not to be kept in an object that travels

    @property
    def cache_key(self) -> str:
        """This session's key in the cache."""
        return self._key_in_cache(self._get_or_create_session_key())

    def _key_in_cache(self, session_key: str) -> str:
        return f"{self.cache_key_prefix}{session_key}"

    def load(self) -> dict[str, Any]:
        """The values in the cache; {} and no key if it has none."""
        try:
            values: dict[str, Any] | None = self._cache.get(self.cache_key)
        except Exception:  # noqa: BLE001 - some caches refuse odd keys
            values = None
        if values is None:
            self._session_key = None
            return {}
        return values

    def create(self) -> None:
        """Make an empty session under a key that nobody has.

        Raises:
            RuntimeError: the cache keeps nothing.
        """
        if not self._create_under_free_key(range(_MAX_TRIES)):
            raise RuntimeError(f"cannot create a session: the cache keeps none of {_MAX_TRIES} keys")

    def save(self, must_create: bool = False) -> None:
        """Put the values into the cache.

        Raises:
            CreateError: `must_create`, and there is such a session already.
            UpdateError: the cache has none to replace.
        """
        if self.session_key is None:
            self.create()
            return
        if not must_create and self._cache.get(self.cache_key) is None:
            raise UpdateError("the session is not in the cache; expected it since the session was read")
        keep = self._cache.add if must_create else self._cache.set
        kept = keep(self.cache_key, self._get_session(no_load=must_create), self.get_expiry_age())
        if must_create and not kept:
            raise CreateError("the session is in the cache; expected a key that is free")

    def exists(self, session_key: str) -> bool:
        """Tell whether the cache has a session of that key."""
        return bool(session_key) and self._key_in_cache(session_key) in self._cache

    def delete(self, session_key: str | None = None) -> None:
        """Forget a session, this one by default."""
        key = self.session_key if session_key is None else session_key
        if key is not None:
            self._cache.delete(self._key_in_cache(key))

    @classmethod
    def clear_expired(cls) -> None:
        """The cache does that."""
