"""core/cache/__init__.py."""

import threading

import pytest

from penstock.web.core import cache as module
from penstock.web.core.cache import InvalidCacheBackendError, cache, caches, close_caches
from penstock.web.core.cache.backends.locmem import LocMemCache
from penstock.web.core.signals import request_finished

LOCMEM = "penstock.web.core.cache.backends.locmem.LocMemCache"


class Connected(LocMemCache):
    """A cache that holds something until it is closed."""

    closed = 0

    def close(self, **kwargs):
        type(self).closed += 1


@pytest.fixture(autouse=True)
def two_caches(override):
    override(
        CACHES={
            "default": {"BACKEND": LOCMEM, "LOCATION": "a", "OPTIONS": {"MAX_ENTRIES": 7}},
            "other": {"BACKEND": LOCMEM, "LOCATION": "b", "TIMEOUT": 5},
        }
    )
    for each in caches.all():
        each.clear()


def test_a_cache_is_made_once_per_thread():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(caches["default"]))
    thread.start()
    thread.join()
    assert caches["default"] is caches["default"]
    assert caches["default"] is not seen[0]
    assert caches["default"]._max_entries == 7
    assert caches["other"].default_timeout == 5


def test_the_default_cache_is_whatever_it_is_now(override):
    cache.set("key", 1)
    assert (cache.get("key"), "key" in cache, cache == caches["default"]) == (1, True, True)
    override(CACHES={"default": {"BACKEND": LOCMEM, "LOCATION": "c"}})
    assert cache.get("key") is None
    cache.note = 5
    assert caches["default"].note == 5
    del cache.note
    assert hash(cache)


def test_a_change_of_other_settings_keeps_the_caches(override):
    before = caches["default"]
    override(DEBUG=True)
    assert caches["default"] is before


def test_all_caches_or_those_in_use():
    caches.reset()
    assert list(caches) == ["default", "other"]
    before = len(caches.all(initialized_only=True))
    assert len(caches.all()) == 2 >= before


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"default": {"BACKEND": LOCMEM}}, "has no 'nowhere'; expected one of \\['default'\\]"),
        ({"nowhere": {"BACKEND": "no.such.Backend"}}, "cache backend 'no.such.Backend' of 'nowhere'"),
    ],
)
def test_a_cache_that_cannot_be_is_refused(configuration, message, override):
    override(CACHES=configuration)
    with pytest.raises(InvalidCacheBackendError, match=message):
        _ = caches["nowhere"]


def test_only_caches_that_hold_something_are_closed_after_requests(override, monkeypatch):
    monkeypatch.setattr(module, "Connected", Connected, raising=False)
    before = len(request_finished.receivers)
    _ = caches["default"]
    assert len(request_finished.receivers) == before
    override(CACHES={"default": {"BACKEND": "penstock.web.core.cache.Connected"}})
    _ = caches["default"]
    try:
        request_finished.send(sender=None)
        assert Connected.closed == 1
    finally:
        request_finished.disconnect(close_caches)
