"""Kept requests, from the view to the collector; and applications that OpenTelemetry instruments."""

import gzip
import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
KINDS = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}


class Collector:
    """Takes what comes."""

    def __init__(self):
        self.spans = []
        self.metrics = []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                raw = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
                stub.take(KINDS[self.path].FromString(raw))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def take(self, message):
        for resource in getattr(message, "resource_spans", ()):
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        for resource in getattr(message, "resource_metrics", ()):
            self.metrics += [metric.name for scope in resource.scope_metrics for metric in scope.metrics]

    def trace(self, trace_id: str) -> dict:
        """Spans of a trace by name, once its server's span is there."""

        def spans():
            found = {span.name: span for span in tuple(self.spans) if span.trace_id.hex() == trace_id}
            return found if any(span.kind == 2 for span in found.values()) else None

        return wait_until(spans, f"trace {trace_id} at the collector")

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def traced(collector, serve):  # in this order: the collector outlives the server, whose log is to be quiet
    """Start the application with a collector; nothing is sampled."""

    def start(application="traced:application", **options):
        variables = {
            "otlp_endpoint": collector.endpoint,
            "otlp_metrics_s": "1",
            "trace_sample": "0",
        } | options
        environment = {f"PENSTOCK_{name.upper()}": str(value) for name, value in variables.items()}
        return serve(application, "-b", "127.0.0.1:0", "-w", "1", bare=True, environment=environment)

    return start


def told(client, path, **fields):
    """What the application says of its trace."""
    return json.loads(client.get(path, *(f"{name}: {value}" for name, value in fields.items())).body)


def test_slow_and_failed_requests_reach_the_collector_with_their_spans(traced, collector, connect) -> None:
    server = traced()
    client = connect(server)
    slow = told(client, "/slow")
    quick = told(client, "/quick")
    spans = collector.trace(slow["server"])
    assert spans["db.query"].parent_span_id == spans["view"].span_id
    assert spans["view"].parent_span_id == spans["application"].span_id
    assert spans["application"].parent_span_id == spans["GET /slow"].span_id
    assert spans["db.query"].end_time_unix_nano - spans["db.query"].start_time_unix_nano > 40_000_000
    assert abs(spans["GET /slow"].start_time_unix_nano - time.time_ns()) < 60_000_000_000
    assert slow["headers"]["traceparent"].split("-")[2] == spans["view"].span_id.hex()
    server.is_noise_expected = True
    assert client.get("/broken").status == 500
    wait_until(lambda: [span for span in collector.spans if span.name == "GET /broken"], "the failed request")
    [view] = [span for span in collector.spans if span.name == "view" and span.status.code == 2]
    assert view.status.message == "ValueError: as asked"
    assert not [span for span in collector.spans if span.trace_id.hex() == quick["server"]]
    wait_until(lambda: "penstock_ready" in collector.metrics, "metrics at the collector")


def test_request_that_asks_with_a_signed_field_is_kept(traced, collector, connect) -> None:
    client = connect(traced(trace_key="k3y"))
    expires = str(int(time.time()) + 60)
    signature = hmac.new(b"k3y", expires.encode(), hashlib.sha256).hexdigest()
    asked = told(client, "/quick", **{"Penstock-Trace": f"{expires}.{signature}"})
    assert collector.trace(asked["server"])["GET /quick"]
    assert asked["headers"]["traceparent"].endswith("-01")


@pytest.mark.parametrize("flags", ["00", "01"])
def test_instrumented_application_joins_the_trace_that_came(traced, collector, connect, flags) -> None:
    client = connect(traced("traced:instrumented", trace_environ="true", trace_sample="1"))
    found = told(client, "/", traceparent=f"00-{TRACE_ID}-{SPAN_ID}-{flags}")
    server = collector.trace(TRACE_ID)["GET"]
    assert found["trace_id"] == TRACE_ID
    assert server.parent_span_id.hex() == SPAN_ID
    assert found["is_recording"] is (flags == "01")
    assert found["parent_id"] == (server.span_id.hex() if found["is_recording"] else "")


def test_instrumented_application_joins_the_trace_that_begins_here(traced, collector, connect) -> None:
    client = connect(traced("traced:instrumented", trace_environ="true", trace_sample="1"))
    found = told(client, "/")
    server = collector.trace(found["trace_id"])["GET"]
    assert server.parent_span_id == b""
    assert found["parent_id"] == server.span_id.hex()
    assert found["is_recording"]


def test_environ_names_no_caller_that_there_is_not(traced, connect) -> None:
    client = connect(traced("traced:instrumented"))
    assert told(client, "/")["parent_id"] == ""
