"""What a worker wrote about the spans of one kept request: hostile, so read with care.

In:     records of ring C (telemetry/traces/keeper.py describes them).
Out:    Recollection, put together from the parts of one request.
Never:  believes an id, a number or a length; keeps more of one request than a worker may write.
"""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from penstock.agent.traces.trace import Value
from penstock.telemetry.traces.trace import MAX_SPANS

TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"(?!0{16})[0-9a-f]{16}")
_MAX_TEXT: Final = 512
_MAX_NS: Final = 1 << 62
MAX_PARTS: Final = MAX_SPANS  # no part is without a span
_FIELDS: Final = 7  # of a span


class SpanRecordError(ValueError):
    """A record of ring C is none that a worker of ours writes."""


@dataclasses.dataclass(frozen=True, slots=True)
class OwnSpan:
    """A span of the application as the worker wrote it. Times: CLOCK_MONOTONIC in ns; end 0 = not over."""

    number: int
    parent: int
    name: str
    start_ns: int
    end_ns: int
    error: str
    attributes: Mapping[str, Value]


@dataclasses.dataclass(frozen=True, slots=True)
class Recollection:
    """What the worker knew of a request besides its access record."""

    own_id: str = ""  # empty = the request id
    trace_id: str = ""  # empty = derived from the request id
    caller_id: str = ""
    tracestate: str = ""
    accepted_ns: int = 0
    lost: int = 0
    spans: tuple[OwnSpan, ...] = ()


NOTHING: Final = Recollection()


def read_part(text: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return the request id and the content of one record.

    Raises:
        SpanRecordError: it is no JSON object with an id.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpanRecordError(f"span record {text[:60]!r}; expected JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("id"), str):
        raise SpanRecordError(f"span record {text[:60]!r}; expected an object with an id")
    return content["id"], content


def recollect(parts: Sequence[Mapping[str, Any]]) -> Recollection:
    """Put the parts of one request together; what is not as it should be is left out.

    Args:
        parts: contents, in order.
    """
    head = parts[0]
    spans = [span for part in parts for span in _spans(part.get("spans"))]
    return Recollection(
        own_id=_text(head.get("own")),
        trace_id=_matching(TRACE_ID, head.get("trace")),
        caller_id=_matching(_SPAN_ID, head.get("caller")),
        tracestate=_text(head.get("state")),
        accepted_ns=_ns(head.get("accepted")),
        lost=_ns(head.get("lost")),
        spans=tuple(spans[:MAX_SPANS]),
    )


def _spans(rows: Any) -> list[OwnSpan]:
    rows = rows if isinstance(rows, list) else []
    return [_span(row) for row in rows if isinstance(row, list) and len(row) == _FIELDS]


def _span(row: list[Any]) -> OwnSpan:
    number, parent, name, start_ns, end_ns, error, attributes = row
    return OwnSpan(
        number=_ns(number),
        parent=_ns(parent),
        name=_text(name) or "?",
        start_ns=_ns(start_ns),
        end_ns=_ns(end_ns),
        error=_text(error),
        attributes=_attributes(attributes),
    )


def _attributes(pairs: Any) -> dict[str, Value]:
    if not isinstance(pairs, dict):
        return {}
    return {
        key[:_MAX_TEXT]: value[:_MAX_TEXT] if isinstance(value, str) else value
        for key, value in pairs.items()
        if isinstance(value, str | bool | int | float)
    }


def _text(value: Any) -> str:
    """A text that any encoder takes: lone surrogates are replaced."""
    if not isinstance(value, str):
        return ""
    return value[:_MAX_TEXT].encode("utf-8", "replace").decode()


def _matching(form: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def _ns(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value <= _MAX_NS else 0
