import functools
import threading
from types import SimpleNamespace

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls import Resolver404, URLResolver, clear_url_caches, get_resolver, include, path
from penstock.web.urls.pattern import RegexPattern


def view(request): ...


class Views:
    def method(self, request): ...

    def __call__(self, request): ...


def root(*patterns, **given):
    return URLResolver(RegexPattern("^/"), list(patterns), **given)


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (view, "view"),
        (functools.partial(functools.partial(view)), "view"),
        (Views.method, "Views.method"),
        (Views(), "Views"),
    ],
)
def test_view_of_a_route_is_told_by_its_full_name(callback, expected):
    assert path("", callback).lookup_str == f"{__name__}.{expected}"


def test_route_resolves_by_itself():
    route = path("<int:x>/", view, {"k": 1}, name="n")
    assert route.resolve("nothing") is None
    match = route.resolve("5/")
    assert (match.kwargs, match.url_name, match.route) == ({"x": 5, "k": 1}, "n", "<int:x>/")


@pytest.mark.parametrize("text", ["", "a/", "a"])
def test_path_without_the_leading_slash_is_refused(text):
    with pytest.raises(Resolver404) as refused:
        root(path("a/", view)).resolve(text)
    assert refused.value.args[0] == {"path": text}


def test_resolver_of_its_own_namespace_puts_it_in_front():
    resolver = root(path("a/", view, name="n"), app_name="app", namespace="space", default_kwargs={"d": 1})
    match = resolver.resolve("/a/")
    assert (match.view_name, match.app_name, match.kwargs) == ("space:n", "app", {"d": 1})


def test_urlconf_without_patterns_says_so():
    with pytest.raises(ImproperlyConfigured, match="does not appear to have any patterns in it"):
        _ = URLResolver(RegexPattern("^/"), SimpleNamespace()).url_patterns


def test_include_that_cannot_be_read_fails_when_a_path_comes_to_it():
    broken = URLResolver(RegexPattern("^b/"), "no.such.module")
    resolver = root(path("a/", view), broken)
    assert resolver.resolve("/a/").func is view
    with pytest.raises(ModuleNotFoundError):
        resolver.resolve("/b/")


def test_resolver_is_made_once_for_each_urlconf(urlconf):
    module = urlconf(path("a/", view))
    assert get_resolver() is get_resolver(module.__name__)
    before = get_resolver()
    clear_url_caches()
    assert get_resolver() is not before


def test_changed_urlconf_is_seen_after_its_caches_are_cleared(urlconf):
    module = urlconf(path("a/", view))
    with pytest.raises(Resolver404):
        get_resolver().resolve("/b/")
    module.urlpatterns.append(path("b/", view))
    clear_url_caches()
    assert get_resolver().resolve("/b/").func is view


def test_error_handler_of_the_urlconf_wins_over_the_default(urlconf):
    urlconf(handler404=view)
    assert get_resolver().resolve_error_handler(404) is view
    assert get_resolver().resolve_error_handler(500).__name__ == "server_error"


def test_index_that_one_thread_makes_does_not_stop_another():
    resolver = root(path("a/", view, name="n"))
    resolver._local.populating = True
    thread = threading.Thread(target=resolver._populate)
    thread.start()
    thread.join()
    assert resolver._reverse_dict


def test_urlconf_that_contains_itself_can_be_reversed():
    patterns = [path("end/", view, name="end")]
    patterns.append(path("more/", include(patterns)))
    assert root(*patterns).reverse("end") in {"end/", "more/end/"}


def test_views_below_are_known_by_name():
    resolver = root(path("a/", include([path("b/", Views.method)])))
    assert resolver._is_callback(f"{__name__}.Views.method")
    assert not resolver._is_callback(f"{__name__}.nothing")


def test_representation_of_a_list_names_its_kind():
    assert repr(root(path("a/", view))) == "<URLResolver <URLPattern list> (None:None) '^/'>"
    assert repr(path("a/", view, name="n")) == "<URLPattern 'a/' [name='n']>"


def test_indexes_are_shown_as_django_shows_them():
    below = ([path("x/", view, name="n")], "app")
    resolver = root(path("a/", include(below, namespace="one")), path("b/", include(below, namespace="two")))
    assert resolver.app_dict == {"app": ["two", "one"]}
    assert [source for source, _ in resolver.namespace_dict.values()] == ["a/", "b/"]
    assert len(root(path("x/", view, name="n"), path("y/", view, name="n")).reverse_dict["n"]) == 2
