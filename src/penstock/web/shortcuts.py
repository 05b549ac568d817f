"""What nearly each view does: render a template, redirect.

In:     a request, names, contexts.
Out:    responses.
Never:  looks anything up in a database: `get_object_or_404` is not there, as there are no models.
Rules:  Django's.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from penstock.web.http import HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from penstock.web.template import loader
from penstock.web.urls import NoReverseMatch, reverse
from penstock.web.utils.functional import Promise

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest

__all__ = ("redirect", "render", "resolve_url")


def render(
    request: "HttpRequest",
    template_name: str | Sequence[str],
    context: dict[str, Any] | None = None,
    content_type: str | None = None,
    status: int | None = None,
    using: str | None = None,
) -> HttpResponse:
    """Return a response with the text of a template, or of the first of several that is there."""
    content = loader.render_to_string(template_name, context, request, using=using)
    return HttpResponse(content, content_type, status)


def redirect(
    to: Any, *args: Any, permanent: bool = False, preserve_request: bool = False, **kwargs: Any
) -> HttpResponseRedirect | HttpResponsePermanentRedirect:
    """Return a redirect to a URL, a route, a view, or what has `get_absolute_url()`.

    Args:
        to: where to; see `resolve_url`.
        args: positional arguments of the route.
        permanent: 301 or 308 in place of 302 or 307.
        preserve_request: the client repeats method and body: 307 or 308.
        kwargs: named arguments of the route.
    """
    kind = HttpResponsePermanentRedirect if permanent else HttpResponseRedirect
    return kind(resolve_url(to, *args, **kwargs), preserve_request=preserve_request)


def resolve_url(to: Any, *args: Any, **kwargs: Any) -> str:
    """Return the URL that `to` stands for.

    What has `get_absolute_url()` is asked; `./` and `../` stay; then a view or the name of a route; then a
    URL, which has a slash or a dot.  NoReverseMatch if it is none of them.
    """
    own_url: Callable[[], str] | None = getattr(to, "get_absolute_url", None)
    if own_url is not None:
        return own_url()
    target: Any = str(to) if isinstance(to, Promise) else to
    try:
        return target if _is_relative(target) else reverse(target, args=args, kwargs=kwargs)
    except NoReverseMatch:
        if callable(target) or set(target).isdisjoint("/."):
            raise
        return str(target)


def _is_relative(target: object) -> bool:
    return isinstance(target, str) and target.startswith(("./", "../"))
