"""What applications call: from a path to a view, and from a name to a path, in the URLconf of this context.

In:     paths, names, arguments.
Out:    `ResolverMatch`, paths.
Never:  reads a request.
Rules:  Django 5.2 `django.urls`; `query` and `fragment` of `reverse` are 5.2's.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from penstock.web.http import QueryDict
from penstock.web.urls.context import (
    clear_script_prefix,
    get_script_prefix,
    get_urlconf,
    set_script_prefix,
    set_urlconf,
)
from penstock.web.urls.exceptions import NoReverseMatch, Resolver404
from penstock.web.urls.resolvers import forget_resolvers, get_resolver
from penstock.web.urls.reversal import reverse_name
from penstock.web.urls.utils import get_callable
from penstock.web.utils.functional import lazy
from penstock.web.utils.http import urlencode

if TYPE_CHECKING:
    from penstock.web.urls.match import ResolverMatch

__all__ = (
    "clear_script_prefix",
    "clear_url_caches",
    "get_script_prefix",
    "get_urlconf",
    "is_valid_path",
    "resolve",
    "reverse",
    "reverse_lazy",
    "set_script_prefix",
    "set_urlconf",
    "translate_url",
)


def resolve(path: Any, urlconf: Any = None) -> "ResolverMatch":
    """Return the view that answers to `path` and its arguments; Resolver404 if none does."""
    return get_resolver(get_urlconf() if urlconf is None else urlconf).resolve(path)


def reverse(
    viewname: Any,
    urlconf: Any = None,
    args: Sequence[Any] | None = None,
    kwargs: dict[str, Any] | None = None,
    current_app: str | None = None,
    *,
    query: QueryDict | Mapping[str, Any] | Sequence[tuple[str, Any]] | None = None,
    fragment: str | None = None,
) -> str:
    """Return the path of the route that is called `viewname`, the script prefix in front.

    Args:
        viewname: a name, with namespaces before colons, or the view itself.
        urlconf: where to look; None: the URLconf of this context.
        args: positional arguments; not together with `kwargs`.
        kwargs: named arguments.
        current_app: the instance that an application's name stands for.
        query: what follows behind "?", unquoted.
        fragment: what follows behind "#", as it is.

    Raises:
        NoReverseMatch: no route of that name takes these arguments.
        ValueError: both `args` and `kwargs`.
        TypeError: `fragment` is no text, or `query` no mapping or pairs.
    """
    resolver = get_resolver(get_urlconf() if urlconf is None else urlconf)
    url = reverse_name(resolver, viewname, current_app, get_script_prefix(), args or (), kwargs or {})
    if query is not None:
        text = query.urlencode() if isinstance(query, QueryDict) else urlencode(query, doseq=True)
        url += f"?{text}" if text else ""
    if fragment is None:
        return url
    if not isinstance(fragment, str):
        raise TypeError("fragment must be a string.")
    return f"{url}#{fragment}"


reverse_lazy = lazy(reverse, str)


def is_valid_path(path: Any, urlconf: Any = None) -> "ResolverMatch | bool":
    """Return the match of `path`, or False if no route answers to it."""
    try:
        match = resolve(path, urlconf)
    except Resolver404:
        return False
    return match


def translate_url(url: str, lang_code: str) -> str:
    """Return `url` in the language `lang_code`; unchanged if it leads to no route or has no translation."""
    parts = urlsplit(url)
    match = is_valid_path(unquote(parts.path))
    if isinstance(match, bool):
        return url
    name = f"{match.namespace}:{match.url_name}" if match.namespace else match.url_name
    from penstock.web.utils.translation import override  # only sites with translations need it

    with override(lang_code):
        try:
            path = reverse(name, args=match.args, kwargs=match.kwargs)
        except NoReverseMatch:
            return url
    return urlunsplit(parts._replace(path=path))


def clear_url_caches() -> None:
    """Forget all that was derived from URLconfs; needed after one has changed."""
    get_callable.cache_clear()
    forget_resolvers()
