"""template/backends/lookup.py, beside Django's own language."""

import pytest
from django.template import Context as DjangoContext
from django.template import Engine as DjangoEngine
from jinja2.sandbox import unsafe
from sqlalchemy import create_engine, text

from penstock.web.core.exceptions import ObjectDoesNotExist
from penstock.web.core.paginator import Paginator
from penstock.web.template import engines
from penstock.web.test import RequestFactory

BACKEND = "penstock.web.template.backends.django.DjangoTemplates"


class Poll:
    name = "poll"
    keys = ("a", "b")

    def is_open(self):
        return False

    def author(self):
        return {"name": "Ada", "items": ["one"]}

    def votes(self, least=0):
        return [each for each in (1, 2, 3) if each > least]

    def vote(self, choice):
        return choice

    def delete(self):
        raise AssertionError("a template must not delete")

    def label(self):
        return "label"

    @staticmethod
    def kind():
        return "kind"

    @classmethod
    def plural(cls):
        return "polls"

    @property
    def is_secret(self):
        return self.nothing_of_that_name

    @property
    def place(self):
        raise ObjectDoesNotExist

    def winner(self):
        raise ObjectDoesNotExist

    delete.alters_data = True
    label.do_not_call_in_templates = True


@pytest.fixture
def render(override):
    override(TEMPLATES=[{"BACKEND": BACKEND}])
    return lambda source, context: engines["django"].from_string(source).render(context)


SOURCES = [
    "{% if poll.is_open %}open{% else %}closed{% endif %}",
    "{{ poll.author.name.upper }}",
    "{% for each in poll.votes %}{{ each }},{% endfor %}",
    "{% for name, value in table.items %}{{ name }}={{ value }};{% endfor %}",
    "{% for each in own.items %}{{ each }};{% endfor %}",
    "{{ poll.author.items.0 }}",
    "{{ own.items.0 }} {{ own.keys }}",
    "{{ poll.kind }} {{ poll.plural }} {{ poll.name }} {{ poll.keys.1 }}",
    "<{{ poll.delete }}{{ poll.nothing.deeper }}>",
    "{% with total=poll.votes %}{{ total.0 }}{% endwith %}",
    "{% if not poll.is_open and poll.votes %}{{ poll.votes|length }}{% endif %}",
    "{{ words.0.upper|lower }}",
]


@pytest.mark.parametrize("source", SOURCES)
def test_dot_means_what_it_means_to_django(render, source):
    context = {"poll": Poll(), "table": {"a": 1}, "own": {"items": ["x"], "keys": 2}, "words": ["Ada"]}
    expected = DjangoEngine().from_string(source).render(DjangoContext(context))
    assert render(source, context) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("{{ poll.votes(1)|join }}", "23", id="with-arguments"),
        pytest.param("{{ poll.author()['name'] }}", "Ada", id="without-arguments"),
        pytest.param("{{ table.items()|list|length }}", "1", id="method-and-key-of-one-name"),
        pytest.param("{% set vote = poll.vote %}{{ vote('x') }}", "x", id="kept-for-later"),
        pytest.param(
            "{% macro m(x) %}[{{ x }}{{ caller() }}]{% endmacro %}{% call m(poll.kind) %}!{% endcall %}",
            "[kind!]",
            id="macro",
        ),
        pytest.param(
            "{% for x in 'ab' %}{{ loop.cycle('1', '2') }}{{ loop.index }}{% endfor %}", "1122", id="loop"
        ),
        pytest.param(
            "{% set ns = namespace(n=1) %}{% set ns.n = poll.votes()[0] %}{{ ns.n }}", "1", id="namespace"
        ),
        pytest.param("{{ 'ab'.upper() }}", "AB", id="constant"),
    ],
)
def test_calls_of_jinja2_go_on_working(render, source, expected):
    assert render(source, {"poll": Poll(), "table": {"items": 1}}) == expected


@pytest.mark.parametrize("name", ["none", "nothing", "poll.nothing", "yes", "no", "zero"])
@pytest.mark.parametrize("test", ["is None", "is not None", "== None", "!= None", "is True", "is not False"])
def test_constants_are_compared_as_django_compares_them(render, name, test):
    source = "{% if " + f"{name} {test}" + " %}1{% else %}2{% endif %}"
    context = {"none": None, "poll": Poll(), "yes": True, "no": False, "zero": 0}
    expected = DjangoEngine().from_string(source).render(DjangoContext(context))
    assert render(source, context) == expected


def test_method_that_may_not_be_called_is_itself(render):
    assert render("{% if poll.label %}yes{% endif %}", {"poll": Poll()}) == "yes"


def test_fault_inside_a_method_is_raised(render):
    class Broken:
        def length(self):
            return len(5)

    with pytest.raises(TypeError, match="has no len"):
        render("{{ broken.length }}", {"broken": Broken()})


def test_key_of_a_row_comes_before_the_method_of_that_name(render):
    with create_engine("sqlite://").connect() as connection:
        row = connection.execute(text("SELECT 3 AS items, 4 AS keys")).mappings().one()
    assert render("{{ row.items }} {{ row.keys }} {{ row.values|list }}", {"row": row}) == "3 4 [3, 4]"


def test_fault_inside_a_property_is_not_taken_for_its_absence(render):
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        render("{% if not poll.is_secret %}everybody{% endif %}", {"poll": Poll()})


@pytest.mark.parametrize("name", ["place", "winner"])
def test_error_that_calls_itself_silent_is_an_empty_text(render, name):
    source = "[{{ poll.NAME }}{% if poll.NAME.name %}there{% endif %}]".replace("NAME", name)
    by_django = DjangoEngine().from_string(source).render(DjangoContext({"poll": Poll()}))
    assert "[]" == render(source, {"poll": Poll()}) == by_django


def test_pages_are_shown_by_the_template_that_django_recommends(render):
    source = (
        "{% if page_obj.has_previous %}"
        "<a href='?page={{ page_obj.previous_page_number }}'>previous</a>{% endif %}"
        "Page {{ page_obj.number }} of {{ page_obj.paginator.num_pages }}."
        "{% if page_obj.has_next %}<a href='?page={{ page_obj.next_page_number }}'>next</a>{% endif %}"
    )
    pages = Paginator(range(25), 10)
    assert render(source, {"page_obj": pages.page(1)}) == "Page 1 of 3.<a href='?page=2'>next</a>"
    assert render(source, {"page_obj": pages.page(3)}) == "<a href='?page=2'>previous</a>Page 3 of 3."


def test_request_shows_its_address(render):
    request = RequestFactory().get("/polls/?a=1")
    assert render("{{ r.get_full_path }} {{ r.get_host }}", {"r": request}) == "/polls/?a=1 testserver"
    assert render("{% if r.is_secure %}s{% endif %}{{ r.GET.a }}", {"r": request}) == "1"


def with_options(override, source, options, context):
    override(TEMPLATES=[{"BACKEND": BACKEND, "OPTIONS": options}])
    return engines["django"].from_string(source).render(context)


def test_sandbox_calls_nothing_that_it_calls_unsafe(override):
    class Account:
        @unsafe
        def close(self):
            raise AssertionError("a sandbox must not call it")

        def owner(self):
            return "Ada"

    source = "{{ account.owner }}{% if account.close %}!{% endif %}"
    options = {"environment": "jinja2.sandbox.SandboxedEnvironment"}
    assert with_options(override, source, options, {"account": Account()}) == "Ada!"


def test_coroutines_are_awaited_where_the_engine_awaits(override):
    class Account:
        async def owner(self):
            return "Ada"

    assert (
        with_options(override, "{{ a.owner }} {{ a.owner() }}", {"enable_async": True}, {"a": Account()})
        == "Ada Ada"
    )
