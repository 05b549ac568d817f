"""utils/cache.py; its headers and conditions are compared with Django's in tests/web/differential."""

import pytest

from penstock.web.core.cache.backends.locmem import LocMemCache
from penstock.web.http import HttpRequest, HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.utils import cache
from penstock.web.utils.http import http_date

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


# -- conditional requests ------------------------------------------------------------------------

OLD, NEW = 1_000_000_000, 2_000_000_000


@pytest.mark.parametrize(
    ("headers", "method", "etag", "modified", "status"),
    [
        pytest.param({}, "GET", '"a"', OLD, 200, id="no-condition"),
        pytest.param({"If-Match": '"a"'}, "GET", '"a"', None, 200, id="if-match"),
        pytest.param({"If-Match": '"b"'}, "GET", '"a"', None, 412, id="if-match-other"),
        pytest.param({"If-Match": "*"}, "GET", '"a"', None, 200, id="if-match-any"),
        pytest.param({"If-Match": "*"}, "GET", None, None, 412, id="if-match-any-of-none"),
        pytest.param({"If-Match": 'W/"a"'}, "GET", 'W/"a"', None, 412, id="if-match-weak"),
        pytest.param({"If-None-Match": '"a"'}, "GET", '"a"', None, 304, id="if-none-match"),
        pytest.param({"If-None-Match": '"b"'}, "GET", '"a"', None, 200, id="if-none-match-other"),
        pytest.param({"If-None-Match": '"a"'}, "GET", None, None, 200, id="if-none-match-of-none"),
        pytest.param({"If-None-Match": 'W/"a"'}, "HEAD", '"a"', None, 304, id="if-none-match-weak"),
        pytest.param({"If-None-Match": "*"}, "PUT", '"a"', None, 412, id="if-none-match-put"),
        pytest.param({"If-Modified-Since": http_date(NEW)}, "GET", None, OLD, 304, id="unmodified"),
        pytest.param({"If-Modified-Since": http_date(OLD)}, "GET", None, NEW, 200, id="modified"),
        pytest.param({"If-Modified-Since": http_date(NEW)}, "POST", None, OLD, 200, id="unmodified-post"),
        pytest.param({"If-Modified-Since": "yesterday"}, "GET", None, OLD, 200, id="no-date"),
        pytest.param(
            {"If-None-Match": '"b"', "If-Modified-Since": http_date(NEW)},
            "GET",
            '"a"',
            OLD,
            200,
            id="etag-wins",
        ),
        pytest.param({"If-Unmodified-Since": http_date(OLD)}, "PUT", None, NEW, 412, id="unmodified-since"),
        pytest.param(
            {"If-Unmodified-Since": http_date(NEW)}, "PUT", None, OLD, 200, id="unmodified-since-later"
        ),
        pytest.param(
            {"If-Unmodified-Since": http_date(NEW)}, "PUT", None, None, 412, id="unmodified-since-unknown"
        ),
    ],
)
def test_a_condition_decides_what_is_sent(headers, method, etag, modified, status):
    request = RequestFactory(headers=headers).generic(method, "/")
    response = HttpResponse("x", headers={"ETag": '"a"', "Cache-Control": "private", "X-Own": "1"})
    result = cache.get_conditional_response(request, etag, modified, response)
    assert result.status_code == status
    assert (result is response) is (status == 200)
    if status == 304:
        assert (result["ETag"], result["Cache-Control"], result.has_header("X-Own")) == (
            '"a"',
            "private",
            False,
        )


@pytest.mark.parametrize("status", [301, 404, 500])
def test_conditions_concern_what_would_have_succeeded(status):
    response = HttpResponse(status=status)
    request = request_of("/", **{"If-Match": '"other"'})
    assert cache.get_conditional_response(request, '"a"', None, response) is response


def test_a_condition_may_be_asked_before_there_is_a_response():
    request = request_of("/", **{"If-None-Match": '"a"'})
    assert cache.get_conditional_response(request, '"a"').status_code == 304
    assert cache.get_conditional_response(request, '"b"') is None


def test_keys_of_the_configured_cache_are_the_usual_ones(override):
    override(CACHE_MIDDLEWARE_KEY_PREFIX="site", CACHE_MIDDLEWARE_SECONDS=60)
    learnt = cache.learn_cache_key(request_of("/usual"), HttpResponse())
    assert cache.get_cache_key(request_of("/usual")) == learnt
    assert ".site." in learnt
