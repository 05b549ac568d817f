"""A chain of exceptions as a reader wants it: each with its frames, each frame with its source and variables.

In:     an exception, a traceback, a filter for variables.
Out:    `Raised` values, the first cause first.
Never:  fails: what cannot be read is left empty, what cannot be shown says why.

Rules:  PEP 3134 for causes and contexts; a frame with `__traceback_hide__` is left out, as in Django;
        positions in a line as PEP 657 has them.
"""

import itertools
import linecache
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from pprint import pformat
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

import penstock

# Lines of source on either side of the one that ran, as many as Django shows.
CONTEXT_LINES: Final = 7
# A value's text; a page with megabytes of them helps nobody.
MAX_VALUE_LENGTH: Final = 4096
# A chain of exceptions longer than this is a loop in somebody's error handling.
MAX_EXCEPTIONS: Final = 32

_FOREIGN: Final = tuple(
    str(Path(place).resolve())
    for place in (
        *{sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")},
        *penstock.__path__,
    )
)


class ExceptionCycleWarning(UserWarning):
    """The causes of an exception lead back to one of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of source; `marked` are the columns that ran, of the line that did."""

    number: int
    text: str
    is_current: bool = False
    marked: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A place on the way to an exception.

    Attributes:
        is_own: the file is neither of a library, nor of Python, nor ours.
        variables: names and texts of values.
    """

    filename: str
    lineno: int
    function: str
    is_own: bool
    lines: tuple[Line, ...]
    variables: tuple[tuple[str, str], ...]

    @property
    def source(self) -> str:
        """The line that ran, without its indentation."""
        return next((line.text.strip() for line in self.lines if line.is_current), "")


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception, how it follows from the one before, and its frames, outermost first."""

    error: BaseException
    link: str
    frames: tuple[Frame, ...]


def raised_chain(
    error: BaseException,
    traceback: TracebackType | None,
    variables: Callable[[FrameType], list[tuple[str, Any]]],
) -> tuple[Raised, ...]:
    """Return `error` and what it follows from, the first cause first."""
    chain: list[Raised] = []
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and len(chain) < MAX_EXCEPTIONS:
        if id(current) in seen:
            msg = f"the causes of {error!r} lead back to {current!r}; the report ends there"
            warnings.warn(msg, ExceptionCycleWarning, stacklevel=2)
            break
        seen.add(id(current))
        own = traceback if current is error else current.__traceback__
        chain.append(Raised(current, _link(current), tuple(_frames(own, variables))))
        current = cause_of(current)
    return tuple(reversed(chain))


def cause_of(error: BaseException) -> BaseException | None:
    """Return what an exception was raised from, or while handling what."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _link(error: BaseException) -> str:
    if error.__cause__ is not None:
        return "The exception above was the direct cause of the following one"
    return (
        "While the exception above was handled, another one occurred" if cause_of(error) is not None else ""
    )


def _frames(
    traceback: TracebackType | None, variables: Callable[[FrameType], list[tuple[str, Any]]]
) -> Iterator[Frame]:
    while traceback is not None:
        frame = traceback.tb_frame
        if not frame.f_locals.get("__traceback_hide__"):
            yield _frame(frame, traceback.tb_lineno, traceback.tb_lasti, variables)
        traceback = traceback.tb_next


def _frame(
    frame: FrameType, lineno: int, instruction: int, variables: Callable[[FrameType], list[tuple[str, Any]]]
) -> Frame:
    code = frame.f_code
    return Frame(
        code.co_filename,
        lineno,
        code.co_qualname,
        _is_own(code.co_filename),
        tuple(_lines(frame, lineno, _columns(code, instruction, lineno))),
        tuple((name, value_text(value)) for name, value in variables(frame)),
    )


def _is_own(filename: str) -> bool:
    path = str(Path(filename).resolve())
    return not filename.startswith("<") and not path.startswith(_FOREIGN)


def _columns(code: CodeType, instruction: int, lineno: int) -> tuple[int, int] | None:
    """Return which columns of the line ran, if they are part of it alone; in bytes, as Python counts them."""
    if instruction < 0:
        return None
    position = next(itertools.islice(code.co_positions(), instruction // 2, None), None)
    if position is None:
        return None
    line, end_line, start, end = position
    if line != lineno or end_line != lineno or start is None or end is None:
        return None
    return start, end


def _lines(frame: FrameType, lineno: int, columns: tuple[int, int] | None) -> Iterator[Line]:
    """Yield the source around a line, from its file or from the loader of a module in an archive."""
    source = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if len(source) < lineno:
        yield Line(lineno, "<source code not available>", is_current=True)
        return
    first = max(lineno - CONTEXT_LINES, 1)
    for number, text in enumerate(source[first - 1 : lineno + CONTEXT_LINES], start=first):
        bare = text.rstrip("\r\n")
        is_current = number == lineno
        yield Line(number, bare, is_current, _characters(bare, columns) if is_current else None)


def _characters(text: str, columns: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return `columns`, which count bytes of UTF-8, in characters; None if that is the whole statement."""
    if columns is None:
        return None
    encoded = text.encode()
    start, end = (len(encoded[:column].decode(errors="replace")) for column in columns)
    return None if text.strip() == text[start:end] else (start, end)


def value_text(value: Any) -> str:
    """Return a value as text for a reader; never an exception, never endless."""
    try:
        text = pformat(value, width=100, compact=True)
    except Exception as error:  # noqa: BLE001 - any repr may be what is broken
        text = f"Error in formatting: {type(error).__name__}: {error}"
    if len(text) > MAX_VALUE_LENGTH:
        return f"{text[:MAX_VALUE_LENGTH]}… <trimmed {len(text)} characters>"
    return text
