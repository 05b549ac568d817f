"""`penstock logs`: read the logs back, rotated and compressed files too, and ask them questions.

In:     files that were named; else those of the running server, by its configuration; else of the one here.
Out:    entries as they stand in the files, or as JSON, in order of time; with -f those to come.
Never:  holds a file in memory; writes to one; complains about a reader that has had enough.
"""

import contextlib
import dataclasses
import datetime as dt
import functools
import heapq
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penstock.agent.logs.reading import Entry, Follower, Grammar, Query, QueryError, Shelf, parse_query
from penstock.agent.logs.template import WORDS, TemplateError
from penstock.cli.error import CommandError
from penstock.cli.running.configuration import Running, find_running
from penstock.cli.text import printing
from penstock.config import AgentConfig, ConfigError

if TYPE_CHECKING:
    import argparse

LOOK_EVERY_S: Final = 0.2
FOLLOWED_FROM: Final = 10  # entries before those to come, as tail(1)
NO_FILES: Final = frozenset({"", "-", "off"})


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    query: Query
    count: int | None  # the last so many; None = all
    is_followed: bool
    is_json: bool


def run_logs(arguments: "argparse.Namespace") -> int:
    """Print what is asked for.

    Raises:
        ConfigError: a word cannot be understood.
        CommandError: there is no log to read, or it cannot be read.
    """
    request = read_request(arguments)
    troubles: list[str] = []
    shelves = open_shelves(find_logs(arguments), functools.partial(_complain, troubles))
    try:
        with printing():
            for entry in select(shelves, request):
                sys.stdout.write(show(entry, is_json=request.is_json))
                if request.is_followed:
                    sys.stdout.flush()
    except KeyboardInterrupt:  # the way out of -f
        return 130
    except OSError as error:
        raise CommandError(f"cannot read the logs: {error}") from None
    finally:
        for shelf in shelves:
            shelf.close()
    return int(bool(troubles))


def _complain(troubles: list[str], trouble: str) -> None:
    """Say at once what is missing from what is printed."""
    troubles.append(trouble)
    sys.stderr.write(f"penstock: {trouble}\n")


def read_request(arguments: "argparse.Namespace") -> Request:
    """Return what the words ask for.

    Raises:
        ConfigError: one cannot be understood.
    """
    try:
        query = parse_query(
            status=arguments.status,
            slower=arguments.slower,
            request=arguments.request,
            path=arguments.path,
            since=arguments.since,
            until=arguments.until,
            level=arguments.level,
            pid=arguments.worker,
        )
    except QueryError as error:
        raise ConfigError(str(error)) from None
    count = _count(arguments.number) if arguments.number else FOLLOWED_FROM if arguments.follow else None
    return Request(query, count, arguments.follow, arguments.json)


def find_logs(arguments: "argparse.Namespace") -> list[tuple[Path, Grammar]]:
    """Return the logs to read, and how to read each.

    Raises:
        ConfigError: --pid or --pid-file holds no pid, or the configuration here cannot be used.
        CommandError: no server, or none whose logs are files.
    """
    if arguments.files:
        return [(_existing(Path(file)), _grammar(arguments.format)) for file in arguments.files]
    return _files_of(find_running(arguments))


def open_shelves(
    logs: Sequence[tuple[Path, Grammar]], complain: Callable[[str], object] = lambda _: None
) -> list[Shelf]:
    """Open every log.

    Args:
        logs: which, and how to read each.
        complain: told of rotated files that cannot be read.

    Raises:
        CommandError: one cannot be read.
    """
    with contextlib.ExitStack() as opened:
        shelves = []
        for path, grammar in logs:
            try:
                shelf = Shelf(path, grammar, complain)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise CommandError(f"cannot read {str(path)!r}: {reason}") from None
            opened.callback(shelf.close)
            shelves.append(shelf)
        opened.pop_all()
    return shelves


def select(shelves: Sequence[Shelf], request: Request) -> Iterator[Entry]:
    """Yield what is asked for in order of time, then what is to come if that is asked for too."""
    followers = [Follower(shelf, request.query) for shelf in shelves] if request.is_followed else []
    if request.count is None:
        yield from merge(shelf.entries(request.query) for shelf in shelves)
    else:
        last = [shelf.last_entries(request.query, request.count) for shelf in shelves]
        entries = list(merge(last))
        yield from entries[max(len(entries) - request.count, 0) :]
    while followers:
        yield from merge(follower.read() for follower in followers)
        sys.stdout.flush()
        time.sleep(LOOK_EVERY_S)


def merge(logs: Iterable[Iterable[Entry]]) -> Iterator[Entry]:
    """Put the entries of several logs in order without holding them; what has no time stays where it is."""
    timed = (map(_timed(), entries) for entries in logs)
    return (entry for _, entry in heapq.merge(*timed, key=lambda pair: pair[0]))


def _timed() -> "functools.partial[tuple[float, Entry]]":
    return functools.partial(_pair, [-math.inf])


def _pair(last_s: list[float], entry: Entry) -> tuple[float, Entry]:
    if not math.isnan(entry.time_s):
        last_s[0] = entry.time_s
    return last_s[0], entry


def show(entry: Entry, *, is_json: bool) -> str:
    """Return the lines to print."""
    if not is_json:
        return entry.text if entry.text.endswith("\n") else f"{entry.text}\n"
    fields = dict(entry.fields)
    if not math.isnan(entry.time_s):  # lines of all forms alike
        fields["timestamp"] = dt.datetime.fromtimestamp(entry.time_s, dt.UTC).isoformat()
    return f"{json.dumps(fields)}\n"


def _files_of(running: Running) -> list[tuple[Path, Grammar]]:
    """Return the files that a configuration names, each once.

    Raises:
        CommandError: it names none.
    """
    agent = running.config.agent
    own = "" if agent.access_log_format in WORDS else agent.access_log_format
    targets = {agent.access_log: own, agent.error_log: "", agent.application_log: ""}
    files = [
        (running.folder / target, _grammar(template))
        for target, template in targets.items()
        if target not in NO_FILES
    ]
    if not files:
        raise CommandError(
            f"{running.subject} {_why_none(agent)}; name the files, or set access_log and error_log"
        )
    return files


def _why_none(agent: AgentConfig) -> str:
    places = {"-": "standard output and standard error", "off": "nowhere"}
    return f"writes its logs to {places['-' if '-' in (agent.access_log, agent.error_log) else 'off']}"


def _grammar(template: str) -> Grammar:
    try:
        return Grammar(template)
    except TemplateError as error:
        raise CommandError(str(error)) from None


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise CommandError(f"there is no file {str(path)!r}")
    return path


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ConfigError(f"-n {text!r}; expected a number of entries")
    return int(text)
