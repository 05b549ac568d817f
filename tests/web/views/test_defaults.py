import pytest

from penstock.web.http import Http404
from penstock.web.template import TemplateDoesNotExist, engines, loader
from penstock.web.test import RequestFactory
from penstock.web.views import defaults
from penstock.web.views.defaults import bad_request, page_not_found, permission_denied, server_error

ENGINE = "penstock.web.template.backends.jinja2.Jinja2"


@pytest.fixture
def site(tmp_path, override):
    override(TEMPLATES=[{"BACKEND": ENGINE, "DIRS": [tmp_path]}], DEBUG=False)
    yield tmp_path
    engines.reset()


def answers():
    request = RequestFactory().get("/a<b>/")
    return {
        400: bad_request(request, ValueError("secret")),
        403: permission_denied(request, PermissionError("secret")),
        404: page_not_found(request, Http404("secret")),
        500: server_error(request),
    }


def test_pages_of_our_own_tell_nothing_of_the_cause(site):
    for status, response in answers().items():
        assert response.status_code == status
        assert response["Content-Type"].startswith("text/html")
        assert b"secret" not in response.content
        assert b"a<b>" not in response.content


def test_templates_of_the_site_are_taken(site):
    (site / "400.html").write_text("{{ request.path }}")
    (site / "403.html").write_text("{{ exception }}")
    (site / "404.html").write_text("{{ request_path }} {{ exception }}")
    (site / "500.html").write_text("sorry {{ request }}")
    texts = {status: response.content for status, response in answers().items()}
    assert texts == {400: b"/a&lt;b&gt;/", 403: b"secret", 404: b"/a%3Cb%3E/ secret", 500: b"sorry "}


def test_exception_without_text_is_named(site):
    (site / "404.html").write_text("{{ exception }}")
    request = RequestFactory().get("/")
    assert page_not_found(request, Http404()).content == b"Http404"
    assert page_not_found(request, Http404({"a": 1})).content == b"Http404"


@pytest.mark.parametrize("view", [bad_request, permission_denied, page_not_found])
def test_template_that_was_named_must_be_there(site, view):
    with pytest.raises(TemplateDoesNotExist):
        view(RequestFactory().get("/"), Http404(), template_name="mine.html")


def test_missing_template_is_looked_for_once(site, monkeypatch):
    asked = []
    find = loader.get_template

    def noting(name):
        asked.append(name)
        return find(name)

    monkeypatch.setattr(defaults.loader, "get_template", noting)
    for _ in range(3):
        answers()
    assert sorted(asked) == ["400.html", "403.html", "404.html", "500.html"]


def test_missing_template_is_looked_for_again_under_debug(site, override):
    override(DEBUG=True)
    answers()
    (site / "404.html").write_text("new")
    assert answers()[404].content == b"new"


def test_changed_settings_are_seen(site, tmp_path, override):
    answers()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/404.html").write_text("other")
    override(TEMPLATES=[{"BACKEND": ENGINE, "DIRS": [tmp_path / "other"]}])
    assert answers()[404].content == b"other"
