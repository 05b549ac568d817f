"""Manners: user agents, www, slashes, Content-Length, mails about broken links."""

import re

import pytest

from penstock.web.core import mail
from penstock.web.core.exceptions import DisallowedHost, PermissionDenied
from penstock.web.http import HttpResponse, StreamingHttpResponse
from penstock.web.middleware.common import BrokenLinkEmailsMiddleware, CommonMiddleware
from penstock.web.urls import path


def view(_request):
    return HttpResponse("found")


view_without_slash = lambda _request: HttpResponse("found")  # noqa: E731  (attributes are set on it)
view_without_slash.should_append_slash = False


@pytest.fixture(autouse=True)
def _routes(urlconf):
    urlconf(path("slash/", view), path("noslash", view), path("exempt/", view_without_slash))


NOT_FOUND = {"status": 404}


@pytest.mark.parametrize(
    ("location", "target"),
    [
        pytest.param("/slash", "/slash/", id="with-slash-there-is-a-route"),
        pytest.param("/slash?q=1&r", "/slash/?q=1&r", id="query-is-kept"),
    ],
)
def test_missing_page_is_redirected_to_the_slash(make_request, answer, location, target):
    response = CommonMiddleware(answer(**NOT_FOUND))(make_request(location))
    assert (response.status_code, response.url) == (301, target)


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("/slash/", id="has-one"),
        pytest.param("/noslash", id="answers-without"),
        pytest.param("/unknown", id="no-route-either-way"),
        pytest.param("/exempt", id="view-does-not-want-it"),
    ],
)
def test_missing_page_that_a_slash_would_not_help_stays_missing(make_request, answer, location):
    assert CommonMiddleware(answer(**NOT_FOUND))(make_request(location)).status_code == 404


def test_slash_is_not_appended_without_the_setting(override, make_request, answer):
    override(APPEND_SLASH=False)
    assert CommonMiddleware(answer(**NOT_FOUND))(make_request("/slash")).status_code == 404


def test_page_that_was_found_is_not_redirected(make_request, answer):
    assert CommonMiddleware(answer())(make_request("/slash")).status_code == 200


def test_redirect_to_the_slash_stays_on_the_site(urlconf, make_request, answer):
    urlconf(path("<path:anything>/", view))
    response = CommonMiddleware(answer(**NOT_FOUND))(make_request("//evil.example.org/x"))
    assert response.url == "/%2Fevil.example.org/x/"


def test_urlconf_of_the_request_decides_about_the_slash(make_request, answer):
    request = make_request("/other")
    request.urlconf = (path("other/", view),)
    assert CommonMiddleware(answer(**NOT_FOUND))(request).url == "/other/"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_redirect_that_would_lose_a_body_is_an_error_under_debug(override, make_request, answer, method):
    override(DEBUG=True)
    with pytest.raises(RuntimeError, match=f"maintaining {method} data.*testserver/slash/"):
        CommonMiddleware(answer(**NOT_FOUND))(make_request("/slash", method=method))


@pytest.mark.parametrize(
    ("location", "target"),
    [
        pytest.param("/slash/?q=1", "http://www.testserver/slash/?q=1", id="www"),
        pytest.param("/slash?q=1", "http://www.testserver/slash/?q=1", id="www-and-slash-at-once"),
    ],
)
def test_host_without_www_is_redirected(override, make_request, answer, location, target):
    override(PREPEND_WWW=True)
    response = CommonMiddleware(answer())(make_request(location))
    assert (response.status_code, response.url) == (301, target)


def test_host_with_www_is_not_redirected(override, make_request, answer):
    override(PREPEND_WWW=True, ALLOWED_HOSTS=["www.testserver"])
    assert CommonMiddleware(answer())(make_request(HTTP_HOST="www.testserver")).status_code == 200


def test_host_is_checked_for_every_request(make_request, answer):
    with pytest.raises(DisallowedHost):
        CommonMiddleware(answer())(make_request(HTTP_HOST="evil.example.org"))


@pytest.mark.parametrize(("agent", "refused"), [("Robot/1", True), ("Browser", False), (None, False)])
def test_user_agent_that_is_not_wanted_is_refused(override, make_request, answer, agent, refused):
    override(DISALLOWED_USER_AGENTS=[re.compile("^Robot")])
    request = make_request(**({"HTTP_USER_AGENT": agent} if agent else {}))
    if refused:
        with pytest.raises(PermissionDenied):
            CommonMiddleware(answer())(request)
    else:
        assert CommonMiddleware(answer())(request).status_code == 200


@pytest.mark.parametrize(
    ("response", "length"),
    [
        pytest.param(HttpResponse(b"12345"), "5", id="content"),
        pytest.param(HttpResponse(["\u20ac", "1"]), "4", id="pieces-of-text"),
        pytest.param(HttpResponse(b"12345", headers={"Content-Length": "9"}), "9", id="own-is-kept"),
        pytest.param(StreamingHttpResponse([b"12345"]), None, id="stream"),
    ],
)
def test_content_length_is_set_where_it_is_known(make_request, response, length):
    assert CommonMiddleware(lambda _request: response)(make_request()).get("Content-Length") == length


@pytest.fixture
def outbox(override):
    override(
        MANAGERS=[("Manager", "manager@example.org")],
        EMAIL_BACKEND="penstock.web.core.mail.backends.locmem.EmailBackend",
    )
    mail.outbox = []
    return mail.outbox


def test_broken_link_of_our_own_is_told_to_the_managers(make_request, answer, outbox):
    request = make_request("/gone/", HTTP_REFERER="http://testserver/other/", HTTP_USER_AGENT="Browser")
    BrokenLinkEmailsMiddleware(answer(**NOT_FOUND))(request)
    assert "Broken INTERNAL link on testserver" in outbox[0].subject
    for fact in ("http://testserver/other/", "/gone/", "Browser"):
        assert fact in outbox[0].body


def test_broken_link_of_another_site_is_told_as_such(make_request, answer, outbox):
    request = make_request("/gone/", HTTP_REFERER="http://elsewhere.example.org/")
    BrokenLinkEmailsMiddleware(answer(**NOT_FOUND))(request)
    assert "Broken link on testserver" in outbox[0].subject


@pytest.mark.parametrize(
    ("location", "referer"),
    [
        pytest.param("/gone/", None, id="typed-by-hand"),
        pytest.param("/gone/", "http://search.example.org/?q=gone", id="search-engine"),
        pytest.param("/gone/", "http://testserver/gone/", id="robot-that-names-the-page-itself"),
        pytest.param("/gone/", "/gone", id="our-own-redirect"),
        pytest.param("/ignored/", "http://elsewhere.example.org/", id="setting"),
    ],
)
def test_broken_link_that_nobody_needs_to_know_is_not_told(  # noqa: PLR0917  (fixtures and parameters)
    override, make_request, answer, outbox, location, referer
):
    override(IGNORABLE_404_URLS=[re.compile("^/ignored")])
    request = make_request(location, **({"HTTP_REFERER": referer} if referer else {}))
    BrokenLinkEmailsMiddleware(answer(**NOT_FOUND))(request)
    assert outbox == []


@pytest.mark.parametrize(("status", "debug"), [(200, False), (404, True)])
def test_link_that_is_not_broken_or_looked_at_under_debug_is_not_told(  # noqa: PLR0917  (fixtures and parameters)
    override, make_request, answer, outbox, status, debug
):
    override(DEBUG=debug)
    request = make_request("/gone/", HTTP_REFERER="http://elsewhere.example.org/")
    BrokenLinkEmailsMiddleware(answer(status=status))(request)
    assert outbox == []
