"""What traces and metrics have in common as OTLP messages: attributes, and who says it.

In:     plain values.
Out:    protobuf messages of opentelemetry-proto.
Never:  imported unless OTLP is on: the library is an extra.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from penstock import __version__

SCOPE: Final = InstrumentationScope(name="penstock", version=__version__)
_INT64: Final = 1 << 63
_UINT64: Final = (1 << 64) - 1


def any_value(value: Any) -> AnyValue:
    """A text, number or truth value; a whole number beyond 64 bits as text."""
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(string_value=_text(str(value)))


def attributes(pairs: Iterable[tuple[str, Any]]) -> list[KeyValue]:
    """Attributes in their order; names are texts that any encoder takes."""
    return [KeyValue(key=_text(name), value=any_value(value)) for name, value in pairs]


def _text(value: str) -> str:
    """Without lone surrogates, which protobuf refuses."""
    return value.encode("utf-8", "replace").decode()


def resource(facts: Mapping[str, Any]) -> Resource:
    """Who speaks."""
    return Resource(attributes=attributes(facts.items()))


def nanoseconds(value: int) -> int:
    """A moment as OTLP has it: 64 bits without a sign."""
    return min(max(value, 0), _UINT64)
