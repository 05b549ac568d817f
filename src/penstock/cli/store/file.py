"""Which store a command reads: the one that was named, else the running server's, else the configuration's.

A server that has its records written by the agent of its machine has that one's store.

In:     words of the command; /proc; configuration files.
Out:    what the command makes of it, on standard output.
Never:  makes one.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from penstock.agent.logs.reading import QueryError, parse_query
from penstock.agent.store import StoreError, StoreReader
from penstock.cli.error import CommandError
from penstock.cli.running.board import find_store_of_agent
from penstock.cli.running.configuration import find_running
from penstock.cli.text import printing
from penstock.config import ConfigError

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
    with printing():
        sys.stdout.write(text)
    return 0


def find_store(arguments: "argparse.Namespace") -> Path:
    """Return the path of the store.

    Raises:
        ConfigError: --pid or --pid-file holds no pid, or the configuration here cannot be used.
        CommandError: no server, or none with a store.
    """
    if arguments.store:
        return Path(arguments.store)
    running = find_running(arguments)
    if path := _store_at(running.config.agent.agent):
        return path
    if running.config.store.store == "off":
        raise CommandError(
            f"{running.subject} keeps no store; set store in penstock.toml, or name one: --store FILE"
        )
    return running.folder / running.config.store.store


def _store_at(agent: str) -> Path | None:
    """Return the store of the agent that a server is served by, if it is one of the machine."""
    return find_store_of_agent(agent.removeprefix("unix:")) if agent.startswith("unix:") else None


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
