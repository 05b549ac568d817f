"""utils/safestring.py."""

from penstock.web.utils.functional import Promise, lazystr
from penstock.web.utils.safestring import SafeData, SafeString, mark_safe


def test_marked_text_is_html_and_stays_it():
    safe = mark_safe("<b>")
    assert isinstance(safe, SafeData)
    assert safe.__html__() is safe
    assert mark_safe(safe) is safe
    assert str(safe) is safe


def test_safe_and_safe_is_safe_and_anything_else_is_not():
    assert isinstance(mark_safe("a") + mark_safe("b"), SafeString)
    assert not isinstance(mark_safe("a") + "b", SafeString)


def test_lazy_text_is_marked_when_it_is_needed():
    later = mark_safe(lazystr("<b>"))
    assert isinstance(later, Promise)
    assert str(later) == "<b>"


def test_a_function_that_returns_html_is_marked():
    @mark_safe
    def bold(text):
        """Make it bold."""
        return f"<b>{text}</b>"

    assert isinstance(bold("x"), SafeString)
    assert bold.__doc__ == "Make it bold."
