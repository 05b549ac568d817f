import pytest

from penstock.config import ProtocolConfig
from penstock.protocol import FieldTable, RequestReceiver
from penstock.server.worker.spool import BodySpool
from penstock.server.worker.upload import Upload

NS = 1_000_000_000


def upload(now_ns: int = 0, memory_bytes: int = 10) -> Upload:
    return Upload(None, BodySpool(memory_bytes, ""), now_ns)


def test_body_is_given_back_whole() -> None:
    it = upload()
    for piece in (b"one", b"two", b"three"):
        it.keep(piece)
    assert it.size == 11
    with it.finish() as body:
        assert body.read() == b"onetwothree"


def test_body_that_is_given_up_is_closed() -> None:
    spool = BodySpool(0, "")
    it = Upload(None, spool, 0)
    it.keep(b"spooled")
    it.close()
    assert spool._file.closed


def test_next_byte_is_due_within_the_timeout_when_any_rate_will_do() -> None:
    it = upload()
    assert it.deadline_ns(7 * NS, 30 * NS, 0) == 37 * NS


@pytest.mark.parametrize(
    ("received_bytes", "now_s", "expected_s"),
    [
        pytest.param(0, 0, 30, id="nothing-yet"),
        pytest.param(0, 20, 30, id="silence-gains-nothing"),
        pytest.param(500, 29, 31, id="each-byte-earns-its-time"),
        pytest.param(5000, 29, 40, id="drip-at-the-least-rate"),
        pytest.param(500_000, 29, 59, id="quick-client-waits-for-the-next-byte-only"),
    ],
)
def test_body_has_to_keep_the_least_rate_over_the_whole(
    received_bytes: int, now_s: int, expected_s: int
) -> None:
    it = upload(memory_bytes=1_000_000)
    if received_bytes:
        it.keep(bytes(received_bytes))
    assert it.deadline_ns(now_s * NS, 30 * NS, 500) == expected_s * NS


def test_head_stays_with_its_body() -> None:
    config = ProtocolConfig()
    receiver = RequestReceiver(config, FieldTable(config), {})
    receiver.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
    head = receiver.next_event()
    assert Upload(head, BodySpool(0, ""), 0).head is head
