"""http/session.py; contrib/sessions/test_middleware.py shows it at work."""

import pytest

from penstock.web.http import HttpRequest
from penstock.web.http.session import STORE, SessionOnDemand, settle_session


class Store(list):
    """A store that notes its key."""

    def __init__(self, key):
        super().__init__([key])


@pytest.fixture
def request_with_store():
    request = HttpRequest()
    request.COOKIES = {"sessionid": "key"}
    setattr(request, STORE, Store)
    return request


def test_a_session_is_made_once_from_the_cookie(request_with_store):
    session = request_with_store.session
    assert session == ["key"]
    assert request_with_store.session is session
    assert STORE not in request_with_store.__dict__


def test_a_request_that_was_promised_nothing_has_no_session():
    with pytest.raises(AttributeError, match="HttpRequest has no session"):
        _ = HttpRequest().session
    assert not hasattr(HttpRequest(), "session")
    assert isinstance(HttpRequest.session, SessionOnDemand)


def test_a_session_that_anybody_set_is_the_session(request_with_store):
    request_with_store.session = "own"
    assert request_with_store.session == "own"


def test_settling_makes_what_was_promised_and_nothing_else(request_with_store):
    settle_session(request_with_store)
    assert request_with_store.__dict__["session"] == ["key"]
    plain = HttpRequest()
    settle_session(plain)
    assert "session" not in plain.__dict__
