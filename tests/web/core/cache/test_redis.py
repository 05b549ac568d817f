"""The Redis backend: what every backend does (test_backends.py), and what it does alone."""

import os
import sys
import threading

import pytest
import redis
from tests.web.core.cache.test_backends import (  # noqa: F401 - run here as well, on the fixtures below
    test_a_default_may_be_worked_out,
    test_a_key_that_memcached_would_refuse_is_warned_of,
    test_a_key_without_value_gives_the_default,
    test_a_value_is_added_once,
    test_a_value_is_forgotten_when_told,
    test_a_value_is_kept_and_copied,
    test_coroutines_do_the_same,
    test_none_is_a_value,
    test_numbers_go_up_and_down,
    test_options_that_are_no_numbers_are_the_defaults,
    test_prefixes_and_key_functions_make_keys,
    test_versions_are_keys_of_their_own,
)

from penstock.web.contrib.sessions.backends.cache import SessionStore as Cached
from penstock.web.contrib.sessions.backends.cached_db import SessionStore as CachedRows
from penstock.web.core.cache import caches
from penstock.web.core.cache.backends.redis import RedisCache, RedisSerializer, RedisUnavailableError


@pytest.fixture
def make(redis_url):
    return lambda **params: RedisCache(redis_url, params)


@pytest.fixture
def cache(make):
    return make()


@pytest.fixture
def client(redis_url):
    with redis.Redis.from_url(redis_url, protocol=2) as opened:
        yield opened


@pytest.mark.parametrize(
    ("timeout", "left"),
    [(100, range(50, 101)), (None, [-1]), (100.9, range(50, 101))],
    ids=["some", "never", "rounded"],
)
@pytest.mark.parametrize("how", ["set", "add", "set_many", "touch"])
def test_value_ends_when_told(cache, client, how, timeout, left) -> None:
    if how == "set_many":
        cache.set_many({"key": 1}, timeout)
    elif how == "touch":
        cache.set("key", 1, 50)
        assert cache.touch("key", timeout) is True
    else:
        getattr(cache, how)("key", 1, timeout)
    assert client.ttl(":1:key") in left


@pytest.mark.parametrize("timeout", [0, -5])
def test_value_whose_time_is_over_is_not_kept(cache, timeout) -> None:
    cache.set("key", 1)
    cache.set("key", 2, timeout)
    assert "key" not in cache
    assert cache.add("key", 1, timeout) is True
    assert "key" not in cache
    cache.set_many({"key": 1}, timeout)
    assert "key" not in cache
    cache.set("key", 1)
    assert cache.add("key", 1, timeout) is False
    assert cache.touch("key", timeout) is True
    assert "key" not in cache


def test_touch_tells_whether_there_was_a_value(cache) -> None:
    assert (cache.touch("key"), cache.touch("key", None)) == (False, False)
    cache.set("key", 1, None)
    assert cache.touch("key", None) is True


def test_default_timeout_is_that_of_the_settings(make, client) -> None:
    make(TIMEOUT=77, timeout=77).set("key", 1)
    assert client.ttl(":1:key") == 77


@pytest.mark.parametrize("value", [0, -7, 2**70, True, 1.5, "7", b"7", None, {"a": (1,)}], ids=repr)
def test_value_comes_back_as_it_was(cache, value) -> None:
    cache.set("key", value)
    found = cache.get("key")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", ["word", 1.5])
def test_number_that_is_none_is_refused(cache, value) -> None:
    cache.set("key", value)
    with pytest.raises(ValueError, match="cache has no integer at 'key'"):
        cache.incr("key")


def test_adding_to_what_is_not_there_is_refused_and_makes_nothing(cache) -> None:
    with pytest.raises(ValueError, match="cache has no 'key'"):
        cache.incr("key")
    assert "key" not in cache


def test_adding_keeps_the_timeout(cache, client) -> None:
    cache.set("key", 1, 50)
    assert cache.incr("key", 5) == 6
    assert 0 < client.ttl(":1:key") <= 50


def test_threads_count_together(make) -> None:
    make().set("key", 0)

    def count() -> None:
        cache = make()
        for _ in range(200):
            cache.incr("key")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert make().get("key") == 800


def test_first_server_takes_writes_and_the_others_answer(redis_url) -> None:
    other = redis_url.removesuffix("0") + "1"
    for location in (f"{redis_url},{other}", f"{redis_url}; {other}", [redis_url, other]):
        both = RedisCache(location, {})
        both.set("key", 1)
        assert both.get("key") is None  # the other is no replica here
        assert RedisCache(redis_url, {}).get("key") == 1


def test_serializer_may_be_another(make, client) -> None:
    class Reversed(RedisSerializer):
        def dumps(self, value):
            return value[::-1]

        def loads(self, kept):
            return kept.decode()[::-1]

    for serializer in (Reversed, Reversed()):
        cache = make(OPTIONS={"serializer": serializer})
        cache.set("key", "word")
        assert (cache.get("key"), client.get(":1:key")) == ("word", b"drow")
    by_name = make(OPTIONS={"serializer": "penstock.web.core.cache.backends.redis.RedisSerializer"})
    by_name.set("key", [1])
    assert by_name.get("key") == [1]


def test_many_of_none_asks_nobody() -> None:
    away = RedisCache("redis://127.0.0.1:9/0", {})
    assert away.get_many([]) == {}
    assert away.set_many({}, 0) == []
    away.delete_many([])


@pytest.mark.parametrize(
    "ask",
    [
        lambda cache: cache.get("key"),
        lambda cache: cache.set("key", 1),
        lambda cache: cache.incr("key"),
        lambda cache: cache.set_many({"key": 1}),
        lambda cache: cache.clear(),
    ],
    ids=["get", "set", "incr", "set_many", "clear"],
)
def test_redis_that_is_away_is_said_without_its_password(ask) -> None:
    away = RedisCache("redis://me:secret@127.0.0.1:9/0", {})
    with pytest.raises(
        RedisUnavailableError, match=r"cache in Redis at 127\.0\.0\.1:9 does not answer"
    ) as caught:
        ask(away)
    assert "secret" not in str(caught.value)


def test_redis_that_comes_back_is_used_again(cache, redis_server) -> None:
    cache.set("key", 1)
    redis_server.stop()
    try:
        with pytest.raises(RedisUnavailableError):
            cache.get("key")
    finally:
        redis_server.start()
    cache.set("key", 2)
    assert cache.get("key") == 2


@pytest.fixture
def read_only(client):
    """Redis is a replica: it refuses to write."""
    client.set(":1:key", 1)
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    yield
    client.execute_command("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize("ask", ["set", "add", "incr"])
def test_redis_that_refuses_is_said_to(cache, read_only, ask) -> None:
    with pytest.raises(RedisUnavailableError, match="refuses: You can't write against a read only replica"):
        getattr(cache, ask)("key", 1)


def test_connection_that_redis_closed_meanwhile_is_replaced(cache, client) -> None:
    cache.set("key", 1)
    client.client_kill_filter(_type="normal", skipme=True)
    assert cache.get("key") == 1
    client.client_kill_filter(_type="normal", skipme=True)
    assert cache.incr("key") == 2


def test_connection_does_not_cross_a_fork(cache) -> None:
    cache.set("key", 1)
    (own,) = cache._clients
    before = own.client_id()
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(write, f"{cache.get('key')} {own.client_id()}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    value, childs = map(int, os.read(read, 100).split())
    os.close(read)
    os.close(write)
    assert value == 1
    assert childs not in {before, own.client_id()}


def test_library_that_is_not_installed_is_said_with_what_to_install(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "penstock.web.core.cache.backends.redis")
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ImportError, match=r"pip install 'penstock\[redis\]'"):
        import penstock.web.core.cache.backends.redis  # noqa: F401, PLC0415 - it is the import that is tested


def test_sessions_are_kept_in_redis(override, redis_url) -> None:
    override(CACHES={"default": {"BACKEND": f"{RedisCache.__module__}.RedisCache", "LOCATION": redis_url}})
    session = Cached()
    session["name"] = "Ada"
    session.save()
    assert Cached(session.session_key)["name"] == "Ada"
    caches["default"].clear()
    assert "name" not in Cached(session.session_key)


@pytest.fixture
def rows(override, redis_url, tmp_path):
    """Sessions in rows, and their copies in Redis."""
    from penstock.web import db  # noqa: PLC0415 - for these tests alone
    from penstock.web.contrib.sessions.models import Session  # noqa: PLC0415 - the same

    override(
        CACHES={"default": {"BACKEND": f"{RedisCache.__module__}.RedisCache", "LOCATION": redis_url}},
        DATABASES={"default": {"URL": f"sqlite:///{tmp_path}/sessions.sqlite3"}},
    )
    db.Model.metadata.create_all(db.engine(), tables=[Session.__table__])
    yield
    db.close_sessions()


@pytest.mark.usefixtures("rows")
def test_full_redis_does_not_bring_an_old_session_back(client) -> None:
    session = CachedRows()
    session["name"] = "Ada"
    session.save()
    client.config_set("maxmemory", 1)
    try:
        session["name"] = "Grace"
        session.save()
    finally:
        client.config_set("maxmemory", 0)
    assert CachedRows(session.session_key)["name"] == "Grace"


@pytest.mark.usefixtures("rows")
def test_copy_that_a_read_only_redis_keeps_is_said_to_be_old(client, caplog) -> None:
    session = CachedRows()
    session.save()
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        session["name"] = "Grace"
        session.save()
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")
    assert "session's old copy may still be read from cache 'default'" in caplog.text


@pytest.mark.usefixtures("rows")
def test_session_in_the_database_outlives_redis(redis_server, caplog) -> None:
    redis_server.stop()
    try:
        session = CachedRows()
        session["name"] = "Ada"
        session.save()
        assert "session was not copied into cache 'default'" in caplog.text
        assert CachedRows(session.session_key)["name"] == "Ada"
    finally:
        redis_server.start()
