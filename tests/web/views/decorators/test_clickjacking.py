import pytest

from penstock.web.http import HttpResponse
from penstock.web.middleware.clickjacking import XFrameOptionsMiddleware
from penstock.web.test import RequestFactory
from penstock.web.views.decorators.clickjacking import (
    xframe_options_deny,
    xframe_options_exempt,
    xframe_options_sameorigin,
)


@pytest.mark.parametrize(
    ("decorator", "value"), [(xframe_options_deny, "DENY"), (xframe_options_sameorigin, "SAMEORIGIN")]
)
def test_frames_are_ruled_unless_the_view_has_ruled_them(decorator, value):
    request = RequestFactory().get("/")
    assert decorator(lambda request: HttpResponse())(request)["X-Frame-Options"] == value
    own = decorator(lambda request: HttpResponse(headers={"X-Frame-Options": "mine"}))
    assert own(request)["X-Frame-Options"] == "mine"


def test_exempt_view_may_stand_in_any_frame():
    answer = XFrameOptionsMiddleware(xframe_options_exempt(lambda request: HttpResponse()))(
        RequestFactory().get("/")
    )
    assert not answer.has_header("X-Frame-Options")
