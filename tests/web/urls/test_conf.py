from types import SimpleNamespace

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls import LocalePrefixPattern, URLPattern, URLResolver, include, path, re_path
from penstock.web.views import View


def view(request): ...


@pytest.mark.parametrize("write", [path, re_path])
def test_view_makes_a_route_and_include_makes_a_resolver(write):
    assert isinstance(write("a", view), URLPattern)
    assert isinstance(write("a", include([])), URLResolver)
    assert isinstance(write("a", ([], None, None)), URLResolver)


@pytest.mark.parametrize(
    ("target", "kwargs", "message"),
    [
        pytest.param(
            view, "name", "kwargs argument must be a dict, but got str", id="name-in-the-wrong-place"
        ),
        pytest.param("view", None, "view must be a callable", id="text"),
        pytest.param(View(), None, r"pass View.as_view\(\), not View\(\)", id="object-of-a-view"),
    ],
)
def test_route_to_what_is_no_view_is_refused_when_it_is_written(target, kwargs, message):
    with pytest.raises(TypeError, match=message):
        path("a/", target, kwargs)


@pytest.mark.parametrize(
    ("given", "namespace", "expected"),
    [
        pytest.param([], None, (None, None), id="list"),
        pytest.param(([], "app"), None, ("app", "app"), id="pair"),
        pytest.param(([], "app"), "space", ("app", "space"), id="pair-and-namespace"),
        pytest.param(SimpleNamespace(app_name="app", urlpatterns=[]), None, ("app", "app"), id="module"),
    ],
)
def test_include_names_application_and_namespace(given, namespace, expected):
    assert include(given, namespace)[1:] == expected


@pytest.mark.parametrize(
    ("given", "namespace", "message"),
    [
        ([], "space", "without providing an app_name"),
        (([], "app", "space"), None, "Passing a 3-tuple"),
        (([], "app", "space"), "other", "Cannot override the namespace"),
        (([], "app", "space", "more"), None, "Passing a 4-tuple"),
        ([URLResolver(LocalePrefixPattern(), [])], None, "i18n_patterns in an included URLconf"),
    ],
)
def test_include_that_is_not_clear_is_refused(given, namespace, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        include(given, namespace)


def test_module_is_imported_by_its_path():
    with pytest.raises(ModuleNotFoundError):
        include("no.such.module")
