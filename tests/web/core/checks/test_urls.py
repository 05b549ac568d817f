import pytest

from penstock.web.core.checks.urls import (
    check_custom_error_handlers,
    check_url_config,
    check_url_namespaces_unique,
)
from penstock.web.urls import include, path, re_path
from penstock.web.views import View


def view(request): ...


class Page(View): ...


def ids(messages):
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        pytest.param(path("a/", view, name="n"), [], id="well"),
        pytest.param(path("/a", view), ["urls.W002"], id="slash-in-front"),
        pytest.param(re_path("^/a", view), ["urls.W002"], id="slash-in-an-expression"),
        pytest.param(path("a/", view, name="a:b"), ["urls.W003"], id="colon-in-a-name"),
        pytest.param(re_path("^a/$", include([path("b/", view)])), ["urls.W001"], id="include-with-dollar"),
        pytest.param(re_path(r"^a\$", include([])), [], id="include-with-a-dollar-sign"),
        pytest.param(path("^a/$", view), ["2_0.W001"], id="expression-as-path"),
        pytest.param(path("a/<int:x", view), ["urls.W010"], id="open-bracket"),
        pytest.param(path("a/", Page), ["urls.E009"], id="class-as-view"),
        pytest.param(path("a/", Page.as_view()), [], id="view-of-a-class"),
        pytest.param("a/", ["urls.E004"], id="text"),
        pytest.param(("a/", view), ["urls.E004"], id="pair"),
        pytest.param(re_path("(", view), ["urls.E010"], id="malformed"),
        pytest.param(path("a/", include([path("/b", view)])), ["urls.W002"], id="below"),
    ],
)
def test_mistake_in_a_route_is_found(urlconf, node, expected):
    urlconf(node)
    assert ids(check_url_config(app_configs=None, databases=None)) == expected


def test_urlconf_that_cannot_be_imported_is_a_finding(override):
    override(ROOT_URLCONF="no.such.urls")
    assert ids(check_url_config()) == ["urls.E010"]
    assert check_url_namespaces_unique() == []


def test_project_without_routes_has_no_mistakes_in_them(override):
    override(ROOT_URLCONF=None)
    assert [*check_url_config(), *check_url_namespaces_unique(), *check_custom_error_handlers()] == []


def test_urlconf_that_contains_itself_is_read_once(urlconf):
    patterns = [path("/a", view)]
    patterns.append(path("more/", include(patterns)))
    urlconf(*patterns)
    assert set(ids(check_url_config())) == {"urls.W002"}


def test_namespace_in_two_places_is_found(urlconf):
    below = ([path("x/", view)], "app")
    urlconf(
        path("a/", include(below)), path("b/", include(below)), path("c/", include(below, namespace="own"))
    )
    (message,) = check_url_namespaces_unique()
    assert (message.id, "'app'" in message.msg) == ("urls.W005", True)


@pytest.mark.parametrize(
    ("handlers", "expected"),
    [
        ({"handler404": lambda request, exception: None, "handler500": lambda request: None}, []),
        ({"handler404": lambda request: None}, ["urls.E007"]),
        ({"handler500": lambda: None}, ["urls.E007"]),
        ({"handler400": "no.such.view"}, ["urls.E008"]),
    ],
)
def test_error_handler_that_cannot_be_called_is_found(urlconf, handlers, expected):
    urlconf(**handlers)
    assert ids(check_custom_error_handlers()) == expected
