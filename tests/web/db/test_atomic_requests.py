"""The transaction around a view, and around nothing else (BaseHandler.make_view_atomic, atomic_view)."""

import pytest

from penstock.web import db
from penstock.web.db import transaction
from penstock.web.http import HttpResponse, StreamingHttpResponse
from penstock.web.template.response import SimpleTemplateResponse
from penstock.web.test import Client
from penstock.web.urls import path


@pytest.fixture
def seen():
    """Where the site was in a block, by place."""
    return {}


@pytest.fixture
def atomic_site(databases, url, counter, urlconf, override):
    """`atomic_site(view, *middleware)` answers GET and POST of / under ATOMIC_REQUESTS."""
    databases(default={"URL": url, "ATOMIC_REQUESTS": True})

    def make(view, middleware=()):
        urlconf(path("", view))
        override(MIDDLEWARE=list(middleware))
        return Client(raise_request_exception=False)

    return make


def note(where, seen):
    seen[where] = transaction.in_atomic_block()


def test_view_runs_in_a_block_that_its_return_commits(atomic_site, counter, count) -> None:
    def view(request):
        db.session().add(counter())
        assert transaction.in_atomic_block()
        return HttpResponse()

    atomic_site(view).post("/")
    assert count() == 1


def test_error_response_that_a_view_returns_is_committed(atomic_site, counter, count) -> None:
    def view(request):
        db.session().add(counter())
        return HttpResponse(status=400)

    assert atomic_site(view).post("/").status_code == 400
    assert count() == 1


def test_view_that_raises_is_rolled_back(atomic_site, counter, count) -> None:
    def view(request):
        db.session().add(counter())
        db.session().flush()
        raise ValueError

    assert atomic_site(view).post("/").status_code == 500
    assert count() == 0


class NotingMiddleware:
    """Notes at each hook whether a block is open."""

    seen: dict

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        note("before", self.seen)
        response = self.get_response(request)
        note("after", self.seen)
        return response

    def process_view(self, request, view, args, kwargs):
        note("process_view", self.seen)

    def process_exception(self, request, error):
        note("process_exception", self.seen)
        return HttpResponse("caught")

    def process_template_response(self, request, response):
        note("process_template_response", self.seen)
        return response


class NotedResponse(SimpleTemplateResponse):
    @property
    def rendered_content(self):
        note("render", NotingMiddleware.seen)
        return ""


def test_block_spans_the_view_and_nothing_else(atomic_site, seen, monkeypatch) -> None:
    monkeypatch.setattr(NotingMiddleware, "seen", seen, raising=False)

    def view(request):
        note("view", seen)
        if request.method == "POST":
            raise ValueError
        return NotedResponse("none")

    client = atomic_site(view, [f"{__name__}.NotingMiddleware"])
    client.get("/")
    client.post("/")
    assert seen.pop("view") is True
    assert seen == dict.fromkeys(
        ["before", "process_view", "process_template_response", "render", "process_exception", "after"], False
    )


def test_view_that_process_exception_answers_for_is_rolled_back(
    atomic_site, seen, monkeypatch, counter, count
) -> None:
    monkeypatch.setattr(NotingMiddleware, "seen", seen, raising=False)

    def view(request):
        db.session().add(counter())
        db.session().flush()
        raise ValueError

    assert atomic_site(view, [f"{__name__}.NotingMiddleware"]).post("/").content == b"caught"
    assert count() == 0


def test_stream_is_produced_outside_the_block(atomic_site, seen) -> None:
    def pieces():
        note("stream", seen)
        yield b""

    response = atomic_site(lambda request: StreamingHttpResponse(pieces())).get("/")
    assert list(response.streaming_content) == [b""]
    assert seen == {"stream": False}


def test_exempt_view_runs_outside(atomic_site, seen) -> None:
    @transaction.non_atomic_requests
    def view(request):
        note("view", seen)
        return HttpResponse()

    atomic_site(view).get("/")
    assert seen == {"view": False}


def test_view_exempt_for_another_database_runs_in_a_block(atomic_site, seen) -> None:
    @transaction.non_atomic_requests(using="other")
    def view(request):
        note("view", seen)
        return HttpResponse()

    atomic_site(view).get("/")
    assert seen == {"view": True}


def test_async_view_is_refused(atomic_site, caplog) -> None:
    async def view(request):
        return HttpResponse()

    assert atomic_site(view).get("/").status_code == 500
    assert "is asynchronous, and DATABASES['default'] has ATOMIC_REQUESTS" in caplog.text


def test_exempt_async_view_answers(atomic_site) -> None:
    @transaction.non_atomic_requests
    async def view(request):
        return HttpResponse("well")

    assert atomic_site(view).get("/").content == b"well"


def test_view_without_queries_opens_no_connection(atomic_site) -> None:
    client = atomic_site(lambda request: HttpResponse())
    db.engine().dispose()
    client.get("/")
    assert db.engine().pool.checkedin() == 0


@pytest.mark.parametrize(
    ("method", "words"), [("get", "BEGIN"), ("head", "BEGIN"), ("post", "BEGIN IMMEDIATE")]
)
def test_request_whose_method_is_safe_does_not_begin_as_a_writer(atomic_site, counter, method, words) -> None:
    def view(request):
        driver = db.session().connection().connection.dbapi_connection
        said = []
        driver.set_trace_callback(said.append)
        db.session().get(counter, 1)
        driver.set_trace_callback(None)
        return HttpResponse(said[0])

    response = getattr(atomic_site(view), method)("/")
    assert response.content == (b"" if method == "head" else words.encode())
