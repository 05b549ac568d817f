"""One part of a route, up to the next include: how it is written, what it accepts, what it captures.

Three kinds: `path()`'s, `re_path()`'s, and the language in front of `i18n_patterns`.  A text may be lazily
translated; then the expression is another one in each language.

In:     the text of a route; what is left of a path.
Out:    `match`: (what is left behind it, positional arguments, named arguments) or None.
Never:  knows of views or of other parts.

Rules:  Django 5.2.  path(): the whole of the rest, or a beginning of it for an include.  re_path():
        `search`, hence anywhere without `^`; a view's expression that ends in `$` must match the whole
        rest, newline included.
"""

import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls.converters import get_converters
from penstock.web.urls.expression import UNKNOWN_HEAD, Head, Tail, compile_expression, literal_head
from penstock.web.urls.language import get_language

if TYPE_CHECKING:
    from penstock.web.utils.functional import Promise

Matched: TypeAlias = tuple[str, tuple[Any, ...], dict[str, Any]]

_PARAMETER: Final = re.compile(r"<(?:(?P<converter>[^>:]+):)?(?P<name>[^>]+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """A `path()` route taken apart.

    Attributes:
        head: its text up to the first parameter.
        behind: its text from there to the second parameter, or to the end.
        rest: the expression of all that follows; it needs no `^`.
        converters: by parameter, in order.
    """

    head: str
    behind: str
    rest: str
    converters: dict[str, Any]


def parse_route(text: str, *, is_endpoint: bool) -> Route:
    """Take the text of a `path()` route apart.

    Raises:
        ImproperlyConfigured: a parameter holds whitespace, is no identifier, or names an unknown converter.
    """
    pieces: list[str] = []
    converters: dict[str, Any] = {}
    end = 0
    for found in _PARAMETER.finditer(text):
        name, converter = _parameter(text, found)
        pieces += [re.escape(text[end : found.start()]), f"(?P<{name}>{converter.regex})"]
        converters[name] = converter
        end = found.end()
    head, _, behind = _PARAMETER.sub("<", text).partition("<") if converters else (text, "", "")
    pieces += [re.escape(text[end:]), r"\Z" if is_endpoint else ""]
    return Route(head, behind.partition("<")[0], "".join(pieces).removeprefix(re.escape(head)), converters)


def _parameter(text: str, found: re.Match[str]) -> tuple[str, Any]:
    """Return name and converter of one `<...>`."""
    if not set(found[0]).isdisjoint(string.whitespace):
        raise ImproperlyConfigured(f"URL route {text!r} cannot contain whitespace in angle brackets <…>.")
    name, kind = found["name"], found["converter"] or "str"
    if not name.isidentifier():
        msg = f"URL route {text!r} uses parameter name {name!r} which isn't a valid Python identifier."
        raise ImproperlyConfigured(msg)
    converter = get_converters().get(kind)
    if converter is None:
        raise ImproperlyConfigured(f"URL route {text!r} uses invalid converter {kind!r}.")
    return name, converter


class LocaleRegexDescriptor:
    """`pattern.regex`: compiled when first asked for; of a translated text, once in each language."""

    def __get__(self, pattern: Any, owner: type | None = None) -> Any:
        if pattern is None:
            return self
        text = pattern.text
        if isinstance(text, str):
            compiled = pattern.__dict__["regex"] = compile_expression(pattern.source(text))
            return compiled
        language = get_language()
        if language not in pattern.compiled:
            pattern.compiled[language] = compile_expression(pattern.source(str(text)))
        return pattern.compiled[language]


class _Written:
    """What a path() and a re_path() pattern share: a text, a name, an expression in each language."""

    regex = LocaleRegexDescriptor()

    def __init__(self, text: "str | Promise", name: str | None, *, is_endpoint: bool) -> None:
        self.text = text
        self.name = name
        self.is_endpoint = is_endpoint
        self.converters: dict[str, Any] = {}
        self.compiled: dict[str | None, re.Pattern[str]] = {}

    def describe(self) -> str:
        """Return the text and the name, as error pages and messages show them."""
        return f"'{self}'" + (f" [name='{self.name}']" if self.name else "")

    def __str__(self) -> str:
        return str(self.text)


class RegexPattern(_Written):
    """A `re_path()` pattern."""

    # The flag may be positional, as in Django.
    def __init__(self, regex: "str | Promise", name: str | None = None, is_endpoint: bool = False) -> None:
        super().__init__(regex, name, is_endpoint=is_endpoint)

    @staticmethod
    def source(text: str) -> str:
        """Return the expression of `text`: itself."""
        return text

    def head(self) -> Head:
        """Return what every accepted path begins with."""
        if not isinstance(self.text, str):
            return UNKNOWN_HEAD
        try:
            head = literal_head(self.text)
        except re.error:
            return UNKNOWN_HEAD  # `match` says what is wrong, when its turn comes
        if head.tail is Tail.END and not self.is_endpoint and self.text.endswith("$"):
            return Head(head.literal, Tail.MORE)  # searched for: "$" lets a newline pass
        return head

    def match(self, path: str) -> Matched | None:
        """Match the beginning, the middle or the whole of `path`: see the rules above."""
        regex: re.Pattern[str] = self.regex
        whole = self.is_endpoint and regex.pattern.endswith("$")
        found = regex.fullmatch(path) if whole else regex.search(path)
        if found is None:
            return None
        named = found.groupdict()
        args = () if named else found.groups()
        return path[found.end() :], args, {name: value for name, value in named.items() if value is not None}


class RoutePattern(_Written):
    """A `path()` pattern."""

    # The flag may be positional, as in Django.
    def __init__(self, route: "str | Promise", name: str | None = None, is_endpoint: bool = False) -> None:
        super().__init__(route, name, is_endpoint=is_endpoint)
        self.parsed = parse_route(str(route), is_endpoint=is_endpoint)
        self.converters = dict(self.parsed.converters)

    def source(self, text: str) -> str:
        """Return the expression of the route `text`."""
        parsed = self.parsed if text is self.text else parse_route(text, is_endpoint=self.is_endpoint)
        return "^" + re.escape(parsed.head) + parsed.rest

    def head(self) -> Head:
        """Return what every accepted path begins with."""
        if not isinstance(self.text, str):
            return UNKNOWN_HEAD
        if self.parsed.converters:
            return Head(self.parsed.head, Tail.MORE)
        return Head(self.text, Tail.END if self.is_endpoint else Tail.NOTHING)

    def match(self, path: str) -> Matched | None:
        """Match the beginning, or for a view the whole, of `path`; a converter's ValueError is no match."""
        found = self.regex.search(path)
        if found is None:
            return None
        kwargs = found.groupdict()
        try:
            for name, converter in self.parsed.converters.items():
                kwargs[name] = converter.to_python(kwargs[name])
        except ValueError:
            return None
        return path[found.end() :], (), kwargs


class LocalePrefixPattern:
    """The language in front of a path: `de/`; nothing for the default language, if it shall have none."""

    def __init__(self, prefix_default_language: bool = True) -> None:
        self.prefix_default_language = prefix_default_language
        self.converters: dict[str, Any] = {}

    @property
    def regex(self) -> re.Pattern[str]:
        """The expression in the language of this context."""
        return re.compile(re.escape(self.language_prefix))

    @property
    def language_prefix(self) -> str:
        """The beginning of each path in the language of this context."""
        language = get_language() or settings.LANGUAGE_CODE
        if language == settings.LANGUAGE_CODE and not self.prefix_default_language:
            return ""
        return f"{language}/"

    def match(self, path: str) -> Matched | None:
        """Match `path` if it begins with the prefix of today's language."""
        prefix = self.language_prefix
        return (path.removeprefix(prefix), (), {}) if path.startswith(prefix) else None

    def describe(self) -> str:
        """Return the prefix, as error pages show it."""
        return f"'{self}'"

    def __str__(self) -> str:
        return self.language_prefix
