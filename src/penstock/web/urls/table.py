"""The route table: which view answers to a path, found without trying one route after the other.

Django tries the routes in their declared order, depth first; when an include's prefix matches and none of
its children does, the search goes on behind the include.  The table gives the same answer.  The tree is
laid flat, each route keeps its place in Django's order, and of all routes only those are tried, in that
order, that the path leaves possible:

    exact      "items/"        -> the route, and the few before it that might take that path as well
    prefixes   "items/..."     -> the routes whose text begins like the path (prefix.py)
    fans       "<slug:org>/a/" -> routes that begin with a parameter, by what stands behind it (fan.py)
    branches   "<slug:org>/"   -> an include that captures has a table of its own for what is left

Whatever cannot be read in advance (expressions without `^`, translated texts, languages, foreign objects)
is filed under the empty beginning: it is tried for each path, in its turn, by its own `match`.

In:     entries in Django's order, each with the text that its paths begin with.
Out:    `ResolverMatch` or None.
Never:  knows URLconfs, settings or threads; it is never changed once it is made.
Rules:  the same answer as plain.py, which a test compares over random trees.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from penstock.web.urls.converters import (
    IntConverter,
    PathConverter,
    SlugConverter,
    StringConverter,
    UUIDConverter,
)
from penstock.web.urls.expression import compile_expression
from penstock.web.urls.match import Names, ResolverMatch, found
from penstock.web.urls.prefix import PrefixIndex

if TYPE_CHECKING:
    from penstock.web.urls.pattern import Matched, Route


class Entry(Protocol):
    """A route in the table; `match` is asked only for paths that begin with the text it was filed under."""

    def match(self, path: str) -> ResolverMatch | None:
        """Return what `path` means, or None: the next entry's turn."""


@dataclass(frozen=True, slots=True)
class Filed:
    """An entry and where it belongs: under a beginning, or, `is_exact`, under this one path alone."""

    text: str
    entry: Entry
    is_exact: bool = False


class RouteTable:
    """All routes below one resolver."""

    __slots__ = ("_exact", "_prefixes")

    def __init__(self, filed: Iterable[Filed]) -> None:
        # An exact route is filed among the prefixes too while the table is made: so it finds those before it.
        in_order = tuple(filed)
        exact = {each.text for each in in_order if each.is_exact}
        everything = PrefixIndex((each.text, each) for each in in_order)
        self._exact = {text: _until_exact(everything.find(text), text) for text in exact}
        self._prefixes = PrefixIndex((each.text, each.entry) for each in in_order if not each.is_exact)

    def find(self, path: str) -> ResolverMatch | None:
        """Return what `path` means, or None if no route answers."""
        entries = self._exact.get(path)
        if entries is None:
            entries = self._prefixes.find(path)
        for entry in entries:
            match = entry.match(path)
            if match is not None:
                return match
        return None


def _until_exact(candidates: Sequence[Filed], text: str) -> Sequence[Entry]:
    """Return what may take the path `text`, up to the first exact route, which takes it for certain."""
    entries: list[Entry] = []
    for each in candidates:
        if each.is_exact and each.text != text:
            continue
        entries.append(each.entry)
        if each.is_exact:
            break
    return tuple(entries)


class Exact:
    """A route without parameters: whoever finds it in the table has found its path."""

    __slots__ = ("extra", "names", "node")

    def __init__(self, node: Any, defaults: dict[str, Any], names: Names) -> None:
        self.node = node
        self.extra = {**defaults, **node.default_args}
        self.names = (names,)

    def match(self, path: str) -> ResolverMatch:  # noqa: ARG002 - it is the table that compared it
        """Return the view."""
        return found(self.node.callback, (), self.extra.copy(), {}, self.extra, self.names)


# What Django's own types make of their text; None: it stays what it is.  Their expressions say the same in
# the middle of a path as at its beginning.
_CONVERSIONS: Final[dict[type, Callable[[str], Any] | None]] = {
    StringConverter: None,
    SlugConverter: None,
    PathConverter: None,
    IntConverter: int,
    UUIDConverter: uuid.UUID,
}


def is_context_free(route: "Route") -> bool:
    """Tell whether the route may be matched from the middle of a path: its types are all Django's own."""
    return all(type(converter) in _CONVERSIONS for converter in route.converters.values())


class Typed:
    """A `path()` route with parameters of Django's own types: one match behind the text it is filed under."""

    __slots__ = (
        "_match",
        "_rest",
        "_start",
        "behind",
        "conversions",
        "defaults",
        "extra",
        "is_bare",
        "names",
        "node",
        "only_parameter",
    )

    def __init__(self, node: Any, route: "Route", start: int, defaults: dict[str, Any], names: Names) -> None:
        self.node = node
        self._rest = route.rest
        self._start = start
        self._match: Callable[..., re.Match[str] | None] | None = None
        conversions = [(name, _CONVERSIONS[type(each)]) for name, each in route.converters.items()]
        self.conversions = tuple((name, convert) for name, convert in conversions if convert)
        self.only_parameter = conversions[0] if len(conversions) == 1 else None
        self.defaults = defaults
        self.extra = {**defaults, **node.default_args}
        self.is_bare = not self.extra
        self.names = (names,)
        # What stands behind the first parameter, if a slash ends it for certain; else "".
        first = type(next(iter(route.converters.values())))
        self.behind = route.behind if first is not PathConverter and route.behind.startswith("/") else ""

    def match(self, path: str) -> ResolverMatch | None:
        """Return the view and its arguments, if the rest of `path` is of the right form."""
        held = (self._match or self._compiled())(path, self._start)
        if held is None:
            return None
        try:
            captured = self._capture(held)
        except ValueError:
            return None  # int() refuses more than 4,300 digits
        kwargs = captured.copy() if self.is_bare else {**self.defaults, **captured, **self.node.default_args}
        return found(self.node.callback, (), kwargs, captured, self.extra, self.names)

    def _capture(self, held: re.Match[str]) -> dict[str, Any]:
        """Return the parameters by name, converted; raises ValueError for text that cannot be."""
        if self.only_parameter is not None:  # most routes have one: no dict of texts, no loop
            name, convert = self.only_parameter
            return {name: convert(held[1]) if convert else held[1]}
        captured: dict[str, Any] = held.groupdict()
        for name, convert in self.conversions:
            captured[name] = convert(captured[name])
        return captured

    def _compiled(self) -> Callable[..., re.Match[str] | None]:
        """Compile when first needed: a thousand expressions at boot are a tenth of a second."""
        self._match = compile_expression(self._rest).match
        return self._match


class Leaf:
    """Any other route to a view: its pattern is asked for what is left of the path behind the includes."""

    __slots__ = ("defaults", "extra", "names", "node", "start")

    def __init__(self, node: Any, start: int, defaults: dict[str, Any], names: Names) -> None:
        self.node = node
        self.start = start
        self.defaults = defaults
        self.extra = {**defaults, **node.default_args}
        self.names = (names,)

    def match(self, path: str) -> ResolverMatch | None:
        """Return the view and its arguments, if the pattern takes the rest of `path`."""
        matched: Matched | None = self.node.pattern.match(path[self.start :])
        if matched is None:
            return None
        _, args, captured = matched
        kwargs = {**self.defaults, **captured, **self.node.default_args}
        return found(self.node.callback, args, kwargs, captured, self.extra, self.names)


class Branch:
    """An include that captures, or whose text is not known in advance: it has a table of its own."""

    __slots__ = ("defaults", "names", "node", "start")

    def __init__(self, node: Any, start: int, defaults: dict[str, Any], names: Names) -> None:
        self.node = node
        self.start = start
        self.defaults = defaults
        self.names = (names,)

    def match(self, path: str) -> ResolverMatch | None:
        """Return what the include's own routes find in the rest of `path`."""
        match = descend(self.node, path[self.start :])
        if match is None:
            return None
        match.kwargs = {**self.defaults, **match.kwargs}
        match.extra_kwargs = {**self.defaults, **(match.extra_kwargs or {})}
        match._names = self.names + match._names
        return match


def descend(resolver: Any, path: str) -> ResolverMatch | None:
    """Return what an include finds in `path`, its own captures and defaults added.

    Named arguments are its captures, its defaults, then what its routes give; positional captures count only
    where nothing has a name.
    """
    matched: Matched | None = resolver.pattern.match(path)
    if matched is None:
        return None
    rest, args, captured = matched
    match: ResolverMatch | None = resolver.table.find(rest)
    if match is None:
        return None
    if captured or resolver.default_kwargs:
        match.kwargs = {**captured, **resolver.default_kwargs, **match.kwargs}
        match.extra_kwargs = {**resolver.default_kwargs, **(match.extra_kwargs or {})}
    if args and not match.kwargs:
        match.args = (*args, *match.args)
    return match


class Foreign:
    """Somebody else's object in a URLconf: it is asked to `resolve` the rest of the path, as in Django."""

    __slots__ = ("defaults", "names", "node", "refusal", "start")

    def __init__(
        self, node: Any, start: int, defaults: dict[str, Any], names: Names, refusal: type[Exception]
    ) -> None:
        self.node = node
        self.start = start
        self.defaults = defaults
        self.names = (names,)
        self.refusal = refusal

    def match(self, path: str) -> ResolverMatch | None:
        """Return what the object answers; None or the exception `refusal`: the next entry's turn."""
        try:
            match: ResolverMatch | None = self.node.resolve(path[self.start :])
        except self.refusal:
            return None
        if not match:
            return None
        match.kwargs = {**self.defaults, **match.kwargs}
        match.extra_kwargs = {**self.defaults, **(match.extra_kwargs or {})}
        match._names = self.names + match._names
        return match
