"""HTML, compared as a browser reads it.

In:     text.
Out:    a tree that equals another whatever the order of attributes and the amount of white space.
Never:  repairs: an element that is closed without having been opened is an error.

Rules:  the HTML standard's void elements, boolean attributes and class lists, as far as tests need them.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset(
    {
        "br",
        "hr",
        "wbr",
        "img",
        "input",
        "area",
        "embed",
        "source",
        "track",
        "col",
        "link",
        "meta",
        "base",
        "param",
    }
)
_SPACE: Final = re.compile(r"[ \t\n\r\f]+")


class HTMLParseError(Exception):
    """The text is no HTML that could be compared."""


@dataclass(eq=True, slots=True)
class Element:
    """An element; the root of a document has no name.

    Attributes:
        name: lower-case.
        attributes: sorted; of one without a value the value is its name.
        children: elements, and text with single spaces.
    """

    name: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    children: list["Element | str"] = field(default_factory=list)

    def add_text(self, text: str) -> None:
        """Add text, as one piece with text just before it."""
        if self.children and isinstance(self.children[-1], str):
            text = self.children.pop() + text  # type: ignore[operator]  # str: the line above
        self.children.append(_SPACE.sub(" ", text))

    def strip(self) -> "Element":
        """Remove the white space at the edges of elements."""
        children = [child.strip() for child in self.children]
        self.children = [child for child in children if child != ""]
        return self

    def count(self, other: "Element") -> int:
        """Return how often another element, or the content of another document, is in this one."""
        wanted = other.children if not other.name else [other]
        width = len(wanted)
        starts = range(len(self.children) - width + 1)
        here = sum(all(map(_holds, wanted, self.children[at : at + width])) for at in starts)
        return here + sum(child.count(other) for child in self.children if isinstance(child, Element))


def _holds(wanted: "Element | str", found: "Element | str") -> bool:
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted in found
    return wanted == found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element()
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, tuple(sorted(_normal(name, value) for name, value in attrs)))
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        names = [element.name for element in self._open]
        if tag not in names:
            raise HTMLParseError(
                f"</{tag}> at line {self.getpos()[0]} closes nothing; expected <{tag}> before"
            )
        while self._open.pop().name != tag:
            pass  # elements whose end tags were left out

    def handle_data(self, data: str) -> None:
        self._open[-1].add_text(data)


def _normal(name: str, value: str | None) -> tuple[str, str]:
    if value is None:
        return name, name  # a boolean attribute
    return name, " ".join(sorted(value.split())) if name == "class" else value


def parse_html(html: object) -> Element:
    """Return the tree of a document, or of a part of one.

    Raises:
        HTMLParseError: an end tag without a start tag.
    """
    reader = _Reader()
    reader.feed(str(html))
    reader.close()
    return reader.root.strip()
