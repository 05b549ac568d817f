"""Which store a command reads: the one that was named, else the running server's, else the configuration's.

In:     words of the command; /proc; configuration files.
Out:    what the command makes of it, on standard output.
Never:  makes one.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from penstock.agent.logs.escape import escape_message
from penstock.agent.logs.reading import QueryError, parse_query
from penstock.agent.store import StoreError, StoreReader
from penstock.cli.error import CommandError
from penstock.cli.reload import choose_one
from penstock.cli.running import Running, read_running
from penstock.cli.status import wanted_pid
from penstock.config import ConfigError, load_config
from penstock.telemetry import find_masters

if TYPE_CHECKING:
    import argparse


class Identified(Protocol):
    """A row with an id."""

    @property
    def id(self) -> str:
        """Hexadecimal digits."""


Row = TypeVar("Row", bound=Identified)


def print_store(arguments: "argparse.Namespace", read: Callable[[StoreReader], str]) -> int:
    """Print what `read` makes of the store; return the exit status.

    Raises:
        ConfigError: --pid or --pid-file holds no pid, or the configuration here cannot be used.
        CommandError: there is no store, or it cannot be read.
    """
    try:
        with StoreReader(find_store(arguments)) as reader:
            text = read(reader)
    except StoreError as error:
        raise CommandError(str(error)) from None
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # `penstock errors | head`: that was enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def find_store(arguments: "argparse.Namespace") -> Path:
    """Return the path of the store.

    Raises:
        ConfigError: --pid or --pid-file holds no pid, or the configuration here cannot be used.
        CommandError: no server, or none with a store.
    """
    if arguments.store:
        return Path(arguments.store)
    pid = wanted_pid(arguments.pid, arguments.pid_file)
    masters = [] if arguments.config else find_masters()
    if masters or pid is not None:
        master = choose_one(masters, pid)
        running, subject = read_running(master.pid), f"server {master.pid}"
    else:
        config = load_config({}, os.environ, file=arguments.config).config
        running = Running(config, Path(config.server.chdir or "."))
        subject = "no server runs, and the configuration here"
    if running.config.store.store == "off":
        raise CommandError(f"{subject} keeps no store; set store in penstock.toml, or name one: --store FILE")
    return running.folder / running.config.store.store


def age_of(since: str, now: Callable[[], float] = time.time) -> float | None:
    """Return how long ago a moment was; None = none was given.

    Raises:
        ConfigError: it cannot be understood.
    """
    if not since:
        return None
    try:
        return now() - parse_query(since=since, now=now).since_s
    except QueryError as error:
        raise ConfigError(str(error)) from None


def only_one(rows: Sequence[Row], what: str, beginning: str) -> Row:
    """Return the one row whose id begins so.

    Raises:
        CommandError: there is none, or more than one.
    """
    if len(rows) != 1:
        found = ", ".join(row.id for row in rows[:5]) or "none"
        raise CommandError(f"{what} {beginning!r}: found {found}; expected the beginning of one id")
    return rows[0]


def safe_lines(text: str) -> list[str]:
    """Return the lines of what an application or a client wrote, so that they command no terminal."""
    return [escape_message(line) for line in text.split("\n")]


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
