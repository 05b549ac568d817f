"""A collector: an HTTP server that takes OTLP as opentelemetry-proto reads it, or does what a test wants."""

import contextlib
import gzip
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from penstock.agent.traces import SpanKind, Trace, TraceSpan

KINDS = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}


# Key and certificate, for 127.0.0.1 and localhost, good for a hundred years; made by `openssl req -x509`.
CERTIFICATE = Path(__file__).with_name("collector.pem")
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
START_NS = 1_700_000_000_000_000_000


def make_trace(number: int = 1, **changes) -> Trace:
    server = TraceSpan(
        span_id=f"{number:016x}",
        parent_id="b7ad6b7169203331",
        name="GET",
        kind=SpanKind.SERVER,
        start_ns=START_NS,
        duration_ns=5_000,
        error="status 500",
        attributes={"http.response.status_code": 500, "url.path": "/a"},
    )
    own = TraceSpan(
        span_id=f"{number + 1000:016x}",
        parent_id=server.span_id,
        name="db.query",
        kind=SpanKind.APPLICATION,
        start_ns=START_NS + 1_000,
        duration_ns=2_000,
        is_open=True,
        attributes={"rows": 3, "part": 0.5, "cached": False, "text": "caf\xe9"},
    )
    values = {
        "trace_id": TRACE_ID,
        "caller_id": server.parent_id,
        "tracestate": "a=1",
        "request_id": "id-1",
        "request_line": "GET /a HTTP/1.1",
        "status": 500,
        "outcome": "complete",
        "peer": "192.0.2.1",
        "pid": 4242,
        "server": "shop.wsgi:app",
        "reasons": ("error", "slow"),
        "start_ns": server.start_ns,
        "duration_ns": server.duration_ns,
        "spans": (server, own),
    }
    return Trace(**(values | changes))


class CollectorStub:
    """Takes what comes; `answers` are given first: (status, fields, body), or a callable of the handler.

    Args:
        context: of TLS; None = it speaks none.
    """

    def __init__(self, context: ssl.SSLContext | None = None):
        self.requests = []
        self.fields = []
        self.answers = []
        self.connections = 0
        self.gate = threading.Event()
        self._came = threading.Condition()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                stub.connections += 1

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                with stub._came:
                    stub.fields.append(dict(self.headers))
                    answer = stub.answers.pop(0) if stub.answers else (200, {}, b"")
                    stub._came.notify_all()
                if callable(answer):
                    answer(self)
                    return
                status, fields, body = answer
                if status == 200:
                    kind = KINDS[self.path.removeprefix("/base")]
                    with stub._came:
                        stub.requests.append(kind.FromString(gzip.decompress(raw)))
                        stub._came.notify_all()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that gave up is part of the tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        if context is not None:
            self.endpoint = f"https://127.0.0.1:{self.port}"
            # Not at the door: who connects and says nothing would keep the others waiting.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def wait(self, is_enough, timeout_s=20) -> bool:
        with self._came:
            return self._came.wait_for(lambda: is_enough(self), timeout_s)

    def spans(self):
        return [
            span
            for request in self.requests
            if isinstance(request, ExportTraceServiceRequest)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self):
        return [
            {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}
            for request in self.requests
            if isinstance(request, ExportMetricsServiceRequest)
            for resource in request.resource_metrics
        ]

    def never_answer(self, handler) -> None:
        """Hold the request until the test is over."""
        self.gate.wait(30)
        handler.close_connection = True

    def hang_up(self, handler) -> None:
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def refusing_spans(count: int, why: str) -> bytes:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = count
    answer.partial_success.error_message = why
    return answer.SerializeToString()


@pytest.fixture
def collector() -> Iterator[CollectorStub]:
    made = CollectorStub()
    yield made
    made.close()


@pytest.fixture
def secure_collector() -> Iterator[CollectorStub]:
    """One that speaks TLS, with a certificate that no system trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    made = CollectorStub(context)
    yield made
    made.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses, and that no neighbour gets meanwhile: it is bound, and nobody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


@pytest.fixture
def partly():
    return refusing_spans


@pytest.fixture
def trace():
    """A failed request with one span of its application, but for what a test changes."""
    return make_trace
