"""A kept trace as the store keeps it: JSON, compressed, and back.

In:     a Trace, or what the store holds.
Out:    the other.
Never:  fails for a trace of another release of the same schema: what is not known is passed over.
"""

import dataclasses
import json
import zlib
from typing import Any, TypeVar

from penstock.agent.traces import SpanKind, Trace, TraceSpan

Loaded = TypeVar("Loaded")


def dump_trace(trace: Trace) -> bytes:
    """Return a trace as bytes: some 100 a span."""
    values = {field.name: getattr(trace, field.name) for field in dataclasses.fields(trace)}
    values["spans"] = [_dump_span(span) for span in trace.spans]
    return zlib.compress(json.dumps(values).encode(), 1)


def load_trace(body: bytes) -> Trace:
    """Return the trace again.

    Raises:
        ValueError: it is none, or lacks what a trace must have.
    """
    try:
        values = json.loads(zlib.decompress(body))
        values["spans"] = tuple(map(_load_span, values["spans"]))
        values["reasons"] = tuple(values["reasons"])
        return _make(Trace, values)
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError(f"trace of {len(body)} bytes; expected one as it was stored: {error}") from error


def _dump_span(span: TraceSpan) -> dict[str, Any]:
    values = {field.name: getattr(span, field.name) for field in dataclasses.fields(span)}
    return values | {"kind": span.kind.value, "attributes": dict(span.attributes)}


def _load_span(values: dict[str, Any]) -> TraceSpan:
    return _make(TraceSpan, values | {"kind": SpanKind(values["kind"])})


def _make(kind: type[Loaded], values: dict[str, Any]) -> Loaded:
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # both are dataclasses
    return kind(**{name: value for name, value in values.items() if name in names})
