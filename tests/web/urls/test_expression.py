import re

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls.expression import Echo, Gap, Head, Tail, compile_expression, forms, literal_head


@pytest.mark.parametrize(
    ("source", "head"),
    [
        pytest.param("^items/$", Head("items/", Tail.END), id="whole"),
        pytest.param(r"^items/\Z", Head("items/", Tail.END), id="whole-Z"),
        pytest.param(r"\Aitems/", Head("items/", Tail.NOTHING), id="beginning-A"),
        pytest.param("^items/", Head("items/", Tail.NOTHING), id="beginning"),
        pytest.param(r"^items/(\d+)", Head("items/", Tail.MORE), id="group"),
        pytest.param(r"^a\.b\$", Head("a.b$", Tail.NOTHING), id="escapes"),
        pytest.param("^items?/", Head("item", Tail.MORE), id="optional-character"),
        pytest.param("^a|^b", Head("", Tail.MORE), id="alternatives"),
        pytest.param("items/", Head("", Tail.MORE), id="anywhere"),
        pytest.param("", Head("", Tail.NOTHING), id="empty"),
        pytest.param("(?i)^items/", Head("", Tail.MORE), id="ignoring-case"),
        pytest.param("(?m)^items/", Head("", Tail.MORE), id="each-line"),
        pytest.param("(?x)^ items/ # comment\n", Head("items/", Tail.NOTHING), id="verbose"),
        pytest.param("^items/$ ", Head("items/", Tail.MORE), id="dollar-not-last"),
        pytest.param("^ä/$", Head("ä/", Tail.END), id="not-ascii"),
    ],
)
def test_literal_head_is_what_every_path_begins_with(source, head):
    assert literal_head(source) == head


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("^a/$", [("a", "/")], id="text"),
        pytest.param(r"^(\d+)/", [(Gap(1, None), "/")], id="group"),
        pytest.param(r"^(?P<x>\d+)/", [(Gap(1, "x"), "/")], id="named"),
        pytest.param(r"^((a)b)", [(Gap(1, None),)], id="outermost-group"),
        pytest.param("^a?", [()], id="absent"),
        pytest.param("^a+", [("a",)], id="once"),
        pytest.param("^a{2,4}", [("a", "a")], id="as-often-as-it-must"),
        pytest.param("^(?:(a)/)?", [(), (Gap(1, None), "/")], id="with-and-without-its-group"),
        pytest.param("^[xyz]", [("x",)], id="set"),
        pytest.param("^[^/]", [("x",)], id="negated-set"),
        pytest.param(r"^[^x0/]", [("-",)], id="negated-set-of-the-usual"),
        pytest.param(r"^\d\w\s", [("0", "x", " ")], id="classes"),
        pytest.param("^.", [(".",)], id="any"),
        pytest.param("^[b-d]", [("b",)], id="range"),
        pytest.param(r"^(?P<x>a)-(?P=x)", [(Gap(1, "x"), "-", Echo(1))], id="repetition"),
        pytest.param(r"^(?=a)(?!b)a\b", [("a",)], id="conditions"),
        pytest.param("^(?>a)", [("a",)], id="atomic"),
        pytest.param("^(?:ab|cd)/", [], id="alternatives"),
        pytest.param("^ab/$|^cd/$", [("a", "b", "/")], id="whole-alternatives"),
        pytest.param("(?i)^a", [], id="flags"),
        pytest.param(r"^(?:(a)b)?\1", [(Gap(1, None), "b", Echo(1))], id="repetition-of-what-is-there"),
    ],
)
def test_forms_are_the_texts_that_may_have_been_meant(source, expected):
    assert list(forms(source)) == expected


def test_malformed_expression_is_named():
    with pytest.raises(ImproperlyConfigured, match=re.escape('"*" is not a valid regular expression')):
        compile_expression("*")
