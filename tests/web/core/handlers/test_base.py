"""From a request to a response: the order of hooks, to the letter, on both sides."""

import asyncio
import logging
import re
import sys
import types
from typing import ClassVar

import pytest

from penstock.web.core.exceptions import PermissionDenied
from penstock.web.core.handlers.base import BaseHandler
from penstock.web.core.signals import got_request_exception
from penstock.web.http import Http404, HttpRequest, HttpResponse
from penstock.web.urls import get_urlconf, path
from penstock.web.utils.deprecation import MiddlewareMixin


class Lazy(HttpResponse):
    """A response that is yet to be rendered."""

    def __init__(self, text, error=None):
        super().__init__()
        self.text_to_be, self.error = text, error

    def render(self):
        if self.error:
            raise self.error
        self.content = self.text_to_be
        return self


class Hooks(MiddlewareMixin):
    """Notes each hook; does what `acts` says for it: returns something or raises."""

    acts: ClassVar[dict] = {}
    log: ClassVar[list] = []

    def act(self, hook, default=None):
        self.log.append(f"{type(self).__name__}.{hook}")
        act = self.acts.get((type(self).__name__, hook), default)
        if isinstance(act, Exception):
            raise act
        return act

    def process_request(self, request):
        return self.act("request")

    def process_view(self, request, view, args, kwargs):
        return self.act("view")

    def process_template_response(self, request, response):
        return self.act("template", response)

    def process_exception(self, request, error):
        return self.act("exception")

    def process_response(self, request, response):
        return self.act("response", response)


class Outer(Hooks):
    pass


class Inner(Hooks):
    pass


@pytest.fixture(params=["sync", "async"])
def ask(request, urlconf, override, monkeypatch):
    """Ask a site of two middlewares, as sync and as async code would; returns (response, log)."""
    module = types.ModuleType("the_hooks")
    module.Outer, module.Inner = Outer, Inner
    monkeypatch.setitem(sys.modules, "the_hooks", module)
    monkeypatch.setattr(Hooks, "log", [])

    def ask(view, acts=(), *, middleware=("Outer", "Inner"), location="/", **attributes):
        Hooks.acts = dict(acts)
        Hooks.log.clear()
        urlconf(path("", view), **attributes)
        override(MIDDLEWARE=[f"the_hooks.{name}" for name in middleware])
        handler = BaseHandler()
        handler.load_middleware(is_async=request.param == "async")
        question = make_request(location)
        if request.param == "async":
            return asyncio.run(handler.get_response_async(question)), Hooks.log
        return handler.get_response(question), Hooks.log

    return ask


def make_request(location="/"):
    question = HttpRequest()
    question.method, question.path, question.path_info = "GET", location, location
    question.META = {"SERVER_NAME": "testserver", "SERVER_PORT": "80"}
    return question


def view(request):
    Hooks.log.append("view")
    return HttpResponse("view")


async def async_view(request):
    return view(request)


def lazy_view(request):
    Hooks.log.append("view")
    return Lazy("lazy")


DOWN = ["Outer.request", "Inner.request"]
VIEW = ["Outer.view", "Inner.view"]
UP = ["Inner.response", "Outer.response"]


@pytest.mark.parametrize("view", [view, async_view])
def test_hooks_run_in_order_around_the_view(ask, view):
    response, log = ask(view)
    assert response.content == b"view"
    assert log == [*DOWN, *VIEW, "view", *UP]


def test_template_response_hooks_run_from_the_inside_before_rendering(ask):
    response, log = ask(lazy_view)
    assert response.content == b"lazy"
    assert log == [*DOWN, *VIEW, "view", "Inner.template", "Outer.template", *UP]


def test_answer_of_process_view_skips_the_view_and_the_hooks_inside(ask):
    response, log = ask(view, {("Outer", "view"): HttpResponse("early")})
    assert response.content == b"early"
    assert log == [*DOWN, "Outer.view", *UP]


def test_lazy_answer_of_process_view_is_rendered_after_template_response_hooks(ask):
    response, log = ask(view, {("Outer", "view"): Lazy("early")})
    assert response.content == b"early"
    assert log == [*DOWN, "Outer.view", "Inner.template", "Outer.template", *UP]


def test_false_answer_of_the_last_process_view_skips_the_view_all_the_same(ask):
    with pytest.raises(AttributeError):
        ask(view, {("Inner", "view"): ""})
    assert "view" not in Hooks.log
    assert "Inner.response" in Hooks.log


def test_false_answer_of_an_outer_process_view_is_forgotten(ask):
    response, _ = ask(view, {("Outer", "view"): ""})
    assert response.content == b"view"


def raising_view(request):
    raise ValueError("of the view")


def test_exception_of_the_view_is_offered_from_the_inside(ask):
    response, log = ask(raising_view, {("Outer", "exception"): HttpResponse("rescued")})
    assert response.content == b"rescued"
    assert log == [*DOWN, *VIEW, "Inner.exception", "Outer.exception", *UP]


def test_first_rescue_is_the_answer(ask):
    response, log = ask(
        raising_view,
        {("Inner", "exception"): HttpResponse("inner"), ("Outer", "exception"): HttpResponse("outer")},
    )
    assert response.content == b"inner"
    assert "Outer.exception" not in log


def test_rescued_exception_sends_no_signal_and_leaves_no_record(ask, caplog):
    seen = []

    def note(**named):
        seen.append(named)

    got_request_exception.connect(note)
    try:
        ask(raising_view, {("Inner", "exception"): HttpResponse("rescued")})
    finally:
        got_request_exception.disconnect(note)
    assert seen == []
    assert caplog.records == []


def test_false_rescue_is_none(ask):
    response, _ = ask(
        raising_view,
        {("Inner", "exception"): "", ("Outer", "exception"): ""},
        handler500=lambda request: HttpResponse("page", status=500),
    )
    assert response.content == b"page"


def test_lazy_rescue_goes_through_template_response_hooks(ask):
    response, log = ask(raising_view, {("Inner", "exception"): Lazy("rescued")})
    assert response.content == b"rescued"
    assert log[-4:] == ["Inner.template", "Outer.template", *UP]


def test_exception_of_rendering_is_offered_and_its_answer_returned_as_it_is(ask):
    rescue = Lazy("never rendered")
    response, log = ask(lambda request: Lazy("", ValueError("of render")), {("Inner", "exception"): rescue})
    assert response is rescue
    assert response.content == b""
    assert log.count("Inner.template") == 1


def test_exception_of_rendering_that_nobody_rescues_is_converted(ask):
    response, _ = ask(
        lambda request: Lazy("", ValueError("of render")),
        handler500=lambda request: HttpResponse("page", status=500),
    )
    assert response.content == b"page"


@pytest.mark.parametrize("hook", ["view", "template"])
def test_exception_of_a_hook_is_not_offered_to_process_exception(ask, hook):
    response, log = ask(
        lazy_view, {("Inner", hook): PermissionDenied()}, handler403=lambda *_, **__: HttpResponse(status=403)
    )
    assert response.status_code == 403
    assert "Inner.exception" not in log


def test_path_that_no_route_answers_is_not_offered_to_process_exception(ask):
    response, log = ask(view, location="/no/", handler404=lambda *_, **__: HttpResponse("none", status=404))
    assert response.content == b"none"
    assert log == [*DOWN, *UP]


def page_of_the_error(request):
    return HttpResponse(str(sys.exc_info()[1]), status=500)


class Instance:
    def __call__(self, request):
        return None


def none_view(request):
    return None


@pytest.mark.parametrize(
    ("view", "says"),
    [
        pytest.param(none_view, r"The view .*\.none_view didn't return .* It returned None", id="function"),
        pytest.param(Instance(), r"The view .*\.Instance\.__call__ didn't return", id="instance"),
    ],
)
def test_view_that_returns_none_is_refused_by_name_and_not_offered(ask, view, says):
    response, log = ask(view, handler500=page_of_the_error)
    assert re.match(says, response.content.decode())
    assert "Inner.exception" not in log


def test_view_that_returns_a_coroutine_without_being_async_is_refused(ask):
    made = []

    def forgetful(request):
        made.append(async_view(request))
        return made[0]

    response, _ = ask(forgetful, handler500=page_of_the_error)
    made[0].close()
    assert b"an unawaited coroutine instead. You may need to add an 'await'" in response.content


def test_template_response_hook_that_returns_none_is_refused_by_the_name_of_its_class(ask):
    class Silent(Hooks):
        def process_template_response(self, request, response):
            return None

    sys.modules["the_hooks"].Silent = Silent
    response, _ = ask(lazy_view, middleware=("Silent",), handler500=page_of_the_error)
    assert response.content.startswith(b"Silent.process_template_response didn't return an HttpResponse")


def test_error_response_is_logged_once(ask, caplog):
    caplog.set_level(logging.DEBUG, "penstock.web.request")
    ask(lambda request: HttpResponse(status=410))
    assert caplog.messages == ["Gone: /"]


def test_urlconf_of_the_request_is_taken_for_resolving(ask):
    class Switch(MiddlewareMixin):
        def process_request(self, request):
            request.urlconf = (
                path("", lambda request: HttpResponse(f"switched {get_urlconf()[0].name}"), name="n"),
            )

    sys.modules["the_hooks"].Switch = Switch
    response, _ = ask(view, middleware=("Switch",))
    assert response.content == b"switched n"


def test_request_is_closed_by_the_final_response(urlconf, override):
    urlconf(path("", view))
    override(MIDDLEWARE=[])
    handler = BaseHandler()
    handler.load_middleware()
    request = make_request()
    closed = []
    request.close = lambda: closed.append(request)
    handler.get_response(request).close()
    assert closed == [request]


def test_match_is_noted_on_the_request(urlconf, override):
    urlconf(path("<int:pk>/", lambda request, pk: HttpResponse(str(request.resolver_match.kwargs))))
    override(MIDDLEWARE=[])
    handler = BaseHandler()
    handler.load_middleware()
    assert handler.get_response(make_request("/7/")).content == b"{'pk': 7}"


def test_unforeseen_404_of_a_view_is_offered_to_process_exception(ask):
    def missing(request):
        raise Http404("no such thing")

    response, _ = ask(missing, {("Inner", "exception"): HttpResponse("rescued")})
    assert response.content == b"rescued"


def test_asynchronous_render_is_awaited(urlconf, override):
    class AsyncLazy(Lazy):
        async def render(self):
            return super().render()

    urlconf(path("", lambda request: AsyncLazy("awaited")))
    override(MIDDLEWARE=[])
    handler = BaseHandler()
    handler.load_middleware(is_async=True)
    assert asyncio.run(handler.get_response_async(make_request())).content == b"awaited"


def test_second_request_of_a_context_finds_its_urlconf_in_place(urlconf, override):
    urlconf(path("", lambda request: HttpResponse(get_urlconf())))
    override(MIDDLEWARE=[])
    handler = BaseHandler()
    handler.load_middleware()
    first, second = handler.get_response(make_request()), handler.get_response(make_request())
    assert first.content == second.content != b""


def broken_page(request):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("settings", "page", "error"),
    [
        pytest.param({}, broken_page, ZeroDivisionError, id="page-that-raises"),
        pytest.param({"DEBUG_PROPAGATE_EXCEPTIONS": True}, None, ValueError, id="propagated"),
    ],
)
def test_signal_of_an_exception_that_leaves_is_sent_once_per_layer(urlconf, override, settings, page, error):
    seen = []

    def note(**named):
        seen.append(named)

    class Plain(MiddlewareMixin):
        pass

    module = types.ModuleType("the_layers")
    module.Plain = Plain
    sys.modules["the_layers"] = module
    urlconf(path("", raising_view), **({"handler500": page} if page else {}))
    override(MIDDLEWARE=["the_layers.Plain"] * 3, **settings)
    handler = BaseHandler()
    handler.load_middleware()
    got_request_exception.connect(note)
    try:
        with pytest.raises(error):
            handler.get_response(make_request())
    finally:
        got_request_exception.disconnect(note)
        del sys.modules["the_layers"]
    assert len(seen) == 4
