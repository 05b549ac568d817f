"""Conditional GET."""

import pytest

from penstock.web.http import HttpResponse, StreamingHttpResponse
from penstock.web.middleware.http import ConditionalGetMiddleware


def test_response_to_get_gets_an_etag_and_its_copy_is_still_good(make_request, answer):
    middleware = ConditionalGetMiddleware(answer(b"page"))
    etag = middleware(make_request())["ETag"]
    again = middleware(make_request(HTTP_IF_NONE_MATCH=etag))
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


def test_copy_of_another_page_is_not_good(make_request, answer):
    old = ConditionalGetMiddleware(answer(b"page"))(make_request())["ETag"]
    response = ConditionalGetMiddleware(answer(b"changed"))(make_request(HTTP_IF_NONE_MATCH=old))
    assert (response.status_code, response.content) == (200, b"changed")


def test_page_not_changed_since_the_moment_of_the_copy_is_not_sent(make_request, answer):
    moment = "Sat, 12 Feb 2011 17:38:44 GMT"
    middleware = ConditionalGetMiddleware(answer(b"page", headers={"Last-Modified": moment}))
    assert middleware(make_request(HTTP_IF_MODIFIED_SINCE=moment)).status_code == 304
    before = "Sat, 12 Feb 2011 17:38:43 GMT"
    assert middleware(make_request(HTTP_IF_MODIFIED_SINCE=before)).status_code == 200


@pytest.mark.parametrize(
    ("response", "method"),
    [
        pytest.param(HttpResponse(b"page"), "POST", id="not-get"),
        pytest.param(HttpResponse(b"page"), "HEAD", id="head"),
        pytest.param(HttpResponse(b""), "GET", id="empty"),
        pytest.param(StreamingHttpResponse([b"page"]), "GET", id="stream"),
        pytest.param(
            HttpResponse(b"page", headers={"Cache-Control": "public, No-Store"}), "GET", id="no-store"
        ),
    ],
)
def test_response_that_is_not_to_be_kept_gets_no_etag(make_request, response, method):
    middleware = ConditionalGetMiddleware(lambda _request: response)
    assert "ETag" not in middleware(make_request(method=method))


def test_etag_of_the_view_is_kept(make_request, answer):
    middleware = ConditionalGetMiddleware(answer(b"page", headers={"ETag": '"own"'}))
    assert middleware(make_request())["ETag"] == '"own"'


@pytest.mark.parametrize("status", [301, 404, 500])
def test_response_that_is_no_success_is_sent_whole(make_request, answer, status):
    middleware = ConditionalGetMiddleware(answer(b"page", status=status, headers={"ETag": '"x"'}))
    assert middleware(make_request(HTTP_IF_NONE_MATCH='"x"')).status_code == status
