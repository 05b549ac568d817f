"""Texts in the active language, as far as the project has catalogues.

In:     texts, language codes.
Out:    the texts in the active language, or as they were written; the active language of this thread or task.
Never:  activates a language by itself: it is the settings' unless somebody activates another, as
        middleware/locale.py does with what a request asks for (choice.py).

Rules:  Django's names.
"""

import contextvars
from contextlib import ContextDecorator
from gettext import GNUTranslations, NullTranslations
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.utils.functional import lazy
from penstock.web.utils.translation import trans_real
from penstock.web.utils.translation.choice import (
    get_language_from_path,
    get_language_from_request,
    get_supported_language_variant,
)

__all__ = [
    "activate", "check_for_language", "deactivate", "deactivate_all", "get_language", "get_language_bidi",
    "get_language_from_path", "get_language_from_request", "get_language_info",
    "get_supported_language_variant", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy",
    "npgettext", "npgettext_lazy", "override", "pgettext", "pgettext_lazy", "to_language", "to_locale",
    "trans_real",
]  # fmt: skip

_UNSET: Final = "unset"  # the language of the settings; None is no language at all
_active: Final[contextvars.ContextVar[str | None]] = contextvars.ContextVar("language", default=_UNSET)


def gettext(message: Any) -> str:
    """The message in the active language."""
    texts = _texts()
    return texts.gettext(str(message)) if texts and message else str(message)


def gettext_noop(message: str) -> str:
    """The message, marked for whoever collects messages."""
    return message


def pgettext(context: str, message: Any) -> str:
    """The message in the active language; the context tells it from others that read the same."""
    texts = _texts()
    return texts.pgettext(context, str(message)) if texts and message else str(message)


def ngettext(singular: Any, plural: Any, number: int) -> str:
    """The form for a number in the active language; without a catalogue singular for 1, else plural."""
    texts = _texts()
    if texts:
        return texts.ngettext(str(singular), str(plural), number)
    return str(singular if number == 1 else plural)


def npgettext(context: str, singular: Any, plural: Any, number: int) -> str:
    """Do as `ngettext` does; the context tells it from others that read the same."""
    texts = _texts()
    if texts:
        return texts.npgettext(context, str(singular), str(plural), number)
    return str(singular if number == 1 else plural)


def _texts() -> NullTranslations | None:
    """The catalogue of the active language; None where there is nothing to look for."""
    language = get_language()
    return trans_real.catalogue(to_locale(language)) if language and settings.USE_I18N else None


gettext_lazy = lazy(gettext, str)
pgettext_lazy = lazy(pgettext, str)


class _Plural(str):
    """A text whose form is chosen when it is filled in: by a number, or by the entry that `number` names."""

    __slots__ = ("number", "plural")
    plural: str
    number: Any

    def __mod__(self, values: Any) -> str:
        number = values[self.number] if isinstance(values, dict) else values
        form = ngettext(str(self), self.plural, number)
        try:
            return str(form % values)
        except TypeError:  # the form does not mention the number: "one thing"
            return form

    def __str__(self) -> str:
        return str.__str__(self)


def ngettext_lazy(singular: Any, plural: Any, number: Any = None) -> Any:
    """Lazy `ngettext`; without an int as number the form is chosen when the text is filled in."""
    if isinstance(number, int):
        return lazy(ngettext, str)(singular, plural, number)
    text = _Plural(singular)
    text.plural, text.number = str(plural), number
    return text


def npgettext_lazy(
    context: str,
    singular: Any,
    plural: Any,
    number: Any = None,
) -> Any:
    """Lazy `npgettext`; see `ngettext_lazy`."""
    if isinstance(number, int):
        return lazy(npgettext, str)(context, singular, plural, number)
    return ngettext_lazy(singular, plural, number)


def activate(language: str) -> None:
    """Make a language the active one, under the code that LANGUAGES would have for it: "de" for "DE"."""
    _active.set(to_language(language))


def deactivate() -> None:
    """Make the language of the settings the active one."""
    _active.set(_UNSET)


def deactivate_all() -> None:
    """Have no active language."""
    _active.set(None)


class override(ContextDecorator):
    """A block, or a decorated function, with another active language; None means none."""

    def __init__(self, language: str | None, deactivate: bool = False) -> None:
        self.language = language
        self.deactivate = deactivate
        self._before: list[str | None] = []

    def __enter__(self) -> None:
        self._before.append(_active.get())
        _active.set(None if self.language is None else to_language(self.language))

    def __exit__(self, *_exception: object) -> None:
        before = self._before.pop()
        _active.set(_UNSET if self.deactivate else before)


def get_language() -> str | None:
    """The active language; LANGUAGE_CODE unless another was activated."""
    language = _active.get()
    return str(settings.LANGUAGE_CODE) if language is _UNSET else language


def get_language_bidi() -> bool:
    """Tell whether the active language is written from right to left."""
    return (get_language() or "").partition("-")[0] in settings.LANGUAGES_BIDI


def check_for_language(lang_code: str | None) -> bool:
    """Tell whether there are texts: a catalogue, or English, which they are written in."""
    if lang_code is None:
        return False
    is_written_in = lang_code.partition("-")[0] == "en"
    return is_written_in or isinstance(trans_real.catalogue(to_locale(lang_code)), GNUTranslations)


def get_language_info(lang_code: str) -> dict[str, Any]:
    """Code and names of a language that LANGUAGES lists.

    Raises:
        KeyError: it does not.
    """
    name = dict(settings.LANGUAGES)[lang_code]
    return {"code": lang_code, "bidi": lang_code in settings.LANGUAGES_BIDI, "name": name, "name_local": name}


def to_language(locale: str) -> str:
    """A locale's name as a language code: "en_US" is "en-us"."""
    return locale.replace("_", "-").lower()


def to_locale(language: str) -> str:
    """A language code as a locale's name: "en-us" is "en_US", "zh-hans" is "zh_Hans"."""
    base, dash, region = language.lower().partition("-")
    if not dash:
        return base
    return f"{base}_{region.title() if len(region) > 2 else region.upper()}"
