"""Sessions in the database, and read from a cache in front of it.

In:     a key.
Out:    a row of the database, and an entry of the cache SESSION_CACHE_ALIAS.
Never:  loses a session because the cache does, or is away; or keeps an old copy where one may be removed: a
        Redis that is full takes none, and still gives out those it has.

Rules:  Django's cache keys.
"""

import logging
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.contrib.sessions.backends.db import SessionStore as InDatabase
from penstock.web.core.cache import caches

KEY_PREFIX: Final = "django.contrib.sessions.cached_db"

logger = logging.getLogger("penstock.web.sessions")


class SessionStore(InDatabase):
    """A session in a row, with a copy in a cache."""

    cache_key_prefix = KEY_PREFIX

    @property
    def _cache(self) -> Any:
        return caches[settings.SESSION_CACHE_ALIAS]  # per thread: not to be kept in an object that travels

    @property
    def cache_key(self) -> str:
        """This session's key in the cache."""
        return self._key_in_cache(self._get_or_create_session_key())

    def _key_in_cache(self, session_key: str | None) -> str:
        return f"{self.cache_key_prefix}{session_key}"

    def load(self) -> dict[str, Any]:
        """The values in the cache; where it has none, those of the row, which go into the cache."""
        try:
            values: dict[str, Any] | None = self._cache.get(self.cache_key)
        except Exception:  # noqa: BLE001 - the cache is away, or refuses the key: nor would it keep a copy
            return super().load()
        if values is None:
            values = super().load()
            if self.session_key is not None:
                self._keep_copy(values)
        return values

    def exists(self, session_key: str) -> bool:
        """Tell whether the cache or the database has a session of that key."""
        try:
            is_cached = bool(session_key) and self._key_in_cache(session_key) in self._cache
        except Exception:  # noqa: BLE001 - as above
            is_cached = False
        return is_cached or super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        """Put the values into the row, then into the cache; raises as the database's store does."""
        super().save(must_create)
        if not self._keep_copy(self._session):
            self._remove_copy()

    def delete(self, session_key: str | None = None) -> None:
        """Forget a session, this one by default."""
        super().delete(session_key)
        key = self.session_key if session_key is None else session_key
        if key is not None:
            self._cache.delete(self._key_in_cache(key))

    def flush(self) -> None:
        """Delete it, values and key: at logging out."""
        self.clear()
        self.delete(self.session_key)
        self._session_key = None

    def _keep_copy(self, values: dict[str, Any]) -> bool:
        try:
            self._cache.set(self.cache_key, values, self.get_expiry_age(expiry=values.get("_session_expiry")))
        except Exception:
            logger.exception("session was not copied into cache %r", settings.SESSION_CACHE_ALIAS)
            return False
        return True

    def _remove_copy(self) -> None:
        """Remove what the row is ahead of by now."""
        try:
            self._cache.delete(self.cache_key)
        except Exception as error:  # noqa: BLE001 - the cache's own errors, whichever it is
            alias = settings.SESSION_CACHE_ALIAS
            logger.error("session's old copy may still be read from cache %r: %s", alias, error)
