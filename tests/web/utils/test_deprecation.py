"""Renamed methods, and the class of middleware that is its hooks."""

import asyncio
import warnings

import pytest
from asgiref.sync import iscoroutinefunction

from penstock.web.utils.deprecation import (
    MiddlewareMixin,
    RemovedAfterNextVersionWarning,
    RemovedInNextVersionWarning,
    RenameMethodsBase,
)


class Renaming(RenameMethodsBase):
    renamed_methods = (("old", "new", DeprecationWarning),)


def test_class_with_the_old_name_is_warned_about_where_it_is_defined():
    with pytest.warns(DeprecationWarning, match="`Shop.old` method should be renamed `new`") as caught:

        class Shop(metaclass=Renaming):
            def old(self):
                return "goods"

    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Shop().new() == "goods"


def test_call_by_the_old_name_is_warned_about_where_it_is_made():
    class Shop(metaclass=Renaming):
        def new(self):
            return "goods"

    with pytest.warns(DeprecationWarning, match="`Shop.old` is deprecated, use `new` instead") as caught:
        assert Shop().old() == "goods"
    assert caught[0].filename == __file__


def test_class_without_either_name_gets_neither():
    class Shop(metaclass=Renaming):
        pass

    assert not hasattr(Shop, "old")
    assert not hasattr(Shop, "new")


def test_warnings_of_the_next_versions_have_the_categories_of_django():
    assert issubclass(RemovedInNextVersionWarning, DeprecationWarning)
    assert issubclass(RemovedAfterNextVersionWarning, PendingDeprecationWarning)


class Hooked(MiddlewareMixin):
    early = None

    def process_request(self, request):
        request.append("in")
        return self.early

    def process_response(self, request, response):
        request.append("out")
        return response


def test_mixin_calls_both_hooks_around_get_response():
    request = []
    assert Hooked(lambda request: request.append("view") or "response")(request) == "response"
    assert request == ["in", "view", "out"]


def test_mixin_whose_request_hook_answers_skips_get_response_and_still_runs_its_response_hook():
    request = []
    hooked = Hooked(lambda request: request.append("view"))
    hooked.early = "early"
    assert hooked(request) == "early"
    assert request == ["in", "out"]


def test_mixin_takes_a_false_answer_for_none():
    hooked = Hooked(lambda _request: "response")
    hooked.early = ""
    assert hooked([]) == "response"


def test_mixin_without_hooks_is_its_get_response():
    assert MiddlewareMixin(lambda request: request + 1)(1) == 2


def test_mixin_under_an_asynchronous_get_response_is_asynchronous_itself():
    async def get_response(request):
        request.append("view")
        return "response"

    request = []
    hooked = Hooked(get_response)
    assert iscoroutinefunction(hooked)
    assert asyncio.run(hooked(request)) == "response"
    assert request == ["in", "view", "out"]


def test_asynchronous_mixin_whose_request_hook_answers_skips_get_response():
    async def get_response(request):
        request.append("view")

    request = []
    hooked = Hooked(get_response)
    hooked.early = "early"
    assert asyncio.run(hooked(request)) == "early"
    assert request == ["in", "out"]


def test_mixin_without_get_response_is_refused():
    with pytest.raises(ValueError, match="get_response must be provided"):
        MiddlewareMixin(None)


class Site:
    def __call__(self, request):
        return request


def test_mixin_names_what_it_wraps():
    assert repr(Hooked(Site())) == "<Hooked get_response=Site>"
    assert repr(Hooked(len)) == "<Hooked get_response=len>"


def test_asynchronous_mixin_without_hooks_is_its_get_response():
    async def get_response(request):
        return request + 1

    assert asyncio.run(MiddlewareMixin(get_response)(1)) == 2
