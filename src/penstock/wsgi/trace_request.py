"""What a request says about its trace: who called it, and whether it asks to be kept.

    traceparent, tracestate     from anyone: the numbers of a trace do no harm. That it is to be kept is
                                believed of a trusted proxy only.
    Penstock-Trace              `<seconds since 1970>.<hexadecimal HMAC-SHA-256 of those digits>`: whoever has
                                the key can have requests kept until then, a day ahead at most.

In:     the environ, whether the peer is trusted, the time.
Out:    marks and caller in the request's trace; where it is configured, the environ's traceparent.
Never:  compares a signature other than in constant time.

Rules:  W3C Trace Context, section 3; RFC 2104 (HMAC).
"""

import hmac
import re
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from penstock.config import TelemetryConfig
from penstock.telemetry.traces.trace import ASKED, CALLED, SAMPLED, RequestTrace
from penstock.telemetry.traces.trace_context import TraceContext, parse_traceparent, parse_tracestate

TRACEPARENT: Final = "HTTP_TRACEPARENT"
TRACESTATE: Final = "HTTP_TRACESTATE"
ASKING: Final = "HTTP_PENSTOCK_TRACE"
MAX_AHEAD_S: Final = 86_400
_ASKING_FORM: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


class TraceReader:
    """Reads one worker's requests.

    Args:
        config: the key, and whether the environ is completed.
        wall_s: seconds since 1970.

    Attributes:
        is_busy: requests without a traceparent have to be read as well.
    """

    __slots__ = ("_is_completing", "_key", "_wall_s", "is_busy")

    def __init__(self, config: TelemetryConfig, wall_s: Callable[[], float] = time.time) -> None:
        self._key = config.trace_key.encode()
        self._is_completing = config.trace_environ
        self._wall_s = wall_s
        self.is_busy = bool(self._key) or config.trace_environ

    def read(self, trace: RequestTrace, environ: MutableMapping[str, Any], *, is_trusted: bool) -> None:
        """Note in `trace` what the request says.

        Args:
            trace: of the request, with its ids.
            environ: of the request; changed only if that is configured.
            is_trusted: the peer is one of our proxies.
        """
        caller = self._caller(environ)
        if caller is not None:
            trace.caller = caller
            trace.marks |= CALLED
            if caller.is_sampled and is_trusted:
                trace.marks |= SAMPLED
        if self._key and ASKING in environ and self._is_signed(environ[ASKING]):
            trace.marks |= ASKED
        trace.is_sampled = bool(trace.marks & (SAMPLED | ASKED))
        if self._is_completing:
            _complete(trace, environ, caller)

    def _caller(self, environ: MutableMapping[str, Any]) -> TraceContext | None:
        value = environ.get(TRACEPARENT)
        caller = parse_traceparent(value) if value is not None else None
        if caller is None or TRACESTATE not in environ:
            return caller
        tracestate = parse_tracestate(environ[TRACESTATE])
        return TraceContext(caller.trace_id, caller.span_id, caller.is_sampled, tracestate)

    def _is_signed(self, value: str) -> bool:
        """Whether the field was made with our key and is not over."""
        found = _ASKING_FORM.fullmatch(value)
        if found is None:
            return False
        ahead_s = int(found[1]) - self._wall_s()
        expected = hmac.digest(self._key, found[1].encode(), "sha256").hex()
        return hmac.compare_digest(expected, found[2]) and 0 <= ahead_s <= MAX_AHEAD_S


def _complete(trace: RequestTrace, environ: MutableMapping[str, Any], caller: TraceContext | None) -> None:
    """Name the server's span as the caller of what is inside the application.

    Whether it is sampled is left as the client said it; a trace that begins here is, for a 0 would switch the
    application's own tracing off.
    """
    trace.is_sampled = caller.is_sampled if caller is not None else True
    context = trace.context()
    environ[TRACEPARENT] = context.traceparent
    if context.tracestate:
        environ[TRACESTATE] = context.tracestate
    else:  # without a caller, or malformed
        environ.pop(TRACESTATE, None)
