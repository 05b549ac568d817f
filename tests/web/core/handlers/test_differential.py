"""Random middlewares with all five hooks, in Django's handler and in ours: the same calls, one end."""

import asyncio
import io
import sys
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock.web.conf
import penstock.web.http
import penstock.web.urls
from penstock.web.core.handlers.base import BaseHandler
from penstock.web.core.handlers.wsgi import WSGIRequest
from penstock.web.utils.deprecation import MiddlewareMixin

pytest.importorskip("django", reason="compares with Django")
import django.conf
import django.core.exceptions
import django.http
import django.urls
from django.core.handlers.base import BaseHandler as DjangoHandler
from django.core.handlers.wsgi import WSGIRequest as DjangoRequest
from django.utils.deprecation import MiddlewareMixin as DjangoMixin

HOOKS = ("request", "view", "template_response", "exception", "response")
ACTS = st.sampled_from([None, None, None, "answer", "lazy", "falsy", "raise", "forbid"])
MIDDLEWARES = st.lists(
    st.fixed_dictionaries({"is_mixin": st.booleans()}, optional=dict.fromkeys(HOOKS, ACTS)), max_size=4
)
VIEWS = st.sampled_from(["answer", "lazy", "lazy that raises", "raise", "forbid", "none", "async"])


class Ours:
    name = "ours"
    handler, request_class, mixin = BaseHandler, WSGIRequest, MiddlewareMixin
    http, urls, conf = penstock.web.http, penstock.web.urls, penstock.web.conf
    forbidden = penstock.web.core.exceptions.PermissionDenied


class Theirs:
    name = "theirs"
    handler, request_class, mixin = DjangoHandler, DjangoRequest, DjangoMixin
    http, urls, conf = django.http, django.urls, django.conf
    forbidden = django.core.exceptions.PermissionDenied


class Stage:
    """One framework's site, made of a plan; notes each call."""

    def __init__(self, framework, plan, view):
        self.framework, self.log = framework, []
        self.module = types.ModuleType(f"stage_of_{framework.name}")
        self.module.urlpatterns = [framework.urls.path("", self._make_view(view))]
        for number in (400, 403, 404, 500):
            setattr(self.module, f"handler{number}", self._make_page(number))
        for index, middleware in enumerate(plan):
            setattr(self.module, f"factory{index}", self._make_middleware(index, middleware))
        self.names = [f"{self.module.__name__}.factory{index}" for index in range(len(plan))]

    def _response(self, text, *, lazy_error=None, is_lazy=False):
        response = self.framework.http.HttpResponse(text)
        if is_lazy:
            response.is_rendered = False

            def render():
                self.log.append(("render", text))
                if lazy_error:
                    raise lazy_error
                response.is_rendered = True
                return response

            response.render = render
        return response

    def _act(self, act, who, default=None):
        self.log.append(who)
        if act == "raise":
            raise ValueError(who)
        if act == "forbid":
            raise self.framework.forbidden(who)
        if act in ("answer", "lazy"):
            return self._response(str(who), is_lazy=act == "lazy")
        return "" if act == "falsy" else default

    def _make_page(self, number):
        def page(request, exception=None):
            self.log.append(("page", number, repr(exception)))
            return self.framework.http.HttpResponse(f"page {number}", status=number)

        return page

    def _make_view(self, act):
        async def async_view(request):
            return self._act("answer", ("view",))

        def view(request):
            if act == "lazy that raises":
                self.log.append(("view",))
                return self._response("view", is_lazy=True, lazy_error=ValueError("of render"))
            return self._act(act, ("view",))

        return async_view if act == "async" else view

    def _make_middleware(self, index, plan):
        """Return a factory: hooks that walk, or a callable of the older sort with the same hooks."""
        hooks = {}
        for hook in HOOKS:
            if hook in plan:
                hooks[f"process_{hook}"] = self._make_hook(index, hook, plan[hook])
        if plan["is_mixin"]:
            return type("Mixin", (self.framework.mixin,), hooks)
        around = {name: hooks.pop(name, None) for name in ("process_request", "process_response")}

        def factory(get_response):
            def middleware(request):
                before, after = around["process_request"], around["process_response"]
                response = (before(None, request) if before else None) or get_response(request)
                return after(None, request, response) if after else response

            for name, hook in hooks.items():
                setattr(middleware, name, types.MethodType(hook, middleware))
            return middleware

        return factory

    def _make_hook(self, index, hook, act):
        if hook in ("response", "template_response"):
            return lambda _self, request, response: self._act(
                "none" if act == "falsy" else act, (index, hook), None if act == "falsy" else response
            )
        return lambda _self, request, *args: self._act(act, (index, hook))

    def run(self):
        settings = self.framework.conf.settings
        sys.modules[self.module.__name__] = self.module
        before = settings._wrapped
        settings._wrapped = self.framework.conf.UserSettingsHolder(before)
        settings.ROOT_URLCONF, settings.MIDDLEWARE = self.module.__name__, self.names
        self.framework.urls.clear_url_caches()
        try:
            return self._ask(), self.log
        finally:
            settings._wrapped = before
            self.framework.urls.clear_url_caches()
            self.framework.urls.set_urlconf(None)
            del sys.modules[self.module.__name__]

    def _ask(self):
        handler = self.framework.handler()
        handler.load_middleware()
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
        }
        try:
            response = handler.get_response(self.framework.request_class(environ))
        except Exception as error:  # noqa: BLE001  (that is how it ended)
            return type(error).__name__
        return response.status_code, response.content


@settings(max_examples=300, deadline=None)
@given(MIDDLEWARES, VIEWS)
def test_random_hooks_are_called_as_django_calls_them(plan, view):
    assert Stage(Ours, plan, view).run() == Stage(Theirs, plan, view).run()


def test_async_view_is_among_those_that_are_compared():
    end, log = Stage(Ours, [], "async").run()
    assert end == (200, b"('view',)")
    assert log == [("view",)]
    assert asyncio.iscoroutinefunction(Stage(Ours, [], "async").module.urlpatterns[0].callback)
