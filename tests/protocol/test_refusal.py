import h11
import pytest

from penstock.protocol import PeerError, refusal
from penstock.protocol.refusal import REASONS


@pytest.mark.parametrize("status", [*REASONS, 499])
def test_a_refusal_is_a_whole_response_that_closes(status: int) -> None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(refusal(status, date_line=b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"))
    head = client.next_event()
    assert isinstance(head, h11.Response)
    assert head.status_code == status
    assert (b"connection", b"close") in head.headers
    assert client.next_event().data == f"{status} {REASONS.get(status, 'Error')}\n".encode()
    assert isinstance(client.next_event(), h11.EndOfMessage)
    assert client.their_state is h11.MUST_CLOSE


def test_a_refusal_of_head_has_no_body() -> None:
    whole = refusal(400)
    assert whole.startswith(refusal(400, method="HEAD"))
    assert refusal(400, method="HEAD").endswith(b"\r\n\r\n")
    assert b"Content-Length: 16\r\n" in refusal(400, method="HEAD")


def test_a_refusal_takes_a_reason_and_further_lines() -> None:
    head, _, body = refusal(503, "Overloaded", extra_lines=b"Retry-After: 1\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Overloaded\r\n")
    assert b"\r\nRetry-After: 1\r\n" in head
    assert body == b"503 Overloaded\n"


def test_every_status_of_the_parser_has_a_reason() -> None:
    assert {error.status for error in PeerError.__subclasses__()} <= set(REASONS)
