"""X-Frame-Options."""

import pytest

from penstock.web.conf import settings
from penstock.web.http import HttpResponse
from penstock.web.middleware.clickjacking import XFrameOptionsMiddleware


@pytest.mark.parametrize(
    ("setting", "value"), [("DENY", "DENY"), ("sameorigin", "SAMEORIGIN"), ("Deny", "DENY")]
)
def test_field_is_the_setting_in_upper_case(override, make_request, answer, setting, value):
    override(X_FRAME_OPTIONS=setting)
    assert XFrameOptionsMiddleware(answer())(make_request())["X-Frame-Options"] == value


def test_setting_is_read_at_each_response(override, make_request, answer):
    middleware = XFrameOptionsMiddleware(answer())
    assert middleware(make_request())["X-Frame-Options"] == "DENY"
    override(X_FRAME_OPTIONS="SAMEORIGIN")
    assert middleware(make_request())["X-Frame-Options"] == "SAMEORIGIN"


def test_field_without_the_setting_denies(override, make_request, answer):
    override(X_FRAME_OPTIONS=None)
    del settings.X_FRAME_OPTIONS
    assert XFrameOptionsMiddleware(answer())(make_request())["X-Frame-Options"] == "DENY"


def test_field_that_the_view_has_set_is_kept(make_request, answer):
    response = XFrameOptionsMiddleware(answer(headers={"X-Frame-Options": "own"}))(make_request())
    assert response["X-Frame-Options"] == "own"


@pytest.mark.parametrize("exempt", [True, False])
def test_exempt_response_goes_without(make_request, exempt):
    response = HttpResponse()
    response.xframe_options_exempt = exempt
    XFrameOptionsMiddleware(lambda _request: response)(make_request())
    assert ("X-Frame-Options" in response) is not exempt


class ByPath(XFrameOptionsMiddleware):
    def get_xframe_options_value(self, request, response):
        return "SAMEORIGIN" if request.path == "/own/" else "DENY"


@pytest.mark.parametrize(("path", "value"), [("/own/", "SAMEORIGIN"), ("/", "DENY")])
def test_subclass_may_choose_the_value_for_each_response(make_request, answer, path, value):
    middleware = ByPath(answer())
    middleware(make_request("/own/"))
    assert middleware(make_request(path))["X-Frame-Options"] == value


def test_next_response_under_the_same_settings_has_the_same_field(make_request, answer):
    middleware = XFrameOptionsMiddleware(answer())
    fields = [middleware(make_request())["X-Frame-Options"] for _ in range(2)]
    assert fields == ["DENY", "DENY"]
