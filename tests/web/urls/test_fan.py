from functools import partial

import pytest

from penstock.web.urls import Resolver404, URLResolver, path
from penstock.web.urls.fan import MIN_ROUTES, Fan, fanned
from penstock.web.urls.pattern import RegexPattern
from penstock.web.urls.resolvers import Scope
from penstock.web.urls.table import Exact, Filed, Typed


def view(request): ...


def other(request): ...


def root(*patterns):
    return URLResolver(RegexPattern("^/"), list(patterns))


def routes(count):
    return [path(f"<slug:org>/r{number}/<int:pk>/", view, {"number": number}) for number in range(count)]


def entries(resolver):
    return [type(entry) for entry in resolver.table._prefixes.find("acme/r0/5/")]


def test_run_of_routes_becomes_one_entry():
    assert entries(root(*routes(MIN_ROUTES))) == [Fan]
    assert entries(root(*routes(MIN_ROUTES - 1))) == [Typed] * (MIN_ROUTES - 1)


def test_route_in_between_ends_a_run():
    resolver = root(*routes(MIN_ROUTES), path("<path:p>/5/", other), *routes(MIN_ROUTES))
    assert entries(resolver) == [Fan, Typed, Fan]
    assert resolver.resolve("/acme/r1/5/").func is view
    assert resolver.resolve("/acme/r9/5/").func is other


def test_first_route_of_a_fan_that_takes_the_path_answers():
    resolver = root(*routes(MIN_ROUTES), path("<slug:org>/<slug:name>/5/", other))
    assert entries(resolver) == [Fan]
    assert resolver.resolve("/acme/r1/5/").kwargs == {"org": "acme", "pk": 5, "number": 1}
    assert resolver.resolve("/acme/x/5/").func is other


@pytest.mark.parametrize("text", ["/acme", "/acme/", "/acme/r0", "/acme/r0/x/", "/", "/a/b/r0/5/"])
def test_path_that_no_route_of_a_fan_takes_is_refused(text):
    with pytest.raises(Resolver404):
        root(*routes(MIN_ROUTES)).resolve(text)


@pytest.mark.parametrize(
    ("route", "behind"),
    [
        ("<slug:a>/b/<int:c>/", "/b/"),
        ("<slug:a>/b/", "/b/"),
        ("x/<int:a>/<int:b>", "/"),
        ("<path:a>/b/", ""),
        ("<slug:a>", ""),
        ("<slug:a>-b/", ""),
    ],
)
def test_what_stands_behind_the_first_parameter_is_known_if_a_slash_ends_it(route, behind):
    (filed,) = root(path(route, view)).url_patterns[0].file(_scope())
    assert filed.entry.behind == behind


def _scope():
    return Scope("", {}, (), (), (), frozenset())


def test_other_entries_pass_as_they_are():
    entry = Exact(path("a/", view), {}, None)
    assert list(fanned([Filed("a/", entry, is_exact=True)] * 9)) == [Filed("a/", entry, is_exact=True)] * 9


def test_last_of_a_thousand_routes_behind_a_parameter_costs_little_more_than_the_first(steps_of):
    resolver = root(*routes(1000))
    first = steps_of(partial(resolver.resolve, "/acme/r0/5/"))
    assert steps_of(partial(resolver.resolve, "/acme/r999/5/")) < 1.2 * first
