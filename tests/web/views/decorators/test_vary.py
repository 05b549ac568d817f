from penstock.web.http import HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.views.decorators.vary import vary_on_cookie, vary_on_headers


def view(request):
    return HttpResponse(headers={"Vary": "Accept"})


def test_names_are_added_to_vary():
    request = RequestFactory().get("/")
    assert vary_on_headers("User-Agent", "accept")(view)(request)["Vary"] == "Accept, User-Agent"
    assert vary_on_cookie(view)(request)["Vary"] == "Accept, Cookie"
