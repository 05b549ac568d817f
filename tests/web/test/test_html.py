"""HTML compared as a browser reads it."""

import pytest

from penstock.web.test.html import HTMLParseError, parse_html


@pytest.mark.parametrize(
    ("first", "second", "is_equal"),
    [
        ('<p class="a b" id="x">t</p>', "<p id=x  class='b  a'> t\n</p>", True),
        ("<input checked>", '<input checked="checked"/>', True),
        ("<p>a  b</p>", "<p>a b</p>", True),
        ("<p>a<!-- c -->b</p>", "<p>ab</p>", True),
        ("<p><b>a</p>", "<p><b>a</b></p>", True),
        ("a &amp; b", "a &#38; b", True),
        ("<br>", "<br/>", True),
        ("<div/>", "<div></div>", True),
        ("<li>a<li>b", "<li>a<li>b</li></li>", True),
        ("<p>a</p>", "<p>b</p>", False),
        ("<p>a</p>", "<div>a</div>", False),
        ('<p id="a">', '<p id="b">', False),
        ("<p>ab</p>", "<p>a b</p>", False),
    ],
)
def test_documents_are_compared(first, second, is_equal):
    assert (parse_html(first) == parse_html(second)) is is_equal


@pytest.mark.parametrize(
    ("needle", "count"),
    [("<b>x</b>", 2), ("<p><b>x</b></p>", 1), ("<b>y</b>", 0), ("<b>x</b><i>z</i>", 1), ("one", 1)],
)
def test_pieces_are_counted(needle, count):
    document = parse_html("<div><p><b>x</b></p><b>x</b><i>z</i> one two</div>")
    assert document.count(parse_html(needle)) == count


def test_end_tag_that_closes_nothing_is_an_error():
    with pytest.raises(HTMLParseError, match="</b> at line 2 closes nothing"):
        parse_html("<p>\n</b>")


def test_end_tag_of_a_void_element_is_no_error():
    assert parse_html("<br></br>") == parse_html("<br>")
