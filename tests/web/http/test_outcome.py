"""Responses that are known by their status."""

import pytest

from penstock.web import http


@pytest.mark.parametrize(
    ("response_class", "status"),
    [
        (http.HttpResponseBadRequest, 400),
        (http.HttpResponseForbidden, 403),
        (http.HttpResponseNotFound, 404),
        (http.HttpResponseGone, 410),
        (http.HttpResponseServerError, 500),
    ],
)
def test_response_class_has_its_status(response_class, status):
    response = response_class("why", content_type="text/plain")
    assert (response.status_code, response.content) == (status, b"why")


def test_not_modified_has_neither_content_nor_type():
    response = http.HttpResponseNotModified()
    response.content = b""
    assert (response.status_code, response.content, list(response.items()), list(response)) == (
        304,
        b"",
        [],
        [],
    )


def test_content_of_not_modified_is_refused():
    with pytest.raises(AttributeError, match="cannot set content to a 304"):
        http.HttpResponseNotModified().content = b"x"


def test_not_allowed_names_the_methods_in_order():
    response = http.HttpResponseNotAllowed(iter(["POST", "GET"]), content="no")
    assert (response.status_code, response["Allow"], response.content) == (405, "POST, GET", b"no")
    assert repr(response) == (
        '<HttpResponseNotAllowed [POST, GET] status_code=405, "text/html; charset=utf-8">'
    )
