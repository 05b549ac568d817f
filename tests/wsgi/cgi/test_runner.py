"""An application as a CGI script: the environ of PEP 3333, responses, failures; and served by us."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.wsgi.cgi import CGIDirectory
from penstock.wsgi.cgi.runner import cgi_environ, respond

SOURCE = Path(__file__).parents[3] / "src"


def environ(**variables):
    return cgi_environ(variables, io.BytesIO(variables.pop("body", b"")), io.StringIO())


def answer(application, errors=None):
    output = io.BytesIO()
    made = cgi_environ({}, io.BytesIO(), errors or io.StringIO())
    return respond(application, made, output), output.getvalue()


def test_environ_has_all_that_is_required_even_where_nothing_is_said() -> None:
    found = environ()
    assert {name: found[name] for name in found if not name.startswith("wsgi.")} == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
    }
    assert found["wsgi.version"] == (1, 0)
    assert (found["wsgi.run_once"], found["wsgi.multithread"], found["wsgi.multiprocess"]) == (
        True,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("https", "expected"), [("on", "https"), ("1", "https"), ("off", "http"), ("", "http")]
)
def test_scheme_is_what_https_says(https, expected) -> None:
    assert environ(HTTPS=https)["wsgi.url_scheme"] == expected


def test_bytes_of_a_path_are_latin_1_as_the_specification_has_them() -> None:
    """PEP 3333 "Unicode Issues"; the process sees them as UTF-8 with surrogates for what is none."""
    assert environ(PATH_INFO="/J\xfcrgen\udcff")["PATH_INFO"] == "/J\xc3\xbcrgen\xff"


def test_body_ends_where_its_length_says() -> None:
    stream = environ(CONTENT_LENGTH="5", body=b"line\nmore")["wsgi.input"]
    assert stream.readline() == b"line\n"
    assert stream.read() == b""
    assert environ(body=b"x")["wsgi.input"].read() == b""


def test_body_that_is_shorter_than_its_length_ends_early() -> None:
    assert environ(CONTENT_LENGTH="9", body=b"four")["wsgi.input"].read() == b"four"


def test_response_is_written_with_its_status() -> None:
    def application(environ, start_response):
        write = start_response("201 Made", [("Content-Type", "text/plain"), ("X-A", "\xe9")])
        write(b"a")
        return [b"b", b"", b"c"]

    assert answer(application) == (
        True,
        b"Status: 201 Made\r\nContent-Type: text/plain\r\nX-A: \xe9\r\n\r\nabc",
    )


def test_response_without_a_body_has_a_head() -> None:
    def application(environ, start_response):
        start_response("204 No Content", [])
        return []

    assert answer(application) == (True, b"Status: 204 No Content\r\n\r\n")


def fails_early(environ, start_response):
    raise ValueError("early")


def fails_after_start(environ, start_response):
    start_response("200 OK", [])
    raise SystemExit("leaving")


def never_starts(environ, start_response):
    return [b"body"]


def starts_twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def gives_text(environ, start_response):
    start_response("200 OK", [])
    return ["text"]


def splits_the_response(environ, start_response):
    start_response("200 OK", [("X-A", "a\r\nSet-Cookie: b=c")])
    return [b"x"]


@pytest.mark.parametrize(
    ("application", "message"),
    [
        (fails_early, "ValueError: early"),
        (fails_after_start, "SystemExit: leaving"),
        (never_starts, "start_response was not called"),
        (starts_twice, "start_response called twice"),
        (gives_text, "body item of str; expected bytes"),
        (splits_the_response, "expected a name, and a value of one line"),
    ],
)
def test_application_that_fails_before_its_body_is_a_500_page(application, message) -> None:
    errors = io.StringIO()
    is_whole, output = answer(application, errors)
    assert is_whole
    assert output.startswith(b"Status: 500 Internal Server Error\r\n")
    assert message in errors.getvalue()


def test_application_that_fails_within_its_body_is_cut_and_closed() -> None:
    closed = []

    class Body:
        def __iter__(self):
            yield b"part"
            raise ValueError("late")

        def close(self):
            closed.append(True)

    def application(environ, start_response):
        start_response("200 OK", [])
        return Body()

    assert answer(application) == (False, b"Status: 200 OK\r\n\r\npart")
    assert closed == [True]


def test_late_failure_can_replace_a_head_that_is_not_out() -> None:
    def application(environ, start_response):
        start_response("200 OK", [])
        try:
            int("none")
        except ValueError:
            start_response("503 Later", [], sys.exc_info())
        return []

    assert answer(application) == (True, b"Status: 503 Later\r\n\r\n")


def test_late_failure_is_raised_when_the_head_is_out() -> None:
    def application(environ, start_response):
        write = start_response("200 OK", [])
        write(b"a")
        try:
            int("too late")
        except ValueError:
            start_response("503 Later", [], sys.exc_info())
        return []

    errors = io.StringIO()
    assert answer(application, errors) == (False, b"Status: 200 OK\r\n\r\na")
    assert "ValueError: invalid literal" in errors.getvalue()


def test_reader_that_has_gone_is_no_failure() -> None:
    class Gone(io.RawIOBase):
        def write(self, data):
            raise BrokenPipeError

        def flush(self):
            pass

    def application(environ, start_response):
        start_response("200 OK", [])
        return [b"a"]

    errors = io.StringIO()
    assert respond(application, cgi_environ({}, io.BytesIO(), errors), Gone()) is False
    assert errors.getvalue() == ""


SCRIPT = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(SOURCE)!r})
from penstock.wsgi.cgi import run

def application(environ, start_response):
    print("printed")
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1"), b" ", body]

run(application)
"""


def test_application_that_is_run_by_us_sees_the_request_as_it_came(cgi_bin, ask, caplog) -> None:
    cgi_bin("app.py", SCRIPT)
    path = "/app.py/J\xc3\xbcrgen"
    answer = ask(CGIDirectory(cgi_bin.folder), path, method="POST", body=b"\x00\xff\r\n" * 50_000)
    assert answer[0] == "200 OK"
    assert answer[2] == "/Jürgen ".encode() + b"\x00\xff\r\n" * 50_000
    assert "cgi.said script='/app.py' printed" in caplog.text


def test_script_whose_application_is_cut_ends_with_status_one() -> None:
    text = SCRIPT.replace('[environ["PATH_INFO"].encode("latin-1"), b" ", body]', "iter([b'a', None])")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=False, env={})
    assert done.returncode == 1
    assert done.stdout.endswith(b"\r\n\r\na")
    assert b"TypeError: body item of NoneType" in done.stderr


DJANGO = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(SOURCE)!r})
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"])
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from penstock.wsgi.cgi import run

def show(request, name):
    return JsonResponse({{"name": name, "to": request.build_absolute_uri(), "sent": request.POST.get("a")}})

urlpatterns = [path("hello/<name>/", show)]
settings.MIDDLEWARE = []
run(get_wsgi_application())
"""


def test_django_runs_as_a_script(cgi_bin, ask) -> None:
    cgi_bin("shop.py", DJANGO)
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_HOST": "site.example"}
    path = "/shop.py/hello/J\xc3\xbcrgen/"
    status, headers, body = ask(CGIDirectory(cgi_bin.folder), path, method="POST", body=b"a=b+c", **form)
    assert (status, headers["Content-Type"]) == ("200 OK", "application/json")
    assert body == (
        b'{"name": "J\\u00fcrgen", "to": "http://site.example/shop.py/hello/J%C3%BCrgen/", "sent": "b c"}'
    )


def test_script_imports_nothing_of_the_server() -> None:
    """Each request pays for it."""
    text = (
        "import sys, penstock.wsgi.cgi; print(*(name for name in sys.modules if name.startswith('penstock')))"
    )
    command = [sys.executable, "-c", text]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, env={"PYTHONPATH": str(SOURCE)}
    )
    assert set(done.stdout.split()) == {
        "penstock",
        "penstock.wsgi",
        "penstock.wsgi.cgi",
        "penstock.wsgi.cgi.runner",
    }
