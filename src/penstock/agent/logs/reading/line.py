r"""Log lines back into fields: text, JSON, common, combined, and the operator's own template alike.

All come out named as in our JSON lines (OpenTelemetry's names and `penstock.*`), so a question is asked once.
What a line does not say is not there; a line that is none of ours is an entry that says only itself.

In:     the lines of one entry.
Out:    Entry.
Never:  fails because of what a file holds.
"""

import dataclasses
import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from penstock.agent.logs.template import split

_QUOTED: Final = r'(?:[^"\\]|\\.)*'
_ACCESS: Final = re.compile(
    rf'(?P<peer>\S+) - - \[(?P<time>[^\]]{{1,40}})\] "(?P<request>{_QUOTED})" '
    rf'(?P<status>\d{{1,3}}) (?P<sent_bytes>\d+)(?: "(?P<referer>{_QUOTED})" "(?P<user_agent>{_QUOTED})")?'
    r"(?P<rest>.*)",
    re.ASCII,
)
_PAIR: Final = re.compile(rf' (\w+)=(?:"({_QUOTED})"|(\S*))', re.ASCII)
_LOG: Final = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d) (?P<level>[A-Z]+) "
    r"\[(?P<who>pid [^\]]*)\] (?P<logger>.*?): (?P<message>.*)",
    re.DOTALL,
)
_WHO: Final = re.compile(
    r"pid (?P<pid>\d+)(?: worker (?P<worker>\d+))?(?: (?!id=|trace=)(?P<thread>.*?))?"
    r"(?: id=(?P<id>\S*))?(?: trace=(?P<trace>\S*))?",
    re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")
_CONTINUATION: Final = "  | "
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SEVERITIES: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# Name in a text line or template -> name in JSON lines.
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "peer": "client.address",
        "status": "http.response.status_code",
        "sent_bytes": "http.response.body.size",
        "received_bytes": "http.request.body.size",
        "referer": "http.request.header.referer",
        "user_agent": "user_agent.original",
        "method": "http.request.method",
        "path": "url.path",
        "query": "url.query",
        "pid": "process.pid",
        "thread": "thread.id",
        "worker": "penstock.worker",
        "id": "penstock.request_id",
        "request_id": "penstock.request_id",
        "trace": "trace_id",
        "trace_id": "trace_id",
        "span_id": "span_id",
        **{
            name: f"penstock.{name}"
            for name in (
                "lane", "outcome", "reason", "total_ms", "head_ms", "body_ms", "queue_ms", "application_ms",
                "response_ms", "send_ms",
            )
        },
    }
)  # fmt: skip
_WHOLE: Final = frozenset(
    {
        "http.response.status_code", "http.response.body.size", "http.request.body.size", "process.pid",
        "thread.id", "penstock.worker",
    }
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log.

    Attributes:
        text: its lines as they stand in the file, LF at the end.
        time_s: seconds since the epoch; nan = it does not say.
        fields: what it says, by the names of our JSON lines.
    """

    text: str
    time_s: float
    fields: Mapping[str, Any]


class Grammar:
    """Reads entries.

    Args:
        template: the operator's own access log format, if there is one.
    """

    def __init__(self, template: str = "") -> None:
        self._template = _template_pattern(template) if template else None
        self._stamp = ""
        self._stamp_s = math.nan

    def read(self, text: str) -> Entry:
        """Return the entry that these lines are."""
        line = text.rstrip("\n")
        fields = self._own(line) or _json_fields(line) or self._text_fields(line) or {"body": line}
        return Entry(text, self._time_s(str(fields.get("timestamp", ""))), fields)

    def _own(self, line: str) -> dict[str, Any]:
        found = self._template.fullmatch(line) if self._template else None
        if not found:
            return {}
        return _access_fields(found.groupdict())

    def _text_fields(self, line: str) -> dict[str, Any]:
        if found := _ACCESS.fullmatch(line):
            given = found.groupdict()
            for name, quoted, plain in _PAIR.findall(given.pop("rest")):
                given[name] = quoted or plain
            return _access_fields(given)
        found = _LOG.fullmatch(line)
        return _log_fields(found) if found else {}

    def _time_s(self, stamp: str) -> float:
        """Seconds since the epoch; lines of one second share a stamp, so the last one is remembered."""
        if stamp != self._stamp:
            self._stamp, self._stamp_s = stamp, stamp_s(stamp)
        return self._stamp_s


def stamp_s(stamp: str) -> float:
    """Seconds since the epoch of a stamp of any of our forms; nan if it is none."""
    try:
        if "/" in stamp:
            return _common_s(stamp)
        return dt.datetime.fromisoformat(stamp).timestamp()
    except (ValueError, OverflowError, IndexError):
        return math.nan


def _common_s(stamp: str) -> float:
    """`20/Nov/2026:10:35:16 +0100`; strptime's %b would follow the locale."""
    month = _MONTHS.index(stamp[3:6]) + 1
    zone = f"{stamp[21:24]}:{stamp[24:26]}"
    return dt.datetime.fromisoformat(
        f"{stamp[7:11]}-{month:02d}-{stamp[:2]}T{stamp[12:20]}{zone}"
    ).timestamp()


def _json_fields(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _access_fields(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Fields of an access line from the words of a text line or a template."""
    fields: dict[str, Any] = {"severity_text": "INFO", "event.name": "http.access"}
    for name, value in given.items():
        if value is None or (value == "-" and name != "request"):  # a client may send that line
            continue
        if name in {"time", "time_iso", "time_utc"}:
            fields["timestamp"] = value
        elif name == "request":
            fields.update(_request_fields(_unescape(value)))
        elif name == "target":
            fields["url.path"], _, fields["url.query"] = _unescape(value).partition("?")
        elif name == "protocol":
            fields["network.protocol.version"] = value.removeprefix("HTTP/")
        elif name in _NAMES:
            fields[_NAMES[name]] = _typed(_NAMES[name], value)
    return fields


def _request_fields(line: str) -> dict[str, str]:
    words = line.split(" ")
    if len(words) != 3:
        return {"penstock.request_line": line}
    path, _, query = words[1].partition("?")
    return {
        "http.request.method": words[0],
        "url.path": path,
        "url.query": query,
        "network.protocol.version": words[2].removeprefix("HTTP/"),
    }


def _log_fields(found: re.Match[str]) -> dict[str, Any]:
    message, *rest = found["message"].split("\n")
    fields: dict[str, Any] = {
        "timestamp": found["time"],
        "severity_text": found["level"],
        "body": "\n".join([message, *(line.removeprefix(_CONTINUATION) for line in rest)]),
        "log.logger": found["logger"],
    }
    who = _WHO.fullmatch(found["who"])
    for name, value in (who.groupdict() if who else {}).items():
        if value:
            key = "thread.name" if name == "thread" else _NAMES[name]
            fields[key] = _typed(key, value)
    return fields


def _typed(key: str, text: str) -> Any:
    """A value as JSON lines have it: numbers are numbers."""
    convert: Callable[[str], Any] = int if key in _WHOLE else float if key.endswith("_ms") else _unescape
    try:
        return convert(text)
    except ValueError:
        return text


def _unescape(text: str) -> str:
    """Undo what escape.py did to a field of a text line."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)


def _template_pattern(template: str) -> re.Pattern[str]:
    """A pattern of the lines that a template makes; a field that comes twice is read where it comes first."""
    literals, names = split(template)
    pattern = re.escape(literals[0])
    seen: set[str] = set()
    for name, literal in zip(names, literals[1:], strict=True):
        value = _value_pattern(name, literal)
        pattern += f"({value})" if name in seen else f"(?P<{name}>{value})"
        pattern += re.escape(literal)
        seen.add(name)
    return re.compile(pattern)


def _value_pattern(name: str, literal: str) -> str:
    """What a field may hold, narrow enough that a line of spaces is no riddle for the pattern."""
    key = _NAMES.get(name, "")
    if key in _WHOLE:
        return r"\d{1,20}"
    if key.endswith("_ms"):
        return r"\d{1,20}\.\d{3}"
    if literal.startswith('"'):
        return _QUOTED
    return r'[^\]"|]{20,40}' if name.startswith("time") else r"\S*?"


def severity_number(name: str) -> int:
    """Python's number of a level's name; an unknown one counts as INFO."""
    return 10 * _SEVERITIES.index(name) + 10 if name in _SEVERITIES else 20
