import pytest

from penstock.web.http import HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.views.decorators.cache import cache_control, cache_page, never_cache


def test_page_is_kept_for_its_time(override):
    override(
        CACHES={
            "default": {"BACKEND": "penstock.web.core.cache.backends.locmem.LocMemCache", "LOCATION": "page"}
        }
    )
    made = []

    @cache_page(60, key_prefix="mine")
    def view(request):
        made.append(request)
        return HttpResponse("content")

    for _ in range(2):
        response = view(RequestFactory().get("/kept/"))
    assert (len(made), response["Cache-Control"]) == (1, "max-age=60")


def test_directives_are_set():
    decorated = cache_control(max_age=5, private=True)(lambda request: HttpResponse())
    assert set(decorated(RequestFactory().get("/"))["Cache-Control"].split(", ")) == {"max-age=5", "private"}


def test_answer_that_nobody_may_keep_says_so():
    assert (
        "no-store" in never_cache(lambda request: HttpResponse())(RequestFactory().get("/"))["Cache-Control"]
    )


@pytest.mark.parametrize("decorator", [cache_control(private=True), never_cache])
def test_method_that_was_decorated_like_a_function_is_told(decorator):
    with pytest.raises(TypeError, match="be sure to use @method_decorator"):
        decorator(lambda self: None)(object())
