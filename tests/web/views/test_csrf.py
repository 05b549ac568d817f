import pytest

from penstock.web.middleware.csrf import REASON_NO_CSRF_COOKIE, REASON_NO_REFERER
from penstock.web.template import TemplateDoesNotExist, engines
from penstock.web.test import RequestFactory
from penstock.web.views.csrf import csrf_failure


@pytest.fixture
def ask(override):
    override(DEBUG=False, TEMPLATES=[])
    return lambda reason, **given: csrf_failure(RequestFactory().post("/"), reason, **given)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (REASON_NO_REFERER, "“Referer header”"),
        (REASON_NO_CSRF_COOKIE, "requires a CSRF cookie"),
        ("x", "CSRF verif"),
    ],
)
def test_visitor_is_told_what_helps(ask, reason, told):
    response = ask(reason)
    assert response.status_code == 403
    assert told in response.text


def test_reason_is_for_developers_alone(ask, override):
    assert "<script>" not in ask("why <script>").text
    assert "why" not in ask("why <script>").text
    override(DEBUG=True)
    page = ask("why <script>").text
    assert "why &lt;script&gt;" in page
    assert "{{ csrf_input }}" in page


def test_page_of_the_site_is_taken(ask, override, tmp_path):
    (tmp_path / "403_csrf.html").write_text("{{ reason }} {{ no_cookie }} {{ request.path }}")
    override(TEMPLATES=[{"BACKEND": "penstock.web.template.backends.jinja2.Jinja2", "DIRS": [tmp_path]}])
    assert ask(REASON_NO_CSRF_COOKIE).text == f"{REASON_NO_CSRF_COOKIE} True /"
    engines.reset()


def test_page_that_was_named_must_be_there(ask):
    with pytest.raises(TemplateDoesNotExist):
        ask("", template_name="mine.html")
