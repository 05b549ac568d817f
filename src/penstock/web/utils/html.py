"""Text into HTML, and HTML into text.

In:     text that somebody else wrote.
Out:    HTML that shows it and does nothing else, as SafeString; or text without tags.
Never:  cleans HTML: `strip_tags` is for showing, not for safety.

Rules:  HTML Living Standard; Django's names.
"""

import functools
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from html.parser import HTMLParser
from typing import Any, Final, TypeVar

from penstock.web.core.exceptions import SuspiciousOperation
from penstock.web.utils.functional import Promise, keep_lazy, keep_lazy_text
from penstock.web.utils.safestring import SafeString, mark_safe
from penstock.web.utils.text import normalize_newlines

C = TypeVar("C", bound=type)

VOID_ELEMENTS = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
))  # fmt: skip
MAX_STRIP_TAGS_DEPTH = 50  # rounds of stripping what stripping uncovered; Django's
# Characters after "<" without ">": a parser would walk over them again and again.
_MAX_UNCLOSED_LENGTH: Final = 1000

_IN_SCRIPT: Final = {code: f"\\u{code:04X}" for code in (*range(32), *b"\\'\"><&=-;`", 0x2028, 0x2029)}
_IN_JSON: Final = {ord(character): f"\\u{ord(character):04X}" for character in "<>&"}


@keep_lazy(SafeString)
def escape(text: Any) -> SafeString:
    """Text in which nothing means markup; HTML is escaped, too (`conditional_escape` leaves it)."""
    return SafeString(html.escape(str(text)))


@keep_lazy(SafeString)
def escapejs(value: Any) -> SafeString:
    """Text to stand between quotes in a script."""
    return SafeString(str(value).translate(_IN_SCRIPT))


def json_script(
    value: Any, element_id: str | None = None, encoder: type[json.JSONEncoder] | None = None
) -> Any:
    """A script element that holds a value as JSON and cannot be left before its end."""
    from penstock.web.core.serializers.json import DjangoJSONEncoder

    text = mark_safe(json.dumps(value, cls=encoder or DjangoJSONEncoder).translate(_IN_JSON))
    if element_id:
        return format_html('<script id="{}" type="application/json">{}</script>', element_id, text)
    return format_html('<script type="application/json">{}</script>', text)


def conditional_escape(text: Any) -> Any:
    """Do as `escape` does, but leave what is HTML already."""
    text = str(text) if isinstance(text, Promise) else text
    return text.__html__() if hasattr(text, "__html__") else escape(text)


def format_html(format_string: str, *args: Any, **kwargs: Any) -> SafeString:
    """`str.format` whose arguments are escaped and whose result is HTML.

    Raises:
        TypeError: there are no arguments: then it would only mark the text, which is `mark_safe`'s business.
    """
    if not (args or kwargs):
        raise TypeError("format_html() without arguments; expected some, or mark_safe()")
    named = {name: conditional_escape(value) for name, value in kwargs.items()}
    return SafeString(format_string.format(*map(conditional_escape, args), **named))


def format_html_join(sep: Any, format_string: str, args_generator: Iterable[Any]) -> SafeString:
    """`format_html` of each tuple or mapping, joined by `sep`, which is escaped, too."""
    parts = (
        format_html(format_string, **args) if isinstance(args, Mapping) else format_html(format_string, *args)
        for args in args_generator
    )
    return SafeString(conditional_escape(sep).join(parts))


@keep_lazy_text
def linebreaks(value: Any, autoescape: bool = False) -> str:
    """Paragraphs for text between empty lines, and <br> for a line's end."""
    paragraphs = re.split("\n{2,}", str(normalize_newlines(value)))
    shown: Callable[[str], str] = escape if autoescape else str
    return "\n\n".join("<p>{}</p>".format(shown(each).replace("\n", "<br>")) for each in paragraphs)


class _TextCollector(HTMLParser):
    """Keeps what stands between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")


def _text_of(source: str) -> str:
    collector = _TextCollector()
    collector.feed(source)
    collector.close()
    return "".join(collector.parts)


@keep_lazy_text
def strip_tags(value: Any) -> str:
    """Text without tags, stripped again until nothing changes: "<<b>b>" hides one.

    Raises:
        SuspiciousOperation: more than 50 rounds, or more than 1000 characters behind an unclosed "<".
    """
    text = str(value)
    for part in text.split("<")[1:]:
        if len(part) >= _MAX_UNCLOSED_LENGTH and ">" not in part:
            raise SuspiciousOperation(f"{len(part)} characters behind '<'; expected '>' among them")
    for _ in range(MAX_STRIP_TAGS_DEPTH):
        if "<" not in text or ">" not in text:
            return text
        stripped = _text_of(text)
        if stripped.count("<") == text.count("<"):
            return text
        text = stripped
    raise SuspiciousOperation(f"tags inside of tags, {MAX_STRIP_TAGS_DEPTH} deep; expected fewer")


@keep_lazy_text
def strip_spaces_between_tags(value: Any) -> str:
    """HTML without the white space between tags."""
    return re.sub(r">\s+<", "><", str(value))


def avoid_wrapping(value: str) -> str:
    """Text whose spaces do not break lines."""
    return value.replace(" ", "\xa0")


def html_safe(klass: C) -> C:
    """Decorate a class whose `__str__` returns HTML.

    Raises:
        ValueError: the class has an `__html__` already, or no `__str__` of its own.
    """
    if "__html__" in klass.__dict__:
        raise ValueError(f"{klass.__name__} has an __html__ already; expected html_safe to make it")
    if "__str__" not in klass.__dict__:
        raise ValueError(f"{klass.__name__} has no __str__ of its own; expected one that returns HTML")
    plain: Callable[[Any], str] = klass.__dict__["__str__"]

    @functools.wraps(plain)
    def marked(self: Any) -> Any:
        return mark_safe(plain(self))

    klass.__str__ = marked  # type: ignore[method-assign,assignment]  # that is what the decorator is for
    klass.__html__ = marked  # type: ignore[attr-defined]  # the same
    return klass
