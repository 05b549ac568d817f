"""Addresses in templates: of a view, and of a file that is served as it is.

In:     the name of a route, or a path below STATIC_URL.
Out:    text for an attribute such as href.
Never:  looks whether the file is there.
Rules:  Django's tags of these names: `url` prefers the application instance of the current request.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls import reverse

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest


def url_for(request: "HttpRequest | None", name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return the path of the route `name`; NoReverseMatch if there is none that takes these arguments."""
    current_app = getattr(request, "current_app", None)
    if current_app is None:
        current_app = getattr(getattr(request, "resolver_match", None), "namespace", None)
    return reverse(name, args=args, kwargs=kwargs, current_app=current_app)


def static(path: str) -> str:
    """Return the address of a static file.

    Raises:
        ImproperlyConfigured: STATIC_URL is not set.
    """
    prefix: str | None = settings.STATIC_URL  # with the script name before it, if it is relative
    if prefix is None:
        raise ImproperlyConfigured(
            f"cannot tell the address of {path!r}; expected STATIC_URL in the settings"
        )
    return urljoin(prefix, quote(path))
