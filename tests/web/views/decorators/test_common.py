from penstock.web.http import HttpResponse
from penstock.web.test import Client
from penstock.web.urls import path
from penstock.web.views.decorators.common import no_append_slash


def view(request):
    return HttpResponse()


def test_no_slash_leads_to_the_view(urlconf, override):
    urlconf(path("a/", view), path("b/", no_append_slash(view)))
    override(MIDDLEWARE=["penstock.web.middleware.common.CommonMiddleware"], APPEND_SLASH=True)
    assert Client().get("/a").status_code == 301
    assert Client().get("/b").status_code == 404
