"""Sessions that would be lost, as each worker process keeps its own.

In:     SESSION_ENGINE, SESSION_CACHE_ALIAS, CACHES.
Out:    messages with ids `sessions.W...`.
Never:  opens a cache.
Rules:  a visitor's next request may reach any worker, and a reload replaces them all.
"""

from __future__ import annotations

from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.checks.message import CheckMessage
from penstock.web.core.checks.message import Warning as CheckWarning
from penstock.web.core.checks.registry import Tags, register

_IN_CACHE: Final = "contrib.sessions.backends.cache"
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
