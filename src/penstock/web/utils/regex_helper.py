"""Regular expressions read backwards: which texts would match, with holes where groups stand.

`reverse()` needs from "^articles/(?P<year>[0-9]{4})/$" the text "articles/%(year)s/" and the name "year".
What a group matches inside does not matter: the filled-in text is matched against the pattern afterwards.

In:     a pattern's source.
Out:    [(text with "%(name)s" for each group, [names]), ...]; `_lazy_re_compile` for patterns needed later.
Never:  handles alternatives outside of groups: such a pattern has no reverse, [("", [])].

Rules:  the grammar of `re`; Django's choices: an optional part without a group is left out, one with a group
        gives both ways; a character class gives its first character, a class escape one that it matches.
"""

import re
from typing import Any, Final, NamedTuple

from penstock.web.utils.functional import SimpleLazyObject

# What stands for a class escape; None stands for nothing, as anchors do.
ESCAPE_MAPPINGS: Final[dict[str, str | None]] = {
    "A": None, "b": None, "B": None, "Z": None,
    "d": "0", "D": "x", "s": " ", "S": "x", "w": "x", "W": "!",
}  # fmt: skip

_NOTHING: Final = ""
_QUANTIFIER: Final = re.compile(r"[*+?][?+]?|\{([0-9]*)(,[0-9]*)?\}[?+]?")  # the suffix: lazy, possessive


class Way(NamedTuple):
    """One way to fill a piece of a pattern."""

    text: str
    names: tuple[str, ...]


class _NotReversibleError(Exception):
    """The pattern has alternatives outside of groups."""


def normalize(pattern: str) -> list[tuple[str, list[str]]]:
    """All ways to fill a pattern, each with the names of its groups; unnamed groups are "_0", "_1", ...

    Raises:
        ValueError: a group of a kind that has no reverse: "(?i)", "(?>...)".
    """
    try:
        ways = _Reader(pattern).read()
    except _NotReversibleError:
        return [("", [])]
    return [(way.text, list(way.names)) for way in ways]


class _Reader:
    """Walks once over a pattern; each method reads what its name says and leaves `at` behind it."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.unnamed_count = 0

    def read(self) -> list[Way]:
        """The ways of the whole pattern."""
        ways = self.sequence()
        while self.at < len(self.pattern):  # a ")" too many, which re would refuse: skip it, as Django does
            self.at += 1
            ways = _joined(ways, self.sequence())
        return ways

    def sequence(self) -> list[Way]:
        """Pieces up to the end or the ")" that belongs to somebody else."""
        ways = [Way("", ())]
        while self.at < len(self.pattern) and self.pattern[self.at] != ")":
            ways = _joined(ways, self.repeated(self.piece()))
        return ways

    def piece(self) -> list[Way]:
        """One piece without its quantifier."""
        character = self.next()
        readers = {
            "\\": self.escape,
            "[": self.character_class,
            "(": self.group,
            "|": self.alternative,
        }
        if character in readers:
            return readers[character]()
        if character == "$":  # an end is an end: what follows could not match
            self.at = len(self.pattern)
        return [Way(_NOTHING if character in "^$" else character, ())]

    def repeated(self, ways: list[Way]) -> list[Way]:
        """A piece as often as its quantifier asks for at least."""
        quantifier = _QUANTIFIER.match(self.pattern, self.at)
        if quantifier is None:
            return ways
        self.at = quantifier.end()
        least = int(quantifier[1] or 0) if quantifier[0][0] == "{" else int(quantifier[0][0] == "+")
        if least:
            return [Way(way.text * least, way.names * least) for way in ways]
        return [Way("", ()), *(way for way in ways if way.names)]

    def escape(self) -> list[Way]:
        """What a backslash means."""
        character = self.next()
        return [Way(ESCAPE_MAPPINGS.get(character, character) or _NOTHING, ())]

    def character_class(self) -> list[Way]:
        """The first character of [...]."""
        first = self.escape()[0].text if self.peek() == "\\" and self.next() else self.next()
        while self.at < len(self.pattern) and (character := self.next()) != "]":
            if character == "\\":
                self.next()
        return [Way(first, ())]

    def alternative(self) -> list[Way]:
        """Refuse "a|b": which of them?"""
        raise _NotReversibleError

    def group(self) -> list[Way]:
        """What follows "("."""
        if self.peek() != "?":
            name = f"_{self.unnamed_count}"
            self.unnamed_count += 1
            return self.hole(name)
        self.next()
        kind = self.next()
        if kind == ":":
            return self.rest_of_group()
        if kind == "P":
            return self.named_group()
        if kind in "!=<":  # looks around: adds nothing to the text
            self.skip_group()
            return [Way("", ())]
        raise ValueError(f"group '(?{kind}' in {self.pattern!r}; expected one that has a reverse")

    def rest_of_group(self) -> list[Way]:
        """The ways of "(?:...)"; the pieces inside are pieces."""
        ways = self.sequence()
        self.at += 1
        return ways

    def named_group(self) -> list[Way]:
        """A hole for "(?P<name>...)", and for the reference "(?P=name)"."""
        kind = self.next()
        if kind not in "<=":
            raise ValueError(f"group '(?P{kind}' in {self.pattern!r}; expected '(?P<' or '(?P='")
        end = self.pattern.index(">" if kind == "<" else ")", self.at)
        name, self.at = self.pattern[self.at : end], end + 1
        if kind == "=":
            return [Way(f"%({name})s", ())]
        return self.hole(name)

    def hole(self, name: str) -> list[Way]:
        """Skip a group's inside and leave a hole."""
        self.skip_group()
        return [Way(f"%({name})s", (name,))]

    def skip_group(self) -> None:
        """Go behind the ")" of the group that `at` is in."""
        depth = 1
        while depth and self.at < len(self.pattern):
            character = self.next()
            if character == "\\":
                self.next()
            elif character == "[":
                self.character_class()
            else:
                depth += (character == "(") - (character == ")")

    def peek(self) -> str:
        """The next character, or "" at the end."""
        return self.pattern[self.at : self.at + 1]

    def next(self) -> str:
        """The next character, and step behind it; "" at the end."""
        character = self.peek()
        self.at += 1
        return character


def _joined(left: list[Way], right: list[Way]) -> list[Way]:
    """Every way of the left with every way of the right behind it."""
    return [Way(a.text + b.text, a.names + b.names) for a in left for b in right]


def _lazy_re_compile(regex: Any, flags: int = 0) -> Any:
    """A pattern that is compiled when it is first used; one that is compiled already is taken as it is."""
    if not isinstance(regex, str | bytes):
        if flags:
            raise ValueError("flags must be empty if regex is passed pre-compiled")
        return SimpleLazyObject(lambda: regex)
    return SimpleLazyObject(lambda: re.compile(regex, flags))
