"""Requests that another site made a browser send: which pass, which do not, and what the client is given."""

import logging
import string
import sys
import types

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.http import HttpResponse, UnreadablePostError
from penstock.web.middleware import csrf
from penstock.web.middleware.csrf import CsrfViewMiddleware, get_token, rotate_token

SECRET = "aB3dE6gH" * 4
OTHER = "zY9xW8vU" * 4
FORM = "application/x-www-form-urlencoded"


def failure(_request, reason=""):
    return HttpResponse(reason, status=403)


@pytest.fixture(autouse=True)
def _failure_view(override):
    override(CSRF_FAILURE_VIEW=f"{__name__}.failure")


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    module = types.ModuleType(__name__)
    module.failure = failure
    monkeypatch.setitem(sys.modules, __name__, module)


@pytest.fixture
def ask(make_request):
    """Send a request through the middleware and a view that answers "passed"; returns (reason or None,
    request)."""

    def ask(token=None, *, cookie=SECRET, method="POST", view=lambda request: None, **meta):
        body = f"csrfmiddlewaretoken={token}".encode() if token else b""
        if cookie:
            meta["HTTP_COOKIE"] = f"csrftoken={cookie}"
        request = make_request(method=method, body=body, CONTENT_TYPE=FORM, **meta)
        middleware = CsrfViewMiddleware(view)
        middleware.process_request(request)
        refusal = middleware.process_view(request, view, (), {})
        return (refusal.content.decode() if refusal else None), request

    return ask


# Secrets and tokens.


def test_token_is_another_for_each_page_and_of_the_same_secret():
    first, second = csrf._mask_cipher_secret(SECRET), csrf._mask_cipher_secret(SECRET)
    assert first != second
    assert csrf._unmask_cipher_token(first) == csrf._unmask_cipher_token(second) == SECRET
    assert set(first) <= set(string.ascii_letters + string.digits)
    assert len(first) == 64


def test_token_of_django_is_read():
    """The mask is 32 times "b" (place 1), so each character of the secret stands one place later."""
    assert csrf._unmask_cipher_token("b" * 32 + "bcd9a" + "a" * 27) == "abc89" + "9" * 27


# What passes.


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_safe_method_passes_without_a_token(ask, method):
    reason, request = ask(method=method)
    assert reason is None
    assert request.csrf_processing_done


@pytest.mark.parametrize("token", [SECRET, csrf._mask_cipher_secret(SECRET)], ids=["secret", "token"])
def test_unsafe_request_with_a_token_of_its_secret_passes(ask, token):
    assert ask(token)[0] is None


def test_cookie_with_a_token_of_an_old_release_is_its_secret(ask):
    assert ask(SECRET, cookie=csrf._mask_cipher_secret(SECRET))[0] is None


def test_token_in_the_header_passes(ask):
    assert ask(HTTP_X_CSRFTOKEN=SECRET)[0] is None


def test_token_of_another_method_than_post_is_read_from_the_header_alone(ask):
    assert ask(SECRET, method="PUT")[0] == "CSRF token missing."
    assert ask(method="PUT", HTTP_X_CSRFTOKEN=SECRET)[0] is None


def test_exempt_view_and_marked_request_are_not_checked(ask, make_request):
    def view(request):
        return None

    view.csrf_exempt = True
    assert ask(view=view)[0] is None
    request = make_request(method="POST")
    request._dont_enforce_csrf_checks = True
    assert CsrfViewMiddleware(view).process_view(request, lambda: None, (), {}) is None


# What does not.


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        pytest.param({"cookie": None}, "CSRF cookie not set.", id="no-cookie"),
        pytest.param({}, "CSRF token missing.", id="no-token"),
        pytest.param({"token": OTHER}, "CSRF token from POST incorrect.", id="other-secret"),
        pytest.param({"token": "x" * 31}, "CSRF token from POST has incorrect length.", id="length"),
        pytest.param({"token": "*" * 32}, "CSRF token from POST has invalid characters.", id="characters"),
        pytest.param(
            {"HTTP_X_CSRFTOKEN": OTHER},
            "CSRF token from the 'X-Csrftoken' HTTP header incorrect.",
            id="header",
        ),
        pytest.param(
            {"token": SECRET, "HTTP_ORIGIN": "http://evil.example.org"}, "Origin checking", id="origin"
        ),
        pytest.param(
            {"token": SECRET, "HTTP_ORIGIN": "https://testserver"}, "Origin checking", id="origin-scheme"
        ),
        pytest.param({"token": SECRET, "HTTP_ORIGIN": "null"}, "Origin checking", id="origin-null"),
        pytest.param({"token": SECRET, "HTTP_ORIGIN": "http://["}, "Origin checking", id="origin-malformed"),
        pytest.param(
            {"token": SECRET, "secure": True}, "Referer checking failed - no Referer.", id="no-referer"
        ),
        pytest.param(
            {"token": SECRET, "secure": True, "HTTP_REFERER": "https://["},
            "Referer is malformed",
            id="referer-url",
        ),
        pytest.param(
            {"token": SECRET, "secure": True, "HTTP_REFERER": "testserver"},
            "Referer is malformed",
            id="referer-bare",
        ),
        pytest.param(
            {"token": SECRET, "secure": True, "HTTP_REFERER": "http://testserver/"},
            "is insecure",
            id="referer-http",
        ),
        pytest.param(
            {"token": SECRET, "secure": True, "HTTP_REFERER": "https://evil.example.org/"},
            "does not match any trusted",
            id="referer-other",
        ),
        pytest.param(
            {"token": SECRET, "secure": True, "HTTP_REFERER": "https://testserver/", "HTTP_HOST": "@"},
            "does not match any trusted",
            id="host-that-is-not-allowed",
        ),
    ],
)
def test_unsafe_request_is_refused_with_its_reason(ask, caplog, question, reason):
    caplog.set_level(logging.WARNING, "penstock.web.security.csrf")
    said, request = ask(**question)
    assert reason in said
    assert not hasattr(request, "csrf_processing_done")
    assert caplog.records[0].name == "penstock.web.security.csrf"
    assert said in caplog.records[0].getMessage()


def test_cookie_of_a_wrong_form_is_refused_and_replaced(ask):
    reason, request = ask(SECRET, cookie="short")
    assert reason == "CSRF cookie has incorrect length."
    assert len(request.META["CSRF_COOKIE"]) == 32
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"]


def test_client_that_leaves_while_it_sends_is_refused(ask, monkeypatch):
    def gone(*_args):
        raise UnreadablePostError("gone")

    monkeypatch.setattr("penstock.web.core.handlers.wsgi.WSGIRequest._load_post_and_files", gone)
    assert ask(SECRET)[0] == "CSRF token missing."


@pytest.mark.parametrize(
    ("trusted", "question", "passes"),
    [
        pytest.param("http://shop.example.org", {"HTTP_ORIGIN": "http://shop.example.org"}, True, id="exact"),
        pytest.param("http://*.example.org", {"HTTP_ORIGIN": "http://a.b.example.org"}, True, id="wildcard"),
        pytest.param(
            "http://*.example.org", {"HTTP_ORIGIN": "https://a.example.org"}, False, id="other-scheme"
        ),
        pytest.param("http://*.example.org", {"HTTP_ORIGIN": "http://example.com"}, False, id="other-domain"),
        pytest.param(
            "https://*.example.org",
            {"secure": True, "HTTP_REFERER": "https://a.example.org/x"},
            True,
            id="referer",
        ),
    ],
)
def test_trusted_origins_pass(override, ask, trusted, question, passes):
    override(CSRF_TRUSTED_ORIGINS=[trusted])
    assert (ask(SECRET, **question)[0] is None) is passes


@pytest.mark.parametrize(
    ("settings", "meta", "passes"),
    [
        pytest.param({}, {"HTTP_REFERER": "https://testserver/"}, True, id="own-host"),
        pytest.param(
            {"CSRF_COOKIE_DOMAIN": ".example.org"},
            {"HTTP_REFERER": "https://a.example.org/"},
            True,
            id="domain",
        ),
        pytest.param(
            {"CSRF_COOKIE_DOMAIN": ".example.org"},
            {"HTTP_REFERER": "https://a.example.org:8443/", "SERVER_PORT": "8443"},
            True,
            id="domain-and-port",
        ),
        pytest.param(
            {"CSRF_COOKIE_DOMAIN": ".example.org"},
            {"HTTP_REFERER": "https://testserver/"},
            False,
            id="outside",
        ),
    ],
)
def test_referer_of_our_own_domain_passes_over_tls(override, ask, settings, meta, passes):
    override(**settings)
    assert (ask(SECRET, secure=True, **meta)[0] is None) is passes


# What the client is given.


def respond(make_request, view, **meta):
    request = make_request(**meta)
    return CsrfViewMiddleware(view)(request), request


def test_cookie_is_set_for_a_page_that_asked_for_a_token(make_request):
    response, request = respond(make_request, lambda request: HttpResponse(get_token(request)))
    assert csrf._unmask_cipher_token(response.content.decode()) == response.cookies["csrftoken"].value
    assert response["Vary"] == "Cookie"
    assert response.cookies["csrftoken"]["max-age"] == 60 * 60 * 24 * 7 * 52
    assert not request.META["CSRF_COOKIE_NEEDS_UPDATE"]


def test_page_that_asked_for_no_token_sets_no_cookie(make_request, answer):
    response, _ = respond(make_request, answer())
    assert not response.cookies
    assert "Vary" not in response


def test_secret_of_the_client_is_kept_until_it_is_rotated(make_request):
    cookie = {"HTTP_COOKIE": f"csrftoken={SECRET}"}
    kept, _ = respond(make_request, lambda request: HttpResponse(get_token(request)), **cookie)
    assert kept.cookies["csrftoken"].value == SECRET

    def log_in(request):
        rotate_token(request)
        return HttpResponse()

    rotated, _ = respond(make_request, log_in, **cookie)
    assert rotated.cookies["csrftoken"].value not in (SECRET, "")


def test_cookie_has_the_attributes_of_the_settings(override, make_request):
    override(
        CSRF_COOKIE_NAME="own",
        CSRF_COOKIE_AGE=None,
        CSRF_COOKIE_DOMAIN=".example.org",
        CSRF_COOKIE_PATH="/shop/",
        CSRF_COOKIE_SECURE=True,
        CSRF_COOKIE_HTTPONLY=True,
        CSRF_COOKIE_SAMESITE="Strict",
    )
    response, _ = respond(make_request, lambda request: HttpResponse(get_token(request)))
    morsel = response.cookies["own"]
    assert (morsel["domain"], morsel["path"], morsel["max-age"]) == (".example.org", "/shop/", "")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Strict")


# In sessions.


@pytest.fixture
def _in_sessions(override):
    override(CSRF_USE_SESSIONS=True)


@pytest.mark.usefixtures("_in_sessions")
def test_secret_may_be_kept_in_the_session(make_request):
    session = {}

    def view(request):
        return HttpResponse(get_token(request))

    request = make_request()
    request.session = session
    response = CsrfViewMiddleware(view)(request)
    assert session == {csrf.CSRF_SESSION_KEY: csrf._unmask_cipher_token(response.content.decode())}
    assert not response.cookies


@pytest.mark.usefixtures("_in_sessions")
def test_secret_in_the_session_is_checked(make_request):
    request = make_request(method="POST", HTTP_X_CSRFTOKEN=SECRET)
    request.session = {csrf.CSRF_SESSION_KEY: SECRET}
    middleware = CsrfViewMiddleware(lambda request: None)
    middleware.process_request(request)
    assert middleware.process_view(request, None, (), {}) is None


@pytest.mark.usefixtures("_in_sessions")
def test_secret_in_sessions_without_sessions_is_refused(make_request):
    with pytest.raises(ImproperlyConfigured, match="SessionMiddleware must appear before"):
        CsrfViewMiddleware(lambda request: None)(make_request())


def test_token_whose_form_nobody_checked_is_not_compared():
    with pytest.raises(AssertionError, match="16 characters"):
        csrf._does_token_match("a" * 16, SECRET)


def test_origin_is_refused_where_the_host_is_not_allowed(ask):
    assert "Origin checking" in ask(SECRET, HTTP_ORIGIN="http://@", HTTP_HOST="@")[0]


@pytest.mark.usefixtures("_in_sessions")
def test_secret_that_the_session_has_is_not_written_again(make_request):
    class Session(dict):
        def __setitem__(self, key, value):
            raise AssertionError("written")

    def view(request):
        get_token(request)
        return HttpResponse()

    request = make_request()
    request.session = Session({csrf.CSRF_SESSION_KEY: SECRET})
    CsrfViewMiddleware(view)(request)


def test_wildcards_are_told_from_exact_origins(override):
    override(CSRF_TRUSTED_ORIGINS=["https://*.example.org", "http://shop.example.org"])
    middleware = CsrfViewMiddleware(lambda request: None)
    assert middleware.allowed_origins_exact == {"http://shop.example.org"}
    assert middleware.allowed_origin_subdomains == {"https": [".example.org"]}
