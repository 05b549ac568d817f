"""A route for files of a directory, while developing: uploads, mostly.

In:     where the files are asked for, and how they are served.
Out:    a list to be added to urlpatterns; an empty one where a web server or whitenoise does it.
Never:  serves files in production: without DEBUG, or for another host, there is no route.
Rules:  Django's.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls import URLPattern, re_path
from penstock.web.views.static import serve


def static(prefix: str, view: Callable[..., Any] = serve, **kwargs: Any) -> list[URLPattern]:
    """Return the route for all paths below `prefix`, e.g. settings.MEDIA_URL; none if DEBUG is off.

    Args:
        prefix: a path; a URL of another host is somebody else's business, and gives no route.
        view: gets what stands behind the prefix as `path`.
        kwargs: what else the view gets: `document_root`, as a rule.

    Raises:
        ImproperlyConfigured: the prefix is empty: the route would take all paths.
    """
    if not prefix:
        raise ImproperlyConfigured(f"prefix of static files {prefix!r}; expected a path such as '/media/'")
    if not settings.DEBUG or urlsplit(prefix).netloc:
        return []
    return [re_path(rf"^{re.escape(prefix.lstrip('/'))}(?P<path>.*)$", view, kwargs=kwargs)]
