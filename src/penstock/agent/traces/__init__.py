"""Kept requests: found among the records, drawn as traces, given to whoever wants them."""

from penstock.agent.traces.station import Traces
from penstock.agent.traces.trace import SpanKind, Trace, TraceSink, TraceSpan

__all__ = ["SpanKind", "Trace", "TraceSink", "TraceSpan", "Traces"]
