from penstock.web.http import HttpResponse
from penstock.web.middleware.csrf import CsrfViewMiddleware
from penstock.web.test import RequestFactory
from penstock.web.views.decorators.csrf import (
    csrf_exempt,
    csrf_protect,
    ensure_csrf_cookie,
    requires_csrf_token,
)


def view(request):
    return HttpResponse("content")


def foreign_post():
    return RequestFactory().post("/")


def checked(request):
    request._dont_enforce_csrf_checks = False
    return request


def test_protected_view_refuses_a_form_without_token():
    assert csrf_protect(view)(checked(foreign_post())).status_code == 403


def test_view_that_needs_the_token_refuses_nothing():
    assert requires_csrf_token(view)(checked(foreign_post())).status_code == 200


def test_cookie_is_sent_whether_a_page_shows_the_token_or_not():
    assert "csrftoken" in ensure_csrf_cookie(view)(RequestFactory().get("/")).cookies
    assert "csrftoken" not in csrf_protect(view)(RequestFactory().get("/")).cookies


def test_exempt_view_is_left_alone_by_the_middleware():
    exempt = csrf_exempt(view)
    assert exempt.csrf_exempt
    assert not hasattr(view, "csrf_exempt")
    assert CsrfViewMiddleware(view).process_view(checked(foreign_post()), exempt, (), {}) is None
