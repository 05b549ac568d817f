"""Sessions that would be lost: each worker process keeps its own, or their table is not there.

In:     SESSION_ENGINE, SESSION_CACHE_ALIAS, CACHES, INSTALLED_APPS.
Out:    messages with ids `sessions.W...` and `sessions.E...`.
Never:  opens a cache.
Rules:  a visitor's next request may reach any worker, and a reload replaces them all.
"""

from typing import Any, Final

from penstock.web.apps import apps
from penstock.web.conf import settings
from penstock.web.core.checks.message import CheckMessage, Error
from penstock.web.core.checks.message import Warning as CheckWarning
from penstock.web.core.checks.registry import Tags, register

_IN_CACHE: Final = "contrib.sessions.backends.cache"
_IN_TABLE: Final = ("contrib.sessions.backends.db", "contrib.sessions.backends.cached_db")
_APP: Final = "penstock.web.contrib.sessions"
_OF_ONE_PROCESS: Final = ("locmem.LocMemCache", "dummy.DummyCache")


@register(Tags.caches)
def check_sessions(**_asked: Any) -> list[CheckMessage]:
    """Return whether sessions are in a cache that other workers do not see."""
    alias = settings.SESSION_CACHE_ALIAS
    backend = str(settings.CACHES.get(alias, {}).get("BACKEND", ""))
    if not settings.SESSION_ENGINE.endswith(_IN_CACHE) or not backend.endswith(_OF_ONE_PROCESS):
        return []
    msg = f"sessions are kept in CACHES[{alias!r}], which is {backend!r}: no other worker has them."
    hint = "SESSION_ENGINE of signed cookies or files, or a cache that all workers share"
    return [CheckWarning(msg, hint=hint, id="sessions.W001")]


@register(Tags.database)
def check_session_table(**_asked: Any) -> list[CheckMessage]:
    """Return whether sessions are in a table that no migration makes."""
    if not settings.SESSION_ENGINE.endswith(_IN_TABLE) or apps.is_installed(_APP):
        return []
    msg = f"sessions are kept in the database, and {_APP!r} is not in INSTALLED_APPS: their table is missing."
    return [Error(msg, hint=f"{_APP!r} in INSTALLED_APPS, and penstock migrate", id="sessions.E001")]
