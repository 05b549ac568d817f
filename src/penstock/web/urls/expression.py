"""What a regular expression says about the texts it accepts, read from its syntax tree.

Two questions are asked.  Resolving: with which characters must every accepted path begin?  Reversing: which
texts, with gaps for the groups, may have been meant?

Both are read from the tree that Python's own parser makes, so escapes, sets, flags and whatever syntax
comes next mean here what they mean to `re` (decisions/route-table.md).

In:     the source of an expression.
Out:    a `Head`; tuples of `Form`; the compiled expression.
Never:  matches anything.
Rules:  what cannot be told for certain is left open: a head too short and a form too few are safe, since
        `reverse` holds each text against the expression again.
"""

import enum
import importlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from penstock.web.core.exceptions import ImproperlyConfigured

# The parser has been `sre_parse` and is `re._parser` since 3.11; neither has a stub.
_parser: Final[Any] = importlib.import_module("re._parser")

# Flags under which a literal of the source is not simply that text, or `^` not simply the beginning.
_OPAQUE_FLAGS: Final = re.IGNORECASE | re.MULTILINE | re.LOCALE


class Tail(enum.Enum):
    """What follows the literal head of an expression."""

    NOTHING = "nothing"  # any rest of the path may follow
    END = "end"  # the path must be over
    MORE = "more"  # more of the expression


@dataclass(frozen=True, slots=True)
class Head:
    """What every accepted text begins with."""

    literal: str
    tail: Tail


UNKNOWN_HEAD: Final = Head("", Tail.MORE)


@dataclass(frozen=True, slots=True)
class Gap:
    """A place that an argument fills: a named group, or the n-th group of its expression."""

    group: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Echo:
    """A place that repeats what filled the gap of `group`."""

    group: int


Form: TypeAlias = tuple[str | Gap | Echo, ...]


class IrreversibleError(Exception):
    """The expression has alternatives outside its groups: which of them was meant cannot be told."""


def compile_expression(source: str) -> re.Pattern[str]:
    """Compile `source`; ImproperlyConfigured names it if it is malformed."""
    try:
        return re.compile(source)
    except re.error as error:
        raise ImproperlyConfigured(f'"{source}" is not a valid regular expression: {error}') from error


def literal_head(source: str) -> Head:
    """Return what every text begins with in which `re.search` finds `source`; re.error if it is malformed."""
    tree = _parser.parse(source)
    items = iter(tree)
    first = next(items, None)
    if first is None:
        return Head("", Tail.NOTHING)
    if tree.state.flags & _OPAQUE_FLAGS or not _is_beginning(first):
        return UNKNOWN_HEAD
    literal: list[str] = []
    for operation, argument in items:
        if operation is not _parser.LITERAL:
            return Head("".join(literal), _tail(operation, argument, items, source))
        literal.append(chr(argument))
    return Head("".join(literal), Tail.NOTHING)


def _is_beginning(item: tuple[Any, Any]) -> bool:
    operation, where = item
    return operation is _parser.AT and where in (_parser.AT_BEGINNING, _parser.AT_BEGINNING_STRING)


def _tail(operation: Any, argument: Any, rest: Iterator[Any], source: str) -> Tail:
    """Tell whether the item after the literal ends the text, and the expression with it.

    `$` also accepts a newline behind it; only one that is written last makes Django ask for a full match.
    """
    if operation is not _parser.AT or next(rest, None) is not None:
        return Tail.MORE
    if argument is _parser.AT_END_STRING or (argument is _parser.AT_END and source.endswith("$")):
        return Tail.END
    return Tail.MORE


def forms(source: str) -> tuple[Form, ...]:
    """Return the texts that `source` may accept, with a gap for each outermost group; (): no telling.

    A part that may be absent is left out, unless it holds a group: then there is a form without and a form
    with it.  A part that may repeat stands as often as it must.  A set is the first character it lists.
    """
    tree = _parser.parse(source)
    if tree.state.flags & ~re.UNICODE:
        return ()  # flags are the whole expression's: they cannot stand behind an include's
    try:
        found = tuple(_forms(tree, _names(source)))
    except IrreversibleError:
        return ()
    return tuple(form for form in found if _is_filled(form))


def _is_filled(form: Form) -> bool:
    """Tell whether all that is repeated is a gap of the same form: what an inner group took is not known."""
    gaps = {piece.group for piece in form if isinstance(piece, Gap)}
    return all(piece.group in gaps for piece in form if isinstance(piece, Echo))


def _names(source: str) -> dict[int, str]:
    return {number: name for name, number in re.compile(source).groupindex.items()}


def _forms(items: Iterable[tuple[Any, Any]], names: dict[int, str]) -> Iterator[Form]:
    """Yield one form for each choice that the items leave, in the order of the items."""
    choices = [_choices(operation, argument, names) for operation, argument in items]
    for chosen in itertools.product(*choices):
        yield tuple(itertools.chain.from_iterable(chosen))


def _choices(operation: Any, argument: Any, names: dict[int, str]) -> Sequence[Form]:
    """Return the forms of one item of the tree."""
    if operation is _parser.LITERAL:
        return ((chr(argument),),)
    if operation in (_parser.AT, _parser.ASSERT, _parser.ASSERT_NOT):
        return ((),)  # a condition on the text, not a part of it
    if operation is _parser.SUBPATTERN:
        group, _, _, inner = argument
        return tuple(_forms(inner, names)) if group is None else ((Gap(group, names.get(group)),),)
    if operation is _parser.ATOMIC_GROUP:
        return tuple(_forms(argument, names))
    if operation in (_parser.MAX_REPEAT, _parser.MIN_REPEAT, _parser.POSSESSIVE_REPEAT):
        least, _, inner = argument
        return _repeated(least, inner, names)
    if operation is _parser.GROUPREF:
        return ((Echo(argument),),)
    if operation is _parser.BRANCH:
        return _first_of(argument[1], names)
    return ((_character(operation, argument),),)


def _first_of(alternatives: Sequence[Any], names: dict[int, str]) -> Sequence[Form]:
    """Return the forms of the first alternative if it is a whole text, as of `^a/$|^b/$`."""
    first = tuple(alternatives[0])
    if not first or first[-1] != (_parser.AT, _parser.AT_END):
        raise IrreversibleError("alternatives stand outside the groups; expected one reading")
    return tuple(_forms(first, names))


def _repeated(least: int, inner: Any, names: dict[int, str]) -> Sequence[Form]:
    """Return the forms of something that may come several times."""
    once = tuple(_forms(inner, names))
    has_gap = any(isinstance(piece, Gap) for form in once for piece in form)
    if least == 0:
        return ((), *once) if has_gap else ((),)
    return once if has_gap else tuple(form * least for form in once)


# One character for each class, and what is tried for a set that only says what it is not.
_CATEGORY_EXAMPLES: Final = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_NOT_DIGIT": "x",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "x",
    "CATEGORY_WORD": "x",
    "CATEGORY_NOT_WORD": "!",
}
_EXAMPLES: Final = "x0-._~ !"


def _character(operation: Any, argument: Any) -> str:
    """Return a character that an item accepts which stands for one of several."""
    if operation is _parser.ANY:
        return "."
    if operation is _parser.NOT_LITERAL:
        return next(each for each in _EXAMPLES if ord(each) != argument)
    if operation is _parser.IN:
        return _member(argument)
    msg = f"{operation} stands outside the groups; expected one reading"
    raise IrreversibleError(msg)


def _member(items: list[tuple[Any, Any]]) -> str:
    """Return a character of a set; of what a negated set excludes, single characters alone are looked at."""
    operation, argument = items[0]
    if operation is _parser.NEGATE:
        excluded = {chr(code) for kind, code in items[1:] if kind is _parser.LITERAL}
        return next(each for each in _EXAMPLES if each not in excluded)
    if operation is _parser.LITERAL:
        return chr(argument)
    if operation is _parser.RANGE:
        return chr(argument[0])
    return _CATEGORY_EXAMPLES[str(argument)]
