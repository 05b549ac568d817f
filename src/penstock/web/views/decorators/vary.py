"""On which request fields a view's answer depends: Vary.

In:     a view.
Out:    a view.
Never:  takes a field out of Vary.
Rules:  Django's; RFC 9110 section 12.5.5.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from penstock.web.utils.cache import patch_vary_headers
from penstock.web.views.decorators.around import around

V = TypeVar("V", bound="Callable[..., Any]")


def vary_on_headers(*headers: str) -> Callable[[V], V]:
    """Add the names of `headers` to Vary."""

    def label(_request: Any, response: Any, /) -> None:
        patch_vary_headers(response, headers)

    return lambda view: around(view, after=label)


vary_on_cookie = vary_on_headers("Cookie")
