"""`penstock errors`: the groups of exceptions in the store, or one of them with its example.

In:     a store (file.py).
Out:    a table or one group for people, or JSON for programs.
Never:  changes the store.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from penstock.agent.store import FaultRow, StoreReader
from penstock.cli.store.file import age_of, only_one, print_store
from penstock.cli.text import columns, duration, moment, safe_lines
from penstock.config import ConfigError

if TYPE_CHECKING:
    import argparse

HEADER: Final = ("id", "count", "last", "first", "type", "where")
_COUNT: Final = frozenset({1})


def run_errors(arguments: "argparse.Namespace") -> int:
    """Print the groups, or one of them.

    Raises:
        ConfigError: a word cannot be understood.
        CommandError: there is no store, no such group, or more than one.
    """
    return print_store(arguments, _reading(arguments))


def _reading(arguments: "argparse.Namespace") -> Callable[[StoreReader], str]:
    """Return what is to be done with the store.

    Raises:
        ConfigError: the words say something else than `show ID`.
    """
    words = arguments.words
    age_s = age_of(arguments.since)
    if not words:
        render = render_json if arguments.json else render_table
        return lambda reader: render(reader.faults(age_s))
    if len(words) != 2 or words[0] != "show":
        raise ConfigError(f"errors {' '.join(words)!r}; expected nothing, or show ID")

    def show(reader: StoreReader) -> str:
        group = only_one(reader.find_faults(words[1]), "error group", words[1])
        return render_json([group]) if arguments.json else render_group(group)

    return show


def render_table(groups: Sequence[FaultRow], now: Callable[[], float] = time.time) -> str:
    """Return one line a group, the latest first."""
    if not groups:
        return "no errors\n"
    now_s = now()
    rows = [
        (
            group.id,
            str(group.count),
            f"{_ago(group.last_s, now_s)} ago",
            f"{_ago(group.first_s, now_s)} ago",
            *safe_lines(f"{group.kind}\n{group.place}"),
        )
        for group in groups
    ]
    return columns([HEADER, *rows], _COUNT)


def render_group(group: FaultRow, now: Callable[[], float] = time.time) -> str:
    """Return one group with its last example."""
    return "".join(f"{line}\n" for line in _lines(group, now()))


def render_json(groups: Sequence[FaultRow]) -> str:
    """Return a list of objects; times are Unix time."""
    return json.dumps([dataclasses.asdict(group) for group in groups], indent=2) + "\n"


def _lines(group: FaultRow, now_s: float) -> Iterator[str]:
    example = group.example
    title = f"{group.kind} in {group.place}" + (f", {group.application}" if group.application else "")
    yield from safe_lines(title)
    fields = {
        "count": str(group.count),
        "first": f"{moment(group.first_s)}  {_ago(group.first_s, now_s)} ago",
        "last": f"{moment(group.last_s)}  {_ago(group.last_s, now_s)} ago",
        "request": example.request_line,
        "id": example.request_id,
        "trace": example.trace_id,
        "worker": f"{example.slot}, pid {example.pid}, thread {example.thread_name}",
        "logger": example.logger,
        "message": example.message,
    }
    for name, value in fields.items():
        first, *rest = safe_lines(value)
        if value:
            yield f"  {name:<8} {first}"
            yield from (f"  {'':<8} {line}" for line in rest)
    yield ""
    yield from safe_lines(example.trace)


def _ago(time_s: float, now_s: float) -> str:
    return duration(max(now_s - time_s, 0.0))
