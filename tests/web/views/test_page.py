import pytest

from penstock.web.views.frames import Frame, Line, Raised
from penstock.web.views.page import card, exceptions, frame, header, line, shell, table

FRAME = Frame("/a.py", 3, "f<g>", True, (Line(3, "x = <y>", True, (4, 7)),), (("n", "'<v>'"),))


@pytest.mark.parametrize(
    "markup",
    [
        header("<k>", "<h>", "<m>", "<p>", {"a": "<l>"}),
        table([("<n>", "<v>")]),
        card("<h>", [("<n>", "<v>")]),
        frame(FRAME, is_open=True),
        exceptions([Raised(ValueError("<e>"), "", (FRAME,)), Raised(KeyError("<e>"), "<l>", ())]),
    ],
)
def test_nothing_reaches_the_page_unescaped(markup):
    assert not [
        tag
        for tag in ("<k>", "<h>", "<m>", "<p><p>", "<l>", "<n>", "<v>", "<e>", "<y>", "<g>")
        if tag in markup
    ]


def test_expression_that_ran_is_marked():
    assert line(FRAME.lines[0]) == '<span class="now"><i>3</i>x = <mark>&lt;y&gt;</mark>\n</span>'
    assert line(Line(1, "a")) == '<span class="near"><i>1</i>a\n</span>'


def test_own_frames_are_open_and_those_of_libraries_closed():
    foreign = Frame("/lib.py", 1, "f", False, (), ())
    assert '<details class="frame own" open>' in frame(FRAME, is_open=False)
    assert '<details class="frame foreign">' in frame(foreign, is_open=False)
    assert '<details class="frame foreign" open>' in frame(foreign, is_open=True)


def test_table_without_rows_says_so():
    assert "no query" in table([], "no query")


def test_chain_tells_how_one_led_to_the_next():
    text = exceptions([Raised(ValueError("one"), "", ()), Raised(KeyError("two"), "Then", ())])
    assert text.index("ValueError: one") < text.index("Then:") < text.index("KeyError")
    assert "The exception came without a traceback." in text
    assert exceptions([]) == "<p>There is no traceback.</p>"


def test_shell_is_a_page_with_its_style():
    page = shell("<t>", "body")
    assert page.startswith("<!doctype html>")
    assert "<title>&lt;t&gt;</title>" in page
    assert "prefers-color-scheme: dark" in page
