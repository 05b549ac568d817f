"""The site as a WSGI application: what the server is told, in which order, and how a request ends."""

import io

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.core.handlers.wsgi import WSGIHandler
from penstock.web.core.signals import request_finished, request_started
from penstock.web.core.wsgi import get_wsgi_application
from penstock.web.http import FileResponse, HttpResponse, StreamingHttpResponse
from penstock.web.urls import get_script_prefix, get_urlconf, path


def make_environ(location="/", **more):
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": location,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        **more,
    }


@pytest.fixture
def serve(urlconf, override):
    """Call a site of one view; returns the result and what start_response was given."""

    def serve(view, environ=None, **attributes):
        urlconf(path("", view), **attributes)
        override(MIDDLEWARE=[])
        head = []
        result = WSGIHandler()(
            environ or make_environ(), lambda status, headers: head.extend((status, headers))
        )
        return result, head

    return serve


@pytest.fixture
def log():
    seen = []

    def started(sender, environ, **named):
        seen.append(("started", sender, environ["PATH_INFO"]))

    def finished(sender, **named):
        seen.append(("finished", sender))

    request_started.connect(started)
    request_finished.connect(finished)
    yield seen
    request_started.disconnect(started)
    request_finished.disconnect(finished)


def test_head_has_fields_in_order_and_a_field_for_each_cookie(serve):
    def view(request):
        response = HttpResponse("x", headers={"X-One": "1"})
        response.set_cookie("a", "b")
        response.set_cookie("c", "d")
        return response

    _, (status, headers) = serve(view)
    assert status == "200 OK"
    assert headers == [
        ("X-One", "1"),
        ("Content-Type", "text/html; charset=utf-8"),
        ("Set-Cookie", " a=b; Path=/"),
        ("Set-Cookie", " c=d; Path=/"),
    ]


@pytest.mark.parametrize(
    ("response", "line"),
    [
        pytest.param(HttpResponse(status=418), "418 I'm a Teapot", id="known"),
        pytest.param(HttpResponse(status=299), "299 Unknown Status Code", id="unknown"),
        pytest.param(HttpResponse(status=200, reason="Fine"), "200 Fine", id="own-reason"),
    ],
)
def test_status_line_is_code_and_reason(serve, response, line):
    _, (status, _headers) = serve(lambda request: response)
    assert status == line


def test_status_code_that_was_assigned_outside_of_the_standard_is_sent_as_it_is(serve):
    def view(request):
        response = HttpResponse()
        response.status_code = 999
        return response

    assert serve(view)[1][0] == "999 Unknown Status Code"


def test_body_is_the_response_and_closing_it_ends_the_request(serve, log):
    result, _ = serve(lambda request: HttpResponse("body"))
    assert b"".join(result) == b"body"
    assert log == [("started", WSGIHandler, "/")]
    result.close()
    assert log == [("started", WSGIHandler, "/"), ("finished", WSGIHandler)]
    assert result.closed


def test_closers_run_before_the_request_is_said_to_be_over(serve, log):
    def view(request):
        response = HttpResponse()
        response._resource_closers.append(lambda: log.append(("closer", response.closed)))
        return response

    serve(view)[0].close()
    assert log[1:] == [("closer", False), ("finished", WSGIHandler)]


def test_urlconf_is_forgotten_when_the_request_is_over_and_not_before(serve):
    def view(request):
        return StreamingHttpResponse(iter([str(get_urlconf()).encode()]))

    result, _ = serve(view)
    assert b"".join(result).startswith(b"urlconf_")
    result.close()
    assert get_urlconf() is None


def test_script_prefix_is_that_of_the_environ(serve):
    environ = make_environ(SCRIPT_NAME="/mount")
    result, _ = serve(lambda request: HttpResponse(f"{get_script_prefix()} {request.path}"), environ)
    assert b"".join(result) == b"/mount/ /mount/"


def test_script_name_that_is_not_utf_8_leaves_before_any_signal(serve, log):
    with pytest.raises(UnicodeDecodeError):
        serve(lambda request: HttpResponse(), make_environ(SCRIPT_NAME="/\xff"))
    assert log == []


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"PATH_INFO": "/\u20ac"}, id="path-no-server-sends"),
        pytest.param({"CONTENT_TYPE": "text/plain; charset*=x-none'en'a"}, id="charset-nobody-knows"),
    ],
)
def test_request_that_cannot_be_read_leaves_after_the_first_signal(serve, log, more):
    with pytest.raises(ValueError):  # noqa: PT011  (UnicodeEncodeError is one)
        serve(lambda request: HttpResponse(), make_environ() | more)
    assert [name for name, *_ in log] == ["started"]


def test_path_that_is_not_utf_8_is_a_404(serve):
    _, (status, _headers) = serve(
        lambda request: HttpResponse(),
        make_environ("/\xed"),
        handler404=lambda *_, **__: HttpResponse(status=404),
    )
    assert status == "404 Not Found"


class Wrapper:
    def __init__(self, file, block_size):
        self.file, self.block_size = file, block_size


def test_file_is_handed_to_the_servers_wrapper_and_closing_it_ends_the_request(serve, log):
    file = io.BytesIO(b"content")
    environ = make_environ(**{"wsgi.file_wrapper": Wrapper})
    result, _ = serve(lambda request: FileResponse(file), environ)
    assert isinstance(result, Wrapper)
    assert (result.file, result.block_size) == (file, FileResponse.block_size)
    result.file.close()
    assert log[-1] == ("finished", WSGIHandler)
    assert file.closed


@pytest.mark.parametrize(
    ("response", "wrapper"),
    [
        pytest.param(lambda: FileResponse(io.BytesIO(b"content")), None, id="no-wrapper"),
        pytest.param(lambda: StreamingHttpResponse([b"content"]), Wrapper, id="no-file"),
        pytest.param(lambda: HttpResponse(b"content"), Wrapper, id="no-stream"),
    ],
)
def test_response_is_its_own_body_where_there_is_no_file_or_no_wrapper(serve, response, wrapper):
    result, _ = serve(lambda request: response(), make_environ(**{"wsgi.file_wrapper": wrapper}))
    assert b"".join(result) == b"content"


def test_body_of_head_is_left_to_the_server(serve):
    result, _ = serve(lambda request: HttpResponse("body"), make_environ(REQUEST_METHOD="HEAD"))
    assert b"".join(result) == b"body"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_what_is_no_exception_leaves_the_application_without_a_last_signal(serve, log, error):
    def view(request):
        raise error

    with pytest.raises(error):
        serve(view)
    assert [name for name, *_ in log] == ["started"]


def test_application_of_the_settings_has_loaded_its_middleware(urlconf, override):
    urlconf(path("", lambda request: HttpResponse("set up")))
    override(MIDDLEWARE=[])
    assert b"".join(get_wsgi_application()(make_environ(), lambda *_: None)) == b"set up"


def test_error_in_a_middleware_shows_when_the_application_is_made(override):
    override(ROOT_URLCONF="site.urls", MIDDLEWARE=["there.is.no.such.Middleware"])
    with pytest.raises(ImportError):
        get_wsgi_application()


def test_site_without_a_urlconf_is_told_when_the_application_is_made(override):
    override(ROOT_URLCONF=None, MIDDLEWARE=[])
    with pytest.raises(ImproperlyConfigured, match="ROOT_URLCONF is not set"):
        get_wsgi_application()
