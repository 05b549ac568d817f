"""What an exception becomes: page, status, record, signal."""

import asyncio
import logging

import pytest

from penstock.web.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from penstock.web.core.handlers.exception import (
    convert_exception_to_response,
    get_exception_response,
    handle_uncaught_exception,
    response_for_exception,
)
from penstock.web.core.signals import got_request_exception
from penstock.web.http import Http404, HttpRequest, HttpResponse
from penstock.web.http.multipartparser import MultiPartParserError
from penstock.web.urls import get_resolver


class Strange(SuspiciousOperation):
    pass


@pytest.fixture
def request_():
    request = HttpRequest()
    request.method, request.path, request.path_info = "POST", "/a\nb/", "/a\nb/"
    request.META = {"SERVER_NAME": "testserver", "SERVER_PORT": "80"}
    return request


@pytest.fixture
def handled(urlconf, request_):
    """Raise, and convert while it is being handled; pages come from handlers that name themselves."""

    def page(status):
        return lambda request, exception=None: HttpResponse(f"own {status}: {exception!r}", status=status)

    urlconf(**{f"handler{status}": page(status) for status in (400, 403, 404, 500)})

    def handle(error):
        def raising(_request):
            raise error

        return convert_exception_to_response(raising)(request_)

    return handle


@pytest.fixture
def signals():
    seen = []

    def note(**named):
        seen.append(named["request"])

    got_request_exception.connect(note)
    yield seen
    got_request_exception.disconnect(note)


KINDS = [
    pytest.param(Http404("x"), 404, None, None, id="not-found"),
    pytest.param(PermissionDenied("x"), 403, "penstock.web.request", "WARNING", id="forbidden"),
    pytest.param(MultiPartParserError("x"), 400, "penstock.web.request", "WARNING", id="multipart"),
    pytest.param(BadRequest("x"), 400, "penstock.web.request", "WARNING", id="bad-request"),
    pytest.param(Strange("x"), 400, "penstock.web.security.Strange", "ERROR", id="suspicious"),
    pytest.param(ValueError("x"), 500, "penstock.web.request", "ERROR", id="unforeseen"),
]


@pytest.mark.parametrize(("error", "status", "logger", "level"), KINDS)
def test_exception_becomes_the_page_of_its_status_and_one_record(  # noqa: PLR0917  (fixtures and parameters)
    handled, caplog, error, status, logger, level
):
    caplog.set_level(logging.DEBUG, "penstock.web")
    response = handled(error)
    assert response.status_code == status
    assert response.content.startswith(b"own %d" % status)
    assert [(record.name, record.levelname) for record in caplog.records] == [(logger, level)] * bool(logger)


@pytest.mark.parametrize(("error", "status", "logger", "level"), KINDS)
def test_signal_is_sent_for_unforeseen_exceptions_alone(  # noqa: PLR0917  (the same)
    handled, signals, request_, error, status, logger, level
):
    handled(error)
    assert signals == [request_] * (status == 500)


def test_record_of_an_exception_escapes_what_the_client_sent(handled, caplog):
    handled(PermissionDenied())
    assert caplog.records[0].getMessage() == r"Forbidden (Permission denied): /a\nb/"
    assert caplog.records[0].status_code == 403


def test_error_handlers_of_4xx_are_told_the_exception(handled):
    assert handled(BadRequest("so")).content == b"own 400: BadRequest('so')"


@pytest.mark.parametrize("kind", [RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent])
def test_limit_of_the_body_leaves_post_and_files_empty_for_the_error_page(handled, request_, kind):
    request_._read_started = True
    request_.__dict__.pop("_post", None)
    handled(kind("too much"))
    assert dict(request_.POST) == dict(request_.FILES) == {}
    assert not request_.POST._mutable


def test_error_handler_that_raises_is_answered_by_the_one_of_500(urlconf, request_, signals):
    def broken(request, exception):
        raise ZeroDivisionError

    urlconf(handler404=broken, handler500=lambda request: HttpResponse("500 instead", status=500))
    response = get_exception_response(request_, get_resolver(), 404, Http404())
    assert response.content == b"500 instead"
    assert signals == [request_]


def test_handler_of_500_that_raises_leaves(urlconf, request_):
    def broken(request):
        raise ZeroDivisionError

    urlconf(handler500=broken)
    with pytest.raises(ZeroDivisionError):
        convert_exception_to_response(lambda request: {}["missing"])(request_)


def test_unforeseen_exception_leaves_under_debug_propagate_exceptions(override, handled, signals):
    override(DEBUG_PROPAGATE_EXCEPTIONS=True)
    with pytest.raises(ValueError, match="x"):
        handled(ValueError("x"))
    assert len(signals) == 1
    assert handled(Http404()).status_code == 404


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        pytest.param(Http404("gone"), 404, b"Page not found", id="not-found"),
        pytest.param(BadRequest("so"), 400, b"BadRequest", id="bad-request"),
        pytest.param(Strange("so"), 400, b"Strange", id="suspicious"),
        pytest.param(ValueError("so"), 500, b"ValueError", id="unforeseen"),
        pytest.param(PermissionDenied("so"), 403, b"own 403", id="forbidden-keeps-its-own-page"),
        pytest.param(MultiPartParserError("so"), 400, b"own 400", id="multipart-keeps-its-own-page"),
    ],
)
def test_exception_under_debug_has_a_technical_page(override, handled, error, status, says):
    override(DEBUG=True)
    response = handled(error)
    assert response.status_code == status
    assert says in response.content


class Lazy(HttpResponse):
    is_rendered = False

    def render(self):
        self.content = b"rendered"
        self.is_rendered = True
        return self


def test_error_page_that_is_yet_to_be_rendered_is_rendered(urlconf, request_):
    urlconf(handler403=lambda request, exception: Lazy(status=403))
    assert response_for_exception(request_, PermissionDenied()).content == b"rendered"


def test_asynchronous_get_response_is_converted_as_such(handled, request_):
    async def get_response(request):
        raise PermissionDenied

    assert asyncio.run(convert_exception_to_response(get_response)(request_)).status_code == 403


class Empty:
    """A resolver that has lost its URLconf."""

    urlconf_module = None


def test_unforeseen_exception_without_a_urlconf_leaves_as_it_is(request_):
    error = ValueError("of the view")
    with pytest.raises(ValueError, match="of the view"):
        handle_uncaught_exception(request_, Empty(), (ValueError, error, None))
