import pytest

from penstock.web.http import Http404, HttpResponse
from penstock.web.test import Client, RequestFactory
from penstock.web.urls import include, path
from penstock.web.views.debug import technical_404_response, technical_500_response


def view(request):
    return HttpResponse()


def gone(request):
    raise Http404("moved <away>")


@pytest.fixture
def client(urlconf, override):
    urlconf(
        path("a/", view, name="first"), path("b/", include([path("<int:pk>/", view)])), path("gone/", gone)
    )
    override(DEBUG=True, MIDDLEWARE=[])
    return Client()


def test_page_lists_the_routes_that_were_compared(client):
    response = client.get("/b/<x>/")
    assert response.status_code == 404
    assert "<code>b/&lt;x&gt;/</code>" in response.text
    assert "a/ <span class='place'>name=&#x27;first&#x27;</span>" in response.text
    assert "b/ &rarr; &lt;int:pk&gt;/" in response.text


def test_page_tells_which_view_raised(client):
    response = client.get("/gone/")
    assert "moved &lt;away&gt;" in response.text
    assert f"{__name__}.gone" in response.text


def test_empty_path_is_called_so(client):
    assert "the empty path" in client.get("/").text


def test_urlconf_without_routes_is_called_empty(urlconf, override):
    urlconf()
    override(DEBUG=True, MIDDLEWARE=[])
    assert "is empty" in Client().get("/").text


def test_404_from_outside_of_the_routes_is_shown(client):
    response = technical_404_response(RequestFactory().get("/nowhere/"), Http404("by hand"))
    assert (response.status_code, "by hand" in response.text) == (404, True)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("text/html,*/*", "text/html; charset=utf-8"), ("application/json", "text/plain; charset=utf-8")],
)
def test_answer_is_html_for_who_takes_it(accept, content_type):
    request = RequestFactory().get("/", headers={"accept": accept})
    response = technical_500_response(request, ValueError, ValueError("why"), None, status_code=400)
    assert (response.status_code, response["Content-Type"]) == (400, content_type)
