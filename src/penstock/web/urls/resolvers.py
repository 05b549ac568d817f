"""The tree that a URLconf declares: routes to views, and includes.

A tree is read in two ways.  `resolve` asks the table that is compiled from it (table.py); `reverse` asks
the index of its names (reversal.py).  Both are made when first needed and kept; a URLconf is not expected
to change after that (`clear_url_caches` forgets everything).

In:     patterns and views, as `path`, `re_path` and `include` put them together.
Out:    `ResolverMatch`, texts of paths.
Never:  calls a view.
Rules:  Django's names and rules; `resolve` raises `Resolver404`, `reverse` raises `NoReverseMatch`.
"""

import functools
import re  # noqa: F401 - Django's tests look for it here
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls.exceptions import NoReverseMatch, Resolver404
from penstock.web.urls.expression import UNKNOWN_HEAD, Head, Tail
from penstock.web.urls.fan import fanned
from penstock.web.urls.language import get_language
from penstock.web.urls.match import Names, ResolverMatch, named_part
from penstock.web.urls.pattern import LocalePrefixPattern, LocaleRegexDescriptor, RegexPattern, RoutePattern
from penstock.web.urls.plain import Unmatched, resolve_below, resolve_pattern
from penstock.web.urls.reversal import Link, ReverseIndex, reverse_link
from penstock.web.urls.table import (
    Branch,
    Exact,
    Filed,
    Foreign,
    Leaf,
    RouteTable,
    Typed,
    descend,
    is_context_free,
)
from penstock.web.urls.utils import get_callable
from penstock.web.utils.functional import cached_property

__all__ = (
    "LocalePrefixPattern",
    "LocaleRegexDescriptor",
    "NoReverseMatch",
    "RegexPattern",
    "Resolver404",
    "ResolverMatch",
    "RoutePattern",
    "URLPattern",
    "URLResolver",
    "get_ns_resolver",
    "get_resolver",
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the includes above a route give to it while the table is compiled.

    Attributes:
        text: what a path begins with here.
        defaults: arguments that includes add to those of a route.
        patterns: of the includes above, for the route as people read it.
        open: the URLconfs that are being laid flat above: one that includes itself ends there.
    """

    text: str
    defaults: dict[str, Any]
    app_names: tuple[str, ...]
    namespaces: tuple[str, ...]
    patterns: tuple[object, ...]
    open: frozenset[int]

    def names(self, name: str | None, *patterns: object) -> Names:
        """Return the names of a route here."""
        return Names(name, self.app_names, self.namespaces, (*self.patterns, *patterns))

    def inside(self, resolver: "URLResolver", text: str) -> "Scope":
        """Return the scope of the routes that `resolver` includes behind `text`."""
        return Scope(
            self.text + text,
            {**self.defaults, **resolver.default_kwargs},
            (*self.app_names, *resolver.names.app_names),
            (*self.namespaces, *resolver.names.namespaces),
            (*self.patterns, resolver.pattern),
            self.open | {id(resolver.urlconf_name)},
        )


def _head_of(pattern: Any) -> Head:
    """Return what is known in advance of the paths of `pattern`; a foreign `match` may do anything."""
    own = type(pattern).match in (RoutePattern.match, RegexPattern.match)
    head: Head = pattern.head() if own else UNKNOWN_HEAD
    return head


def _file(nodes: Sequence[Any], scope: Scope) -> Iterator[Filed]:
    """Yield the table's entries for `nodes` and all that they include, in Django's order."""
    for node in nodes:
        own = getattr(type(node), "resolve", None)
        if own is URLPattern.resolve or own is URLResolver.resolve:
            yield from node.file(scope)
        else:
            inner = (node.pattern,) if hasattr(node, "url_patterns") else ()
            foreign = Foreign(node, len(scope.text), scope.defaults, scope.names(None, *inner), Resolver404)
            yield Filed(scope.text, foreign)


class URLPattern:
    """A route to a view."""

    def __init__(
        self, pattern: Any, callback: Any, default_args: dict[str, Any] | None = None, name: str | None = None
    ) -> None:
        self.name = name
        self.pattern = pattern
        self.default_args = default_args or {}
        self.callback = callback

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pattern.describe()}>"

    def resolve(self, path: str) -> ResolverMatch | None:
        """Return the view and its arguments, or None if `path` is not of this form."""
        return resolve_pattern(self, path)

    @cached_property
    def lookup_str(self) -> str:
        """The dotted path of the view, below all partials, as `penstock routes` shows it."""
        callback = self.callback
        while isinstance(callback, functools.partial):
            callback = callback.func
        named = named_part(callback)
        return f"{named.__module__}.{named.__qualname__}"

    def file(self, scope: Scope) -> Iterator[Filed]:
        """Yield this route's entry in the table."""
        pattern, defaults = self.pattern, scope.defaults
        head, names = _head_of(pattern), scope.names(pattern.name, pattern)
        text = scope.text + head.literal
        if head.tail is Tail.END:
            yield Filed(text, Exact(self, defaults, names), is_exact=True)
        elif type(pattern) is RoutePattern and pattern.is_endpoint and _is_typed(pattern):
            yield Filed(text, Typed(self, pattern.parsed, len(text), defaults, names))
        else:
            yield Filed(text, Leaf(self, len(scope.text), defaults, names))


def _is_typed(pattern: RoutePattern) -> bool:
    return isinstance(pattern.text, str) and is_context_free(pattern.parsed)


class URLResolver:
    """An include: a pattern, and the URLconf that takes what is left of the path; the root is one, too."""

    def __init__(
        self,
        pattern: Any,
        urlconf_name: Any,
        default_kwargs: dict[str, Any] | None = None,
        app_name: str | None = None,
        namespace: str | None = None,
    ) -> None:
        self.pattern = pattern
        # A module, its dotted path, or a sequence of patterns.
        self.urlconf_name = urlconf_name
        self.namespace, self.app_name = namespace, app_name
        self.default_kwargs = default_kwargs or {}
        self.callback = None
        self._reverse_dict: dict[str | None, ReverseIndex] = {}
        # An include that contains itself comes back here while its index is made: by thread, since two
        # threads may make it at once, and neither may take the other's half for the whole.
        self._local = threading.local()

    def __repr__(self) -> str:
        shown = self.urlconf_name
        if isinstance(shown, list) and shown:
            shown = f"<{type(shown[0]).__name__} list>"
        return f"<{type(self).__name__} {shown} ({self.app_name}:{self.namespace}) {self.pattern.describe()}>"

    @cached_property
    def urlconf_module(self) -> Any:
        """The module that declares the routes, or their sequence."""
        return import_module(self.urlconf_name) if isinstance(self.urlconf_name, str) else self.urlconf_name

    @cached_property
    def url_patterns(self) -> Sequence[Any]:
        """The routes below; ImproperlyConfigured if there are none to iterate over."""
        patterns: Any = getattr(self.urlconf_module, "urlpatterns", self.urlconf_module)
        try:
            iter(patterns)
        except TypeError as error:
            msg = (
                f"The included URLconf '{self.urlconf_name}' does not appear to have any patterns in it. "
                "If you see the 'urlpatterns' variable with valid patterns in the file "
                "then the issue is probably caused by a circular import."
            )
            raise ImproperlyConfigured(msg) from error
        listed: Sequence[Any] = patterns
        return listed

    # -- resolving -------------------------------------------------------------------------------------

    @cached_property
    def table(self) -> RouteTable:
        """The route table of all that is below."""
        scope = Scope("", {}, (), (), (), frozenset({id(self.urlconf_name)}))
        return RouteTable(fanned(_file(self.url_patterns, scope)))

    @cached_property
    def names(self) -> Names:
        """What this include adds to the names of a match; its pattern is added where it is needed."""
        app_names = (self.app_name,) if self.app_name else ()
        return Names(None, app_names, (self.namespace,) if self.namespace else (), ())

    @cached_property
    def _own_names(self) -> tuple[Names, ...]:
        return (self.names,) if self.app_name or self.namespace else ()

    def resolve(self, path: Any) -> ResolverMatch:
        """Return the view for `path` and its arguments; Resolver404 if no route answers."""
        text = path if type(path) is str else str(path)
        prefix = self._plain_prefix
        if prefix is None:
            match = descend(self, text)
        elif text.startswith(prefix):
            match = self.table.find(text[len(prefix) :])
        else:
            match = None
        if match is None:
            raise self._refusal(text)
        match._origin = self
        match._path = text
        if self._own_names:
            match._names = self._own_names + match._names
        return match

    @cached_property
    def _plain_prefix(self) -> str | None:
        """The text that this resolver takes off a path, if that is all it does; the root: the slash."""
        head = _head_of(self.pattern)
        return head.literal if head.tail is Tail.NOTHING and not self.default_kwargs else None

    def _refusal(self, path: str) -> Resolver404:
        matched = self.pattern.match(path)
        if matched is None:
            return Resolver404({"path": path})
        return Resolver404(Unmatched(self, path, matched[0]))

    def resolve_plainly(self, path: str) -> tuple[ResolverMatch | None, list[Any] | None]:
        """Return the match, found without the table, and the chains of patterns that were tried."""
        return resolve_below(self, path)

    def file(self, scope: Scope) -> Iterator[Filed]:
        """Yield the table's entries for this include: its routes, if its own text is known, or a branch."""
        head = _head_of(self.pattern)
        if head.tail is Tail.NOTHING and id(self.urlconf_name) not in scope.open and self._has_patterns():
            yield from _file(self.url_patterns, scope.inside(self, head.literal))
            return
        names = scope.inside(self, "").names(None)
        yield Filed(scope.text + head.literal, Branch(self, len(scope.text), scope.defaults, names))

    def _has_patterns(self) -> bool:
        """Tell whether the include can be read; if not, it fails when a path comes to it, as in Django."""
        try:
            return self.url_patterns is not None
        except (ImportError, ImproperlyConfigured):
            return False

    def resolve_error_handler(self, view_type: int) -> Callable[..., Any]:
        """Return the view for a status: `handlerNNN` of this URLconf, else the default one."""
        handler = getattr(self.urlconf_module, f"handler{view_type}", None)
        if not handler:
            handler = getattr(import_module("penstock.web.conf.urls"), f"handler{view_type}")
        return get_callable(handler)

    # -- reversing -------------------------------------------------------------------------------------

    def _populate(self) -> None:
        """Make the index of names for the language of this context."""
        if getattr(self._local, "populating", False):
            return
        self._local.populating = True
        try:
            self._reverse_dict[get_language()] = ReverseIndex(self.url_patterns)
        finally:
            self._local.populating = False

    @property
    def index(self) -> ReverseIndex:
        """The names below, in this context's language; empty while this very thread is making it."""
        if get_language() not in self._reverse_dict:
            self._populate()
        return self._reverse_dict.get(get_language()) or ReverseIndex(())

    @property
    def reverse_dict(self) -> dict[Any, list[Link]]:
        """The routes of each name and of each view, the last declared first."""
        return {key: list(reversed(links)) for key, links in self.index.links.items()}

    @property
    def namespace_dict(self) -> dict[str, tuple[str, "URLResolver"]]:
        """The namespaces that may stand first in a name: the expression before them, and their resolver."""
        return {name: (link.source, link.node) for name, link in self.index.namespaces.items()}

    @property
    def app_dict(self) -> dict[str, list[str]]:
        """The instances of each application, the last declared first."""
        return {name: list(reversed(instances)) for name, instances in self.index.applications.items()}

    def reverse(self, lookup_view: Any, *args: Any, **kwargs: Any) -> str:
        """Return the path to a name or view below, without leading slash; NoReverseMatch if there is none."""
        return self._reverse_with_prefix(lookup_view, "", *args, **kwargs)

    def _reverse_with_prefix(self, lookup_view: Any, _prefix: str, *args: Any, **kwargs: Any) -> str:
        return reverse_link(self, (), lookup_view, _prefix, args, kwargs)

    def _is_callback(self, name: str) -> bool:
        """Tell whether `name` is the dotted path of a view below."""
        return name in self._callback_names

    @cached_property
    def _callback_names(self) -> frozenset[str]:
        names: set[str] = set()
        waiting, seen = [self], {id(self)}
        while waiting:
            for node in waiting.pop().url_patterns:
                if isinstance(node, URLPattern):
                    names.add(node.lookup_str)
                elif isinstance(node, URLResolver) and id(node) not in seen:
                    seen.add(id(node))
                    waiting.append(node)
        return frozenset(names)


# Made when first asked for and kept for good: one for each URLconf that settings or requests name.
_resolvers: Final[dict[Any, URLResolver]] = {}
_namespaced: Final[dict[Any, URLResolver]] = {}


def get_resolver(urlconf: Any = None) -> URLResolver:
    """Return the root resolver of `urlconf`: a module, its path, a tuple of patterns; None: ROOT_URLCONF."""
    key = settings.ROOT_URLCONF if urlconf is None else urlconf
    resolver = _resolvers.get(key)
    if resolver is None:
        resolver = _resolvers.setdefault(key, URLResolver(RegexPattern("^/"), key))
    return resolver


def get_ns_resolver(
    ns_pattern: str, resolver: URLResolver, converters: tuple[tuple[str, Any], ...]
) -> URLResolver:
    """Return a root resolver whose routes are those of `resolver` behind the expression `ns_pattern`."""
    key = (ns_pattern, resolver, converters)
    root = _namespaced.get(key)
    if root is None:
        pattern = RegexPattern(ns_pattern)
        pattern.converters = dict(converters)
        below = URLResolver(pattern, resolver.url_patterns)
        root = _namespaced[key] = URLResolver(RegexPattern("^/"), [below])
    return root


def forget_resolvers() -> None:
    """Drop every table and index; they are made again from the modules as they are then."""
    _resolvers.clear()
    _namespaced.clear()
