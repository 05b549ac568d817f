"""Mistakes in a URLconf that Python does not notice.

In:     the tree below ROOT_URLCONF.
Out:    messages with Django's ids.
Never:  matches a path.
Rules:  Django's urls.W001 to W003, W005, W008, E004, E007 to E009; ours: urls.E010, what cannot be imported.
"""

import inspect
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.checks.message import CheckMessage, Error
from penstock.web.core.checks.message import Warning as CheckWarning
from penstock.web.core.checks.registry import Tags, register
from penstock.web.core.exceptions import ImproperlyConfigured, ViewDoesNotExist
from penstock.web.urls import URLPattern, URLResolver, get_resolver
from penstock.web.urls.pattern import RegexPattern, RoutePattern

# An error handler takes the request, and but for 500 the exception.
_HANDLERS: Final = {400: 2, 403: 2, 404: 2, 500: 1}


@register(Tags.urls)
def check_url_config(**_asked: Any) -> list[CheckMessage]:
    """Return what is wrong with the routes."""
    resolver = _root()
    if resolver is None:
        return []
    try:
        return list(_check_below(resolver, frozenset()))
    except (ImportError, ImproperlyConfigured, TypeError) as error:
        return [
            Error(
                f"{error}", hint="the URLconf must be importable", obj=settings.ROOT_URLCONF, id="urls.E010"
            )
        ]


@register(Tags.urls)
def check_url_namespaces_unique(**_asked: Any) -> list[CheckMessage]:
    """Return which namespaces stand in two places: only the first can be reversed."""
    resolver = _root()
    if resolver is None:
        return []
    try:
        counts = Counter(_namespaces(resolver, (), frozenset()))
    except (ImportError, ImproperlyConfigured, TypeError):
        return []  # check_url_config says so
    return [
        CheckWarning(
            f"URL namespace '{name}' isn't unique.", hint="only the first is reversed", id="urls.W005"
        )
        for name, count in counts.items()
        if count > 1
    ]


@register(Tags.urls)
def check_custom_error_handlers(**_asked: Any) -> list[CheckMessage]:
    """Return which error handlers cannot be called as they will be."""
    resolver = _root()
    if resolver is None:
        return []
    try:
        return [
            message
            for status, count in _HANDLERS.items()
            for message in _check_handler(resolver, status, count)
        ]
    except (ImportError, ImproperlyConfigured):
        return []  # check_url_config says so


def _root() -> URLResolver | None:
    return get_resolver() if getattr(settings, "ROOT_URLCONF", None) else None


def _check_below(resolver: URLResolver, above: frozenset[int]) -> Iterator[CheckMessage]:
    if id(resolver) in above:
        return
    for node in resolver.url_patterns:
        if isinstance(node, URLPattern):
            yield from _check_route(node)
        elif isinstance(node, URLResolver):
            yield from _check_text(node)
            yield from _check_include(node)
            yield from _check_below(node, above | {id(resolver)})
        elif not hasattr(node, "resolve"):
            yield _not_a_route(node)


def _not_a_route(node: Any) -> CheckMessage:
    msg = f"Your URL pattern {node!r} is invalid."
    return Error(msg, hint="urlpatterns is a list of what path() and re_path() return", id="urls.E004")


def _check_route(node: URLPattern) -> Iterator[CheckMessage]:
    yield from _check_text(node)
    if node.name is not None and ":" in node.name:
        msg = f"Your URL pattern {node.pattern.describe()} has a name including a ':'."
        yield CheckWarning(msg, hint="a colon ends a namespace", id="urls.W003")
    if inspect.isclass(node.callback) and hasattr(node.callback, "as_view"):
        name = node.callback.__name__
        msg = f"Your URL pattern {node.pattern.describe()} has an invalid view, {name}."
        yield Error(msg, hint=f"pass {name}.as_view()", id="urls.E009")


def _check_text(node: Any) -> Iterator[CheckMessage]:
    """Yield what is wrong with the text of a route; reading its expression finds a malformed one."""
    pattern = node.pattern
    if not isinstance(pattern, (RoutePattern, RegexPattern)):
        return
    text, described = str(pattern), pattern.describe()
    _ = pattern.regex
    if text.startswith(("/", "^/", "^\\/")) and settings.APPEND_SLASH and not text.endswith("/"):
        msg = f"Your URL pattern {described} has a route beginning with a '/'."
        yield CheckWarning(msg, hint="the slash in front is the root's already", id="urls.W002")
    if isinstance(pattern, RoutePattern) and ("(?P<" in text or text.startswith("^") or text.endswith("$")):
        msg = f"Your URL pattern {described} looks like an expression: '(?P<', '^' or '$'."
        yield CheckWarning(msg, hint="path() takes it literally; re_path() takes expressions", id="2_0.W001")
    if isinstance(pattern, RoutePattern) and text.count("<") != text.count(">"):
        msg = f"Your URL pattern {described} has an unmatched '<' or '>' bracket."
        yield CheckWarning(msg, id="urls.W010")


def _check_include(node: URLResolver) -> Iterator[CheckMessage]:
    pattern = node.pattern
    if isinstance(pattern, RegexPattern) and str(pattern).endswith("$") and not str(pattern).endswith(r"\$"):
        msg = f"Your URL pattern {pattern.describe()} uses include with a route ending with a '$'."
        yield CheckWarning(msg, hint="nothing can follow the dollar: remove it", id="urls.W001")


def _namespaces(resolver: URLResolver, outer: tuple[str, ...], above: frozenset[int]) -> Iterator[str]:
    if id(resolver) in above:
        return
    for node in resolver.url_patterns:
        if not isinstance(node, URLResolver):
            continue
        own = (*outer, node.namespace) if node.namespace else outer
        if node.namespace:
            yield ":".join(own)
        yield from _namespaces(node, own, above | {id(resolver)})


def _check_handler(resolver: URLResolver, status: int, count: int) -> Iterator[CheckMessage]:
    name = f"handler{status}"
    try:
        handler = resolver.resolve_error_handler(status)
    except (ImportError, ViewDoesNotExist) as error:
        path = getattr(resolver.urlconf_module, name, None)
        msg = f"The custom {name} view '{path}' could not be imported."
        yield Error(msg, hint=str(error), id="urls.E008")
        return
    try:
        inspect.signature(handler).bind(*[None] * count)
    except TypeError:
        arguments = "request, exception" if count == 2 else "request"
        path = f"{handler.__module__}.{handler.__qualname__}"
        msg = f"The custom {name} view '{path}' does not take the correct number of arguments ({arguments})."
        yield Error(msg, id="urls.E007")
