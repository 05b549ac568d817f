import jinja2
import pytest

from penstock.web.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from penstock.web.template.loader import get_template, render_to_string
from penstock.web.test import RequestFactory
from penstock.web.test.signals import template_rendered
from penstock.web.urls import path
from penstock.web.utils.safestring import SafeString


def view(request): ...


def processor(request):
    return {"who": "processor", "only": "here"}


def environment(**options):
    made = jinja2.Environment(**options)
    made.globals["static"] = lambda name: f"mine/{name}"
    made.globals["shout"] = str.upper
    return made


def test_values_are_escaped_and_the_text_is_safe_in_another_template(templates):
    templates(a__html="{{ x }}", b__html="{{ inner }}")
    text = render_to_string("a.html", {"x": "<"})
    assert isinstance(text, SafeString)
    assert render_to_string("b.html", {"inner": text}) == "&lt;"


def test_request_brings_itself_its_token_and_the_processors(templates):
    text = "{{ request.path }} {{ who }} {{ only }}"
    templates({"context_processors": [f"{__name__}.processor"]}, a__html=text, b__html="{{ who }}")
    request = RequestFactory().get("/p/")
    assert render_to_string("a.html", {}, request) == "/p/ processor here"
    assert render_to_string("a.html", {"who": "view"}, request) == "/p/ view here"
    assert render_to_string("b.html") == ""


def test_form_gets_its_hidden_field(templates):
    templates(a__html="{{ csrf_input }}|{{ csrf_token }}")
    request = RequestFactory().get("/")
    field, token = render_to_string("a.html", {}, request).split("|")
    assert field.startswith('<input type="hidden" name="csrfmiddlewaretoken" value="')
    assert len(token) == 64


def test_page_that_shows_no_token_needs_no_cookie(templates):
    templates(a__html="nothing")
    request = RequestFactory().get("/")
    render_to_string("a.html", {}, request)
    assert "CSRF_COOKIE" not in request.META


def test_addresses_are_there_in_templates(templates, urlconf, override):
    urlconf(path("items/<int:pk>/", view, name="item"))
    override(STATIC_URL="/static/")
    templates(a__html="{{ url('item', 5) }} {{ url('item', pk=6) }} {{ static('a.css') }}")
    assert render_to_string("a.html") == "/items/5/ /items/6/ /static/a.css"


def test_environment_of_the_site_keeps_what_it_has(templates):
    templates({"environment": f"{__name__}.environment"}, a__html="{{ static('a') }} {{ shout('b') }}")
    assert render_to_string("a.html") == "mine/a B"


def test_options_are_those_of_jinja2(templates):
    templates({"trim_blocks": True, "autoescape": False}, a__html="{% if 1 %}\n{{ x }}{% endif %}")
    assert render_to_string("a.html", {"x": "<"}) == "<"


@pytest.mark.parametrize(("debug", "expected"), [(True, "{{ nothing }}"), (False, "")])
def test_undefined_names_are_shown_under_debug(templates, override, debug, expected):
    override(DEBUG=debug)
    templates(a__html="{{ nothing }}")
    assert render_to_string("a.html") == expected


def test_template_that_cannot_be_read_says_where(templates):
    folder = templates(a__html="one\ntwo {% if %}\nthree")
    with pytest.raises(TemplateSyntaxError) as wrong:
        get_template("a.html")
    info = wrong.value.template_debug
    assert (info["name"], info["line"], info["during"]) == (str(folder / "a.html"), 2, "two {% if %}")
    assert info["source_lines"] == [(1, "one"), (2, "two {% if %}"), (3, "three")]


def test_text_that_cannot_be_read_says_where(templates):
    templates()
    with pytest.raises(TemplateSyntaxError) as wrong:
        engines["jinja2"].from_string("{% for %}")
    assert wrong.value.template_debug["line"] == 1


def test_template_that_is_included_and_wrong_is_told_when_it_is_rendered(templates):
    templates(a__html="{% include 'b.html' %}", b__html="{% if %}")
    with pytest.raises(TemplateSyntaxError):
        render_to_string("a.html")


def test_template_that_is_extended_and_missing_is_named(templates):
    templates(a__html="{% extends 'none.html' %}")
    with pytest.raises(jinja2.TemplateNotFound, match=r"none\.html"):
        render_to_string("a.html")
    with pytest.raises(TemplateDoesNotExist, match=r"nowhere\.html"):
        get_template("nowhere.html")


def test_templates_that_another_extends_or_includes_are_told_as_they_are_used(templates):
    block = "{% block b %}{% if x %}{% include ['no.html', 'c.html'] %}{% endif %}{% endblock %}"
    templates(a__html="{% extends 'b.html' %}" + block, b__html="{% block b %}{% endblock %}", c__html="c")
    told = []

    def note(template, **_named):
        told.append(template.name)

    template_rendered.connect(note)
    try:
        render_to_string("a.html", {"x": False})
        render_to_string("a.html", {"x": True})
    finally:
        template_rendered.disconnect(note)
    assert told == ["a.html", "b.html", "a.html", "b.html", "c.html"]
    assert render_to_string("a.html", {"x": True}) == "c"
    assert len(told) == 5


def test_tests_are_told_what_is_rendered(templates):
    templates(a__html="A")
    seen = []

    def note(template, context, **_):
        seen.append((template.name, dict(context)))

    template_rendered.connect(note)
    try:
        render_to_string("a.html", {"x": 1})
    finally:
        template_rendered.disconnect(note)
    assert seen == [("a.html", {"x": 1})]


def test_context_of_the_caller_stays_as_it_is(templates):
    templates(a__html="A")
    context = {"x": 1}
    render_to_string("a.html", context, RequestFactory().get("/"))
    assert context == {"x": 1}
