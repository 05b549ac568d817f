"""The way back: from the name of a route and its arguments to a path.

A name may belong to many routes and a route may be written in several ways (an optional part).  The
candidates are held against the arguments, the last declared route first; the first whose parameters are
just those given, and whose own expression accepts the text that results, is the answer.

In:     a tree of URLconfs, a name or a view, arguments.
Out:    a path, quoted; NoReverseMatch lists the expressions that bear the name.
Never:  resolves a path.

Rules:  Django 5.2 `reverse`: the last declared route wins, the first declared namespace wins; defaults
        given to a route count as arguments; a converter's ValueError means "not this route"; RFC 3986
        sub-delims and "/~:@" stay.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from penstock.web.urls.exceptions import NoReverseMatch
from penstock.web.urls.expression import Echo, Form, Gap, compile_expression, forms
from penstock.web.utils.functional import cached_property
from penstock.web.utils.http import escape_leading_slashes

if TYPE_CHECKING:
    from penstock.web.urls.resolvers import URLResolver

# RFC 3986 section 2.2, and what section 3.3 adds for path segments; "~" is unreserved.
_SAFE: Final = "!$&'()*+,;=" + "/~:@"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to write a route: pieces of text and the names of parameters between them.

    Attributes:
        parameters: the names in their order.
    """

    pieces: tuple[tuple[bool, str], ...]  # (is it a parameter, its name or the text)
    parameters: tuple[str, ...]

    def fill(self, texts: Mapping[str, str]) -> str:
        """Return the path with `texts` in its gaps."""
        return "".join(texts[piece] if is_parameter else piece for is_parameter, piece in self.pieces)


class Link:
    """A way from one URLconf down to a route or include: the patterns on the way, and what they declare."""

    def __init__(self, node: Any, patterns: tuple[Any, ...], defaults: dict[str, Any]) -> None:
        self.node = node
        self.patterns = patterns
        self.defaults = defaults
        self._behind: dict[tuple[Any, ...], Link] = {}

    def below(self, outer: Any) -> "Link":
        """Return this link as seen from the URLconf that `outer` is part of."""
        return Link(self.node, (outer.pattern, *self.patterns), {**self.defaults, **outer.default_kwargs})

    def behind(self, patterns: tuple[Any, ...]) -> "Link":
        """Return this link with `patterns` in front; it is kept, for the sake of what it has compiled."""
        if not patterns:
            return self
        link = self._behind.get(patterns)
        if link is None:
            link = self._behind[patterns] = Link(self.node, (*patterns, *self.patterns), self.defaults)
        return link

    @cached_property
    def converters(self) -> dict[str, Any]:
        """The converters of all parameters on the way."""
        return {name: each for pattern in self.patterns for name, each in pattern.converters.items()}

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The expressions on the way, without the `^` of each."""
        return tuple(pattern.regex.pattern.removeprefix("^") for pattern in self.patterns)

    @cached_property
    def source(self) -> str:
        """The expression of the whole way."""
        return "".join(self.sources)

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """What a path must fulfil to be this link's."""
        return compile_expression(f"^{self.source}")  # not grouped, as in Django: `^a|^b` stays two

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """All ways to write this link."""
        parts = [forms(source) for source in self.sources]
        return tuple(_reading(chosen) for chosen in itertools.product(*parts))


def _reading(parts: Sequence[Form]) -> Reading:
    """Join the forms of several patterns; groups without a name are numbered through."""
    pieces: list[tuple[bool, str]] = []
    parameters: list[str] = []
    unnamed = itertools.count()
    for form in parts:
        names: dict[int, str] = {}
        for piece in form:
            if isinstance(piece, Gap):
                names[piece.group] = piece.name or f"_{next(unnamed)}"
                parameters.append(names[piece.group])
                pieces.append((True, names[piece.group]))
            elif isinstance(piece, Echo):
                pieces.append((True, names[piece.group]))
            else:
                pieces.append((False, piece))
    return Reading(tuple(pieces), tuple(parameters))


class ReverseIndex:
    """What a URLconf's routes and includes are known by.

    Attributes:
        links: by name and by view, in declared order.
        namespaces: the first declared include of each namespace.
        applications: the namespaces of each application, in declared order.
    """

    __slots__ = ("applications", "links", "namespaces")

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.links: dict[Any, list[Link]] = {}
        self.namespaces: dict[str, Link] = {}
        self.applications: dict[str, list[str]] = {}
        for node in nodes:
            if not hasattr(node, "url_patterns"):
                self._add_route(node)
            elif node.namespace:
                self.namespaces.setdefault(node.namespace, Link(node, (node.pattern,), {}))
                self.applications.setdefault(node.app_name, []).append(node.namespace)
            else:
                self._add_all(node, node.index)

    def _add_route(self, node: Any) -> None:
        link = Link(node, (node.pattern,), node.default_args)
        self.links.setdefault(node.callback, []).append(link)
        if node.name is not None:
            self.links.setdefault(node.name, []).append(link)

    def _add_all(self, outer: Any, inner: "ReverseIndex") -> None:
        for key, links in inner.links.items():
            self.links.setdefault(key, []).extend(link.below(outer) for link in links)
        for namespace, link in inner.namespaces.items():
            self.namespaces.setdefault(namespace, link.below(outer))
        for application, namespaces in inner.applications.items():
            self.applications.setdefault(application, []).extend(namespaces)


def reverse_name(
    resolver: "URLResolver",
    view: Any,
    current_app: str | None,
    prefix: str,
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> str:
    """Return the path to `view`, a view or a name with its namespaces; NoReverseMatch if there is none.

    An application's name stands for its current instance (`current_app`, level by level until it differs),
    for its default instance, which bears its name, or for the last declared.
    """
    if not isinstance(view, str):
        return reverse_link(resolver, (), view, prefix, args, kwargs)
    *namespaces, name = view.split(":")
    current = current_app.split(":") if current_app else []
    patterns: tuple[Any, ...] = ()
    passed: list[str] = []
    for wanted in namespaces:
        instance = current.pop(0) if current else None
        index = resolver.index
        chosen = _instance(index, wanted, instance)
        if chosen != instance:
            current = []
        if chosen not in index.namespaces:
            inside = f" inside '{':'.join(passed)}'" if passed else ""
            raise NoReverseMatch(f"{chosen!r} is not a registered namespace{inside}")
        link = index.namespaces[chosen]
        passed.append(chosen)
        patterns += link.patterns
        resolver = link.node
    return reverse_link(resolver, patterns, name, prefix, args, kwargs)


def _instance(index: ReverseIndex, wanted: str, current: str | None) -> str:
    """Return the namespace that `wanted`, an application or a namespace, means here."""
    instances = index.applications.get(wanted, [wanted])
    if current is not None and current in instances:
        return current
    return wanted if wanted in instances else instances[-1]


def reverse_link(
    resolver: "URLResolver",
    patterns: tuple[Any, ...],
    view: Any,
    prefix: str,
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> str:
    """Return the path to `view` among the routes of `resolver`, which stand behind `patterns`.

    Raises:
        NoReverseMatch: no route of that name, or none that takes these arguments.
        ValueError: both positional and named arguments.
    """
    if args and kwargs:
        raise ValueError("Don't mix *args and **kwargs in call to reverse()!")
    links = [link.behind(patterns) for link in reversed(resolver.index.links.get(view, ()))]
    for link in links:
        for reading in link.readings:
            text = _write(link, reading, args, kwargs)
            if text is not None and link.expression.search(text):
                return escape_leading_slashes(quote(prefix + text, safe=_SAFE))
    raise NoReverseMatch(_refusal(view, links, args, kwargs))


def _write(link: Link, reading: Reading, args: Sequence[Any], kwargs: dict[str, Any]) -> str | None:
    """Return the text of `reading` with the arguments, or None if they are not the ones it wants."""
    if args:
        if len(args) != len(reading.parameters):
            return None
        values = dict(zip(reading.parameters, args, strict=True))
    elif _fits(reading, link.defaults, kwargs):
        values = kwargs
    else:
        return None
    texts = _texts(values, link.converters)
    return None if texts is None else reading.fill(texts)


def _fits(reading: Reading, defaults: dict[str, Any], kwargs: dict[str, Any]) -> bool:
    """Tell whether `kwargs` are the parameters; defaults beside them may be left out or must be the same."""
    if not (set(kwargs) ^ set(reading.parameters)) <= set(defaults):
        return False
    if not kwargs.keys() >= set(reading.parameters):
        return False  # a default is no text for a gap
    fixed = defaults.keys() - set(reading.parameters)
    return all(kwargs.get(name, defaults[name]) == defaults[name] for name in fixed)


def _texts(values: Mapping[str, Any], converters: Mapping[str, Any]) -> dict[str, str] | None:
    """Return each value as text, or None if a converter refuses one."""
    try:
        return {
            name: str(converters[name].to_url(value) if name in converters else value)
            for name, value in values.items()
        }
    except ValueError:
        return None


def _refusal(view: Any, links: Sequence[Link], args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """Return what the person who called `reverse` needs to know, in Django's words."""
    module, name = getattr(view, "__module__", None), getattr(view, "__name__", None)
    shown = f"{module}.{name}" if module is not None and name is not None else view
    if not links:
        return f"Reverse for '{shown}' not found. '{shown}' is not a valid view function or pattern name."
    if args:
        given = f"arguments '{tuple(args)}'"
    elif kwargs:
        given = f"keyword arguments '{kwargs}'"
    else:
        given = "no arguments"
    sources = [link.source for link in links]
    return f"Reverse for '{shown}' with {given} not found. {len(sources)} pattern(s) tried: {sources}"
