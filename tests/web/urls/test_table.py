from functools import partial

import pytest

from penstock.web.urls import Resolver404, URLResolver, include, path, re_path
from penstock.web.urls.pattern import RegexPattern, RoutePattern
from penstock.web.urls.plain import resolve_below
from penstock.web.urls.table import Exact, Typed, is_context_free


def one(request): ...


def two(request): ...


def root(*patterns):
    return URLResolver(RegexPattern("^/"), list(patterns))


def test_route_without_parameters_is_found_by_its_text():
    table = root(path("a/", one), path("b/", two)).table
    assert isinstance(table._exact["b/"][0], Exact)
    assert table.find("b/").func is two


def test_route_before_a_literal_one_takes_its_path():
    resolver = root(path("<slug:x>/", one), path("a/", two))
    assert resolver.resolve("/a/").func is one


def test_route_behind_a_literal_one_is_not_even_asked():
    resolver = root(path("a/", two), path("<slug:x>/", one))
    assert [type(entry) for entry in resolver.table._exact["a/"]] == [Exact]
    assert resolver.resolve("/b/").func is one


def test_conversion_that_fails_leaves_the_path_to_the_next_route():
    resolver = root(path("<int:x>/", one), path("<str:x>/", two))
    assert resolver.resolve(f"/{'9' * 5000}/").func is two


def test_include_that_finds_nothing_leaves_the_path_to_the_next():
    resolver = root(path("<slug:x>/", include([path("b/", one)])), path("a/c/", two))
    assert resolver.resolve("/a/c/").func is two


def test_prefix_is_matched_once_and_greedily():
    resolver = root(path("<path:p>/", include([path("x/", one)])))
    with pytest.raises(Resolver404):
        resolver.resolve("/a/x/")


def test_expression_without_caret_is_a_barrier_in_its_place():
    resolver = root(re_path("b/", one), path("a/b/", two))
    assert resolver.resolve("/a/b/").func is one
    resolver = root(path("a/b/", two), re_path("b/", one))
    assert resolver.resolve("/a/b/").func is two


def test_arguments_of_one_request_are_not_anothers():
    resolver = root(path("a/", one, {"x": 1}))
    resolver.resolve("/a/").kwargs["y"] = 2
    assert resolver.resolve("/a/").kwargs == {"x": 1}


def test_converter_of_the_site_is_not_matched_from_the_middle_of_a_path():
    class Early:
        regex = "(?<!.)a"  # nothing before it: true of what is left, false in the middle of the whole path

        def to_python(self, value):
            return value

        def to_url(self, value):
            return value

    pattern = RoutePattern("x", is_endpoint=True)
    pattern.parsed.converters["y"] = Early()
    assert not is_context_free(pattern.parsed)
    assert is_context_free(RoutePattern("<int:x>/<uuid:y>/<path:z>").parsed)


def test_broken_expression_is_an_error_only_for_the_paths_that_come_to_it():
    resolver = root(path("a/", one), re_path("(", two))
    assert resolver.resolve("/a/").func is one
    with pytest.raises(Exception, match="is not a valid regular expression"):
        resolver.resolve("/b/")


def test_object_of_somebody_else_is_asked_to_resolve():
    class Theirs:
        def resolve(self, text):
            if text != "theirs/":
                raise Resolver404({"path": text, "tried": []})
            return path("theirs/", two, name="they").resolve(text)

    resolver = root(path("a/", include([Theirs()])), path("a/mine/", one))
    match = resolver.resolve("/a/theirs/")
    assert (match.func, match.url_name) == (two, "they")
    assert resolver.resolve("/a/mine/").func is one


def test_urlconf_that_contains_itself_is_resolved_at_every_depth():
    patterns = [path("end/", one)]
    patterns.append(path("more/", include(patterns)))
    resolver = root(*patterns)
    match = resolver.resolve("/more/more/more/end/")
    assert (match.func, match.route) == (one, "more/more/more/end/")


def test_typed_route_compiles_when_it_is_first_tried():
    resolver = root(path("a/<int:x>/", one))
    (entry,) = resolver.table._prefixes.find("a/5/")
    assert isinstance(entry, Typed)
    assert entry._match is None
    assert resolver.resolve("/a/5/").kwargs == {"x": 5}


def test_last_of_a_thousand_routes_costs_little_more_than_the_first(steps_of):
    resolver = root(*(path(f"r{number}/<int:x>/", one) for number in range(1000)))
    first = steps_of(partial(resolver.resolve, "/r0/5/"))
    assert steps_of(partial(resolver.resolve, "/r999/5/")) < 1.2 * first
    assert steps_of(partial(resolve_below, resolver, "/r999/5/")) > 20 * first


def test_thousand_routes_cost_little_more_than_ten(steps_of):
    few = root(*(path(f"r{number}/<int:x>/", one) for number in range(10)))
    many = root(*(path(f"r{number}/<int:x>/", one) for number in range(1000)))
    of_few = steps_of(partial(few.resolve, "/r9/5/"))
    assert steps_of(partial(many.resolve, "/r9/5/")) < 1.2 * of_few


def test_path_that_no_route_takes_costs_no_walk_until_somebody_asks_what_was_tried():
    resolver = root(*(path(f"r{number}/", one) for number in range(1000)))
    with pytest.raises(Resolver404) as refused:
        resolver.resolve("/nothing/")
    details = refused.value.args[0]
    assert (details["path"], len(details["tried"]), set(details)) == ("nothing/", 1000, {"tried", "path"})
