"""From the words of the configuration to what makes lines of batches.

In:     options of the agent.
Out:    functions over batches and entries.
Never:  formats (access_line.py, json_line.py, template.py, error_line.py).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from penstock.agent.logs.access_line import TextAccess
from penstock.agent.logs.drain import Portion
from penstock.agent.logs.error_line import LogEntry, TextErrors
from penstock.agent.logs.escape import escape_json, escape_text, split_access_text, strip_queries
from penstock.agent.logs.json_line import JSONAccess, JSONErrors
from penstock.agent.logs.template import COMBINED, COMMON, Rows, Template
from penstock.telemetry.clock import WallClock
from penstock.telemetry.records.ring import Batch

# What the server says itself; everything else in ring B was said by the application.
_SERVER_LOGGERS: Final = ("penstock.agent", "penstock.server", "penstock.uncaught", "penstock.wsgi")
_WARNINGS: Final = "py.warnings"

EntryLine = Callable[[LogEntry], str]


class AccessForm(Protocol):
    """A form of access lines."""

    def lines(self, rows: Rows, fields: Sequence[str], worker: int, /) -> str:
        """Format one batch of one worker."""


def access_form(word: str, clock: WallClock) -> tuple[AccessForm, Callable[[bytes], str]]:
    """Return the form of access lines and how their fields are made safe.

    Args:
        word: `access_log_format`: text, combined, common, json, or a template.
        clock: for times of day.

    Raises:
        TemplateError: it is a template that cannot be used.
    """
    if word == "text":
        return TextAccess(clock), escape_text
    if word == "json":
        return JSONAccess(clock), escape_json
    template = Template({"common": COMMON, "combined": COMBINED}.get(word, word), clock)
    return template, escape_json if template.is_json else escape_text


def access_format(word: str, clock: WallClock, *, has_query: bool) -> Callable[[Batch], Sequence[Portion]]:
    """Return the whole way from a batch of ring A to the bytes of its lines."""
    form, escape = access_form(word, clock)

    def format_batch(batch: Batch) -> Sequence[Portion]:
        fields = split_access_text(batch.rows, batch.text, escape)
        lines = form.lines(batch.rows, fields if has_query else strip_queries(fields), batch.slot)
        return ((lines.encode("utf-8", "backslashreplace"), len(batch.rows)),)

    return format_batch


def entry_form(word: str, clock: WallClock) -> EntryLine:
    """Return the form of log entries: `text` or `json`."""
    return JSONErrors(clock).line if word == "json" else TextErrors(clock).line


def entry_format(
    line: EntryLine, entries: Callable[[Batch], Iterable[LogEntry]], *, is_split: bool
) -> Callable[[Batch], Sequence[Portion]]:
    """Return the whole way from a batch of ring B to the bytes of its lines.

    Args:
        line: the form of one entry.
        entries: what is kept of a batch.
        is_split: the application's own go to a second log.
    """

    def format_batch(batch: Batch) -> Sequence[Portion]:
        own: list[str] = []
        said: list[str] = []
        for entry in entries(batch):
            (said if is_split and not is_servers(entry.logger) else own).append(line(entry))
        return (_portion(own), _portion(said)) if is_split else (_portion(own),)

    return format_batch


def is_servers(logger: str) -> bool:
    """Whether an entry of this logger is the server's business, or Python's: not the application's own."""
    return logger == _WARNINGS or logger.startswith(_SERVER_LOGGERS)


def _portion(lines: Sequence[str]) -> Portion:
    return "".join(lines).encode("utf-8", "backslashreplace"), len(lines)
