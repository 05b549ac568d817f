import sys
from types import SimpleNamespace

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls.expression import UNKNOWN_HEAD, Head, Tail
from penstock.web.urls.pattern import LocalePrefixPattern, LocaleRegexDescriptor, RegexPattern, RoutePattern
from penstock.web.utils.functional import lazy


@pytest.mark.parametrize(
    ("route", "is_endpoint", "path", "expected"),
    [
        pytest.param("a/", True, "a/", ("", (), {}), id="whole"),
        pytest.param("a/", True, "a/b", None, id="whole-is-not-a-beginning"),
        pytest.param("a/", False, "a/b", ("b", (), {}), id="beginning"),
        pytest.param("<int:x>/", True, "5/", ("", (), {"x": 5}), id="converted"),
        pytest.param("<int:x>/", False, "5/6/", ("6/", (), {"x": 5}), id="converted-beginning"),
        pytest.param("a/", True, "a/\n", None, id="newline"),
        pytest.param("a.b", True, "axb", None, id="dot-is-a-dot"),
        pytest.param("<x>/<y>", True, "1/2", ("", (), {"x": "1", "y": "2"}), id="two"),
        pytest.param("<int:x>", True, "9" * 5000, None, id="conversion-refuses"),
    ],
)
def test_route_matches_a_path(route, is_endpoint, path, expected):
    assert RoutePattern(route, is_endpoint=is_endpoint).match(path) == expected


@pytest.mark.parametrize(
    ("source", "is_endpoint", "path", "expected"),
    [
        pytest.param("^a/$", True, "a/", ("", (), {}), id="whole"),
        pytest.param("^a/$", True, "a/\n", None, id="endpoint-dollar-is-the-end"),
        pytest.param("^a/$", False, "a/\n", ("\n", (), {}), id="include-dollar-lets-a-newline-pass"),
        pytest.param("b", True, "abc", ("c", (), {}), id="anywhere"),
        pytest.param(r"^(\d)(\d)?", True, "1", ("", ("1", None), {}), id="groups"),
        pytest.param(r"^(\d)(?P<x>a)?", True, "1", ("", (), {}), id="absent-name-still-drops-the-others"),
        pytest.param(r"^(\d)(?P<x>a)?", True, "1a", ("", (), {"x": "a"}), id="named"),
    ],
)
def test_expression_matches_a_path(source, is_endpoint, path, expected):
    assert RegexPattern(source, is_endpoint=is_endpoint).match(path) == expected


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ("a/<int: x>/", "cannot contain whitespace in angle brackets"),
        ("a/<int:1x>/", "uses parameter name '1x' which isn't a valid Python identifier"),
        ("a/<nothing:x>/", "uses invalid converter 'nothing'"),
    ],
)
def test_malformed_route_is_refused_when_it_is_written(route, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        RoutePattern(route)


def test_malformed_expression_is_refused_when_it_is_used():
    pattern = RegexPattern("(")
    assert pattern.head() == UNKNOWN_HEAD
    with pytest.raises(ImproperlyConfigured, match="is not a valid regular expression"):
        pattern.match("a")


@pytest.mark.parametrize(
    ("pattern", "head"),
    [
        (RoutePattern("a/<int:x>/", is_endpoint=True), Head("a/", Tail.MORE)),
        (RoutePattern("a/", is_endpoint=True), Head("a/", Tail.END)),
        (RoutePattern("a/"), Head("a/", Tail.NOTHING)),
        (RegexPattern("^a/$", is_endpoint=True), Head("a/", Tail.END)),
        (RegexPattern("^a/$"), Head("a/", Tail.MORE)),
        (RegexPattern(r"^a/\Z"), Head("a/", Tail.END)),
    ],
)
def test_head_is_what_the_table_may_rely_on(pattern, head):
    assert pattern.head() == head


@pytest.fixture
def language(monkeypatch):
    spoken = SimpleNamespace(code="en")
    spoken.get_language = lambda: spoken.code
    monkeypatch.setitem(sys.modules, "penstock.web.utils.translation", spoken)
    return spoken


@pytest.mark.parametrize("kind", [RegexPattern, RoutePattern])
def test_translated_text_is_another_pattern_in_each_language(kind, language):
    text = lazy(lambda: {"en": "house/", "de": "haus/"}[language.code], str)()
    pattern = kind(text)
    assert pattern.head() == UNKNOWN_HEAD
    assert pattern.match("house/1") == ("1", (), {})
    language.code = "de"
    assert pattern.match("house/1") is None
    assert pattern.match("haus/1") == ("1", (), {})
    assert str(pattern) == "haus/"


def test_translated_text_is_compiled_once_in_each_language(language):
    pattern = RegexPattern(lazy(lambda: f"^{language.code}/", str)())
    first = pattern.regex
    language.code = "de"
    assert pattern.regex is not first
    language.code = "en"
    assert pattern.regex is first


def test_descriptor_is_found_on_the_class():
    assert isinstance(RegexPattern.regex, LocaleRegexDescriptor)


def test_language_stands_in_front_of_a_path(language, override):
    override(LANGUAGE_CODE="en")
    language.code = "de"
    pattern = LocalePrefixPattern()
    assert pattern.match("de/a") == ("a", (), {})
    assert pattern.match("en/a") is None
    assert (str(pattern), pattern.describe(), pattern.regex.pattern) == ("de/", "'de/'", "de/")


def test_default_language_may_go_without(language, override):
    override(LANGUAGE_CODE="en")
    assert LocalePrefixPattern(prefix_default_language=False).match("a") == ("a", (), {})
    assert LocalePrefixPattern().match("a") is None


def test_description_has_the_text_and_the_name():
    assert RoutePattern("a/", name="x").describe() == "'a/' [name='x']"
    assert RegexPattern("^a").describe() == "'^a'"
