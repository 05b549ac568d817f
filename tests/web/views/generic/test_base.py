import asyncio

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.http import HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.urls import path
from penstock.web.utils.asyncio import iscoroutinefunction
from penstock.web.views import View
from penstock.web.views.generic import RedirectView, TemplateView


class Answering(View):
    """What it is for."""

    color = "red"

    def get(self, request, *args, **kwargs):
        return HttpResponse(f"{self.color} {self.args} {self.kwargs}")


def ask(view, method="GET", *args, **kwargs):
    return view(RequestFactory().generic(method, "/"), *args, **kwargs)


def test_view_answers_by_the_method_of_the_request():
    assert ask(Answering.as_view(color="blue"), "GET", 1, k=2).content == b"blue (1,) {'k': 2}"


def test_head_is_answered_by_get():
    assert ask(Answering.as_view(), "HEAD").status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE", "MADE-UP"])
def test_method_that_is_not_there_is_405_with_what_is(method, caplog):
    response = ask(Answering.as_view(), method)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert f"Method Not Allowed ({method}): /" in caplog.text


def test_options_lists_the_methods():
    response = ask(Answering.as_view(), "OPTIONS")
    assert (response["Allow"], response["Content-Length"]) == ("GET, HEAD, OPTIONS", "0")


def test_each_request_has_an_object_of_its_own():
    class Keeping(View):
        def get(self, request):
            return self

    view = Keeping.as_view()
    assert ask(view) is not ask(view)


def test_function_tells_whose_view_it_is():
    view = Answering.as_view(color="blue")
    assert (view.view_class, view.view_initkwargs) == (Answering, {"color": "blue"})
    assert (view.__name__, view.__doc__, view.__module__) == ("view", "What it is for.", __name__)


@pytest.mark.parametrize(
    ("argument", "message"),
    [({"get": 1}, "method name get is not accepted"), ({"size": 1}, "received an invalid keyword 'size'")],
)
def test_argument_that_the_class_does_not_have_is_refused(argument, message):
    with pytest.raises(TypeError, match=message):
        Answering.as_view(**argument)


def test_object_has_no_as_view():
    with pytest.raises(AttributeError, match="only on the class"):
        Answering().as_view()


def test_setup_that_forgets_its_base_is_named():
    class Forgetting(View):
        def setup(self, request, *args, **kwargs): ...

    with pytest.raises(AttributeError, match="Forgetting instance has no 'request' attribute"):
        ask(Forgetting.as_view())


class Waiting(View):
    async def get(self, request):
        return HttpResponse("waited")


def test_view_of_coroutines_is_a_coroutine_function_in_all_it_answers():
    view = Waiting.as_view()
    assert iscoroutinefunction(view)
    assert not iscoroutinefunction(Answering.as_view())
    assert asyncio.run(ask(view)).content == b"waited"
    assert asyncio.run(ask(view, "POST")).status_code == 405
    assert asyncio.run(ask(view, "OPTIONS")).status_code == 200


def test_view_of_both_kinds_is_refused():
    class Mixed(Waiting):
        def post(self, request): ...

    with pytest.raises(
        ImproperlyConfigured, match="Mixed HTTP handlers must either be all sync or all async"
    ):
        Mixed.as_view()


def test_mark_on_dispatch_is_on_the_view():
    class Marked(Answering):
        def dispatch(self, request, *args, **kwargs): ...

        dispatch.csrf_exempt = True

    assert Marked.as_view().csrf_exempt


def test_template_view_gives_its_arguments_to_the_template():
    response = ask(TemplateView.as_view(template_name="a.html", extra_context={"x": 1}), "GET", pk=5)
    assert response.template_name == ["a.html"]
    view = response.context_data.pop("view")
    assert (isinstance(view, TemplateView), response.context_data) == (True, {"pk": 5, "x": 1})


def test_template_view_without_a_template_says_what_is_missing():
    with pytest.raises(ImproperlyConfigured, match="requires either a definition of 'template_name'"):
        ask(TemplateView.as_view())


@pytest.mark.parametrize(
    ("given", "status", "location"),
    [
        ({"url": "/a/%(pk)s/"}, 302, "/a/5/"),
        ({"url": "/a/", "permanent": True}, 301, "/a/"),
        ({"url": "/a/", "query_string": True}, 302, "/a/?q=1"),
        ({"pattern_name": "item"}, 302, "/items/5/"),
    ],
)
def test_redirect_leads_to_a_url_or_a_route(urlconf, given, status, location):
    urlconf(path("items/<int:pk>/", Answering.as_view(), name="item"))
    request = RequestFactory().post("/?q=1")
    response = RedirectView.as_view(**given)(request, pk=5)
    assert (response.status_code, response["Location"]) == (status, location)


def test_redirect_that_leads_nowhere_is_410(caplog):
    assert ask(RedirectView.as_view()).status_code == 410
    assert "Gone: /" in caplog.text
