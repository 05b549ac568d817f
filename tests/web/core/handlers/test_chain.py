"""From names in MIDDLEWARE to a chain: sides, hooks, what is left out, what becomes a layer."""

import asyncio
import logging
import sys
import types

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed, PermissionDenied
from penstock.web.core.handlers.chain import load_chain
from penstock.web.http import HttpRequest, HttpResponse
from penstock.web.utils.decorators import async_only_middleware, sync_and_async_middleware
from penstock.web.utils.deprecation import MiddlewareMixin


class Recording:
    """A request, and at once the response: a list of who touched it."""

    def __init__(self):
        self.log = []


def heart(request):
    request.log.append("heart")
    return request


async def async_heart(request):
    request.log.append("heart")
    return request


class Hooks(MiddlewareMixin):
    def process_request(self, request):
        request.log.append("request")

    def process_response(self, request, response):
        request.log.append("response")
        return response

    def process_view(self, request, view, args, kwargs): ...

    def process_template_response(self, request, response): ...

    def process_exception(self, request, error): ...


class OtherHooks(Hooks):
    pass


class Called(Hooks):
    def __call__(self, request):
        request.log.append("called")
        return super().__call__(request)


class Wrapping(Hooks):
    """Puts something of its own between itself and the rest."""

    def __init__(self, get_response):
        def wrapped(request):
            request.log.append("between")
            return get_response(request)

        super().__init__(wrapped)


def function(get_response):
    def middleware(request):
        request.log.append("function")
        return get_response(request)

    middleware.process_view = lambda *_args: None
    return middleware


@async_only_middleware
def async_function(get_response):
    async def middleware(request):
        request.log.append("async function")
        return await get_response(request)

    return middleware


@sync_and_async_middleware
def either(get_response):
    if asyncio.iscoroutinefunction(get_response):
        return async_function(get_response)
    return function(get_response)


def unused(_get_response):
    raise MiddlewareNotUsed


def unused_with_reason(_get_response):
    raise MiddlewareNotUsed("no need")


def nothing(_get_response):
    return None


class NeitherSide(Hooks):
    sync_capable = async_capable = False


def load(*middlewares, is_async=False):
    names = [f"{__name__}.{middleware.__name__}" for middleware in middlewares]
    return load_chain(names, async_heart if is_async else heart, is_async=is_async)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """Make this module one that a dotted name finds, whatever the test run calls it."""
    module = types.ModuleType(__name__)
    vars(module).update(globals())
    monkeypatch.setitem(sys.modules, __name__, module)


@pytest.mark.parametrize(
    ("middlewares", "log"),
    [
        pytest.param([], ["heart"], id="none"),
        pytest.param([Hooks, Hooks], ["request", "request", "heart", "response", "response"], id="hooks"),
        pytest.param([function, Hooks], ["function", "request", "heart", "response"], id="function-outside"),
        pytest.param([Hooks, function], ["request", "function", "heart", "response"], id="function-inside"),
        pytest.param([Called], ["called", "request", "heart", "response"], id="own-call"),
        pytest.param([Wrapping], ["request", "between", "heart", "response"], id="wraps-get-response"),
        pytest.param([unused, Hooks], ["request", "heart", "response"], id="unused-is-left-out"),
        pytest.param([Hooks, async_function], ["request", "async function", "heart", "response"], id="async"),
        pytest.param([either, either], ["function", "function", "heart"], id="either-side-is-sync"),
    ],
)
def test_chain_goes_through_each_middleware_in_order(middlewares, log):
    request = Recording()
    assert load(*middlewares).respond(request) is request
    assert request.log == log


@pytest.mark.parametrize(
    ("middlewares", "log"),
    [
        pytest.param([], ["heart"], id="none"),
        pytest.param([Hooks, Hooks], ["request", "request", "heart", "response", "response"], id="hooks"),
        pytest.param([function, Hooks], ["function", "request", "heart", "response"], id="sync-function"),
        pytest.param([either, either], ["async function", "async function", "heart"], id="either-is-async"),
        pytest.param([either, function], ["function", "function", "heart"], id="either-around-sync"),
    ],
)
def test_asynchronous_chain_goes_through_each_middleware_in_order(middlewares, log):
    request = Recording()
    assert asyncio.run(load(*middlewares, is_async=True).respond(request)) is request
    assert request.log == log


def test_hooks_of_the_view_go_down_and_the_others_up():
    chain = load(Hooks, OtherHooks)
    assert [hook.__self__.__class__ for hook in chain.view_hooks] == [Hooks, OtherHooks]
    assert [name for _, name in chain.template_response_hooks] == ["OtherHooks", "Hooks"]
    assert [hook.__self__.__class__ for hook in chain.exception_hooks] == [OtherHooks, Hooks]


def test_hook_may_be_an_attribute_of_a_function():
    assert len(load(function).view_hooks) == 1


def test_layers_of_hooks_are_not_called_but_walked(monkeypatch):
    def refuse(self, request):
        raise AssertionError("called")

    monkeypatch.setattr(MiddlewareMixin, "__call__", refuse)
    request = Recording()
    load(Hooks, OtherHooks).respond(request)
    assert request.log == ["request", "request", "heart", "response", "response"]


def test_get_response_of_a_walked_layer_is_the_rest_of_the_site():
    chain = load(Hooks, function)
    request = Recording()
    chain.view_hooks[0].__self__.get_response(request)
    assert request.log == ["function", "heart"]


@pytest.mark.parametrize(
    ("middleware", "error", "message"),
    [
        pytest.param(nothing, ImproperlyConfigured, "returned None", id="returns-none"),
        pytest.param(NeitherSide, RuntimeError, "sync_capable/async_capable", id="neither-side"),
    ],
)
def test_middleware_that_cannot_be_used_is_refused_by_name(middleware, error, message):
    with pytest.raises(error, match=f"{middleware.__name__}.*{message}"):
        load(middleware)


@pytest.mark.parametrize(
    ("middleware", "message"),
    [
        pytest.param(unused, f"MiddlewareNotUsed: '{__name__}.unused'", id="without-reason"),
        pytest.param(
            unused_with_reason,
            f"MiddlewareNotUsed('{__name__}.unused_with_reason'): no need",
            id="with-reason",
        ),
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_unused_middleware_is_logged_while_debug_is_on(override, caplog, middleware, message, debug):
    caplog.set_level(logging.DEBUG, "penstock.web.request")
    override(DEBUG=debug)
    load(middleware)
    assert caplog.messages == [message] * debug


def test_adaption_of_a_middleware_is_logged_while_debug_is_on(override, caplog):
    caplog.set_level(logging.DEBUG, "penstock.web.request")
    override(DEBUG=True)
    load(async_function)
    assert caplog.messages[0] == f"Synchronous handler adapted for middleware {__name__}.async_function."


def test_unused_middleware_on_another_side_leaves_the_handler_as_it_was():
    chain = load(either, unused, is_async=True)
    request = Recording()
    asyncio.run(chain.respond(request))
    assert request.log == ["async function", "heart"]


@async_only_middleware
def async_refusing(_get_response):
    async def middleware(_request):
        raise PermissionDenied

    return middleware


def test_exception_of_an_asynchronous_middleware_is_converted_before_the_one_around_it(urlconf):
    urlconf(handler403=lambda request, exception: HttpResponse(status=403))
    request = HttpRequest()
    request.log = []
    assert asyncio.run(load(Hooks, async_refusing, is_async=True).respond(request)).status_code == 403
    assert request.log == ["request", "response"]
