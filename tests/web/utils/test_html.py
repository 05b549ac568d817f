"""utils/html.py, beside Django's where the output is the whole point."""

import django.utils.html as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.exceptions import SuspiciousOperation
from penstock.web.utils import html
from penstock.web.utils.functional import Promise, lazystr
from penstock.web.utils.safestring import SafeString, mark_safe

MARKUP = st.lists(
    st.sampled_from(["<", ">", "b", "/", "a href='x'", "&amp;", "&", "\n", "\r\n", " ", '"'])
).map("".join)


@given(st.text())
def test_text_is_escaped_as_django_escapes_it(text):
    assert html.escape(text) == theirs.escape(text)
    assert html.escapejs(text) == theirs.escapejs(text)
    assert html.avoid_wrapping(text) == theirs.avoid_wrapping(text)


@given(MARKUP)
def test_markup_is_taken_apart_as_django_takes_it(text):
    assert html.strip_tags(text) == theirs.strip_tags(text)
    assert html.strip_spaces_between_tags(text) == theirs.strip_spaces_between_tags(text)
    for autoescape in (False, True):
        assert html.linebreaks(text, autoescape) == theirs.linebreaks(text, autoescape)


@pytest.mark.parametrize(
    "text", [pytest.param("<" * 60 + "b>" * 60, id="deep"), pytest.param("<" + "a" * 1000, id="unclosed")]
)
def test_markup_that_costs_too_much_is_refused(text):
    with pytest.raises(SuspiciousOperation):
        html.strip_tags(text)


def test_html_is_escaped_only_when_told():
    safe = mark_safe("<b>")
    assert html.conditional_escape(safe) is safe
    assert html.escape(safe) == "&lt;b&gt;"
    assert html.conditional_escape("<b>") == "&lt;b&gt;"
    assert html.conditional_escape(lazystr("<b>")) == "&lt;b&gt;"


def test_lazy_text_is_escaped_when_it_is_needed():
    assert isinstance(html.escape(lazystr("<")), Promise)
    assert str(html.escape(lazystr("<"))) == "&lt;"


def test_arguments_of_a_format_are_escaped():
    made = html.format_html("<i>{} {name}</i>", "<", name=mark_safe("<b>"))
    assert made == "<i>&lt; <b></i>"
    assert isinstance(made, SafeString)
    assert html.format_html_join("<br>", "{}", [("a",), ("<",)]) == "a&lt;br&gt;&lt;"
    assert html.format_html_join(mark_safe("<br>"), "{x}", [{"x": 1}, {"x": 2}]) == "1<br>2"


def test_a_format_without_arguments_is_refused():
    with pytest.raises(TypeError, match="without arguments"):
        html.format_html("<b>")


@pytest.mark.parametrize("element_id", [None, "data"])
def test_json_in_a_script_cannot_leave_it(element_id):
    value = {"a": "</script><script>alert(1)</script>&"}
    assert html.json_script(value, element_id) == theirs.json_script(value, element_id)


def test_a_class_whose_text_is_html_says_so():
    @html.html_safe
    class Bold:
        def __str__(self):
            return "<b>"

    assert Bold().__html__() == str(Bold()) == "<b>"
    assert isinstance(str(Bold()), str)
    assert html.conditional_escape(Bold()) == "<b>"


@pytest.mark.parametrize(
    ("names", "message"), [({}, "no __str__"), ({"__html__": str, "__str__": str}, "__html__ already")]
)
def test_a_class_that_cannot_be_made_html_is_refused(names, message):
    with pytest.raises(ValueError, match=message):
        html.html_safe(type("Odd", (), names))


def test_references_are_left_in_text_without_tags():
    assert html.strip_tags("<b>&amp;&#65;&eacute</b>") == theirs.strip_tags("<b>&amp;&#65;&eacute</b>")
