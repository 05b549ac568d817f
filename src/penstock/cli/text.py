"""How commands show what they found: columns, times, what strangers wrote, an output nobody reads to its end.

In:     rows, seconds, texts of clients and applications.
Out:    lines, and `printing`, around whatever writes them to standard output.
Never:  lets a text command the terminal; complains about a reader that has had enough.
"""

import contextlib
import datetime as dt
import os
import sys
from collections.abc import Iterator, Sequence

from penstock.agent.logs.escape import escape_message


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Write to standard output until all is said, or until its reader has had enough (`| head`)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Return rows as lines, a column as wide as its widest cell.

    Args:
        rows: of the same length.
        right: the columns that are numbers.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "".join(f"{line}\n" for line in lines)


def counted(count: int, noun: str) -> str:
    """Return "1 file", "2 files"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def safe_lines(text: str) -> list[str]:
    """Return the lines of what an application or a client wrote, so that they command no terminal."""
    return [escape_message(line) for line in text.split("\n")]


def moment(time_s: float) -> str:
    """Return a moment of Unix time as the clock here shows it, to the second."""
    return dt.datetime.fromtimestamp(time_s, dt.UTC).astimezone().isoformat(" ", "seconds")


def duration(seconds: float) -> str:
    """Return a time as people read it: "0.25 s", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    whole = int(seconds)
    for size, name, smaller, small_name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // smaller} {small_name}"
    return f"{whole} s"
