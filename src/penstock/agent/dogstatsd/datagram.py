"""One line of DogStatsD: a metric, an event or a service check.

    page.views:1|c|@0.5|#env:dev,paid|c:ci-83f1|T1656581400|e:it-false|card:low
    song.length:240:31.5|ms                          several values (v1.1)
    _e{5,4}:title|text|d:1656581400|h:web1|p:low|t:error|k:key|s:source|#env:dev
    _sc|db.up|2|d:1656581400|h:web1|#env:dev|m:no answer|after 3 s

Whoever can send to a socket writes this, so what could be read in two ways is refused and counted by its
fault, never repaired. A field that nobody knows yet is passed over and counted: clients are updated before
agents are, and each version of the protocol so far was one more field.

In:     bytes without LF.
Out:    Metric, Event or ServiceCheck.
Never:  adds up (table.py), keeps anything, takes a number that Python reads and the protocol does not
        (`1_0`, `nan`, ` 5`).

Rules:  docs.datadoghq.com, "Datagram Format and Shell Usage", versions 1.0 to 1.5. A gauge's sign is part of
        its value there (`-5` sets -5; adding to a gauge is statsd's, not DogStatsD's).
"""

import dataclasses
import enum
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MAX_NAME_BYTES: Final = 200  # Datadog's own limit
MAX_TAGS: Final = 64
MAX_TAG_BYTES: Final = 400  # Datadog cuts at 200 letters
# No sum of such values and weights reaches infinity, and none of them becomes no number at all.
_MAX_VALUE: Final = 1e100
_MIN_RATE: Final = 1e-6
_MAX_TEXT_BYTES: Final = 8192  # title or text of an event, message of a check: a whole Unix datagram

# No Python shortcut: int() and float() are laxer than any sender should be.
_NUMBER: Final = re.compile(rb"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE: Final = re.compile(rb"[0-9]{1,12}")
_LENGTHS: Final = re.compile(rb"_e\{([0-9]{1,5}),([0-9]{1,5})\}:")
_IDENTITY: Final = re.compile(rb"[!-{}~]{1,1024}")  # printable ASCII without the bar
_CARDINALITIES: Final = frozenset({b"none", b"low", b"orchestrator", b"high"})


class MetricKind(enum.Enum):
    """What the type field says."""

    COUNTER = b"c"
    GAUGE = b"g"
    HISTOGRAM = b"h"
    TIMER = b"ms"
    DISTRIBUTION = b"d"
    SET = b"s"


class Fault(enum.Enum):
    """Why a line was refused; the words of the counters."""

    ENCODING = "encoding"  # not UTF-8, or a control character
    NAME = "name"  # missing, too long
    VALUE = "value"  # no number, or one beyond 1e100
    NEGATIVE = "negative"  # a counter that would go down
    KIND = "type"  # none of c g h ms d s
    RATE = "sample rate"  # not from 0.000001 to 1
    TAGS = "tags"  # too many, or one too long
    TIMESTAMP = "timestamp"
    ORIGIN = "origin"  # container id, external data, cardinality
    REPEATED = "repeated field"
    EVENT = "event"
    CHECK = "service check"


class DatagramError(Exception):
    """A line that is refused; `fault` says which counter it goes to."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclasses.dataclass(frozen=True, slots=True)
class Extras:
    """The fields behind the value, which every kind of line may have.

    Attributes:
        tags: as sent, in order, without empty ones.
        fields: the others by their first letters (`@`, `T`, `d:` ...), known to this kind of line.
        unknown_count: how many fields were passed over.
    """

    tags: tuple[str, ...] = ()
    fields: Mapping[bytes, bytes] = dataclasses.field(default_factory=dict)
    unknown_count: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """One metric line.

    Attributes:
        name: as sent.
        kind: of the metric.
        values: numbers; empty for a set.
        member: what a set counts; else empty.
        rate: 0.000001 to 1; 1 where it means nothing (gauges, sets).
        timestamp_s: Unix seconds; 0 = now.
        extras: the rest.
    """

    name: str
    kind: MetricKind
    values: tuple[float, ...]
    member: bytes
    rate: float
    timestamp_s: int
    extras: Extras


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for people."""

    title: str
    text: str
    alert: str
    priority: str
    host: str
    extras: Extras


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceCheck:
    """How some service is: 0 well, 1 warning, 2 critical, 3 unknown."""

    name: str
    status: int
    host: str
    message: str
    extras: Extras


_METRIC_FIELDS: Final = (b"@", b"T", b"card:", b"c:", b"e:")
_EVENT_FIELDS: Final = (b"d:", b"h:", b"p:", b"k:", b"s:", b"t:", b"card:", b"c:", b"e:")
_CHECK_FIELDS: Final = (b"d:", b"h:", b"card:", b"c:", b"e:")
_KINDS: Final[Mapping[bytes, MetricKind]] = MappingProxyType({kind.value: kind for kind in MetricKind})
_RATED: Final = frozenset(
    {MetricKind.COUNTER, MetricKind.HISTOGRAM, MetricKind.TIMER, MetricKind.DISTRIBUTION}
)
_STAMPED: Final = frozenset({MetricKind.COUNTER, MetricKind.GAUGE})
_PRIORITIES: Final = frozenset({"normal", "low"})
_ALERTS: Final = frozenset({"error", "warning", "info", "success"})


def parse_line(line: bytes) -> Metric | Event | ServiceCheck:
    """Parse one line.

    Raises:
        DatagramError: it is refused; count its fault and go on with the next line.
    """
    if line.startswith(b"_e{"):
        return _parse_event(line)
    if line.startswith(b"_sc|"):
        return _parse_check(line)
    return _parse_metric(line)


def read_number(text: bytes) -> float:
    """Return the number that a value field holds.

    Raises:
        DatagramError: VALUE: it is none, or beyond 1e100.
    """
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    if abs(number) > _MAX_VALUE:
        raise DatagramError(Fault.VALUE, f"value {text[:60]!r}; expected a decimal number up to 1e100")
    return number


# Metrics


def _parse_metric(line: bytes) -> Metric:
    head, *rest = line.split(b"|")
    raw_name, colon, value = head.partition(b":")
    if not colon or not 0 < len(raw_name) <= MAX_NAME_BYTES:
        raise DatagramError(Fault.NAME, f"{head[:60]!r}; expected NAME:VALUE, a name of 1 to 200 bytes")
    kind = _KINDS.get(rest[0]) if rest else None
    if kind is None:
        raise DatagramError(Fault.KIND, f"type {rest[:1]!r}; expected c, g, h, ms, d or s")
    extras = _parse_extras(rest[1:], _METRIC_FIELDS)
    values = () if kind is MetricKind.SET else tuple(map(read_number, value.split(b":")))
    if kind is MetricKind.COUNTER and min(values) < 0:
        raise DatagramError(Fault.NEGATIVE, f"count {value[:60]!r}; expected one that is not below 0")
    if kind is MetricKind.SET and not value:
        raise DatagramError(Fault.VALUE, "member of a set b''; expected one byte or more")
    return Metric(
        name=_text(raw_name),
        kind=kind,
        values=values,
        member=value if kind is MetricKind.SET else b"",
        rate=_rate(extras, kind),
        timestamp_s=_timestamp(extras, kind),
        extras=extras,
    )


def _rate(extras: Extras, kind: MetricKind) -> float:
    """Return the sample rate; where it has no meaning it is checked and not used."""
    text = extras.fields.get(b"@")
    if text is None:
        return 1.0
    rate = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not _MIN_RATE <= rate <= 1:
        raise DatagramError(Fault.RATE, f"sample rate {text[:60]!r}; expected 0.000001 to 1")
    return rate if kind in _RATED else 1.0


def _timestamp(extras: Extras, kind: MetricKind) -> int:
    text = extras.fields.get(b"T")
    if text is None:
        return 0
    if kind not in _STAMPED or not _WHOLE.fullmatch(text) or int(text) == 0:
        raise DatagramError(Fault.TIMESTAMP, f"T{text[:60]!r} of {kind.name}; expected seconds of c or g")
    return int(text)


# Events and service checks


def _parse_event(line: bytes) -> Event:
    match = _LENGTHS.match(line)
    if match is None:
        raise DatagramError(Fault.EVENT, f"{line[:60]!r}; expected _e{{LENGTH,LENGTH}}:")
    title_stop = match.end() + int(match[1])
    text_stop = title_stop + 1 + int(match[2])
    title, text, rest = line[match.end() : title_stop], line[title_stop + 1 : text_stop], line[text_stop:]
    if line[title_stop : title_stop + 1] != b"|" or len(line) < text_stop or not title:
        raise DatagramError(Fault.EVENT, f"{line[:60]!r}; expected TITLE|TEXT of those lengths")
    if rest and not rest.startswith(b"|"):
        raise DatagramError(Fault.EVENT, f"{rest[:60]!r} behind the text; expected a bar or the end")
    extras = _parse_extras(rest.split(b"|")[1:], _EVENT_FIELDS)
    _check_stamp(extras, Fault.EVENT)
    return Event(
        title=_text(title),
        text=_text(text.replace(b"\\n", b" ")),
        alert=_word(extras, b"t:", _ALERTS, "info"),
        priority=_word(extras, b"p:", _PRIORITIES, "normal"),
        host=_text(extras.fields.get(b"h:", b"")),
        extras=extras,
    )


def _parse_check(line: bytes) -> ServiceCheck:
    line, has_message, message = line.partition(b"|m:")  # the last one, and it may hold bars
    words = line.split(b"|")
    if len(words) < 3 or not 0 < len(words[1]) <= MAX_NAME_BYTES or words[2] not in {b"0", b"1", b"2", b"3"}:
        raise DatagramError(Fault.CHECK, f"{line[:60]!r}; expected _sc|NAME|STATUS, a status from 0 to 3")
    extras = _parse_extras(words[3:], _CHECK_FIELDS)
    _check_stamp(extras, Fault.CHECK)
    return ServiceCheck(
        name=_text(words[1]),
        status=int(words[2]),
        host=_text(extras.fields.get(b"h:", b"")),
        message=_text(message[:_MAX_TEXT_BYTES].replace(b"\\n", b" ")) if has_message else "",
        extras=extras,
    )


def _check_stamp(extras: Extras, fault: Fault) -> None:
    stamp = extras.fields.get(b"d:")
    if stamp is not None and not _WHOLE.fullmatch(stamp):
        raise DatagramError(fault, f"d:{stamp[:60]!r}; expected Unix seconds")


def _word(extras: Extras, field: bytes, words: frozenset[str], default: str) -> str:
    word = extras.fields.get(field, default.encode())
    if word.decode("ascii", "replace") not in words:
        raise DatagramError(Fault.EVENT, f"{field!r} {word[:60]!r}; expected one of {sorted(words)}")
    return word.decode()


# What all have in common


def _parse_extras(parts: list[bytes], known: tuple[bytes, ...]) -> Extras:
    """Sort the fields behind the value by what they begin with."""
    tags: tuple[str, ...] | None = None
    fields: dict[bytes, bytes] = {}
    unknown_count = 0
    for part in parts:
        if part.startswith(b"#"):
            if tags is not None:
                raise DatagramError(Fault.REPEATED, "tags; expected them once")
            tags = _parse_tags(part[1:])
            continue
        name = next((name for name in known if part.startswith(name)), None)
        if name is None:
            unknown_count += 1
        elif name in fields:
            raise DatagramError(Fault.REPEATED, f"field {name!r}; expected it once")
        else:
            fields[name] = part[len(name) :]
    _check_origin(fields)
    return Extras(tags or (), fields, unknown_count)


def _parse_tags(text: bytes) -> tuple[str, ...]:
    tags = [tag for tag in text.split(b",") if tag]
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG_BYTES for tag in tags):
        raise DatagramError(
            Fault.TAGS, f"{len(tags)} tags, {len(text)} bytes; expected 64 of 400 bytes at most"
        )
    return tuple(map(_text, tags))


def _check_origin(fields: Mapping[bytes, bytes]) -> None:
    """Refuse an origin that is none. It is not used: only Datadog's agent can look a container up."""
    for name in (b"c:", b"e:"):
        if name in fields and not _IDENTITY.fullmatch(fields[name]):
            raise DatagramError(Fault.ORIGIN, f"{name!r} {fields[name][:60]!r}; expected printable ASCII")
    if fields.get(b"card:", b"none") not in _CARDINALITIES:
        raise DatagramError(Fault.ORIGIN, f"card: {fields[b'card:'][:60]!r}; expected none, low, ... or high")


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise DatagramError(Fault.ENCODING, f"{raw[:60]!r}; expected UTF-8") from error
    if not text.isprintable():
        raise DatagramError(Fault.ENCODING, f"{raw[:60]!r}; expected printable text")
    return text
