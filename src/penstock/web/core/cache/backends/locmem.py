"""A cache in this process's memory, shared by its threads, bounded in entries and in bytes.

In:     values; pickled, so that nobody changes what others will read.
Out:    copies of them.
Never:  grows beyond MAX_ENTRIES (300) or MAX_BYTES (64 MiB of pickles): what was used longest ago goes.

Rules:  Django's names, LRU and CULL_FREQUENCY: at MAX_ENTRIES one in so many goes, 0 drops all.
"""

import pickle
import threading
import time
from typing import Any, Final, NamedTuple

from penstock.web.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

MAX_BYTES: Final = 64 * 1024 * 1024  # of pickles; memcached's own default is 64 MB


class _Entry(NamedTuple):
    expires_at: float | None  # seconds since the epoch; None is never
    pickled: bytes


class _Room:
    """What caches of one name share."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.entries: dict[str, _Entry] = {}  # the one used longest ago first
        self.byte_count = 0

    def drop(self, key: str) -> bool:
        entry = self.entries.pop(key, None)
        self.byte_count -= len(entry.pickled) if entry else 0
        return entry is not None

    def put(self, key: str, entry: _Entry) -> None:
        self.drop(key)
        self.entries[key] = entry
        self.byte_count += len(entry.pickled)

    def drop_oldest(self) -> None:
        self.drop(next(iter(self.entries)))

    def clear(self) -> None:
        self.entries.clear()
        self.byte_count = 0


_rooms: Final[dict[str, _Room]] = {}


class LocMemCache(BaseCache):
    """Caches of one LOCATION share what they keep."""

    pickle_protocol = pickle.HIGHEST_PROTOCOL

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._room = _rooms.setdefault(name, _Room())
        self._max_bytes = int(params.get("OPTIONS", {}).get("MAX_BYTES", MAX_BYTES))

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Keep a value unless there is one; tell whether it was kept."""
        key = self.make_and_validate_key(key, version=version)
        pickled = pickle.dumps(value, self.pickle_protocol)
        with self._room.lock:
            if self._living(key) is not None:
                return False
            self._put(key, pickled, timeout)
            return True

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        """A copy of the value of a key, or the default."""
        key = self.make_and_validate_key(key, version=version)
        with self._room.lock:
            entry = self._living(key)
            if entry is None:
                return default
            self._room.entries[key] = self._room.entries.pop(key)  # used last
        return pickle.loads(entry.pickled)  # noqa: S301 - this process pickled it

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        """Keep a copy of a value."""
        key = self.make_and_validate_key(key, version=version)
        pickled = pickle.dumps(value, self.pickle_protocol)
        with self._room.lock:
            self._put(key, pickled, timeout)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Give a key a new timeout; tell whether there was one."""
        key = self.make_and_validate_key(key, version=version)
        with self._room.lock:
            entry = self._living(key)
            if entry is None:
                return False
            self._room.entries[key] = entry._replace(expires_at=self.get_backend_timeout(timeout))
            return True

    def incr(self, key: str, delta: int = 1, version: Any = None) -> Any:
        """Add to a number, keep its timeout, and return the sum; atomic between threads.

        Raises:
            ValueError: the key has no value.
        """
        made = self.make_and_validate_key(key, version=version)
        with self._room.lock:
            entry = self._living(made)
            if entry is None:
                raise ValueError(f"cache has no {key!r}; expected a number there")
            value = pickle.loads(entry.pickled) + delta  # noqa: S301 - this process pickled it
            self._room.put(made, _Entry(entry.expires_at, pickle.dumps(value, self.pickle_protocol)))
        return value

    def has_key(self, key: str, version: Any = None) -> bool:
        """Tell whether a key has a value."""
        key = self.make_and_validate_key(key, version=version)
        with self._room.lock:
            return self._living(key) is not None

    def delete(self, key: str, version: Any = None) -> bool:
        """Forget a key; tell whether there was one."""
        key = self.make_and_validate_key(key, version=version)
        with self._room.lock:
            return self._living(key) is not None and self._room.drop(key)

    def clear(self) -> None:
        """Forget everything in this room."""
        with self._room.lock:
            self._room.clear()

    def _living(self, key: str) -> _Entry | None:
        """The entry of a key, unless its time is over; the caller holds the lock."""
        entry = self._room.entries.get(key)
        if entry is None or entry.expires_at is None or entry.expires_at > time.time():
            return entry
        self._room.drop(key)
        return None

    def _put(self, key: str, pickled: bytes, timeout: Any) -> None:
        """Make room, and keep it; the caller holds the lock.  What is larger than the room is not kept."""
        room = self._room
        room.drop(key)
        if len(room.entries) >= self._max_entries:
            self._cull()
        if len(pickled) > self._max_bytes:
            return
        while room.byte_count + len(pickled) > self._max_bytes:
            room.drop_oldest()
        room.put(key, _Entry(self.get_backend_timeout(timeout), pickled))

    def _cull(self) -> None:
        if self._cull_frequency == 0:
            self._room.clear()
            return
        for _ in range(len(self._room.entries) // self._cull_frequency):
            self._room.drop_oldest()
