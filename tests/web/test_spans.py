"""What a site tells of a request that is traced: view, template, slow middleware."""

import asyncio

import pytest

from penstock.telemetry.traces.trace import CURRENT, RequestTrace
from penstock.web.core.handlers import onion
from penstock.web.core.handlers.base import BaseHandler
from penstock.web.http import HttpResponse
from penstock.web.template.response import TemplateResponse
from penstock.web.test import RequestFactory, override_settings
from penstock.web.urls import path
from penstock.web.utils.deprecation import MiddlewareMixin


def plain(request, number):
    return HttpResponse(b"x")


async def awaited(request):
    await asyncio.sleep(0)
    return HttpResponse(b"x")


def broken(request):
    raise ValueError("as asked")


def rendered(request):
    return TemplateResponse(request, "page.html")


urlpatterns = [
    path("plain/<int:number>/", plain),
    path("awaited/", awaited),
    path("broken/", broken),
    path("rendered/", rendered),
]


class Slow(MiddlewareMixin):
    def process_request(self, request):
        return None

    def process_response(self, request, response):
        return response


@pytest.fixture
def spans():
    """Answer a request as the server has it answered; return what was told of it."""

    def answer(target, is_async=False):
        handler = BaseHandler()
        handler.load_middleware(is_async=is_async)
        trace = RequestTrace()
        trace.own_id = "id-1"
        before = CURRENT.set(trace)
        request = RequestFactory().get(target)
        try:
            if is_async:
                asyncio.run(handler.get_response_async(request))
            else:
                handler.get_response(request)
        finally:
            CURRENT.reset(before)
        return [(each.name, each.attributes, each.error) for each in trace.spans or ()]

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        yield answer


def test_view_is_a_span_that_names_its_route(spans):
    assert spans("/plain/7/") == [("view", {"http.route": "plain/<int:number>/"}, "")]


@pytest.mark.parametrize("is_async", [False, True], ids=["by-a-sync-handler", "by-an-async-handler"])
def test_asynchronous_view_is_measured_until_it_is_done(spans, is_async):
    assert spans("/awaited/", is_async) == [("view", {"http.route": "awaited/"}, "")]


def test_view_that_raises_is_said_to_have_failed(spans, caplog):
    [(_, _, error)] = spans("/broken/")
    assert error == "ValueError: as asked"


def test_page_that_is_not_there_has_no_view(spans):
    assert spans("/nowhere/") == []


def test_rendering_is_a_span_of_its_own(spans, tmp_path):
    (tmp_path / "page.html").write_text("x")
    engine = {"BACKEND": "penstock.web.template.backends.jinja2.Jinja2", "DIRS": [tmp_path]}
    with override_settings(TEMPLATES=[engine]):
        found = spans("/rendered/")
    assert [(name, attributes.get("template")) for name, attributes, _ in found] == [
        ("view", None),
        ("template.render", "page.html"),
    ]


@pytest.mark.parametrize(
    ("quick_ns", "expected"),
    [
        pytest.param(
            -1,
            ["middleware Slow.process_request", "view", "middleware Slow.process_response"],
            id="slow",
        ),
        pytest.param(10**12, ["view"], id="quick"),
    ],
)
def test_only_hooks_that_take_long_are_spans(spans, monkeypatch, quick_ns, expected):
    monkeypatch.setattr(onion, "QUICK_NS", quick_ns)
    with override_settings(MIDDLEWARE=[f"{__name__}.Slow"]):
        assert [name for name, *_ in spans("/plain/7/")] == expected


def test_site_under_another_server_tells_nobody(spans):
    handler = BaseHandler()
    handler.load_middleware()
    assert handler.get_response(RequestFactory().get("/plain/7/")).status_code == 200
