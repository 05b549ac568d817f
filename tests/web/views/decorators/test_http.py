import datetime as dt

import pytest

from penstock.web.http import HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.views.decorators.http import (
    condition,
    conditional_page,
    etag,
    last_modified,
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
WRITTEN = "Tue, 02 Jan 2024 03:04:05 GMT"


def view(request, *args):
    return HttpResponse("content")


def ask(decorated, method="GET", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return decorated(RequestFactory().generic(method, "/", headers=named))


@pytest.mark.parametrize(
    ("decorator", "allowed"),
    [
        (require_GET, "GET"),
        (require_POST, "POST"),
        (require_safe, "GET, HEAD"),
        (require_http_methods(["PUT", "GET"]), "PUT, GET"),
    ],
)
def test_other_methods_are_405_with_those_that_are_allowed(decorator, allowed, caplog):
    decorated = decorator(view)
    for method in allowed.split(", "):
        assert ask(decorated, method).status_code == 200
    response = ask(decorated, "DELETE")
    assert (response.status_code, response["Allow"]) == (405, allowed)
    assert "Method Not Allowed (DELETE): /" in caplog.text


def test_validators_are_put_on_the_answer():
    response = ask(condition(lambda request: "abc", lambda request: MOMENT)(view))
    assert (response["ETag"], response["Last-Modified"]) == ('"abc"', WRITTEN)


def test_validators_that_the_view_has_set_stay():
    def labelled(request):
        return HttpResponse(headers={"ETag": '"mine"'})

    assert ask(etag(lambda request: "other")(labelled))["ETag"] == '"mine"'


def test_answer_to_post_has_no_validators():
    assert not ask(etag(lambda request: "abc")(view), "POST").has_header("ETag")


@pytest.mark.parametrize(
    ("decorator", "headers", "status"),
    [
        (etag(lambda request: "abc"), {"if_none_match": '"abc"'}, 304),
        (etag(lambda request: "abc"), {"if_none_match": '"other"'}, 200),
        (etag(lambda request: None), {"if_none_match": '"abc"'}, 200),
        (last_modified(lambda request: MOMENT), {"if_modified_since": WRITTEN}, 304),
        (last_modified(lambda request: MOMENT.replace(tzinfo=None)), {"if_modified_since": WRITTEN}, 304),
        (etag(lambda request: "abc"), {"if_match": '"other"'}, 412),
    ],
)
def test_condition_is_answered_without_the_view(decorator, headers, status):
    called = []

    def noting(request):
        called.append(request)
        return view(request)

    assert ask(decorator(noting), **headers).status_code == status
    assert bool(called) is (status == 200)


def test_view_is_not_asked_where_the_condition_fails_and_the_answer_still_has_validators():
    assert ask(etag(lambda request: "abc")(view), if_none_match='"abc"')["ETag"] == '"abc"'


def test_page_is_compared_by_its_content():
    decorated = conditional_page(view)
    tag = ask(decorated)["ETag"]
    assert ask(decorated, if_none_match=tag).status_code == 304
