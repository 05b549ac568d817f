import pytest

from penstock.web.http import QueryDict
from penstock.web.urls import (
    NoReverseMatch,
    Resolver404,
    include,
    is_valid_path,
    path,
    re_path,
    resolve,
    reverse,
    reverse_lazy,
    set_script_prefix,
    set_urlconf,
    translate_url,
)


def view(request, **kwargs): ...


def other(request): ...


@pytest.fixture(autouse=True)
def _site(urlconf):
    urlconf(
        path("", view, name="home"),
        path("items/<int:pk>/", view, name="item"),
        re_path(r"^(.+)/security/$", other, name="security"),
        path("shop/", include(([path("<slug:s>/", view, name="item")], "shop"))),
    )


def test_path_leads_to_its_view_in_the_root_urlconf():
    assert resolve("/items/5/").kwargs == {"pk": 5}


def test_urlconf_of_the_context_is_asked_before_the_root():
    set_urlconf((path("only/", other),))
    assert resolve("/only/").func is other
    with pytest.raises(Resolver404):
        resolve("/items/5/")


def test_urlconf_that_is_named_is_asked():
    assert resolve("/x/", (path("x/", other),)).func is other


def test_lazy_path_is_resolved():
    assert resolve(reverse_lazy("item", kwargs={"pk": 7})).kwargs == {"pk": 7}


def test_path_is_valid_if_a_route_answers():
    assert is_valid_path("/items/5/").url_name == "item"
    assert is_valid_path("/items/x/") is False


def test_script_prefix_stands_in_front():
    set_script_prefix("/app")
    assert reverse("item", args=[5]) == "/app/items/5/"


def test_leading_slashes_of_an_argument_name_no_other_host():
    assert reverse("security", args=["/example.com"]) == "/%2Fexample.com/security/"


@pytest.mark.parametrize(
    ("query", "fragment", "tail"),
    [
        pytest.param({"a": 1, "b": [2, 3]}, None, "?a=1&b=2&b=3", id="mapping"),
        pytest.param([("a", "x y")], None, "?a=x+y", id="pairs"),
        pytest.param(QueryDict("a=1&a=2"), None, "?a=1&a=2", id="query-dict"),
        pytest.param({}, None, "", id="empty-query"),
        pytest.param(None, "top", "#top", id="fragment"),
        pytest.param(None, "", "#", id="empty-fragment"),
        pytest.param({"a": 1}, "top", "?a=1#top", id="both"),
    ],
)
def test_query_and_fragment_follow(query, fragment, tail):
    assert reverse("home", query=query, fragment=fragment) == f"/{tail}"


def test_fragment_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="fragment must be a string"):
        reverse("home", fragment=0)


def test_view_is_reversed_like_a_name():
    assert reverse(other, args=["a"]) == "/a/security/"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "nothing",
            {},
            "Reverse for 'nothing' not found. 'nothing' is not a valid view function or pattern name.",
        ),
        ("item", {}, r"Reverse for 'item' with no arguments not found. 1 pattern\(s\) tried"),
        ("item", {"args": ["x"]}, r"with arguments '\('x',\)' not found"),
        ("item", {"kwargs": {"pk": "x"}}, "with keyword arguments '{'pk': 'x'}' not found"),
        ("nobody:item", {}, "'nobody' is not a registered namespace"),
        ("shop:nobody:item", {}, "'nobody' is not a registered namespace inside 'shop'"),
    ],
)
def test_name_that_leads_nowhere_says_what_was_tried(name, arguments, message):
    with pytest.raises(NoReverseMatch, match=message):
        reverse(name, **arguments)


def test_arguments_are_of_one_kind():
    with pytest.raises(ValueError, match="Don't mix"):
        reverse("item", args=[1], kwargs={"pk": 1})


@pytest.mark.parametrize(
    ("url", "expected"),
    [("/items/5/?a=1#b", "/items/5/?a=1#b"), ("/nothing/", "/nothing/"), ("/shop/x/", "/shop/x/")],
)
def test_url_is_translated_where_it_leads_somewhere(url, expected):
    assert translate_url(url, "de") == expected
