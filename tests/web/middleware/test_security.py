"""Security headers and the redirect to HTTPS."""

import pytest

from penstock.web.http import HttpResponse
from penstock.web.middleware.security import SecurityMiddleware

DEFAULTS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def fields(response):
    return {name: value for name, value in response.items() if name != "Content-Type"}


def test_response_gets_the_fields_of_the_default_settings(make_request, answer):
    assert fields(SecurityMiddleware(answer())(make_request())) == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_field_that_the_view_has_set_is_kept(make_request, answer, name):
    response = SecurityMiddleware(answer(headers={name: "own"}))(make_request())
    assert response[name] == "own"


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        pytest.param({"SECURE_CONTENT_TYPE_NOSNIFF": False}, "X-Content-Type-Options", id="nosniff"),
        pytest.param({"SECURE_REFERRER_POLICY": None}, "Referrer-Policy", id="referrer"),
        pytest.param({"SECURE_CROSS_ORIGIN_OPENER_POLICY": None}, "Cross-Origin-Opener-Policy", id="opener"),
    ],
)
def test_field_whose_setting_is_off_is_left_out(override, make_request, answer, setting, name):
    override(**setting)
    assert name not in SecurityMiddleware(answer())(make_request())


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        pytest.param("strict-origin, origin", "strict-origin,origin", id="text"),
        pytest.param(["strict-origin", "origin"], "strict-origin,origin", id="list"),
        pytest.param(("origin",), "origin", id="tuple"),
    ],
)
def test_referrer_policies_are_joined_by_a_comma(override, make_request, answer, policy, value):
    override(SECURE_REFERRER_POLICY=policy)
    assert SecurityMiddleware(answer())(make_request())["Referrer-Policy"] == value


def test_settings_are_read_when_the_middleware_is_made(override, make_request, answer):
    middleware = SecurityMiddleware(answer())
    override(SECURE_REFERRER_POLICY="origin")
    assert middleware(make_request())["Referrer-Policy"] == "same-origin"


def test_attribute_that_is_set_later_counts_for_the_next_response(make_request, answer):
    middleware = SecurityMiddleware(answer())
    middleware(make_request())
    middleware.referrer_policy = "origin"
    assert middleware(make_request())["Referrer-Policy"] == "origin"


@pytest.mark.parametrize(
    ("more", "value"),
    [
        pytest.param({}, "max-age=60", id="plain"),
        pytest.param(
            {"SECURE_HSTS_INCLUDE_SUBDOMAINS": True}, "max-age=60; includeSubDomains", id="subdomains"
        ),
        pytest.param({"SECURE_HSTS_PRELOAD": True}, "max-age=60; preload", id="preload"),
    ],
)
def test_transport_security_is_said_over_tls_alone(override, make_request, answer, more, value):
    override(SECURE_HSTS_SECONDS=60, **more)
    middleware = SecurityMiddleware(answer())
    assert middleware(make_request(secure=True))["Strict-Transport-Security"] == value
    assert "Strict-Transport-Security" not in middleware(make_request())


def test_transport_security_of_the_view_is_kept(override, make_request, answer):
    override(SECURE_HSTS_SECONDS=60)
    response = SecurityMiddleware(answer(headers={"Strict-Transport-Security": "own"}))(
        make_request(secure=True)
    )
    assert response["Strict-Transport-Security"] == "own"


@pytest.mark.parametrize(
    ("settings", "location"),
    [
        pytest.param({}, "https://testserver/a/?q=1", id="own-host"),
        pytest.param(
            {"SECURE_SSL_HOST": "secure.example.org"}, "https://secure.example.org/a/?q=1", id="other"
        ),
    ],
)
def test_request_without_tls_is_redirected_with_path_and_query(
    override, make_request, answer, settings, location
):
    override(SECURE_SSL_REDIRECT=True, **settings)
    response = SecurityMiddleware(answer())(make_request("/a/?q=1"))
    assert (response.status_code, response.url) == (301, location)


@pytest.mark.parametrize(
    ("settings", "request_"),
    [
        pytest.param({"SECURE_SSL_REDIRECT": True}, {"secure": True}, id="tls"),
        pytest.param({"SECURE_SSL_REDIRECT": False}, {}, id="off"),
        pytest.param(
            {"SECURE_SSL_REDIRECT": True, "SECURE_REDIRECT_EXEMPT": ["^a/$"]},
            {"location": "/a/"},
            id="exempt",
        ),
    ],
)
def test_request_that_need_not_be_redirected_is_answered(override, make_request, settings, request_):
    override(**settings)
    response = HttpResponse("answer")
    assert SecurityMiddleware(lambda _request: response)(make_request(**request_)) is response
