"""core/cache/backends: what every backend does, and what one of them does alone."""

import asyncio
import threading
import time

import pytest

from penstock.web.core.cache.backends.base import BaseCache, CacheKeyWarning
from penstock.web.core.cache.backends.dummy import DummyCache
from penstock.web.core.cache.backends.filebased import FileBasedCache
from penstock.web.core.cache.backends.locmem import LocMemCache


@pytest.fixture(params=["memory", "files"])
def make(request, tmp_path):
    """Make caches of one kind that share one place."""
    place = {"memory": str(tmp_path), "files": str(tmp_path / "cache")}[request.param]
    kind = {"memory": LocMemCache, "files": FileBasedCache}[request.param]
    return lambda **params: kind(place, params)


@pytest.fixture
def cache(make):
    return make()


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when told."""
    passed = [time.time()]
    monkeypatch.setattr(time, "time", lambda: passed[0])

    def let_pass(seconds):
        passed[0] += seconds

    return let_pass


def test_a_value_is_kept_and_copied(cache):
    value = {"a": [1]}
    cache.set("key", value)
    value["a"].append(2)
    assert cache.get("key") == {"a": [1]}
    cache.get("key")["a"].append(3)
    assert cache.get("key") == {"a": [1]}


def test_a_key_without_value_gives_the_default(cache):
    assert (cache.get("x"), cache.get("x", 5), "x" in cache, cache.has_key("x")) == (None, 5, False, False)


def test_none_is_a_value(cache):
    cache.set("key", None)
    assert "key" in cache
    assert cache.get("key", 5) is None
    assert cache.get_or_set("key", 5) is None
    assert cache.get_many(["key", "x"]) == {"key": None}


def test_a_value_is_added_once(cache):
    assert (cache.add("key", 1), cache.add("key", 2), cache.get("key")) == (True, False, 1)


def test_a_value_is_forgotten_when_told(cache):
    cache.set_many({"a": 1, "b": 2, "c": 3})
    assert (cache.delete("a"), cache.delete("a")) == (True, False)
    cache.delete_many(["b", "x"])
    assert cache.get_many("abc") == {"c": 3}
    cache.clear()
    assert "c" not in cache


def test_values_end_with_their_time(cache, clock):
    cache.set("short", 1, timeout=10)
    cache.set("usual", 1)
    cache.set("ever", 1, timeout=None)
    cache.set("never", 1, timeout=0)
    cache.set("past", 1, timeout=-5)
    assert set(cache.get_many(["short", "usual", "ever", "never", "past"])) == {"short", "usual", "ever"}
    clock(20)
    assert set(cache.get_many(["short", "usual", "ever"])) == {"usual", "ever"}
    assert cache.add("short", 2)
    clock(10_000_000)
    assert set(cache.get_many(["usual", "ever"])) == {"ever"}


def test_a_touch_gives_another_time(cache, clock):
    cache.set("key", "value", timeout=10)
    assert cache.touch("key", timeout=100)
    clock(50)
    assert cache.get("key") == "value"
    assert cache.touch("key", timeout=None)
    clock(10_000_000)
    assert cache.get("key") == "value"
    assert not cache.touch("nothing")


def test_numbers_go_up_and_down(cache):
    cache.set("n", 5)
    assert (cache.incr("n"), cache.incr("n", 10), cache.decr("n", 4), cache.get("n")) == (6, 16, 12, 12)
    with pytest.raises(ValueError, match="has no 'x'"):
        cache.incr("x")


def test_versions_are_keys_of_their_own(make):
    one, two = make(), make(VERSION=2)
    one.set("key", 1)
    assert two.get("key") is None
    assert two.get("key", version=1) == 1
    assert one.incr_version("key") == 2
    assert (one.get("key"), two.get("key")) == (None, 1)
    assert two.decr_version("key") == 1
    assert one.get("key") == 1
    with pytest.raises(ValueError, match="has no 'x'"):
        one.incr_version("x")


def test_prefixes_and_key_functions_make_keys(make):
    plain, prefixed = make(), make(KEY_PREFIX="p")
    own = make(KEY_FUNCTION=lambda key, prefix, version: f"own-{key}")
    plain.set("key", 1)
    assert (prefixed.get("key"), own.get("key")) == (None, None)
    assert plain.make_key("key") == ":1:key"
    assert prefixed.make_key("key", version=3) == "p:3:key"
    assert own.make_key("key") == "own-key"
    assert make(KEY_FUNCTION="penstock.web.core.cache.backends.base.default_key_func").make_key("k") == ":1:k"


def test_a_default_may_be_worked_out(cache):
    assert cache.get_or_set("key", lambda: 5) == 5
    assert cache.get_or_set("key", lambda: 6) == 5


@pytest.mark.parametrize("key", ["with space", "x" * 251, "\x7f"])
def test_a_key_that_memcached_would_refuse_is_warned_of(key, cache):
    with pytest.warns(CacheKeyWarning, match="memcached"):
        cache.set(key, 1)


@pytest.mark.parametrize(("frequency", "least", "most"), [(2, 5, 7), (0, 1, 2)])
def test_a_full_cache_makes_room(frequency, least, most, make):
    cache = make(OPTIONS={"MAX_ENTRIES": 10, "CULL_FREQUENCY": frequency})
    for number in range(11):
        cache.set(f"k{number}", number)
    kept = cache.get_many(f"k{number}" for number in range(11))
    assert least <= len(kept) <= most
    assert "k10" in kept


@pytest.mark.parametrize("bad", ["word", None])
def test_options_that_are_no_numbers_are_the_defaults(bad, make):
    cache = make(OPTIONS={"MAX_ENTRIES": bad})
    assert cache._max_entries == 300
    assert make(TIMEOUT="word").default_timeout == 300
    assert make(TIMEOUT=None).get_backend_timeout() is None


def test_coroutines_do_the_same(cache):
    async def use():
        await cache.aset("key", 1)
        assert await cache.aget("key") == 1
        assert await cache.aincr("key") == 2
        assert await cache.aadd("key", 5) is False
        assert await cache.aget_or_set("other", 7) == 7
        assert await cache.aget_many(["key", "other"]) == {"key": 2, "other": 7}
        await cache.aset_many({"x": 1})
        assert await cache.ahas_key("x")
        assert await cache.atouch("x", 5)
        assert await cache.adelete("x")
        await cache.aclear()
        await cache.aclose()
        return await cache.aget("key")

    assert asyncio.run(use()) is None


# -- memory alone ----------------------------------------------------------------------------


def test_what_was_used_longest_ago_goes_first():
    cache = LocMemCache("used last", {"OPTIONS": {"MAX_ENTRIES": 3, "CULL_FREQUENCY": 3}})
    cache.clear()
    for key in "abc":
        cache.set(key, 1)
    cache.get("a")
    cache.set("d", 1)
    assert set(cache.get_many("abcd")) == {"a", "c", "d"}


def test_memory_is_bounded_in_bytes():
    cache = LocMemCache("bytes", {"OPTIONS": {"MAX_BYTES": 10_000}})
    cache.clear()
    for number in range(50):
        cache.set(f"k{number}", b"x" * 1000)
    assert cache._room.byte_count <= 10_000
    assert "k49" in cache
    cache.set("huge", b"x" * 20_000)
    assert "huge" not in cache
    cache.set("k49", b"")
    assert cache._room.byte_count == sum(len(entry.pickled) for entry in cache._room.entries.values())


def test_caches_of_one_name_share_and_others_do_not():
    one, same, other = (LocMemCache(name, {}) for name in ("shared", "shared", "unshared"))
    one.set("key", 1)
    assert (same.get("key"), other.get("key")) == (1, None)


def test_threads_count_together():
    cache = LocMemCache("threads", {})
    cache.set("n", 0)
    threads = [threading.Thread(target=lambda: [cache.incr("n") for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get("n") == 800


# -- files alone -------------------------------------------------------------------------------


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    cache = FileBasedCache(str(tmp_path), {})
    (tmp_path / "other.txt").write_text("kept")
    cache.set("key", 1)
    cache.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]


def test_a_value_that_does_not_pickle_leaves_nothing_behind(tmp_path):
    cache = FileBasedCache(str(tmp_path / "cache"), {})
    with pytest.raises((AttributeError, TypeError)):
        cache.set("key", lambda: 1)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"\0\0"])
def test_a_damaged_file_is_no_value(damage, tmp_path):
    cache = FileBasedCache(str(tmp_path), {})
    cache.set("key", 1)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert cache.get("key") is None
    assert not file.exists()


def test_the_folder_is_the_owners_alone(tmp_path):
    FileBasedCache(str(tmp_path / "deep" / "cache"), {}).set("key", 1)
    assert (tmp_path / "deep" / "cache").stat().st_mode & 0o077 == 0


# -- nothing, and the base -------------------------------------------------------------------------


def test_the_dummy_keeps_nothing():
    cache = DummyCache("", {})
    cache.set("key", 1)
    assert (cache.add("key", 1), cache.get("key", 5), cache.touch("key"), cache.delete("key")) == (
        True,
        5,
        False,
        False,
    )
    assert cache.get_or_set("key", 7) == 7
    cache.clear()
    with pytest.warns(CacheKeyWarning):
        cache.get("a b")


@pytest.mark.parametrize("name", ["get", "set", "add", "touch", "delete", "clear"])
def test_a_backend_that_lacks_a_method_says_so(name):
    arguments = {
        "get": ["k"],
        "set": ["k", 1],
        "add": ["k", 1],
        "touch": ["k"],
        "delete": ["k"],
        "clear": [],
    }[name]
    with pytest.raises(NotImplementedError, match=f"BaseCache has no {name}"):
        getattr(BaseCache({}), name)(*arguments)


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    cache = FileBasedCache(str(tmp_path), {})

    def fail(self, target):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        cache.set("key", 1)
    assert list(tmp_path.iterdir()) == []
