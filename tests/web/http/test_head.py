"""What every response has before its body."""

import copy
import pickle

import pytest

from penstock.web.core.signals import request_finished
from penstock.web.http import BadHeaderError, HttpRequest
from penstock.web.http.head import HttpResponseBase, html_type, stated_charset


def test_response_without_arguments_is_html_in_the_default_charset():
    response = HttpResponseBase()
    assert response.status_code == 200
    assert list(response.items()) == [("Content-Type", "text/html; charset=utf-8")]


def test_default_charset_that_changes_is_seen_at_once(override):
    override(DEFAULT_CHARSET="koi8-r")
    assert HttpResponseBase()["Content-Type"] == "text/html; charset=koi8-r"
    assert html_type("x") == ("Content-Type", "text/html; charset=x")


@pytest.mark.parametrize(
    ("arguments", "charset"),
    [
        ({}, "utf-8"),
        ({"content_type": "text/plain"}, "utf-8"),
        ({"content_type": "text/plain; charset=latin-1"}, "latin-1"),
        ({"content_type": 'text/plain; Charset="latin-1"'}, "latin-1"),
        ({"content_type": "text/plain; charset="}, "utf-8"),
        ({"charset": "latin-1"}, "latin-1"),
        ({"content_type": "text/plain; charset=utf-8", "charset": "latin-1"}, "latin-1"),
        ({"headers": {"Content-Type": "text/plain; charset=latin-1"}}, "latin-1"),
    ],
)
def test_charset_is_the_explicit_one_then_that_of_the_type_then_the_default(arguments, charset):
    assert HttpResponseBase(**arguments).charset == charset


def test_charset_stated_in_a_content_type_is_found():
    assert stated_charset("text/html; charset=utf-8") == "utf-8"
    assert stated_charset("text/html") is None


def test_charset_can_be_set():
    response = HttpResponseBase()
    response.charset = "latin-1"
    assert response.make_bytes("é") == b"\xe9"


def test_content_type_given_twice_is_refused():
    with pytest.raises(ValueError, match="'headers' must not contain 'Content-Type'"):
        HttpResponseBase(content_type="a/b", headers={"content-type": "c/d"})


def test_content_type_with_a_line_break_is_refused():
    with pytest.raises(BadHeaderError):
        HttpResponseBase(content_type="a/b\r\nX: y")


def test_headers_as_pairs_are_taken():
    assert HttpResponseBase(headers=[("X", "1")])["x"] == "1"


def test_reason_is_the_standards_unless_set():
    response = HttpResponseBase(status="404")
    assert response.reason_phrase == "Not Found"
    response.status_code = 299
    assert response.reason_phrase == "Unknown Status Code"
    response.reason_phrase = "Fine"
    assert response.reason_phrase == "Fine"
    assert HttpResponseBase(reason="Mine").reason_phrase == "Mine"


def test_response_is_a_dict_of_its_fields():
    response = HttpResponseBase()
    response["X"] = "1"
    assert "x" in response
    assert response.has_header("X")
    assert response.get("X") == "1"
    assert response.get("Y", "none") == "none"
    response.setdefault("x", "2")
    response.setdefault("Z", "3")
    del response["missing"]
    del response["X"]
    assert dict(response.items()) == {"Content-Type": "text/html; charset=utf-8", "Z": "3"}


def test_headers_object_shares_the_fields_of_the_response():
    response = HttpResponseBase()
    response.headers["X"] = "1"
    assert response["X"] == "1"
    assert response.headers is response.headers
    response.headers = {"Y": "2"}
    assert response.header_list() == [("Y", "2")]


def test_header_list_ends_with_one_set_cookie_for_each_cookie():
    response = HttpResponseBase()
    response.set_cookie("a", "1")
    response.set_cookie("b", "2", path=None, domain="d", secure=True, httponly=True, samesite="Lax")
    assert response.header_list() == [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Set-Cookie", " a=1; Path=/"),
        ("Set-Cookie", " b=2; Domain=d; HttpOnly; SameSite=Lax; Secure"),
    ]


def test_cookies_are_not_made_by_asking_for_the_header_list():
    response = HttpResponseBase()
    response.header_list()
    assert response._cookies is None


def test_cookie_set_again_keeps_what_is_not_given_again():
    response = HttpResponseBase()
    response.set_cookie("a", max_age=7)
    response.set_cookie("a", "2")
    assert response.cookies["a"]["max-age"] == 7
    assert response.cookies["a"]["expires"] == ""


def test_deleted_cookie_is_past():
    response = HttpResponseBase()
    response.delete_cookie("__Host-a", path="/x", domain="d")
    assert response.header_list()[-1][1] == (
        ' __Host-a=""; Domain=d; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/x; Secure'
    )


def test_cookies_can_be_replaced():
    response, other = HttpResponseBase(), HttpResponseBase()
    other.set_cookie("a", "1")
    response.cookies = other.cookies
    assert response.header_list()[-1] == ("Set-Cookie", " a=1; Path=/")


def test_signed_cookie_is_read_by_a_request():
    response, request = HttpResponseBase(), HttpRequest()
    response.set_signed_cookie("a", "value", salt="s", httponly=True)
    request.COOKIES = {"a": response.cookies["a"].value}
    assert request.get_signed_cookie("a", salt="s", max_age=10) == "value"
    assert response.cookies["a"]["httponly"] is True


def test_serialized_headers_are_lines_without_a_last_one():
    response = HttpResponseBase(headers={"X": "é"})
    assert bytes(response) == b"X: \xe9\r\nContent-Type: text/html; charset=utf-8"


def test_close_runs_each_closer_whatever_the_others_do_then_says_that_all_is_over():
    order = []

    def fail():
        order.append("failing")
        raise ValueError

    def finished(**kwargs):
        order.append(("finished", kwargs["sender"], response.closed))

    response = HttpResponseBase()
    response._handler_class = str
    response._resource_closers += [fail, lambda: order.append(("closer", response.closed))]
    request_finished.connect(finished)
    try:
        response.close()
        response.close()
    finally:
        request_finished.disconnect(finished)
    assert order == ["failing", ("closer", False), ("finished", str, True), ("finished", str, True)]


@pytest.mark.parametrize("method", ["write", "writelines"])
def test_response_without_a_body_is_not_written_to(method):
    with pytest.raises(OSError, match="This HttpResponseBase instance is not writable"):
        getattr(HttpResponseBase(), method)("x")


def test_response_without_a_body_has_no_position():
    response = HttpResponseBase()
    with pytest.raises(OSError, match="cannot tell its position"):
        response.tell()
    response.flush()
    assert (response.readable(), response.seekable(), response.writable()) == (False, False, False)


def test_make_bytes_takes_anything():
    response = HttpResponseBase()
    values = [b"a", memoryview(b"b"), "é", 5]
    assert [response.make_bytes(value) for value in values] == [b"a", b"b", b"\xc3\xa9", b"5"]


def test_pickled_response_has_fields_and_cookies_but_nothing_of_this_process():
    response = HttpResponseBase(status=201, headers={"X": "1"})
    response.set_cookie("a", "1")
    response.client = lambda: None
    response._resource_closers.append(lambda: None)
    again = pickle.loads(pickle.dumps(response))
    assert again.header_list() == response.header_list()
    assert again.status_code == 201
    assert not hasattr(again, "client")
    assert again._resource_closers == []


def test_copied_response_keeps_what_the_test_client_hung_on_it():
    response = HttpResponseBase()
    response.client = object()
    assert copy.copy(response).client is response.client
