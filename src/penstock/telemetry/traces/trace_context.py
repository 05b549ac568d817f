"""Trace context on the wire: whose trace a request belongs to, and the numbers of its spans.

    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 version, trace id, id of the caller's span, flags (bit 0: the caller keeps it)

Our own numbers are derived from the request id instead of drawn: most requests never ask for them, and the
agent derives the same ones from an access record that does not hold them.

In:     values of the fields, request ids.
Out:    TraceContext values; the field to send on.
Never:  repairs what is malformed: it is as if it had not come.

Rules:  W3C Trace Context (Recommendation of 23 November 2021), sections 3.2 and 3.3.
"""

import dataclasses
import hashlib
import re
from typing import Final

# Section 3.2.2: lower-case only; what a later version appends begins with a dash.
_TRACEPARENT: Final = re.compile(
    r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL
)
_KEY: Final = r"[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}"
_MEMBER: Final = re.compile(
    rf"({_KEY})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e])"
)
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_SAMPLED: Final = 1

# Section 3.3.1.1 and 3.3.1.5: 32 members, and at least 512 characters are passed on.
MAX_MEMBERS: Final = 32
MAX_TRACESTATE_CHARACTERS: Final = 512


@dataclasses.dataclass(frozen=True, slots=True)
class TraceContext:
    """One span of one trace.

    Attributes:
        trace_id: 32 lower-case hexadecimal digits, not all 0.
        span_id: 16 of them.
        is_sampled: the trace is kept for certain, not only if the request turns out slow or wrong.
        tracestate: what other tracing systems send along; never changed.
    """

    trace_id: str
    span_id: str
    is_sampled: bool = False
    tracestate: str = ""

    @property
    def traceparent(self) -> str:
        """The field that tells a service we call that this span is its caller."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.is_sampled):02x}"


def parse_traceparent(value: str) -> TraceContext | None:
    """Return the caller's span; None where the field is malformed, which W3C wants treated as absent.

    Args:
        value: of the field; two fields joined by a comma are malformed (section 3.2).
    """
    found = _TRACEPARENT.fullmatch(value)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest is not None):
        return None
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def parse_tracestate(value: str) -> str:
    """Return the list without empty members, as it came otherwise; empty where it cannot be passed on.

    Section 3.3: a list that is malformed, names a key twice or is too long is dropped, and the trace goes on
    without it.
    """
    members = [member.strip(" \t") for member in value.split(",", 4 * MAX_MEMBERS)]
    members = [member for member in members if member]
    if len(members) > MAX_MEMBERS:
        return ""
    found = [_MEMBER.fullmatch(member) for member in members]
    keys = {match[1] for match in found if match is not None}
    text = ",".join(members)
    return text if len(keys) == len(members) and len(text) <= MAX_TRACESTATE_CHARACTERS else ""


def derive_ids(request_id: str) -> tuple[str, str]:
    """Return trace id and id of the server's span of a request: always the same for the same request id."""
    digits = hashlib.blake2b(request_id.encode("utf-8", "backslashreplace"), digest_size=24).hexdigest()
    return digits[:32], digits[32:]


def derive_span_id(request_id: str, span: int | str) -> str:
    """Return the id of a span of a request: the application's by its number from 1, a phase by its name."""
    return hashlib.blake2b(
        f"{request_id}/{span}".encode(errors="backslashreplace"), digest_size=8
    ).hexdigest()
