from types import SimpleNamespace

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.template.address import static, url_for
from penstock.web.templatetags.static import static as djangos
from penstock.web.urls import include, path, set_script_prefix


def view(request): ...


@pytest.mark.parametrize(
    ("static_url", "name", "expected"),
    [
        ("/static/", "a b.css", "/static/a%20b.css"),
        ("static/", "a.css", "/app/static/a.css"),
        ("https://cdn.example/s/", "a.css", "https://cdn.example/s/a.css"),
    ],
)
def test_static_file_has_an_address(override, urlconf, static_url, name, expected):
    urlconf()
    override(STATIC_URL=static_url)
    set_script_prefix("/app/")
    assert static(name) == expected
    assert djangos is static


def test_static_files_without_an_address_say_what_is_missing(override):
    override(STATIC_URL=None)
    with pytest.raises(ImproperlyConfigured, match="expected STATIC_URL"):
        static("a.css")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (None, "/two/x/"),
        (SimpleNamespace(current_app="one"), "/one/x/"),
        (SimpleNamespace(resolver_match=SimpleNamespace(namespace="one")), "/one/x/"),
    ],
)
def test_instance_of_the_request_is_preferred(urlconf, request_, expected):
    below = ([path("x/", view, name="n")], "app")
    urlconf(path("one/", include(below, namespace="one")), path("two/", include(below, namespace="two")))
    assert url_for(request_, "app:n", (), {}) == expected
