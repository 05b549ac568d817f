"""Which entries are asked for.

    status   404, 5xx, 200-299, or several with commas     slower   200ms, 1.5s, 200 (milliseconds)
    request  an id, of a request or of a trace             path     /shop/ (begins with), /shop/*/edit (glob)
    since, until   10m, 2h, 3d (ago), 2026-11-20, 2026-11-20T10:30, 10:30 (today), with or without a zone
    level    least severity                                 pid      the process's

An entry that does not say what is asked for does not match: a question about status leaves the application's
own records out.

In:     words.
Out:    a Query.
Never:  reads files.
"""

import dataclasses
import datetime as dt
import fnmatch
import math
import re
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from penstock.agent.logs.reading.line import Entry, severity_number

_IDS: Final = ("penstock.request_id", "trace_id")
_STATUS: Final = re.compile(r"([1-5])xx|([0-9]{1,3})(?:-([0-9]{1,3}))?", re.ASCII)
_AMOUNT: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([a-z]{0,3})", re.ASCII)
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)
_MS: Final[Mapping[str, float]] = MappingProxyType({"": 1.0, "ms": 1.0, "s": 1000.0, "m": 60_000.0})
_AGO_S: Final[Mapping[str, float]] = MappingProxyType(
    {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
)
LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class QueryError(ValueError):
    """A word cannot be understood; the message says what is expected."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for. None, or an empty text, asks nothing."""

    status: tuple[range, ...] = ()
    slower_ms: float | None = None
    request: str = ""
    path: str = ""
    since_s: float = -math.inf
    until_s: float = math.inf
    least_level: int = 0
    pid: int | None = None

    def matches(self, entry: Entry) -> bool:
        """Whether an entry is asked for."""
        fields = entry.fields
        if not self.since_s <= _known(entry.time_s, self.since_s, self.until_s) <= self.until_s:
            return False
        if self.status and not _is_in(fields.get("http.response.status_code"), self.status):
            return False
        if self.slower_ms is not None and not _is_above(fields.get("penstock.total_ms"), self.slower_ms):
            return False
        if self.request and self.request not in [fields.get(name) for name in _IDS]:
            return False
        if self.path and not _is_path(fields.get("url.path"), self.path):
            return False
        if self.least_level and severity_number(str(fields.get("severity_text"))) < self.least_level:
            return False
        return self.pid is None or fields.get("process.pid") == self.pid

    def needles(self) -> list[re.Pattern[bytes]]:
        """What stands in every entry that matches: looking for it costs a tenth of reading a line."""
        texts = [self.request, re.split(r"[*?\[]", self.path, maxsplit=1)[0]]
        # other letters than these are written in one way in text lines and in another in JSON lines
        plain = [text.encode() for text in texts if text and re.fullmatch(r"[A-Za-z0-9/_.~-]+", text)]
        needles = [re.compile(re.escape(text)) for text in plain]
        hundreds = {status // 100 for each in self.status for status in each}
        if hundreds and 0 not in hundreds:
            digits = "".join(map(str, sorted(hundreds)))
            needles.append(re.compile(rf"(?<![0-9])[{digits}][0-9][0-9](?![0-9])".encode()))
        if self.slower_ms is not None and self.slower_ms >= 1:  # milliseconds always have decimals
            needles.append(re.compile(rb"[0-9]{%d}\." % len(str(int(self.slower_ms)))))
        return needles


def parse_query(  # noqa: PLR0913 - a word for each question
    *,
    status: str = "",
    slower: str = "",
    request: str = "",
    path: str = "",
    since: str = "",
    until: str = "",
    level: str = "",
    pid: str = "",
    now: Callable[[], float] = time.time,
) -> Query:
    """Read the words of a question; an empty word asks nothing.

    Raises:
        QueryError: one cannot be understood.
    """
    return Query(
        status=_statuses(status),
        slower_ms=_milliseconds(slower) if slower else None,
        request=request,
        path=path,
        since_s=_moment("--since", since, now()) if since else -math.inf,
        until_s=_moment("--until", until, now()) if until else math.inf,
        least_level=_level(level),
        pid=_pid(pid) if pid else None,
    )


def _statuses(text: str) -> tuple[range, ...]:
    return tuple(_status(text, word.strip()) for word in text.split(",")) if text else ()


def _status(text: str, word: str) -> range:
    found = _STATUS.fullmatch(word)
    if not found:
        raise QueryError(f"--status {text!r}; expected 404, 5xx, 200-299, or several with commas")
    if found[1]:
        return range(int(found[1]) * 100, int(found[1]) * 100 + 100)
    return range(int(found[2]), int(found[3] or found[2]) + 1)


def _milliseconds(text: str) -> float:
    found = _AMOUNT.fullmatch(text)
    if not found or found[2] not in _MS:
        raise QueryError(f"--slower {text!r}; expected a duration as 200ms or 1.5s")
    return float(found[1]) * _MS[found[2]]


def _moment(flag: str, text: str, now_s: float) -> float:
    """Seconds since the epoch of a moment; without a zone it is of the local clock."""
    found = _AMOUNT.fullmatch(text)
    if found and found[2] in _AGO_S:
        return now_s - float(found[1]) * _AGO_S[found[2]]
    today = dt.datetime.fromtimestamp(now_s).astimezone().date()
    try:
        return dt.datetime.fromisoformat(
            f"{today}T{text.zfill(5)}" if _CLOCK.fullmatch(text) else text
        ).timestamp()
    except (ValueError, OverflowError):
        expected = "10m, 2h, 3d, 10:30, 2026-11-20 or 2026-11-20T10:30"
        raise QueryError(f"{flag} {text!r}; expected {expected}") from None


def _level(text: str) -> int:
    if text.lower() not in ("", *LEVELS):
        raise QueryError(f"--level {text!r}; expected {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
    return severity_number(text.upper()) if text else 0


def _pid(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII):
        raise QueryError(f"--worker {text!r}; expected a pid")
    return int(text)


def _known(time_s: float, since_s: float, until_s: float) -> float:
    """The entry's time; one that does not say is out of every limit, and in where there is none."""
    if not math.isnan(time_s):
        return time_s
    return math.nan if since_s > -math.inf or until_s < math.inf else 0.0


def _is_in(status: object, ranges: tuple[range, ...]) -> bool:
    return isinstance(status, int) and any(status in each for each in ranges)


def _is_above(total_ms: object, least_ms: float) -> bool:
    return isinstance(total_ms, int | float) and total_ms > least_ms


def _is_path(path: object, wanted: str) -> bool:
    """A path with `*`, `?` or `[` is a pattern of the whole path, any other a beginning."""
    if not isinstance(path, str):
        return False
    if any(letter in wanted for letter in "*?["):
        return fnmatch.fnmatchcase(path, wanted)
    return path.startswith(wanted)
