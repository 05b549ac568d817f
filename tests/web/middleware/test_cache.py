"""Whole pages from the cache."""

import itertools
import time

import pytest

from penstock.web.core.cache import caches
from penstock.web.http import HttpResponse, StreamingHttpResponse
from penstock.web.middleware.cache import CacheMiddleware, FetchFromCacheMiddleware, UpdateCacheMiddleware


@pytest.fixture(autouse=True)
def _empty_caches():
    caches["default"].clear()
    yield
    caches["default"].clear()


@pytest.fixture
def counting():
    """A view that answers another number each time."""
    numbers = itertools.count(1)

    def make(**attributes):
        def view(_request):
            response = HttpResponse(str(next(numbers)))
            for name, value in attributes.items():
                response[name.replace("_", "-")] = value
            return response

        return view

    return make


def site(view, **settings):
    return CacheMiddleware(view, page_timeout=60, **settings)


def ask(site, request):
    return site(request).content


def test_page_is_kept_for_the_next(make_request, counting):
    middleware = site(counting())
    assert ask(middleware, make_request()) == ask(middleware, make_request()) == b"1"


def test_two_halves_keep_a_page_as_one_does(make_request, counting):
    middleware = UpdateCacheMiddleware(FetchFromCacheMiddleware(counting()))
    assert ask(middleware, make_request()) == ask(middleware, make_request()) == b"1"


@pytest.mark.parametrize("location", ["/other/", "/?q=1"])
def test_page_of_another_address_is_another(make_request, counting, location):
    middleware = site(counting())
    assert (ask(middleware, make_request()), ask(middleware, make_request(location))) == (b"1", b"2")


def test_unsafe_request_is_neither_answered_nor_kept(make_request, counting):
    middleware = site(counting())
    assert ask(middleware, make_request(method="POST")) == b"1"
    assert ask(middleware, make_request(method="POST")) == b"2"
    assert ask(middleware, make_request()) == b"3"


def test_head_is_answered_with_what_get_left(make_request, counting):
    middleware = site(counting())
    ask(middleware, make_request())
    assert ask(middleware, make_request(method="HEAD")) == b"1"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"Cache_Control": "private"}, id="private"),
        pytest.param({"Cache_Control": "No-Cache"}, id="no-cache-in-any-case"),
        pytest.param({"Cache_Control": "no-store"}, id="no-store"),
        pytest.param({"Cache_Control": "max-age=0"}, id="max-age-0"),
        pytest.param({"Vary": "Cookie, *"}, id="vary-star"),
    ],
)
def test_response_that_says_so_is_not_kept(make_request, counting, fields):
    middleware = UpdateCacheMiddleware(FetchFromCacheMiddleware(counting(**fields)))
    assert (ask(middleware, make_request()), ask(middleware, make_request())) == (b"1", b"2")


@pytest.mark.parametrize("status", [201, 301, 404, 500])
def test_response_of_another_status_is_not_kept(make_request, answer, status):
    middleware = site(answer(status=status))
    assert "Expires" not in middleware(make_request())


def test_stream_is_not_kept(make_request):
    middleware = site(lambda _request: StreamingHttpResponse([b"x"]))
    assert "Expires" not in middleware(make_request())


def test_first_visit_that_sets_a_cookie_it_varies_by_is_not_kept(make_request):
    numbers = itertools.count(1)

    def view(_request):
        response = HttpResponse(str(next(numbers)), headers={"Vary": "Cookie"})
        response.set_cookie("a", "b")
        return response

    middleware = site(view)
    assert (ask(middleware, make_request()), ask(middleware, make_request())) == (b"1", b"2")


def test_vary_keeps_a_page_for_each_value(make_request, counting):
    middleware = site(counting(Vary="X-Theme"))
    dark, light = {"HTTP_X_THEME": "dark"}, {"HTTP_X_THEME": "light"}
    pages = [ask(middleware, make_request(**meta)) for meta in (dark, light, dark, light)]
    assert pages == [b"1", b"2", b"1", b"2"]


@pytest.mark.parametrize(
    ("page_timeout", "cache_timeout", "own", "says"),
    [
        pytest.param(30, 40, "max-age=50", "max-age=30", id="page-stands-above-all"),
        pytest.param(None, 40, "max-age=50", "max-age=50", id="response-above-the-site"),
        pytest.param(None, 40, None, "max-age=40", id="site"),
    ],
)
def test_time_to_keep_is_of_page_then_response_then_site(  # noqa: PLR0917  (fixtures and parameters)
    make_request, counting, page_timeout, cache_timeout, own, says
):
    view = counting(**({"Cache_Control": own} if own else {}))
    middleware = CacheMiddleware(view, page_timeout=page_timeout, cache_timeout=cache_timeout)
    assert middleware(make_request())["Cache-Control"] == says


def test_page_from_the_cache_says_its_age(make_request, counting, monkeypatch):
    middleware = site(counting())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    assert "Age" not in middleware(make_request())
    monkeypatch.setattr(time, "time", lambda: now + 7)
    assert 6 <= int(middleware(make_request())["Age"]) <= 8


def test_prefix_tells_sites_apart(make_request, counting):
    view = counting()
    first, second = site(view, key_prefix="one"), site(view, key_prefix="two")
    assert (ask(first, make_request()), ask(second, make_request())) == (b"1", b"2")


def test_cache_is_the_one_of_the_alias(override, make_request, counting):
    local = {"BACKEND": "penstock.web.core.cache.backends.locmem.LocMemCache"}
    override(CACHES={"default": {**local, "LOCATION": "a"}, "other": {**local, "LOCATION": "b"}})
    view = counting()
    ask(site(view, cache_alias="other"), make_request())
    caches["other"].clear()
    assert ask(site(view, cache_alias="other"), make_request()) == b"2"
    assert site(view, cache_alias=None).cache_alias == "default"
    assert site(view, key_prefix=None).key_prefix == ""


class Lazy(HttpResponse):
    """A response that is yet to be rendered."""

    def __init__(self):
        super().__init__()
        self.callbacks = []

    def add_post_render_callback(self, callback):
        self.callbacks.append(callback)

    def render(self):
        self.content = b"rendered"
        for callback in self.callbacks:
            callback(self)
        self.callbacks = []
        return self

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "callbacks"}


def test_response_that_is_yet_to_be_rendered_is_kept_when_it_has_been(make_request):
    middleware = site(lambda _request: Lazy())
    middleware(make_request()).render()
    assert ask(middleware, make_request()) == b"rendered"


def test_page_from_the_cache_without_an_age_to_count_from_says_none(make_request, counting):
    middleware = site(counting(Expires="never"))
    middleware(make_request())
    assert "Age" not in middleware(make_request())


def test_response_of_304_is_dated_and_not_kept(make_request, answer):
    middleware = site(answer(status=304))
    assert "Expires" in middleware(make_request())
    assert "Age" not in middleware(make_request())
