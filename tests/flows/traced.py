"""An application whose spans are measured by Penstock, and one that the OpenTelemetry SDK instruments.

In:     an environ; the path chooses.
Out:    answers that say what the application believes of its trace.
"""

import json
import time

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from penstock.telemetry import current_trace, span, trace_headers


def application(environ, start_response):
    path = environ["PATH_INFO"]
    with span("view", **{"http.route": path}):
        if path == "/slow":
            with span("db.query", statement="SELECT 1"):
                time.sleep(0.05)
        told = {"server": current_trace().trace_id, "headers": trace_headers()}
        if path == "/broken":
            raise ValueError("as asked")
    body = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def instrumented(environ, start_response):
    """Do as instrumentation of WSGI does: take the caller from the environ, begin a server's span."""
    names = {"traceparent": "HTTP_TRACEPARENT", "tracestate": "HTTP_TRACESTATE"}
    fields = {name: environ[key] for name, key in names.items() if key in environ}
    context = TraceContextTextMapPropagator().extract(fields)
    with TracerProvider().get_tracer("test").start_as_current_span("inside", context=context) as inside:
        seen = inside.get_span_context()
        told = {
            "trace_id": f"{seen.trace_id:032x}",
            "is_recording": inside.is_recording(),
            "parent_id": f"{inside.parent.span_id:016x}" if inside.is_recording() and inside.parent else "",
        }
    body = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
