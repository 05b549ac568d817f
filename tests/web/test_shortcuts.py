import pytest

from penstock.web.core.exceptions import DisallowedRedirect
from penstock.web.shortcuts import redirect, render, resolve_url
from penstock.web.template import engines
from penstock.web.test import RequestFactory
from penstock.web.urls import NoReverseMatch, path, reverse_lazy


def view(request): ...


class Thing:
    def get_absolute_url(self):
        return "/thing/"


@pytest.fixture(autouse=True)
def _site(urlconf):
    urlconf(path("items/<int:pk>/", view, name="item"))


def test_template_is_rendered_into_a_response(override, tmp_path):
    (tmp_path / "a.html").write_text("{{ request.path }} {{ x }}")
    override(TEMPLATES=[{"BACKEND": "penstock.web.template.backends.jinja2.Jinja2", "DIRS": [tmp_path]}])
    response = render(RequestFactory().get("/p/"), "a.html", {"x": 1}, "text/plain", 201)
    assert (response.content, response.status_code, response["Content-Type"]) == (b"/p/ 1", 201, "text/plain")
    engines.reset()


@pytest.mark.parametrize(
    ("to", "kwargs", "expected"),
    [
        pytest.param(Thing(), {}, "/thing/", id="thing"),
        pytest.param("item", {"pk": 5}, "/items/5/", id="name"),
        pytest.param(view, {"pk": 5}, "/items/5/", id="view"),
        pytest.param(reverse_lazy("item", args=[6]), {}, "/items/6/", id="lazy"),
        pytest.param("../up/", {}, "../up/", id="relative"),
        pytest.param("/path/", {}, "/path/", id="path"),
        pytest.param("example.com", {}, "example.com", id="dot"),
    ],
)
def test_target_becomes_a_url(to, kwargs, expected):
    assert resolve_url(to, **kwargs) == expected


@pytest.mark.parametrize("to", ["nothing", lambda: None])
def test_target_that_is_no_url_is_no_match(to):
    with pytest.raises(NoReverseMatch):
        resolve_url(to)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 302),
        ({"permanent": True}, 301),
        ({"preserve_request": True}, 307),
        ({"permanent": True, "preserve_request": True}, 308),
    ],
)
def test_redirect_has_the_status_that_was_asked_for(given, status):
    response = redirect("item", pk=5, **given)
    assert (response.status_code, response.url) == (status, "/items/5/")


def test_redirect_to_a_scheme_that_runs_code_is_refused():
    with pytest.raises(DisallowedRedirect):
        redirect("javascript:alert(1)//.")
