"""Requests as views see them."""

import copy
import pickle

import pytest

from penstock.web.core import signing
from penstock.web.http import HttpRequest
from penstock.web.test import RequestFactory


def accepting(value):
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = value
    return request


def test_empty_request_is_empty():
    request = HttpRequest()
    assert (dict(request.GET), dict(request.POST), request.COOKIES, request.META) == ({}, {}, {}, {})
    assert (request.method, request.path, request.content_type, request.resolver_match) == (
        None,
        "",
        None,
        None,
    )
    assert not hasattr(request, "urlconf")


def test_repr_shows_method_and_path_if_there_are_any():
    request = HttpRequest()
    assert repr(request) == "<HttpRequest>"
    request.method = "GET"
    assert repr(request) == "<HttpRequest>"
    request.path = "/a/"
    assert repr(request) == "<HttpRequest: GET '/a/'>"


def test_copy_shares_everything():
    request = RequestFactory().get("/")
    request.resolver_match = object()
    made = copy.copy(request)
    assert (made.environ is request.environ, made.resolver_match is request.resolver_match) == (True, True)


def test_deep_copy_shares_streams_and_matches_alone():
    request = RequestFactory().post("/", {"a": "1"})
    request.session = {"a": []}
    request.resolver_match = object()
    made = copy.deepcopy(request)
    request.session["a"].append(1)
    assert made.session == {"a": []}
    assert made.META is made.environ
    assert made.META is not request.META
    assert made.resolver_match is request.resolver_match
    assert made.POST["a"] == "1"


def test_pickled_request_has_its_fields():
    request = HttpRequest()
    request.path, request.method = "/a/", "GET"
    request.GET["a"] = "1"
    request.resolver_match = lambda: None
    again = pickle.loads(pickle.dumps(request))
    assert (again.path, again.GET["a"], again.resolver_match) == ("/a/", "1", None)


@pytest.mark.parametrize(
    ("value", "types"),
    [
        ("text/*, text/html, */*;q=0.8,", ["text/html", "text/*", "*/*; q=0.8"]),
        ("a/b;q=0, c/d", ["c/d"]),
        ("", []),
        (", ,", []),
    ],
)
def test_accepted_types_are_ordered_by_how_much_they_are_wanted(value, types):
    assert [str(each) for each in accepting(value).accepted_types] == types


def test_request_without_accept_takes_anything():
    request = HttpRequest()
    assert request.accepts("a/b")
    assert request.get_preferred_type(["a/b", "c/d"]) == "a/b"
    assert request.get_preferred_type([]) is None


@pytest.mark.parametrize(
    ("value", "offered", "preferred"),
    [
        (
            "text/html, application/xml;q=0.9, */*;q=0.1",
            ["application/json", "application/xml"],
            "application/xml",
        ),
        ("text/*, image/jpeg", ["text/plain", "image/jpeg"], "image/jpeg"),
        ("text/html", ["a/b"], None),
        (
            "text/html;level=2;q=0.4, text/html;q=0.7",
            ["text/html;level=2", "text/html;level=3"],
            "text/html;level=3",
        ),
    ],
)
def test_preferred_type_is_the_most_wanted_one(value, offered, preferred):
    assert accepting(value).get_preferred_type(offered) == preferred


class TestSignedCookie:
    def request(self, value):
        request = HttpRequest()
        request.COOKIES["name"] = value
        return request

    def test_cookie_that_was_never_set_is_an_error_or_the_default(self):
        with pytest.raises(KeyError):
            HttpRequest().get_signed_cookie("name")
        assert HttpRequest().get_signed_cookie("name", default=None) is None

    def test_forged_cookie_is_an_error_or_the_default(self):
        with pytest.raises(signing.BadSignature):
            self.request("value:x:y").get_signed_cookie("name")
        assert self.request("value:x:y").get_signed_cookie("name", default="d") == "d"

    def test_old_cookie_is_an_error(self):
        value = signing.get_cookie_signer(salt="django.http.cookies.v2:0:name").sign("v")
        with pytest.raises(signing.SignatureExpired):
            self.request(value).get_signed_cookie("name", max_age=-1)

    def test_cookie_under_the_salt_of_older_versions_is_read_while_settings_allow_it(self, override):
        request = self.request(signing.get_cookie_signer(salt="namesalt").sign("v"))
        override(SIGNED_COOKIE_LEGACY_SALT_FALLBACK=True)
        assert request.get_signed_cookie("name", salt="salt") == "v"
        override(SIGNED_COOKIE_LEGACY_SALT_FALLBACK=False)
        with pytest.raises(signing.BadSignature):
            request.get_signed_cookie("name", salt="salt")


def test_headers_are_those_of_meta():
    request = HttpRequest()
    request.META = {"HTTP_X_A": "1"}
    assert request.headers["X-A"] == "1"
