"""Access lines in the operator's own form: `{peer} "{request}" {status} {total_ms}`.

A template is cut up once. Of a batch it then makes one column for each field that it names, and each line is
one C call over a row of the columns: what a template does not name costs nothing.

Fields arrive escaped as in the other forms, so a client cannot forge a line. Those that a client fills stand
best between quotes: inside them a quote is escaped, outside a space is not. A template that begins with `{{`
makes JSON objects; its fields are escaped as JSON strings, and it is tried out when the server starts.

In:     a template; decoded records and their fields, already safe.
Out:    lines, LF at each end.
Never:  evaluates what the operator wrote: names are looked up in one table.
"""

import dataclasses
import json
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from penstock.agent.logs.access_line import MillisecondTexts, outcome_name
from penstock.agent.logs.json_line import ids_of
from penstock.telemetry.clock import WallClock
from penstock.telemetry.records import column
from penstock.telemetry.records.record import ACCESS_FIELDS, Outcome

Rows = Sequence[tuple[Any, ...]]
_LANES: Final = ("inline", "pool")


class TemplateError(ValueError):
    """An access log format cannot be used; the message says what is wrong with it."""


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """One batch as the fields see it."""

    rows: Rows
    fields: Sequence[str]  # exactly five a row
    worker: int
    clock: WallClock
    ms: MillisecondTexts

    def words(self) -> list[list[str]]:
        """Request lines cut at their spaces; what is no request line is one word."""
        return [line.split(" ") if line.count(" ") == 2 else ["", line, ""] for line in self.fields[0::5]]

    def targets(self) -> list[str]:
        """Request targets."""
        return [words[1] for words in self.words()]


Column = Callable[[View], Iterable[Any]]


def _number(place: int) -> Column:
    return lambda view: [row[place] for row in view.rows]


def _milliseconds(place: int) -> Column:
    return lambda view: [view.ms[row[place]] for row in view.rows]


def _field(place: int, empty: str = "-") -> Column:
    return lambda view: [field or empty for field in view.fields[place::5]]


def _agents(view: View) -> list[str]:
    """User agents; of a refused request that field holds the reason."""
    refused = Outcome.REFUSED
    columns = zip(view.rows, view.fields[4::5], strict=False)
    return ["-" if row[column.OUTCOME] == refused else agent or "-" for row, agent in columns]


def _ids(place: int) -> Column:
    """Request ids, or trace ids."""

    def texts(view: View) -> list[str]:
        columns = zip(view.rows, view.fields[2::5], strict=False)
        return [ids_of(row[column.LANE], field)[place] or "-" for row, field in columns]

    return texts


def _reasons(view: View) -> list[str]:
    refused = Outcome.REFUSED
    columns = zip(view.rows, view.fields[4::5], strict=False)
    return [agent if row[column.OUTCOME] == refused else "-" for row, agent in columns]


def _common_times(view: View) -> list[str]:
    stamp = view.clock.common_log
    return [stamp(row[column.LAST_BYTE]) for row in view.rows]


def _iso_times(view: View) -> list[str]:
    stamp = view.clock.rfc3339_local
    return [stamp(row[column.LAST_BYTE]) for row in view.rows]


def _utc_times(view: View) -> list[str]:
    stamp = view.clock.rfc3339_utc
    return [stamp(row[column.LAST_BYTE]) for row in view.rows]


# Name -> what it is, its column, a value to try a template out with. The table in docs/logs.md is this one.
FIELDS: Final[Mapping[str, tuple[str, Column, str]]] = MappingProxyType(
    {
        "peer": ("address of the client", _field(1), "192.0.2.1"),
        "time": ("of the last byte: 20/Nov/2026:10:35:16 +0000", _common_times, "20/Nov/2026:10:35:16 +0000"),
        "time_iso": (
            "the same: 2026-11-20T10:35:16.145+00:00",
            _iso_times,
            "2026-11-20T10:35:16.145+00:00",
        ),
        "time_utc": (
            "the same in UTC: 2026-11-20T10:35:16.145000Z",
            _utc_times,
            "2026-11-20T10:35:16.145000Z",
        ),
        "request": ("request line", _field(0), "GET /a?b=1 HTTP/1.1"),
        "method": ("its first word", lambda view: [words[0] or "-" for words in view.words()], "GET"),
        "target": ("its second word, path and query", View.targets, "/a?b=1"),
        "path": ("target up to `?`", lambda view: [t.partition("?")[0] for t in view.targets()], "/a"),
        "query": (
            "target after `?`",
            lambda view: [t.partition("?")[2] or "-" for t in view.targets()],
            "b=1",
        ),
        "protocol": ("its third word", lambda view: [words[2] or "-" for words in view.words()], "HTTP/1.1"),
        "status": ("status code; 0 = closed without an answer", _number(column.STATUS), "200"),
        "sent_bytes": ("bytes of the answer's body", _number(column.SENT), "1234"),
        "received_bytes": ("bytes of the request's body", _number(column.RECEIVED), "0"),
        "referer": ("the request's Referer", _field(3), "http://site/"),
        "user_agent": ("the request's User-Agent", _agents, "curl/8"),
        "request_id": ("the request's id", _ids(0), "1f3a"),
        "trace_id": (
            "of a kept request; of any whose trace is a caller's",
            _ids(1),
            "0af7651916cd43dd8448eb211c80319c",
        ),
        "pid": ("the worker's process", _number(column.PID), "4121"),
        "worker": ("its number in `penstock status`", lambda view: [view.worker] * len(view.rows), "2"),
        "thread": ("number of its application thread", _number(column.THREAD), "1"),
        "lane": (
            "`inline` or `pool`",
            lambda view: [_LANES[row[column.LANE] & 1] for row in view.rows],
            "inline",
        ),
        "outcome": (
            "`complete`, or what happened: the table above",
            lambda view: [outcome_name(row[column.OUTCOME]) for row in view.rows],
            "complete",
        ),
        "reason": ("why a request was refused", _reasons, "-"),
        "total_ms": ("first byte to last byte", _milliseconds(column.TOTAL), "3.712"),
        "head_ms": ("first byte to whole head", _milliseconds(column.HEAD), "0.041"),
        "body_ms": ("head to whole body", _milliseconds(column.BODY), "0.000"),
        "queue_ms": ("whole request to its turn", _milliseconds(column.QUEUE), "0.012"),
        "application_ms": ("inside the application", _milliseconds(column.APPLICATION), "3.601"),
        "response_ms": ("application's call to its response head", _milliseconds(column.RESPONSE), "3.500"),
        "send_ms": ("application's last byte to ours", _milliseconds(column.SEND), "0.058"),
    }
)

WORDS: Final = ("text", "combined", "common", "json")
COMMON: Final = '{peer} - - [{time}] "{request}" {status} {sent_bytes}'
COMBINED: Final = f'{COMMON} "{{referer}}" "{{user_agent}}"'


class Template:
    """A compiled template.

    Args:
        text: as the operator wrote it.
        clock: for times of day.

    Raises:
        TemplateError: an unknown field, a stray brace, something that is no JSON object.
    """

    def __init__(self, text: str, clock: WallClock) -> None:
        literals, names = split(text)
        self._format = "%s".join(literal.replace("%", "%%") for literal in literals) + "\n"
        self._columns = [FIELDS[name][1] for name in names]
        self._clock = clock
        self._ms = MillisecondTexts()
        self.is_json = text.startswith("{{")
        if self.is_json:
            self._try_out(text, names)

    def lines(self, rows: Rows, fields: Sequence[str], worker: int) -> str:
        """Format one batch."""
        view = View(rows, fields[: ACCESS_FIELDS * len(rows)], worker, self._clock, self._ms)
        columns = [make(view) for make in self._columns]
        return "".join(map(self._format.__mod__, zip(*columns, strict=True)))

    def _try_out(self, text: str, names: Sequence[str]) -> None:
        """Refuse what looks like JSON and is none."""
        sample = self._format % tuple(FIELDS[name][2] for name in names)
        try:
            json.loads(sample)
        except ValueError as error:
            raise TemplateError(
                f"access_log_format {text!r} makes {sample.strip()!r}; expected a JSON object: {error}"
            ) from None


def split(text: str) -> tuple[list[str], list[str]]:
    """Cut a template into literals and the names between them: one literal more than names.

    Raises:
        TemplateError: it names an unknown field or none, or is no template.
    """
    literals, names = [""], []
    try:
        for literal, name, spec, conversion in string.Formatter().parse(text):
            literals[-1] += literal
            if name is None:
                continue
            if name not in FIELDS or spec or conversion:
                raise TemplateError(_complaint(text, name, spec or conversion or ""))
            names.append(name)
            literals.append("")
    except ValueError as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(f"access_log_format {text!r}: {error}; a brace itself is written twice") from None
    if not all(literal.isprintable() for literal in literals):
        raise TemplateError(f"access_log_format {text!r}; expected one printable line")
    if not names:
        near = get_close_matches(text, WORDS, n=1)
        hint = (
            f"did you mean {near[0]!r}?"
            if near
            else f"expected {', '.join(WORDS)} or a template of {{fields}}"
        )
        raise TemplateError(f"access_log_format {text!r}; {hint}")
    return literals, names


def _complaint(text: str, name: str, extra: str) -> str:
    if extra and name in FIELDS:
        return f"access_log_format {text!r}: {{{name}}} with {extra!r}; expected the name alone"
    near = get_close_matches(name, FIELDS, n=1)
    hint = f"did you mean {{{near[0]}}}?" if near else f"expected one of {', '.join(FIELDS)}"
    return f"access_log_format {text!r}: unknown field {{{name}}}; {hint}"
