"""The server for one developer's machine."""

import io
import logging

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.core.handlers.wsgi import WSGIHandler
from penstock.web.core.servers.basehttp import (
    ThreadedWSGIServer,
    WSGIRequestHandler,
    WSGIServer,
    get_internal_wsgi_application,
)


class Connection:
    """A socket that has received a request and keeps what is sent."""

    def __init__(self, received):
        self.received, self.sent = io.BytesIO(received), b""

    def makefile(self, *_args):
        return self.received

    def sendall(self, piece):
        self.sent += bytes(piece)


class Server:
    base_environ = {"SERVER_NAME": "here"}  # noqa: RUF012  (as wsgiref has it)

    def __init__(self, application):
        self.get_app = lambda: application


def exchange(received, application):
    connection = Connection(received)
    WSGIRequestHandler(connection, ("192.0.2.1", 4321), Server(application))
    return connection.sent


def echo(environ, start_response):
    start_response(
        "200 OK", [("X-Names", ",".join(sorted(name for name in environ if name.startswith("HTTP_"))))]
    )
    return [b"body"]


def test_request_is_answered_with_a_length():
    sent = exchange(b"GET / HTTP/1.0\r\n\r\n", echo)
    assert b"Content-Length: 4\r\n" in sent
    assert sent.endswith(b"\r\n\r\nbody")


def test_answer_to_head_has_no_body_and_no_length_of_one():
    sent = exchange(b"HEAD / HTTP/1.0\r\n\r\n", echo)
    assert sent.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in sent


def test_field_with_an_underscore_is_dropped():
    sent = exchange(b"GET / HTTP/1.0\r\nX-Good: 1\r\nX_Bad: 2\r\nx_good: 3\r\n\r\n", echo)
    assert b"X-Names: HTTP_X_GOOD\r\n" in sent


def test_request_line_that_is_too_long_is_refused():
    assert b"414" in exchange(b"GET /" + b"a" * 70000 + b" HTTP/1.0\r\n\r\n", echo).splitlines()[0]


@pytest.mark.parametrize(
    ("status", "level"), [("200", "INFO"), ("404", "WARNING"), ("500", "ERROR"), ("-", "INFO")]
)
def test_line_of_a_request_has_the_level_of_its_status(caplog, status, level):
    caplog.set_level(logging.INFO, "penstock.web.server")
    handler = WSGIRequestHandler(Connection(b""), ("192.0.2.1", 4321), None)
    handler.log_message('"%s" %s %s', "GET /", status, "-")
    assert [(record.levelname, record.name) for record in caplog.records] == [(level, "penstock.web.server")]


def test_tls_on_this_port_is_named_in_the_log(caplog):
    handler = WSGIRequestHandler(Connection(b""), ("192.0.2.1", 4321), None)
    handler.log_message("%s %s", "\x16\x03\x01", "400")
    assert "only supports HTTP" in caplog.messages[0]


@pytest.mark.parametrize("kind", [WSGIServer, ThreadedWSGIServer])
def test_client_that_left_is_a_line_and_no_traceback(caplog, capsys, kind):
    caplog.set_level(logging.INFO, "penstock.web.server")
    server = kind(("127.0.0.1", 0), WSGIRequestHandler)
    try:
        try:
            raise BrokenPipeError  # noqa: TRY301  (handle_error is for what is being handled)
        except BrokenPipeError:
            server.handle_error(None, ("192.0.2.1", 4321))
    finally:
        server.server_close()
    assert caplog.messages == ["- Broken pipe from ('192.0.2.1', 4321)"]
    assert capsys.readouterr().err == ""


def test_application_is_the_site_unless_the_settings_name_another(urlconf, override):
    urlconf()
    override(MIDDLEWARE=[], WSGI_APPLICATION=None)
    assert isinstance(get_internal_wsgi_application(), WSGIHandler)
    override(WSGI_APPLICATION="penstock.web.core.servers.basehttp.WSGIServer")
    assert get_internal_wsgi_application() is WSGIServer


@pytest.mark.parametrize("name", ["no.such.module", "penstock.web.nothing"])
def test_application_that_is_not_there_is_named(override, name):
    override(WSGI_APPLICATION=name)
    with pytest.raises(ImproperlyConfigured, match=f"'{name}' could not be loaded"):
        get_internal_wsgi_application()


def test_any_other_failure_is_reported_as_the_standard_library_does(capsys):
    server = WSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    try:
        try:
            raise ValueError  # noqa: TRY301  (as above)
        except ValueError:
            server.handle_error(None, ("192.0.2.1", 4321))
    finally:
        server.server_close()
    assert "ValueError" in capsys.readouterr().err
