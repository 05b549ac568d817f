import jinja2
import pytest

from penstock.web.template.backends.django_tags import DjangoTags

ENVIRONMENT = jinja2.Environment(extensions=[DjangoTags], autoescape=True)
ENVIRONMENT.globals["url"] = lambda name, *args, **kwargs: f"url({name},{args},{kwargs})"
ENVIRONMENT.globals["static"] = lambda path: f"static({path})"


def render(text, **context):
    return ENVIRONMENT.from_string(text).render(**context)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% load static i18n %}a", "a"),
        ("{% load a from b %}", ""),
        ("{% comment %}x {{ y }} {% if z %}{% endif %}{% endcomment %}a", "a"),
        ("{% comment 'why' %}x{% endcomment %}", ""),
        ("{% csrf_token %}", "FIELD"),
        ("{% static 'a.css' %}", "static(a.css)"),
        ("{% static name %}", "static(n)"),
        ("{% static 'a.css' as address %}[{{ address }}]", "[static(a.css)]"),
        ("{% url 'home' %}", "url(home,(),{})"),
        ("{% url 'a:b' 5 thing.pk %}", "url(a:b,(5, 7),{})"),
        ("{% url 'a' pk=thing.pk k='v' %}", "url(a,(),{'pk': 7, 'k': 'v'})"),
        ("{% url name as address %}[{{ address }}]", "[url(n,(),{})]"),
        ("{% if 1 %}{% url 'x' name|upper %}{% endif %}", "url(x,('N',),{})"),
    ],
)
def test_tag_is_understood(text, expected):
    shown = render(text, csrf_input="FIELD", name="n", thing={"pk": 7})
    assert shown.replace("&#39;", "'") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{% autoescape on %}{{ evil }}{% endautoescape %}", "&lt;", id="autoescape-on"),
        pytest.param("{% autoescape off %}{{ evil }}{% endautoescape %}", "<", id="autoescape-off"),
        pytest.param("{% autoescape true %}{{ evil }}{% endautoescape %}", "&lt;", id="autoescape-of-jinja"),
        pytest.param("{% for i in two %}{{ i }}{% empty %}none{% endfor %}", "ab", id="for-with-empty"),
        pytest.param("{% with a=1 b=two.0 c='x' %}{{ a }}{{ b }}{{ c }}{% endwith %}", "1ax", id="with"),
        pytest.param("{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}", "12", id="with-commas"),
        pytest.param(
            "{% with a=dict(x=1, y=2) b=dict(z=3) %}{{ a.x }}{{ a.y }}{{ b.z }}{% endwith %}",
            "123",
            id="with-calls",
        ),
        pytest.param(
            "{% for i in two %}{% with n=forloop.counter m=i %}{{ n }}{{ m }}{% endwith %}{% endfor %}",
            "1a2b",
            id="with-in-a-loop",
        ),
        pytest.param("{% with %}{% set a=1 %}{{ a }}{% endwith %}", "1", id="with-nothing"),
        pytest.param("{% for i in nobody %}{{ i }}{% empty %}none{% endfor %}", "none", id="empty"),
        pytest.param(
            "{% for i in two %}{{ forloop.counter }}{{ forloop.counter0 }}{% endfor %}", "1021", id="counter"
        ),
        pytest.param(
            "{% for i in two %}{{ forloop.revcounter }}{{ forloop.revcounter0 }}{% endfor %}",
            "2110",
            id="revcounter",
        ),
        pytest.param("{% for i in two %}{% if not forloop.last %},{% endif %}{% endfor %}", ",", id="last"),
        pytest.param("{{ thing.forloop.x }}{{ thing.empty }}{{ thing.block.super }}", "123", id="attributes"),
        pytest.param("{% comment %}{% now 'Y' %}{{ day|date:'Y' }}{% endcomment %}a", "a", id="comment"),
    ],
)
def test_word_of_django_means_what_it_means_there(text, expected):
    thing = {"forloop": {"x": 1}, "empty": 2, "block": {"super": 3}}
    assert render(text, evil="<", two="ab", nobody=(), thing=thing) == expected


def test_block_of_the_parent_is_shown_where_the_child_says_so():
    parents = {"p.html": "{% block b %}parent{% endblock %}"}
    environment = jinja2.Environment(
        extensions=[DjangoTags], loader=jinja2.DictLoader(parents), autoescape=True
    )
    child = '{% extends "p.html" %}{% block b %}{{ block.super }}+child{% endblock %}'
    assert environment.from_string(child).render() == "parent+child"


@pytest.mark.parametrize("text", ["{{ forloop.parentloop.counter }}", "{% include forloop %}"])
def test_what_a_loop_of_jinja2_does_not_know_is_an_error_with_its_line(text):
    with pytest.raises(jinja2.TemplateSyntaxError, match=r"expected forloop\. and one of counter,") as wrong:
        ENVIRONMENT.from_string("\n{% for i in two %}" + text + "{% endfor %}")
    assert wrong.value.lineno == 2


@pytest.mark.parametrize("text", ["{% url + %}", "{% comment %}no end", "{% static 'a' as %}"])
def test_tag_that_is_not_whole_is_an_error_with_its_line(text):
    with pytest.raises(jinja2.TemplateSyntaxError) as wrong:
        ENVIRONMENT.from_string("\n" + text)
    assert wrong.value.lineno == 2


def test_filter_with_a_colon_is_an_error():
    with pytest.raises(jinja2.TemplateSyntaxError):
        ENVIRONMENT.from_string('{{ day|date:"Y" }}')
