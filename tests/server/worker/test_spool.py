import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.server.worker.spool import BodySpool, FilePiece, Outbox, SpoolError, open_unnamed


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def receive_all(outbox: Outbox, ours: socket.socket, theirs: socket.socket) -> bytes:
    received = b""
    while outbox.size:
        outbox.transmit(ours)
        received += theirs.recv(1 << 20)
    return received


def test_small_body_stays_in_memory_and_reads_from_its_start() -> None:
    spool = BodySpool(100, "")
    spool.write(b"one\n")
    spool.write(b"two\n")
    with spool.finish() as body:
        assert body.readlines() == [b"one\n", b"two\n"]
    assert spool.size == 8


def test_large_body_goes_to_a_file_that_has_no_name(tmp_path: Path) -> None:
    spool = BodySpool(10, str(tmp_path))
    for _ in range(10):
        spool.write(b"0123456789")
    assert list(tmp_path.iterdir()) == []
    with spool.finish() as body:
        assert body.fileno() > 0
        assert body.read(15) == b"012345678901234"
        assert len(body.read()) == 85
        assert body.read() == b""


@pytest.mark.parametrize("size", [5, 50], ids=["in-memory", "on-disk"])
def test_body_that_is_given_up_leaves_nothing_open(size: int, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    spool = BodySpool(10, str(tmp_path))
    spool.write(b"x" * size)
    spool.close()
    assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector


def test_body_without_a_place_to_spool_to_is_too_large() -> None:
    spool = BodySpool(10, "/nonexistent")
    with pytest.raises(SpoolError, match=r"/nonexistent.*expected a writable folder") as caught:
        spool.write(b"x" * 11)
    assert caught.value.status == 413


def test_full_disk_is_said_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_full(**_: object) -> object:
        return open("/dev/full", "r+b", buffering=0)

    monkeypatch.setattr(tempfile, "TemporaryFile", open_full)
    spool = BodySpool(10, "")
    with pytest.raises(SpoolError, match="No space left") as caught:
        spool.write(b"x" * 11)
    assert caught.value.status == 507
    spool.close()


def test_output_is_sent_in_order_across_memory_file_and_spool(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"..the file..")
    outbox = Outbox(10, str(tmp_path))
    outbox.append(b"head ")
    outbox.spool(b"12345")
    outbox.spool(b"spooled ")
    outbox.spool(b"more ")
    outbox.spool(FilePiece(source.open("rb"), 2, 8, is_spool=False))
    outbox.spool(b" end")
    assert receive_all(outbox, *pair) == b"head 12345spooled more the file end"
    assert outbox.size == 0


def test_slow_client_costs_no_memory_beyond_the_limit(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    ours, theirs = pair
    outbox = Outbox(100_000, str(tmp_path))
    data = bytes(range(256)) * 256
    for _ in range(64):
        outbox.spool(data)
    while outbox.transmit(ours):
        pass
    assert outbox._in_memory <= 100_000
    theirs.settimeout(30)
    assert receive_all(outbox, ours, theirs) == data * 64


def test_file_that_became_shorter_is_told(pair: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"short")
    outbox = Outbox(10, "")
    outbox.spool(FilePiece(source.open("rb"), 0, 10, is_spool=False))
    with pytest.raises(EOFError, match="5 bytes short of what was promised"):
        outbox.transmit(pair[0])
    outbox.close()


def test_closed_outbox_closes_its_files(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    outbox = Outbox(0, str(tmp_path))
    outbox.spool(b"spooled")
    outbox.spool(FilePiece(open_unnamed(str(tmp_path)), 0, 0, is_spool=False))
    outbox.close()
    assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector


def test_spool_of_an_endless_stream_begins_a_new_file_now_and_then(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.server.worker.spool.ROTATE_BYTES", 1000)
    outbox = Outbox(0, str(tmp_path))
    ours, theirs = pair
    received = b""
    for _ in range(100):
        outbox.spool(b"x" * 300)
        outbox.spool(b"y")
        outbox.transmit(ours)
        received += theirs.recv(1 << 20)
    assert received + receive_all(outbox, ours, theirs) == (b"x" * 300 + b"y") * 100


def test_peer_that_takes_as_fast_as_we_send_does_not_keep_the_loop() -> None:
    class Greedy:
        """A socket that takes everything."""

        def send(self, data: memoryview) -> int:
            return len(data)

    outbox = Outbox(0, "")
    for _ in range(10):
        outbox.append(bytes(600_000))
    turns = []
    while outbox.size:
        turns.append(outbox.transmit(Greedy()))
    assert turns == [1_200_000] * 5
