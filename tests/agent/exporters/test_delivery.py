import contextlib
import socket
import threading
import time

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.agent.exporters.conftest import CERTIFICATE

from penstock.agent.exporters.address import parse_collector_address
from penstock.agent.exporters.delivery import Collector, Delivery, Verdict, retry_after_s

MESSAGE = ExportTraceServiceRequest().SerializeToString()


@pytest.fixture
def deliver(collector):
    address = parse_collector_address(f"{collector.endpoint}/base", ["X-Key: 7"])
    made = Collector(address, 5)
    yield lambda: made.deliver("/v1/traces", MESSAGE)
    made.close()


def test_message_arrives_compressed_with_its_fields(collector, deliver):
    assert deliver().verdict is Verdict.TAKEN
    assert collector.requests == [ExportTraceServiceRequest()]
    [fields] = collector.fields
    assert (fields["Content-Type"], fields["Content-Encoding"]) == ("application/x-protobuf", "gzip")
    assert fields["X-Key"] == "7"
    assert fields["User-Agent"].startswith("penstock/")


def test_connection_is_kept(collector, deliver):
    assert [deliver().verdict for _ in range(3)] == [Verdict.TAKEN] * 3
    assert collector.connections == 1


def test_kept_connection_that_the_collector_closed_costs_no_try(collector, deliver):
    collector.answers = [(200, {}, b""), collector.hang_up]
    assert [deliver().verdict for _ in range(2)] == [Verdict.TAKEN] * 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_statuses_of_a_busy_collector_are_tried_again(collector, deliver, status):
    collector.answers = [(status, {"Retry-After": "7"}, b"later")]
    delivery = deliver()
    assert (delivery.verdict, delivery.wait_s) == (Verdict.TRY_AGAIN, 7.0)
    assert delivery.reason.startswith(f"status {status}")


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 500])
def test_other_statuses_are_for_good(collector, deliver, status):
    collector.answers = [(status, {"Location": "http://elsewhere/"}, b"")]
    assert deliver().verdict is Verdict.REFUSED


def test_connection_that_is_cut_is_tried_again(collector, deliver):
    collector.answers = [collector.hang_up] * 2
    delivery = deliver()
    assert delivery.verdict is Verdict.TRY_AGAIN
    assert delivery.reason


@pytest.mark.parametrize("rest", [b"X: ", b"Content-Length: 9999\r\n\r\n"], ids=["head", "body"])
def test_answer_that_comes_by_the_byte_is_cut_and_tried_again(rest):
    def drip(listener):
        sock, _ = listener.accept()
        with sock, contextlib.suppress(OSError):
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 200 OK\r\n" + rest)
            while not has_ended.wait(0.05):
                sock.sendall(b"a")

    has_ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        address = parse_collector_address(f"http://127.0.0.1:{listener.getsockname()[1]}", [])
        began_s = time.monotonic()
        delivery = Collector(address, 0.5).deliver("/v1/traces", MESSAGE)
        lasted_s = time.monotonic() - began_s
        has_ended.set()
        thread.join()
    assert delivery.verdict is Verdict.TRY_AGAIN
    assert 0.4 < lasted_s < 20


def test_collector_that_is_not_there_is_tried_again(closed_port):
    address = parse_collector_address(f"http://127.0.0.1:{closed_port}")
    delivery = Collector(address, 5).deliver("/v1/traces", MESSAGE)
    assert delivery.verdict is Verdict.TRY_AGAIN
    assert "ConnectionRefusedError" in delivery.reason


def test_collector_that_never_answers_is_given_up_in_time(collector):
    collector.answers = [collector.never_answer]
    began = time.monotonic()
    made = Collector(parse_collector_address(collector.endpoint), 0.2)
    assert made.deliver("/v1/traces", MESSAGE).verdict is Verdict.TRY_AGAIN
    assert time.monotonic() - began < 10
    made.close()


def test_long_answer_is_not_read_to_its_end(collector, deliver):
    collector.answers = [(200, {}, b"x" * 1_000_000)]
    assert len(deliver().answer) == 65_536
    assert deliver().verdict is Verdict.TAKEN
    assert collector.connections == 2


def test_answer_that_is_no_http_is_tried_again(collector, deliver):
    def babble(handler):
        handler.wfile.write(b"\x00\x01 hello\r\n\r\n")
        handler.close_connection = True

    collector.answers = [babble, babble]
    assert deliver().verdict is Verdict.TRY_AGAIN


# TLS


@pytest.fixture
def deliver_securely(secure_collector):
    made = Collector(parse_collector_address(secure_collector.endpoint), 20)
    yield lambda: made.deliver("/v1/traces", MESSAGE)
    made.close()


def test_collector_whose_certificate_the_system_trusts_takes_messages(
    secure_collector, deliver_securely, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    assert [deliver_securely() for _ in range(2)] == [Delivery(Verdict.TAKEN)] * 2
    assert secure_collector.requests == [ExportTraceServiceRequest()] * 2
    assert secure_collector.connections == 1


def test_collector_whose_certificate_nobody_trusts_is_told_nothing(secure_collector, deliver_securely):
    delivery = deliver_securely()
    assert delivery.verdict is Verdict.TRY_AGAIN
    assert "certificate verify failed" in delivery.reason
    assert secure_collector.requests == []


def test_collector_whose_certificate_is_anothers_is_told_nothing(secure_collector, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    # Decimal: the same address, but no name of the certificate's.
    address = parse_collector_address(secure_collector.endpoint.replace("127.0.0.1", "2130706433"))
    delivery = Collector(address, 20).deliver("/v1/traces", MESSAGE)
    assert delivery.verdict is Verdict.TRY_AGAIN
    assert "not valid for" in delivery.reason
    assert secure_collector.requests == []


def test_collector_that_speaks_no_tls_is_tried_again(collector):
    address = parse_collector_address(collector.endpoint.replace("http:", "https:"))
    delivery = Collector(address, 20).deliver("/v1/traces", MESSAGE)
    assert delivery.verdict is Verdict.TRY_AGAIN
    assert delivery.reason.startswith("SSLError")


def test_secure_collector_that_never_answers_is_given_up_in_time(secure_collector, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    secure_collector.answers = [secure_collector.never_answer]
    made = Collector(parse_collector_address(secure_collector.endpoint), 1)
    assert made.deliver("/v1/traces", MESSAGE).verdict is Verdict.TRY_AGAIN
    made.close()


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("", 0),
        ("12", 12),
        ("99999999999999999999", 300),
        ("-5", 0),
        ("1.5", 0),
        ("\u0665", 0),
        ("Tue, 14 Nov 2023 22:14:00 GMT", 40),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0),
        ("Tue, 14 Nov 2033 22:13:00 GMT", 300),
        ("tomorrow", 0),
    ],
)
def test_retry_after_is_seconds_or_a_moment(value, wait_s):
    assert retry_after_s(value, 1_700_000_000) == wait_s
