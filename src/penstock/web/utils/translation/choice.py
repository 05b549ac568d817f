"""Which of the site's languages a visitor wants.

    path "/de/..."  >  cookie LANGUAGE_COOKIE_NAME  >  Accept-Language  >  LANGUAGE_CODE

In:     a request, or a language code.
Out:    a code of LANGUAGES.
Never:  activates it (middleware/locale.py), or asks for a catalogue: a site may have texts of its own making.
Rules:  Django's; RFC 9110 section 12.5.4 (Accept-Language), RFC 4647 section 3.4 (a code without its end).
"""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

from penstock.web.conf import settings

# What is longer was written by nobody who wants to read anything; Django's limit.
MAX_CHARACTERS: Final = 500

_RANGE: Final = re.compile(
    r"(?P<code>[a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*)(?:\s*;\s*q=(?P<quality>0(?:\.\d{,3})?|1(?:\.0{,3})?))?"
    r"(?:\s*,\s*|$)"
)
_CODE: Final = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*(?:@[a-z0-9]{1,20})?$", re.IGNORECASE)
_BEGINNING_OF_PATH: Final = re.compile(r"/(\w+(?:[@-]\w+){0,2})(?:/|$)")

# Chinese is told apart by its script where browsers name the country.
_SCRIPTS: Final = MappingProxyType(
    {
        "zh-cn": "zh-hans",
        "zh-hk": "zh-hant",
        "zh-mo": "zh-hant",
        "zh-my": "zh-hans",
        "zh-sg": "zh-hans",
        "zh-tw": "zh-hant",
    }
)


def get_supported_language_variant(lang_code: str, strict: bool = False) -> str:
    """Return the language of the site that does for `lang_code`: "de" for "de-at", "pt-br" for "pt".

    Args:
        lang_code: as browsers and paths write it.
        strict: another region of the language does not do.

    Raises:
        LookupError: there is none.
    """
    known = dict(settings.LANGUAGES)
    candidates = list(_less_and_less(_shortened(lang_code, strict=strict)))
    for code in candidates:
        if code.lower() in known:
            return code
    if candidates and not strict:
        for code in known:
            if code.startswith(f"{candidates[-1]}-"):
                return str(code)
    raise LookupError(f"language {lang_code[:MAX_CHARACTERS]!r}; expected one of {', '.join(known)}")


def _shortened(code: str, *, strict: bool) -> str:
    """Return a code that is far too long without its end; nothing is left where none may be missing."""
    if len(code) <= MAX_CHARACTERS:
        return code
    return "" if strict else code[: max(0, code.rfind("-", 0, MAX_CHARACTERS))]


def _less_and_less(code: str) -> Iterator[str]:
    """Yield the code, its script, and what is left when an end after the other is taken off."""
    if not code:
        return
    yield code
    if code in _SCRIPTS:
        yield _SCRIPTS[code]
    while "-" in code:
        code = code.rpartition("-")[0]
        yield code


def get_language_from_path(path: str, strict: bool = False) -> str | None:
    """Return the language that a path begins with; None if it begins with none of the site's."""
    found = _BEGINNING_OF_PATH.match(path)
    return _supported(found[1], strict=strict) if found else None


def get_language_from_request(request: Any, check_path: bool = False) -> str:
    """Return the language for a request; LANGUAGE_CODE if nothing else is said.

    Args:
        request: path, cookies and Accept-Language count.
        check_path: paths of the site begin with a language.
    """
    default = str(settings.LANGUAGE_CODE)
    in_path = get_language_from_path(request.path_info) if check_path else None
    return in_path or _of_cookie(request) or _of_header(request) or _supported(default) or default


def _of_cookie(request: Any) -> str | None:
    code = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    return _supported(code) if code else None


def _of_header(request: Any) -> str | None:
    for code, _ in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        if code == "*":
            return None
        found = _supported(code) if _CODE.match(code) else None
        if found:
            return found
    return None


def _supported(code: str, *, strict: bool = False) -> str | None:
    try:
        return get_supported_language_variant(code, strict=strict)
    except LookupError:
        return None


def parse_accept_lang_header(lang_string: str) -> tuple[tuple[str, float], ...]:
    """Return codes with their qualities, the most wanted first; nothing at all if one of them is no code."""
    text = lang_string.lower()
    if len(text) > MAX_CHARACTERS:
        text = text[: max(0, text.rfind(",", 0, MAX_CHARACTERS))]
    wanted: list[tuple[str, float]] = []
    at = 0
    while at < len(text):
        found = _RANGE.match(text, at)
        if found is None:
            return ()
        wanted.append((found["code"], float(found["quality"] or 1)))
        at = found.end()
    return tuple(sorted(wanted, key=lambda each: -each[1]))
