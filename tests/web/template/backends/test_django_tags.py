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


@pytest.mark.parametrize("text", ["{% url + %}", "{% comment %}no end", "{% static 'a' as %}"])
def test_tag_that_is_not_whole_is_an_error_with_its_line(text):
    with pytest.raises(jinja2.TemplateSyntaxError) as wrong:
        ENVIRONMENT.from_string("\n" + text)
    assert wrong.value.lineno == 2


def test_filter_with_a_colon_is_an_error():
    with pytest.raises(jinja2.TemplateSyntaxError):
        ENVIRONMENT.from_string('{{ day|date:"Y" }}')
