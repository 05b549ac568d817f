"""A cache in Redis, shared by all workers of all machines.

In:     values: integers as they are, so that Redis can add to them; anything else pickled.
Out:    copies of them.
Never:  waits long for a Redis that does not answer, shares a connection between threads or across a fork, or
        tells a password.

Rules:  Django's names and keys.  LOCATION is one URL or several (a list, or text with commas or semicolons):
        the first takes writes, the others answer reads.  `incr`, `decr` and `add` are atomic.  MAX_ENTRIES is
        Redis's affair: maxmemory and maxmemory-policy.
"""

import contextlib
import os
import pickle
import random
import re
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Final

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ModuleNotFoundError as error:
    raise ImportError("the Redis cache needs redis-py; expected `pip install 'penstock[redis]'`") from error

from penstock.web.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from penstock.web.utils.module_loading import import_string

_MISSING: Final[Any] = object()

# A cache is there to be quick: a site without it is better than a site that waits for it.
DEFAULTS: Final = {"socket_connect_timeout": 1.0, "socket_timeout": 3.0, "protocol": 2}
_NOT_THE_DRIVERS: Final = ("MAX_ENTRIES", "CULL_FREQUENCY", "serializer")

# Full, a replica, or not ours to ask: what is wrong is Redis's state, not the question.
_REFUSALS: Final = (
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.NoPermissionError,
)

# Redis's own INCRBY makes a key that is not there; Django's incr refuses it.
_ADD_IF_THERE: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('INCRBY', KEYS[1], ARGV[1]) end
return false
"""


class RedisUnavailableError(ConnectionError):
    """Redis does not answer, or refuses us; the message says which and why."""


class RedisSerializer:
    """Integers as text, anything else as a pickle."""

    def __init__(self, protocol: int | None = None) -> None:
        self.protocol = pickle.HIGHEST_PROTOCOL if protocol is None else protocol

    def dumps(self, value: Any) -> Any:
        """Return what Redis keeps for a value."""
        return value if type(value) is int else pickle.dumps(value, self.protocol)

    def loads(self, kept: bytes) -> Any:
        """Return the value that Redis kept."""
        try:
            return int(kept)
        except ValueError:
            return pickle.loads(kept)  # noqa: S301 - who may write into our Redis may do anything anyway


_caches: Final[weakref.WeakSet["RedisCache"]] = weakref.WeakSet()


class RedisCache(BaseCache):
    """A cache whose entries Redis keeps."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = dict(params.get("OPTIONS", {}))
        self._serializer = _made(options.get("serializer", RedisSerializer))
        driver = {name: value for name, value in options.items() if name not in _NOT_THE_DRIVERS}
        addresses = re.split(r"[;,]", server) if isinstance(server, str) else list(server)
        self._clients = [_client(address.strip(), driver) for address in addresses]
        _caches.add(self)

    # -- what Redis does in one step -----------------------------------------------------------

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Keep a value unless there is one; tell whether it was kept."""
        name, kept = self.make_and_validate_key(key, version=version), self._serializer.dumps(value)
        seconds = self.get_backend_timeout(timeout)
        with self._asking(is_writing=True) as client:
            if seconds == 0:
                return not client.exists(name)
            return bool(client.set(name, kept, ex=seconds, nx=True))

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        """A copy of the value of a key, or the default."""
        name = self.make_and_validate_key(key, version=version)
        with self._asking() as client:
            kept = client.get(name)
        return default if kept is None else self._serializer.loads(kept)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        """Keep a copy of a value."""
        name, kept = self.make_and_validate_key(key, version=version), self._serializer.dumps(value)
        seconds = self.get_backend_timeout(timeout)
        with self._asking(is_writing=True) as client:
            if seconds == 0:
                client.delete(name)
            else:
                client.set(name, kept, ex=seconds)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Give a key a new timeout; tell whether there was one."""
        name = self.make_and_validate_key(key, version=version)
        seconds = self.get_backend_timeout(timeout)
        with self._asking(is_writing=True) as client:
            if seconds is None:
                return bool(client.persist(name) or client.exists(name))
            return bool(client.expire(name, seconds))

    def delete(self, key: str, version: Any = None) -> bool:
        """Forget a key; tell whether there was one."""
        name = self.make_and_validate_key(key, version=version)
        with self._asking(is_writing=True) as client:
            return bool(client.delete(name))

    def has_key(self, key: str, version: Any = None) -> bool:
        """Tell whether a key has a value, None included."""
        name = self.make_and_validate_key(key, version=version)
        with self._asking() as client:
            return bool(client.exists(name))

    def incr(self, key: str, delta: int = 1, version: Any = None) -> Any:
        """Add to a number, keep its timeout, and return the sum; atomic.

        Raises:
            ValueError: the key has no value, or one that is no integer.
        """
        name = self.make_and_validate_key(key, version=version)
        with self._asking(is_writing=True) as client:
            try:
                found = client.eval(_ADD_IF_THERE, 1, name, delta)
            except _REFUSALS:
                raise
            except redis.ResponseError as error:
                raise ValueError(f"cache has no integer at {key!r}; expected one: {error}") from error
        if found is None:
            raise ValueError(f"cache has no {key!r}; expected a number there")
        return int(found)

    def clear(self) -> None:
        """Forget everything in this database of Redis, whoever put it there."""
        with self._asking(is_writing=True) as client:
            client.flushdb()

    # -- several keys in one round trip --------------------------------------------------------

    def get_many(self, keys: Iterable[str], version: Any = None) -> dict[str, Any]:
        """The values of those keys that have one."""
        names = {self.make_and_validate_key(key, version=version): key for key in keys}
        if not names:
            return {}
        with self._asking() as client:
            found = client.mget(list(names))
        pairs = zip(names.values(), found, strict=True)
        return {key: self._serializer.loads(kept) for key, kept in pairs if kept is not None}

    def set_many(
        self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> list[str]:
        """Keep several values; all are kept, or Redis is not there."""
        seconds = self.get_backend_timeout(timeout)
        if seconds == 0:
            self.delete_many(data, version=version)
            return []
        kept = {
            self.make_and_validate_key(key, version=version): self._serializer.dumps(value)
            for key, value in data.items()
        }
        with self._asking(is_writing=True) as client, client.pipeline() as together:
            for name, value in kept.items():
                together.set(name, value, ex=seconds)
            together.execute()
        return []

    def delete_many(self, keys: Iterable[str], version: Any = None) -> None:
        """Forget several keys."""
        names = [self.make_and_validate_key(key, version=version) for key in keys]
        if names:
            with self._asking(is_writing=True) as client:
                client.delete(*names)

    # -- times and connections -----------------------------------------------------------------

    def get_backend_timeout(self, timeout: Any = DEFAULT_TIMEOUT) -> int | None:
        """How many seconds a value kept now lives: None for ever, 0 not at all."""
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        return None if timeout is None else max(0, int(timeout))

    def close_idle(self) -> None:
        """Close the connections; the next use opens them again."""
        for client in self._clients:
            client.connection_pool.disconnect(inuse_connections=False)

    @contextlib.contextmanager
    def _asking(self, *, is_writing: bool = False) -> Iterator[Any]:
        """Yield a client; RedisUnavailableError if there is nobody behind it."""
        first, *others = self._clients
        client = first if is_writing or not others else random.choice(others)  # noqa: S311 - any will do
        try:
            yield client
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise RedisUnavailableError(
                f"cache in Redis at {_shown(client)} does not answer: {error}"
            ) from error
        except _REFUSALS as error:
            raise RedisUnavailableError(f"cache in Redis at {_shown(client)} refuses: {error}") from error


def _made(serializer: Any) -> Any:
    """Return the serializer itself: it may be given as a name, as a class, or made."""
    found = import_string(serializer) if isinstance(serializer, str) else serializer
    return found() if callable(found) else found


def _client(address: str, options: dict[str, Any]) -> Any:
    # Nothing is asked twice: nobody knows whether the first INCRBY was done.  A connection that went bad
    # while it waited is replaced before it is used, by redis-py itself.
    settings = {"retry": Retry(NoBackoff(), 0), **DEFAULTS, **options}
    return redis.Redis.from_url(address, **settings)


def _shown(client: Any) -> str:
    """Return where a client's Redis is, without its password."""
    known = client.connection_pool.connection_kwargs
    return str(known.get("path") or f"{known.get('host', 'localhost')}:{known.get('port', 6379)}")


def _close_all() -> None:
    for cache in list(_caches):
        cache.close_idle()


# What a template opened must not be spoken on by its workers (redis-py looks at the pid as well).
os.register_at_fork(before=_close_all)
