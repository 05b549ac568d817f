"""Resolving as it is defined: one route after the other, depth first, each part by its own `match`.

It is slow in the number of routes and it is the measure: the route table must find what this finds.  It is
also what is asked which routes were tried, which only an error page and a curious person want to know.

In:     a resolver, a path.
Out:    the match, or nothing; and the chains of patterns in the order in which they were tried.
Never:  caches anything.
Rules:  BEHAVIOUR of Django 5.2 `URLResolver.resolve`: a chain for each pattern that was held against the
        path, through the includes that matched; the one that matched is the last.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.web.urls.exceptions import Resolver404
from penstock.web.urls.match import Names, ResolverMatch

if TYPE_CHECKING:
    from penstock.web.urls.resolvers import URLPattern, URLResolver

Chain: TypeAlias = list[Any]


def resolve_pattern(node: "URLPattern", path: str) -> ResolverMatch | None:
    """Return what one route finds in `path`."""
    matched = node.pattern.match(path)
    if matched is None:
        return None
    _, args, captured = matched
    match = ResolverMatch(
        node.callback,
        args,
        {**captured, **node.default_args},
        node.pattern.name,
        captured_kwargs=captured,
        extra_kwargs=node.default_args,
    )
    match._names = (Names(node.pattern.name, (), (), (node.pattern,)),)
    return match


def resolve_below(resolver: "URLResolver", path: str) -> tuple[ResolverMatch | None, list[Chain] | None]:
    """Return what `resolver` finds in `path` and the chains it tried; None: its own pattern did not match."""
    matched = resolver.pattern.match(path)
    if matched is None:
        return None, None
    rest, args, captured = matched
    tried: list[Chain] = []
    for node in resolver.url_patterns:
        match, below = _resolve_node(node, rest)
        tried += [[node]] if below is None else [[node, *chain] for chain in below]
        if match:
            return _with_include(match, resolver, node, args, captured), tried
    return None, tried


def _resolve_node(node: Any, path: str) -> tuple[ResolverMatch | None, list[Chain] | None]:
    """Return what one entry of a URLconf finds, and what it tried below itself."""
    descend = getattr(node, "resolve_plainly", None)
    if descend is not None:
        answer: tuple[ResolverMatch | None, list[Chain] | None] = descend(path)
        return answer
    try:
        match: ResolverMatch | None = node.resolve(path)
    except Resolver404 as refusal:
        return None, refusal.args[0].get("tried") if refusal.args else None
    return match, match.tried if match else None


def _with_include(
    match: ResolverMatch, resolver: "URLResolver", node: Any, args: tuple[Any, ...], captured: dict[str, Any]
) -> ResolverMatch:
    """Add to a match of `node` what `resolver`, which includes it, captured and declares."""
    merged = {**captured, **resolver.default_kwargs, **match.kwargs}
    outcome = ResolverMatch(
        match.func,
        match.args if merged else (*args, *match.args),
        merged,
        captured_kwargs=match.captured_kwargs,
        extra_kwargs={**resolver.default_kwargs, **(match.extra_kwargs or {})},
    )
    names = resolver.names
    inner = (node.pattern,) if hasattr(node, "url_patterns") else ()
    outcome._names = (Names(None, names.app_names, names.namespaces, inner), *match._names)
    return outcome


class Unmatched(Mapping[str, Any]):
    """What a `Resolver404` carries: the path, and what was tried, which is found out when somebody reads it.

    A flood of requests for pages that are not there shall not cost a walk through all routes each.
    """

    def __init__(self, resolver: "URLResolver", path: str, rest: str) -> None:
        self._resolver = resolver
        self._path = path
        self._rest = rest

    def __getitem__(self, key: str) -> Any:
        if key == "path":
            return self._rest
        if key == "tried":
            return resolve_below(self._resolver, self._path)[1] or []
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("tried", "path"))

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return repr(dict(self))
