import pytest

from penstock.web.urls import (
    NoReverseMatch,
    get_resolver,
    include,
    path,
    re_path,
    register_converter,
    reverse,
)
from penstock.web.urls.converters import REGISTERED_CONVERTERS, get_converters


def view(request, **kwargs): ...


def test_last_declared_route_of_a_name_wins():
    assert reverse("n", (path("a/", view, name="n"), path("b/", view, name="n"))) == "/b/"


def test_first_declared_namespace_wins():
    below = ([path("x/", view, name="n")], "app")
    assert reverse("app:n", (path("a/", include(below)), path("b/", include(below)))) == "/a/x/"


BELOW = ([path("x/", view, name="n")], "app")
INSTANCES = (
    path("one/", include(BELOW, namespace="one")),
    path("two/", include(BELOW, namespace="two")),
)


@pytest.mark.parametrize(
    ("name", "current_app", "expected"),
    [
        pytest.param("app:n", None, "/two/x/", id="no-default-instance"),
        pytest.param("app:n", "one", "/one/x/", id="current"),
        pytest.param("app:n", "nobody", "/two/x/", id="current-is-of-another"),
        pytest.param("one:n", "two", "/one/x/", id="instance-by-name"),
    ],
)
def test_application_stands_for_an_instance(name, current_app, expected):
    assert reverse(name, INSTANCES, current_app=current_app) == expected


def test_instance_that_bears_the_applications_name_is_the_default():
    assert reverse("app:n", (path("zero/", include(BELOW)), *INSTANCES)) == "/zero/x/"


def test_arguments_of_an_include_are_asked_for_too():
    urlconf = (path("<slug:org>/", include([path("<int:pk>/", view, name="n")])),)
    assert reverse("n", urlconf, kwargs={"org": "a", "pk": 5}) == "/a/5/"
    assert reverse("n", urlconf, args=["a", 5]) == "/a/5/"


def test_default_counts_as_an_argument_and_must_be_the_same():
    urlconf = (
        path("a/<int:pk>/", view, {"kind": 1}, name="n"),
        path("b/<int:pk>/", view, {"kind": 2}, name="n"),
    )
    assert reverse("n", urlconf, kwargs={"pk": 5, "kind": 1}) == "/a/5/"
    with pytest.raises(NoReverseMatch):
        reverse("n", urlconf, kwargs={"pk": 5, "kind": 3})


def test_default_is_no_text_for_a_gap():
    with pytest.raises(NoReverseMatch):
        reverse("n", (path("<int:pk>/", view, {"pk": 1}, name="n"),))


class Refusing:
    regex = ".+"

    def to_python(self, value):
        return value

    def to_url(self, value):
        raise ValueError(value)


def test_converter_that_refuses_leaves_the_name_to_another_route():
    register_converter(Refusing, "refusing")
    try:
        urlconf = (path("a/<x>/", view, name="n"), path("b/<refusing:x>/", view, name="n"))
        assert reverse("n", urlconf, args=["v"]) == "/a/v/"
    finally:
        del REGISTERED_CONVERTERS["refusing"]
        get_converters.cache_clear()


def test_text_that_the_route_would_not_accept_is_no_answer():
    with pytest.raises(NoReverseMatch):
        reverse("n", (path("<int:x>/", view, name="n"),), args=["a"])


def test_what_a_path_may_hold_is_not_quoted_and_the_rest_is():
    urlconf = (path("<str:x>/", view, name="n"),)
    assert reverse("n", urlconf, args=["!$&'()*+,;=:@~ %?#ä"]) == "/!$&'()*+,;=:@~%20%25%3F%23%C3%A4/"


def test_optional_part_is_written_if_its_argument_is_given():
    urlconf = (re_path(r"^a/(?:(?P<x>\d+)/)?$", view, name="n"),)
    assert reverse("n", urlconf) == "/a/"
    assert reverse("n", urlconf, kwargs={"x": 5}) == "/a/5/"


@pytest.mark.parametrize("child", [path("x/", view, name="n"), path("<int:x>/", view, name="n")], ids=str)
def test_nothing_stands_behind_the_end_of_a_path_even_if_there_are_two(child):
    # Django answers "/a/", which does not lead to the child.
    urlconf = (re_path(r"^a/$|^b/$", include([child])),)
    with pytest.raises(NoReverseMatch):
        reverse("n", urlconf)


def test_first_end_of_a_path_is_written_if_an_empty_route_stands_behind_it():
    assert reverse("n", (re_path(r"^a/$|^b/$", include([path("", view, name="n")])),)) == "/a/"


def test_group_that_is_repeated_is_written_twice():
    assert reverse("n", (re_path(r"^(?P<x>\w+)-(?P=x)$", view, name="n"),), args=["a"]) == "/a-a"


def test_expressions_are_compiled_once_for_a_namespace():
    reverse("one:n", INSTANCES)
    (link,) = get_resolver(INSTANCES).namespace_dict["one"][1].index.links["n"]
    before = list(link._behind.values())
    reverse("one:n", INSTANCES)
    assert list(link._behind.values()) == before
