"""Random URLconfs and paths: the table against the plain resolver, and both ways against Django itself."""

import functools
import re
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock.web.urls as ours
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls import resolvers
from penstock.web.urls.fan import fanned
from penstock.web.urls.pattern import RegexPattern

django_urls = pytest.importorskip("django.urls", reason="compares with Django")
from django.core.exceptions import ImproperlyConfigured as DjangoImproperlyConfigured  # noqa: E402 - after the skip
from django.urls.resolvers import RegexPattern as DjangoRegexPattern  # noqa: E402 - after the skip


@dataclass(frozen=True)
class Route:
    """One line of a URLconf; with children it is an include."""

    kind: str
    text: str
    name: str | None = None
    kwargs: dict[str, int] = field(default_factory=dict)
    children: "tuple[Route, ...] | None" = None
    app: str | None = None
    namespace: str | None = None


def view(request: object, *args: object, **kwargs: object) -> None: ...


ROUTES = [
    "",
    "a/",
    "b/",
    "a",
    "ab/",
    "<int:x>/",
    "<slug:y>/",
    "<path:p>",
    "<path:p>/",
    "a<str:s>",
    "<str:s>-",
    "a/<int:z>",
]
EXPRESSIONS = [
    "",
    "^",
    "^$",
    "^a/$",
    "^a/",
    "a/",
    "^a?b/",
    r"^(\d+)/$",
    r"^(\d+)/",
    r"^(?P<x>\w+)/$",
    r"^(?P<n>a)?b?/",
    r"b\Z",
    r"^a\Z",
    r"(?<=a)b/",
    r"\Bb/",
    r"(?i)^A/",
    r"^(?:ab|b)/",
    r"^(a)/(?P<q>b)?",
    r"^a/$|^b/$",
    r"^(\w)(\w)?/",
    r"^a\$",
    r"^a{2}/",
]
NAMES = st.sampled_from([None, "one", "two", "three"])
KWARGS = st.dictionaries(st.sampled_from(["x", "k", "p"]), st.integers(0, 2), max_size=1)


def _leaf(kind: str, texts: list[str]) -> st.SearchStrategy[Route]:
    return st.builds(Route, st.just(kind), st.sampled_from(texts), NAMES, KWARGS)


def _include(
    kind: str, texts: list[str], children: st.SearchStrategy[tuple[Route, ...]]
) -> st.SearchStrategy[Route]:
    apps = st.sampled_from([(None, None), ("app", None), ("app", "first"), ("other", "second")])
    return st.builds(
        lambda text, kwargs, below, app: Route(kind, text, None, kwargs, below, *app),
        st.sampled_from(texts),
        KWARGS,
        children,
        apps,
    )


def trees(expressions: list[str], prefixes: list[str]) -> st.SearchStrategy[tuple[Route, ...]]:
    leaf = _leaf("path", ROUTES) | _leaf("re_path", expressions)
    return st.recursive(
        st.lists(leaf, min_size=1, max_size=4).map(tuple),
        lambda below: st.lists(
            leaf | _include("path", ROUTES, below) | _include("re_path", prefixes, below),
            min_size=1,
            max_size=4,
        ).map(tuple),
        max_leaves=12,
    )


TREES = trees(EXPRESSIONS, EXPRESSIONS)
# Django refuses to reverse anything in a URLconf in which one expression has flags, and reverses what stands
# behind `^a/$|^b/$` to `/a/`, which does not lead there (test_reversal.py).
WITHOUT_FLAGS = [each for each in EXPRESSIONS if "(?i)" not in each]
REVERSIBLE = trees(WITHOUT_FLAGS, [each for each in WITHOUT_FLAGS if "$|" not in each])
PATHS = st.lists(
    st.sampled_from(["a", "b", "/", "a/", "b/", "1", "12/", "-", "x", "\n", "A/", "$", "é"]), max_size=6
).map(lambda parts: "/" + "".join(parts))


def build(module: Any, tree: tuple[Route, ...]) -> list[Any]:
    """Write the URLconf with the functions of `module`, ours or Django's."""
    written = []
    for route in tree:
        target: Any = view
        if route.children is not None:
            below = build(module, route.children)
            target = module.include((below, route.app) if route.app else below, route.namespace)
        write = getattr(module, route.kind)
        written.append(write(route.text, target, dict(route.kwargs), name=route.name))
    return written


def our_resolver(tree: tuple[Route, ...]) -> Any:
    return ours.URLResolver(RegexPattern("^/"), build(ours, tree))


def their_resolver(tree: tuple[Route, ...]) -> Any:
    return django_urls.URLResolver(DjangoRegexPattern("^/"), build(django_urls, tree))


def outcome(resolve: Any, path: str, refusal: type[Exception]) -> Any:
    """Return everything there is to see of a match or a refusal, as text."""
    try:
        match = resolve(path)
    except refusal as error:
        return "refused", error.args[0]["path"], chains(error.args[0].get("tried"))
    seen = [
        match.func is view,
        tuple(match.args),
        match.kwargs,
        match.captured_kwargs,
        match.extra_kwargs,
        match.url_name,
        match.app_names,
        match.namespaces,
        match.route,
        match.view_name,
        chains(match.tried),
    ]
    return seen, list(match.kwargs)


def chains(tried: Any) -> list[list[str]]:
    return [[str(node.pattern) for node in chain] for chain in tried or []]


def plainly(resolver: Any, path: str) -> Any:
    match, tried = resolver.resolve_plainly(path)
    if match is None:
        raise ours.Resolver404({"path": path[1:], "tried": tried})
    match._tried = tried
    return match


@settings(max_examples=400, deadline=None)
@given(TREES, st.lists(PATHS, min_size=1, max_size=8))
def test_table_over_random_urlconfs_finds_what_the_plain_resolver_finds(tree, paths):
    resolver = our_resolver(tree)
    for path in paths:
        by_table = outcome(resolver.resolve, path, ours.Resolver404)
        assert by_table == outcome(lambda each: plainly(resolver, each), path, ours.Resolver404)


FANNED = st.lists(
    st.builds(
        Route,
        st.just("path"),
        st.sampled_from(
            [
                "<slug:y>/",
                "<slug:y>/a/",
                "<slug:y>/b/",
                "<slug:y>/<int:x>/",
                "<int:x>/a/",
                "<str:s>/a",
                "<slug:y>/a/<path:p>",
                "<path:p>/a/",
                "a/",
                "1/a/",
                "<slug:y>",
                "<str:s>-a/",
                "a/<slug:y>/b/",
                "a/<str:s>/",
            ]
        ),
        NAMES,
        KWARGS,
    ),
    min_size=2,
    max_size=10,
).map(tuple)


@settings(max_examples=400, deadline=None)
@given(FANNED, st.lists(PATHS, min_size=1, max_size=8))
def test_fans_over_random_urlconfs_find_what_the_plain_resolver_finds(tree, paths):
    with mock.patch.object(resolvers, "fanned", functools.partial(fanned, least=2)):
        resolver = our_resolver(tree)
        _ = resolver.table
    for path in paths:
        by_table = outcome(resolver.resolve, path, ours.Resolver404)
        assert by_table == outcome(lambda each: plainly(resolver, each), path, ours.Resolver404)


@settings(max_examples=400, deadline=None)
@given(TREES, st.lists(PATHS, min_size=1, max_size=8))
def test_resolving_random_paths_gives_what_django_gives(tree, paths):
    resolver, theirs = our_resolver(tree), their_resolver(tree)
    for path in paths:
        assert outcome(resolver.resolve, path, ours.Resolver404) == outcome(
            theirs.resolve, path, django_urls.Resolver404
        )


REVERSALS = st.tuples(
    st.sampled_from(
        ["one", "two", "app:one", "first:one", "other:app:two", "app:app:one", "second:three", "nobody:one"]
    ),
    st.one_of(
        st.tuples(st.lists(st.sampled_from(["a", "1", 2, "a/b", "x y", "//h"]), max_size=3), st.just({})),
        st.tuples(
            st.just([]),
            st.dictionaries(st.sampled_from("xyzpsnqk"), st.sampled_from(["a", 1, "b/c", 0]), max_size=3),
        ),
    ),
    st.sampled_from([None, "first", "app", "second:first"]),
)


def module_errors(module: Any) -> type[Exception]:
    return ImproperlyConfigured if module is ours else DjangoImproperlyConfigured


def way_back(module: Any, urlconf: Any, question: Any) -> Any:
    name, (args, kwargs), current_app = question
    try:
        return module.reverse(name, urlconf, args or None, kwargs or None, current_app)
    except module.NoReverseMatch as error:
        return str(error)
    except (KeyError, re.error, module_errors(module)) as error:
        return type(error)


@settings(max_examples=400, deadline=None)
@given(REVERSIBLE, st.lists(REVERSALS, min_size=1, max_size=6))
def test_reversing_random_names_gives_what_django_gives(tree, questions):
    urlconf, theirs = tuple(build(ours, tree)), tuple(build(django_urls, tree))
    for question in questions:
        expected = way_back(django_urls, theirs, question)
        if not isinstance(expected, str):  # a parameter that only a default would fill, a name captured twice
            continue
        assert way_back(ours, urlconf, question) == expected
