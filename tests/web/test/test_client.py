"""A client that calls the site without a server, and its handler."""

import asyncio
from types import SimpleNamespace

import pytest

from penstock.web.core.signals import request_finished, request_started
from penstock.web.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from penstock.web.test.client import AsyncClient, Client, RedirectCycleError, conditional_content_removal
from penstock.web.test.signals import template_rendered
from penstock.web.urls import path


def echo(request):
    body = f"{request.method} {request.get_full_path()} {request.body.decode()}"
    return HttpResponse(body, headers={"X-Secure": str(request.is_secure())})


async def echo_later(request):
    return echo(request)


def fail(_request):
    raise ZeroDivisionError("on purpose")


def go(request):
    target, status = request.GET["to"], int(request.GET.get("status", "302"))
    return HttpResponseRedirect(target, status=status)


def count(request):
    number = int(request.COOKIES.get("count", "0")) + 1
    response = HttpResponse(str(number))
    response.set_cookie("count", str(number))
    return response


async def pieces_later():
    yield b"a"
    yield b"b"


def render(request):
    """Say that templates were rendered, as a template backend does."""
    for number in range(int(request.GET["times"])):
        template = SimpleNamespace(name=f"{number}.html")
        template_rendered.send(sender=None, template=template, context={"number": number, str(number): True})
    return HttpResponse()


ROUTES = [
    path("render/", render),
    path("echo/", echo, name="echo"),
    path("later/", echo_later),
    path("fail/", fail),
    path("go/", go),
    path("more/<int:n>/", lambda _request, n: HttpResponseRedirect(f"/more/{n + 1}/")),
    path("count/", count),
    path("json/", lambda _request: JsonResponse({"a": 1})),
    path("stream/", lambda _request: StreamingHttpResponse(iter("ab"))),
    path("stream-later/", lambda _request: StreamingHttpResponse(pieces_later())),
]


@pytest.fixture(autouse=True)
def _site(urlconf, override):
    urlconf(*ROUTES)
    override(MIDDLEWARE=[])


@pytest.fixture(params=["sync", "async"])
def call(request):
    """`call("get", "/path/")` of either client."""
    if request.param == "sync":
        client = Client()
        return lambda method, *args, **kwargs: getattr(client, method)(*args, **kwargs)
    client = AsyncClient()
    return lambda method, *args, **kwargs: asyncio.run(getattr(client, method)(*args, **kwargs))


@pytest.mark.parametrize("view", ["/echo/", "/later/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "trace"])
def test_view_is_called_with_the_method(call, method, view):
    response = call(method, view, query_params={"q": "1"}, secure=True)
    assert response.content.decode().startswith(f"{method.upper()} {view}?q=1")
    assert response["X-Secure"] == "True"


def test_head_has_no_content(call):
    assert call("head", "/echo/").content == b""


def test_response_tells_how_it_came_about(call):
    response = call("get", "/echo/")
    assert response.resolver_match.url_name == "echo"
    assert (response.client.cookies, response.templates, response.context, response.exc_info) == (
        {},
        [],
        None,
        None,
    )
    assert (getattr(response, "wsgi_request", None) or response.asgi_request).path == "/echo/"
    assert response.closed


def test_exception_of_a_view_is_raised(call):
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        call("get", "/fail/")


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_exception_of_a_view_becomes_a_500_if_that_is_wanted(client_class):
    answer = client_class(raise_request_exception=False).get("/fail/")
    response = asyncio.run(answer) if client_class is AsyncClient else answer
    assert (response.status_code, response.exc_info[0]) == (500, ZeroDivisionError)


def test_cookies_are_kept():
    client = Client()
    assert [client.get("/count/").content for _ in range(3)] == [b"1", b"2", b"3"]


def test_json_is_parsed_once_and_nothing_else_is(call):
    response = call("get", "/json/")
    assert response.json() == {"a": 1}
    assert response.json() is response.json()
    with pytest.raises(
        ValueError, match='Content-Type header is "text/html; charset=utf-8", not "application/json"'
    ):
        call("get", "/echo/").json()


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        ("get", 302, b"GET /echo/?a=1 "),
        ("post", 302, b"GET /echo/?a=1 "),
        ("post", 303, b"GET /echo/?a=1 "),
        ("get", 307, b"GET /echo/?a=1 "),
        ("put", 308, b"PUT /echo/?a=1 body"),
    ],
)
def test_redirect_is_followed_with_the_method_it_asks_for(call, method, status, body):
    content = {} if method == "get" else {"data": "body", "content_type": "text/plain"}
    response = call(method, f"/go/?to=/echo/%3Fa%3D1&status={status}", follow=True, **content)
    assert response.content == body
    assert response.redirect_chain == [("/echo/?a=1", status)]


@pytest.mark.parametrize(
    ("target", "location", "is_secure"),
    [
        ("https://testserver/echo/", "/echo/", "True"),
        ("http://testserver:81/echo/", "/echo/", "False"),
        ("../echo/", "/echo/", "False"),
        ("?to=/echo/", "/echo/", "False"),
    ],
)
def test_redirect_leads_where_its_url_says(call, target, location, is_secure):
    response = call("get", "/go/", {"to": target}, follow=True)
    assert response.content.decode() == f"GET {location} "
    assert response["X-Secure"] == is_secure


def test_redirect_in_a_circle_is_an_error(call):
    with pytest.raises(RedirectCycleError, match="Redirect loop detected") as caught:
        call("get", "/go/?to=/go/%3Fto%3D/go/", follow=True, QUERY_STRING="to=/go/%3Fto%3D/go/")
    assert caught.value.last_response.status_code == 302


def test_redirects_without_an_end_are_an_error(call):
    with pytest.raises(RedirectCycleError, match="Too many redirects") as caught:
        call("get", "/more/1/", follow=True)
    assert len(caught.value.redirect_chain) == 21


def test_streamed_response_is_closed_when_it_was_read():
    response = Client().get("/stream/")
    assert not response.closed
    assert response.getvalue() == b"ab"
    assert response.closed


def test_response_streamed_asynchronously_is_closed_when_it_was_read():
    async def ask():
        response = await AsyncClient().get("/stream-later/")
        return response, [piece async for piece in response]

    response, pieces = asyncio.run(ask())
    assert (pieces, response.closed) == ([b"a", b"b"], True)


def test_signals_of_a_request_are_sent(call):
    heard = []

    def started(**_kwargs):
        heard.append("started")

    def finished(**_kwargs):
        heard.append("finished")

    request_started.connect(started)
    request_finished.connect(finished)
    try:
        call("get", "/echo/")
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)
    assert heard == ["started", "finished"]


def test_templates_and_their_contexts_are_seen(call):
    one, two = call("get", "/render/?times=1"), call("get", "/render/?times=2")
    assert ([each.name for each in one.templates], one.context["number"]) == (["0.html"], 0)
    assert ([each.name for each in two.templates], two.context["1"]) == (["0.html", "1.html"], True)


@pytest.mark.parametrize(("enforce", "status"), [(False, 200), (True, 403)])
def test_tokens_are_asked_for_if_that_is_wanted(override, enforce, status):
    override(MIDDLEWARE=["penstock.web.middleware.csrf.CsrfViewMiddleware"])
    assert Client(enforce_csrf_checks=enforce).post("/echo/").status_code == status


def test_session_is_begun_and_found_again(override):
    override(SESSION_ENGINE="penstock.web.contrib.sessions.backends.cache")
    client = Client()
    session = client.session
    session["a"] = 1
    session.save()
    assert client.session["a"] == 1


def test_session_is_the_same_from_a_coroutine(override):
    override(SESSION_ENGINE="penstock.web.contrib.sessions.backends.cache")
    client = Client()
    session = client.session
    session["a"] = 1
    session.save()
    assert asyncio.run(client.asession())["a"] == 1


@pytest.mark.parametrize("status", [100, 199, 204, 304])
@pytest.mark.parametrize("make", [HttpResponse, StreamingHttpResponse])
def test_content_that_a_server_would_not_send_is_removed(status, make):
    response = make([b"x"], status=status)
    assert conditional_content_removal(HttpRequest(), response).getvalue() == b""


def test_content_of_other_responses_stays():
    assert conditional_content_removal(HttpRequest(), HttpResponse("x")).content == b"x"
