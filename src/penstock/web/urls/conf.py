"""How a URLconf is written: `path`, `re_path`, `include`.

In:     routes, views, modules.
Out:    `URLPattern`, `URLResolver`; mistakes are errors while the URLconf is imported.
Never:  resolves.
Rules:  Django's checks and messages.
"""

import functools
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls.pattern import LocalePrefixPattern, RegexPattern, RoutePattern
from penstock.web.urls.resolvers import URLPattern, URLResolver

if TYPE_CHECKING:
    from penstock.web.utils.functional import Promise

# What `include` returns: the URLconf, the application's name, the namespace.
Included: TypeAlias = tuple[Any, str | None, str | None]


class _Route(Protocol):
    """`path` and `re_path`, for type checkers."""

    def __call__(
        self,
        route: "str | Promise",
        view: Callable[..., Any] | Included | list[Any],
        kwargs: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> Any:
        """Return the route, or the include, to put into `urlpatterns`."""


def include(arg: Any, namespace: str | None = None) -> Included:
    """Return what `path` and `re_path` take in place of a view: another URLconf.

    Args:
        arg: a module, its dotted path, a list of routes, or a pair of one of them and the application's name.
        namespace: the name of this instance; default: the application's name.

    Raises:
        ImproperlyConfigured: a namespace without an application, a tuple of another length, languages inside.
    """
    app_name = None
    if isinstance(arg, tuple):
        arg, app_name = _pair(arg, namespace)
    urlconf = import_module(arg) if isinstance(arg, str) else arg
    app_name = getattr(urlconf, "app_name", app_name)
    if namespace and not app_name:
        msg = (
            "Specifying a namespace in include() without providing an app_name is not supported. "
            "expected an app_name in the included module, or a pair of patterns and app_name"
        )
        raise ImproperlyConfigured(msg)
    patterns = getattr(urlconf, "urlpatterns", urlconf)
    if isinstance(patterns, (list, tuple)):
        _refuse_languages(patterns)
    return urlconf, app_name, namespace or app_name


def _pair(arg: tuple[Any, ...], namespace: str | None) -> tuple[Any, str]:
    if len(arg) == 2:
        return arg
    if namespace:
        msg = "Cannot override the namespace for a dynamic module that provides a namespace."
    else:
        msg = f"Passing a {len(arg)}-tuple to include() is not supported. expected (patterns, app_name)"
    raise ImproperlyConfigured(msg)


def _refuse_languages(patterns: Any) -> None:
    if any(isinstance(getattr(each, "pattern", None), LocalePrefixPattern) for each in patterns):
        raise ImproperlyConfigured("Using i18n_patterns in an included URLconf is not allowed.")


def _route(
    route: Any,
    view: Any,
    kwargs: Any = None,
    name: str | None = None,
    *,
    kind: type[RoutePattern | RegexPattern],
) -> URLPattern | URLResolver:
    """Make a route or an include.

    Raises:
        TypeError: kwargs is no dict, or the view cannot be called.
        ImproperlyConfigured: the text of the route is malformed.
    """
    if kwargs is not None and not isinstance(kwargs, dict):
        raise TypeError(f"kwargs argument must be a dict, but got {type(kwargs).__name__}.")
    if isinstance(view, (list, tuple)):
        urlconf, app_name, namespace = view
        return URLResolver(
            kind(route, is_endpoint=False), urlconf, kwargs, app_name=app_name, namespace=namespace
        )
    if callable(view):
        return URLPattern(kind(route, name=name, is_endpoint=True), view, kwargs, name)
    if hasattr(type(view), "as_view"):
        called = type(view).__name__
        raise TypeError(f"view must be a callable, pass {called}.as_view(), not {called}().")
    raise TypeError("view must be a callable or a list/tuple in the case of include().")


path: _Route = functools.partial(_route, kind=RoutePattern)
re_path: _Route = functools.partial(_route, kind=RegexPattern)
