"""Routes with the language in front: `/de/...`.

In:     routes.
Out:    one include that stands for them, in the root URLconf alone; `urlpatterns` with the view that
        remembers a visitor's choice, to be included.
Never:  chooses a language.
Rules:  Django's; without USE_I18N the routes are as they are.
"""

import functools
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.urls import LocalePrefixPattern, URLResolver, get_resolver, path
from penstock.web.views.i18n import set_language

urlpatterns: Final = [path("setlang/", set_language, name="set_language")]


def i18n_patterns(*urls: Any, prefix_default_language: bool = True) -> list[Any]:
    """Return the routes behind the language of the context; the default language may go without."""
    if not settings.USE_I18N:
        return list(urls)
    pattern = LocalePrefixPattern(prefix_default_language=prefix_default_language)
    return [URLResolver(pattern, list(urls))]


@functools.cache
def is_language_prefix_patterns_used(urlconf: Any) -> tuple[bool, bool]:
    """Return whether a URLconf has such routes, and whether the default language has a prefix there."""
    for node in get_resolver(urlconf).url_patterns:
        if isinstance(node.pattern, LocalePrefixPattern):
            return True, node.pattern.prefix_default_language
    return False, False
