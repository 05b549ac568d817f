"""utils/cache.py; its headers and conditions are compared with Django's in tests/web/differential."""

import pytest

from penstock.web.core.cache.backends.locmem import LocMemCache
from penstock.web.http import HttpRequest, HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.utils import cache

NEVER = "max-age=0, no-cache, no-store, must-revalidate, private"


@pytest.fixture
def store():
    store = LocMemCache("tests of utils/cache", {})
    store.clear()
    return store


def request_of(path="/", **headers):
    return RequestFactory(headers=headers).get(path)


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        pytest.param(None, {"private": True}, ["private"], id="first"),
        pytest.param("", {"private": True}, ["private"], id="empty"),
        pytest.param("private", {"public": True}, ["public"], id="public-for-private"),
        pytest.param("max-age=20", {"max_age": 10}, ["max-age=10"], id="smaller-age-asked"),
        pytest.param("max-age=5", {"max_age": 10}, ["max-age=5"], id="smaller-age-there"),
        pytest.param("max-age=word", {"max_age": 10}, ["max-age=10"], id="age-that-is-none"),
        pytest.param("no-cache=a", {"no_cache": "b"}, ["no-cache=a", "no-cache=b"], id="names-add-up"),
        pytest.param("no-cache=a", {"no_cache": True}, ["no-cache"], id="no-cache-alone-is-stronger"),
        pytest.param("must-revalidate", {"s_maxage": 3}, ["must-revalidate", "s-maxage=3"], id="underscore"),
    ],
)
def test_cache_control_is_completed(before, changes, after):
    response = HttpResponse(headers={} if before is None else {"Cache-Control": before})
    cache.patch_cache_control(response, **changes)
    assert response.headers["Cache-Control"].split(", ") == after


@pytest.mark.parametrize(
    ("value", "seconds"), [("max-age=5, x", 5), ("max-age=word", None), ("private", None), (None, None)]
)
def test_the_age_is_read(value, seconds):
    assert cache.get_max_age(HttpResponse(headers={"Cache-Control": value} if value else {})) == seconds


def test_a_response_that_nobody_may_keep_says_so():
    response = HttpResponse()
    cache.add_never_cache_headers(response)
    assert response.headers["Cache-Control"] == NEVER


@pytest.mark.parametrize(
    ("before", "names", "after"),
    [
        (None, ["Cookie"], "Cookie"),
        ("Cookie", ["cookie", "Origin"], "Cookie, Origin"),
        ("Cookie , Accept", ["X"], "Cookie, Accept, X"),
        ("Cookie", ["*"], "*"),
        ("*", ["X"], "*"),
    ],
)
def test_vary_names_each_header_once(before, names, after):
    response = HttpResponse(headers={"Vary": before} if before else {})
    cache.patch_vary_headers(response, names)
    assert response.headers["Vary"] == after
    assert cache.has_vary_header(response, "X") is ("X" in after.split(", "))


def test_an_etag_is_a_quoted_digest_of_the_content():
    first, same, other, none = (
        cache.set_response_etag(HttpResponse(content)).headers.get("ETag") for content in ("a", "a", "b", "")
    )
    assert first == same != other
    assert first.startswith('"')
    assert none is None


def learn(path, store, vary=None, **headers):
    request = request_of(path, **headers)
    response = HttpResponse(headers={"Vary": vary} if vary else {})
    return cache.learn_cache_key(request, response, 60, "prefix", store)


def test_a_key_is_known_once_it_was_learnt(store):
    assert cache.get_cache_key(request_of("/a"), "prefix", cache=store) is None
    learnt = learn("/a", store)
    assert cache.get_cache_key(request_of("/a"), "prefix", cache=store) == learnt
    assert cache.get_cache_key(request_of("/b"), "prefix", cache=store) is None
    assert cache.get_cache_key(request_of("/a"), "other", cache=store) is None


def test_a_key_depends_on_method_query_and_varying_headers(store):
    keys = {
        learn("/a", store, "Origin", Origin="x"),
        learn("/a", store, "Origin", Origin="y"),
        learn("/a", store, "Origin", Origin=""),
        learn("/a", store, "Origin"),
        learn("/a?b", store, "Origin"),
        cache.get_cache_key(request_of("/a?b"), "prefix", "HEAD", store),
    }
    assert len(keys) == 6


def test_a_key_depends_on_language_and_time_zone_where_pages_do(store, override):
    plain = HttpRequest()
    plain.META = {"SERVER_NAME": "testserver", "SERVER_PORT": "80"}
    keys = set()
    for settings in ({"USE_I18N": True}, {"USE_I18N": False}, {"USE_TZ": False, "USE_I18N": False}):
        override(**settings)
        keys.add(cache.learn_cache_key(plain, HttpResponse(), 60, "", store))
    assert len(keys) == 3
