import pytest

from penstock.web.template import TemplateDoesNotExist
from penstock.web.template.loader import get_template, render_to_string, select_template


def test_template_is_found_by_name(templates):
    templates(a__html="A {{ x }}")
    assert get_template("a.html").render({"x": 1}) == "A 1"
    assert render_to_string("a.html", {"x": "<"}) == "A &lt;"


def test_first_template_that_is_there_is_taken(templates):
    templates(b__html="B")
    assert select_template(["a.html", "b.html"]).render() == "B"
    assert render_to_string(["a.html", "b.html"]) == "B"


def test_missing_template_says_where_it_was_looked_for(templates):
    folder = templates()
    with pytest.raises(TemplateDoesNotExist, match=r"a\.html") as missing:
        get_template("a.html")
    (refusal,) = missing.value.chain
    assert [(str(origin), why) for origin, why in refusal.tried] == [
        (f"{folder}/a.html", "Source does not exist")
    ]
    assert refusal.backend.name == "jinja2"


def test_engine_that_is_named_is_asked_alone(templates):
    templates(a__html="A")
    assert render_to_string("a.html", using="jinja2") == "A"


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        ([], TemplateDoesNotExist, "No template names provided"),
        (["a.html", "b.html"], TemplateDoesNotExist, r"a\.html, b\.html"),
        ("a.html", TypeError, "takes an iterable of template names but got a string"),
    ],
)
def test_nothing_to_choose_from_is_an_error(templates, names, error, message):
    templates()
    with pytest.raises(error, match=message):
        select_template(names)
