"""A request made from an ASGI scope."""

import io

import pytest

from penstock.web.core.handlers.asgi import ASGIRequest


def make_request(body=b"", **scope):
    return ASGIRequest(
        {"type": "http", "method": "get", "path": "/a/", "headers": [], **scope}, io.BytesIO(body)
    )


def test_scope_becomes_method_path_query_and_addresses():
    request = make_request(query_string=b"q=1", client=("192.0.2.1", 4321), server=("here", 8000))
    assert (request.method, request.path, request.GET["q"]) == ("GET", "/a/", "1")
    assert request.META["REMOTE_ADDR"] == request.META["REMOTE_HOST"] == "192.0.2.1"
    assert (request.META["SERVER_NAME"], request.META["SERVER_PORT"]) == ("here", "8000")


def test_scope_without_addresses_has_a_server_that_nobody_knows():
    assert make_request().META["SERVER_NAME"] == "unknown"
    assert "REMOTE_ADDR" not in make_request().META


def test_path_below_the_root_path_is_path_info():
    request = make_request(path="/root/a/", root_path="/root")
    assert (request.path, request.script_name, request.path_info) == ("/root/a/", "/root", "/a/")


def test_forced_script_name_stands_above_the_scope(override):
    override(FORCE_SCRIPT_NAME="/forced")
    assert make_request(path="/forced/a/", root_path="/root").path_info == "/a/"


def test_header_fields_have_the_names_of_an_environ():
    request = make_request(
        headers=[(b"X-One", b"1"), (b"content-length", b"3"), (b"content-type", b"text/plain")]
    )
    assert request.META["HTTP_X_ONE"] == "1"
    assert (request.META["CONTENT_LENGTH"], request.content_type) == ("3", "text/plain")


def test_header_fields_of_one_name_are_joined_and_cookies_by_semicolon():
    request = make_request(headers=[(b"x", b"1"), (b"x", b"2"), (b"cookie", b"a=1"), (b"cookie", b"b=2")])
    assert request.META["HTTP_X"] == "1,2"
    assert request.COOKIES == {"a": "1", "b": "2"}


def test_header_field_with_an_underscore_is_left_out():
    assert "HTTP_X_Y" not in make_request(headers=[(b"x_y", b"1")]).META


@pytest.mark.parametrize(("scope", "scheme"), [({"scheme": "https"}, "https"), ({}, "http")])
def test_scheme_is_that_of_the_scope(scope, scheme):
    assert make_request(**scope).scheme == scheme


def test_form_is_read_from_the_body_file_which_the_request_closes():
    form = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"3")]
    request = make_request(b"a=1", method="POST", headers=form)
    assert request.POST["a"] == "1"
    request.close()
    assert request._stream.closed


def test_query_is_utf_8_whatever_charset_the_body_has():
    charset = [(b"content-type", b"text/plain; charset=latin-1")]
    assert make_request(query_string=b"q=%C3%A4", headers=charset).GET["q"] == "\u00e4"
