"""The project's own catalogues, by language.

In:     LOCALE_PATHS, and folders named "locale" of installed packages; compiled catalogues in them.
Out:    a catalogue of the standard library's `gettext`; one that has nothing where there is none.
Never:  has texts of its own: what the framework says, it says in English.

Rules:  Django's layout: <folder>/<locale>/LC_MESSAGES/django.mo, an earlier folder before a later one, the
        project's before the packages'.
"""

import gettext
from typing import Final

from penstock.web.apps import apps
from penstock.web.conf import settings
from penstock.web.utils.translation.choice import (
    get_language_from_path,
    get_language_from_request,
    get_supported_language_variant,
    parse_accept_lang_header,
)

__all__ = (
    "catalogue",
    "get_language_from_path",
    "get_language_from_request",
    "get_supported_language_variant",
    "parse_accept_lang_header",
)

DOMAIN: Final = "django"

_translations: dict[str, gettext.NullTranslations] = {}
_made_of: tuple[object, ...] = ()


def catalogue(locale: str) -> gettext.NullTranslations:
    """The texts of a locale, "de_AT"; those of "de" stand in for what it has not."""
    global _translations, _made_of  # a memo: dropped when what it was made of changes
    made_of = (*map(str, settings.LOCALE_PATHS), *apps.app_configs)
    if made_of != _made_of:
        _translations, _made_of = {}, made_of
    if locale not in _translations:
        _translations[locale] = _load(locale)
    return _translations[locale]


def _load(locale: str) -> gettext.NullTranslations:
    folders = [*map(str, settings.LOCALE_PATHS), *(f"{app.path}/locale" for app in apps.app_configs.values())]
    loaded = gettext.NullTranslations()
    for folder in reversed(folders):
        found = gettext.translation(DOMAIN, folder, languages=[locale], fallback=True)
        if isinstance(found, gettext.GNUTranslations):
            found.add_fallback(loaded)
            loaded = found
    return loaded
