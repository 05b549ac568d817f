"""contrib/sessions/middleware.py; its headers are compared with Django's in tests/web/differential."""

import copy
import gc

import pytest

from penstock.web.contrib.sessions.backends.cache import SessionStore
from penstock.web.contrib.sessions.exceptions import SessionInterrupted
from penstock.web.contrib.sessions.middleware import SessionMiddleware
from penstock.web.core.cache import caches
from penstock.web.http import HttpResponse
from penstock.web.test import RequestFactory


class Counting(SessionStore):
    """A store that counts how often one is made."""

    made = 0

    def __init__(self, session_key=None):
        type(self).made += 1
        super().__init__(session_key)


@pytest.fixture(autouse=True)
def engine(override):
    override(SESSION_ENGINE="penstock.web.contrib.sessions.backends.cache")
    caches["default"].clear()
    Counting.made = 0


def run(view, cookie=None):
    """Send one request through the middleware; return it and its response."""
    middleware = SessionMiddleware(view)
    middleware.SessionStore = Counting
    request = RequestFactory().get("/")
    if cookie is not None:
        request.COOKIES["sessionid"] = cookie
    return request, middleware(request)


def plain(request):
    return HttpResponse("plain")


def visit(request):
    request.session["n"] = request.session.get("n", 0) + 1
    return HttpResponse(str(request.session["n"]))


@pytest.mark.parametrize("cookie", [None, "longenough0longenough"])
def test_a_request_that_never_looks_makes_no_store(cookie):
    _, response = run(plain, cookie)
    assert Counting.made == 0
    assert not response.cookies
    assert not response.has_header("Vary")


def test_an_untouched_session_leaves_nothing_to_the_garbage_collector():
    run(plain)
    gc.collect()
    gc.disable()
    try:
        run(plain)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_copy_of_a_request_has_a_session_of_its_own():
    request = RequestFactory().get("/")
    SessionMiddleware(plain).process_request(request)
    duplicate = copy.deepcopy(request)
    duplicate.session["a"] = 1
    assert "a" not in request.session


def test_a_shallow_copy_of_a_request_shares_its_session():
    request = RequestFactory().get("/")
    SessionMiddleware(plain).process_request(request)
    copy.copy(request).session["a"] = 1
    assert request.session["a"] == 1


def test_a_request_takes_its_session_along_when_it_is_pickled():
    request = RequestFactory().get("/")
    SessionMiddleware(plain).process_request(request)
    assert "session" in request.__getstate__()


def test_a_session_that_was_there_before_is_replaced():
    request = RequestFactory().get("/")
    request.session = "old"
    SessionMiddleware(plain).process_request(request)
    assert request.session.is_empty()


def test_the_first_look_makes_the_store_and_every_other_finds_it():
    kept = []

    def view(request):
        kept.append(request.session)
        assert type(request.session) is Counting
        assert request.session is kept[0]
        request.session["a"] = 1
        assert kept[0]["a"] == 1
        kept[0].modified = True
        return HttpResponse()

    request, response = run(view)
    assert Counting.made == 1
    assert response.cookies["sessionid"].value == request.session.session_key


def test_a_changed_session_is_saved_and_its_cookie_sent():
    _, first = run(visit)
    cookie = first.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (
        True,
        "Lax",
        "/",
        1209600,
    )
    assert first["Vary"] == "Cookie"
    _, second = run(visit, cookie.value)
    assert second.content == b"2"


def test_a_session_that_was_looked_at_varies_and_sends_nothing():
    def look(request):
        request.session.get("n")
        return HttpResponse()

    _, response = run(look)
    assert response["Vary"] == "Cookie"
    assert not response.cookies


@pytest.mark.parametrize("cookie", ["", "short"])
def test_a_cookie_that_is_no_key_is_deleted(cookie):
    _, response = run(plain, cookie)
    assert response.cookies["sessionid"]["max-age"] == 0
    assert response["Vary"] == "Cookie"


def test_an_ended_session_deletes_its_cookie():
    _, first = run(visit)

    def leave(request):
        request.session.flush()
        return HttpResponse()

    _, response = run(leave, first.cookies["sessionid"].value)
    assert response.cookies["sessionid"].value == ""


@pytest.mark.parametrize(("status", "is_saved"), [(200, True), (404, True), (500, False), (503, False)])
def test_a_response_that_failed_saves_nothing(status, is_saved):
    def view(request):
        request.session["a"] = 1
        return HttpResponse(status=status)

    _, response = run(view)
    assert bool(response.cookies) is is_saved


def test_a_session_that_ends_with_the_browser_has_no_age():
    def view(request):
        request.session.set_expiry(0)
        return HttpResponse()

    _, response = run(view)
    assert (response.cookies["sessionid"]["max-age"], response.cookies["sessionid"]["expires"]) == ("", "")


def test_every_request_may_save(override):
    _, first = run(visit)
    override(SESSION_SAVE_EVERY_REQUEST=True)
    _, response = run(plain, first.cookies["sessionid"].value)
    assert response.cookies["sessionid"].value == first.cookies["sessionid"].value
    assert response["Vary"] == "Cookie"


def test_a_session_that_was_deleted_meanwhile_is_told():
    _, first = run(visit)
    key = first.cookies["sessionid"].value

    def view(request):
        request.session["a"] = 1
        SessionStore(key).delete()
        return HttpResponse()

    with pytest.raises(SessionInterrupted, match="deleted while its request ran"):
        run(view, key)


@pytest.mark.parametrize("other", [None, {}, "text"])
def test_something_else_in_its_place_is_left_alone(other):
    def view(request):
        request.session = other
        return HttpResponse("fine")

    _, response = run(view, "short")
    assert (response.content, bool(response.cookies)) == (b"fine", False)


def test_a_request_without_the_middleware_has_no_session():
    request = RequestFactory().get("/")
    response = HttpResponse()
    assert not hasattr(request, "session")
    with pytest.raises(AttributeError, match="WSGIRequest has no session; expected SessionMiddleware"):
        _ = request.session
    assert SessionMiddleware(plain).process_response(request, response) is response
