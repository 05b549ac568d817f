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

_SUBTAGS: Final = r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*"  # RFC 4647 section 2.1
_RANGE: Final = re.compile(rf"{_SUBTAGS}|\*")
_CODE: Final = re.compile(rf"{_SUBTAGS}(?:@[a-z0-9]{{1,20}})?", re.IGNORECASE)
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{,3})?|1(?:\.0{,3})?")  # RFC 9110 section 12.4.2
# Whitespace stands around these two, and nowhere else.
_COMMA, _SEMICOLON = re.compile(r"\s*,\s*"), re.compile(r"\s*;\s*")
_PATH_CODE: Final = re.compile(r"\w+(?:[-@]\w+)?(?:[-@]\w+)?")

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
    nothing, *parts = path.removesuffix("\n").split("/", 2)
    if nothing or not parts or not _PATH_CODE.fullmatch(parts[0]):
        return None
    return _supported(parts[0], strict=strict)


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
        found = _supported(code) if _CODE.fullmatch(code) else None
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
    pieces = _COMMA.split(text)
    # A comma at the end is forgiven, as Django does.
    wanted = [_wanted(each) for each in (pieces if pieces[-1] else pieces[:-1])]
    known = [each for each in wanted if each]
    return tuple(sorted(known, key=lambda each: -each[1])) if len(known) == len(wanted) else ()


def _wanted(text: str) -> tuple[str, float] | None:
    """Return code and quality of "de;q=0.5"; None if it is no such thing."""
    code, *parameters = _SEMICOLON.split(text, maxsplit=1)
    if not _RANGE.fullmatch(code):
        return None
    if not parameters:
        return code, 1.0
    name, _, quality = parameters[0].partition("=")
    return (code, float(quality)) if name == "q" and _QUALITY.fullmatch(quality) else None
