import socket
import stat
from pathlib import Path

import pytest

from penstock.agent.dogstatsd.address import DatagramAddress, parse_datagram_address
from penstock.agent.dogstatsd.inlet import MAX_DATAGRAM_BYTES, TURN_S, Inlet, InletError


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "d.sock"


@pytest.fixture
def address(path) -> DatagramAddress:
    return parse_datagram_address(f"unix:{path}")


@pytest.fixture
def udp():
    inlet = Inlet(parse_datagram_address("127.0.0.1:0"))
    yield inlet
    inlet.close()


def send(inlet: Inlet, *datagrams: bytes) -> None:
    place = inlet._sock.getsockname()
    with socket.socket(inlet.address.family, socket.SOCK_DGRAM) as client:
        for datagram in datagrams:
            client.sendto(datagram, place)


def taken(inlet: Inlet) -> list[bytes]:
    found: list[bytes] = []
    while inlet.drain(found.append):
        pass
    return found


@pytest.mark.parametrize("text", ["127.0.0.1:0", "[::1]:0"])
def test_udp_datagrams_are_taken_whole_and_in_order(text) -> None:
    inlet = Inlet(parse_datagram_address(text))
    send(inlet, b"a", b"", b"x" * 60_000)
    assert taken(inlet) == [b"a", b"", b"x" * 60_000]
    inlet.close()


def test_unix_datagrams_are_taken_from_anybody(address, path) -> None:
    inlet = Inlet(address)
    assert stat.S_IMODE(path.stat().st_mode) == 0o722
    send(inlet, b"a:1|c")
    assert taken(inlet) == [b"a:1|c"]
    inlet.close()
    assert not path.exists()


def test_a_datagram_that_may_have_been_cut_is_counted_and_not_taken(address) -> None:
    inlet = Inlet(address)
    send(inlet, b"x" * (MAX_DATAGRAM_BYTES + 1), b"a")
    assert (taken(inlet), inlet.oversized_count) == ([b"a"], 1)
    inlet.close()


def test_a_socket_that_was_left_behind_is_replaced(address, path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(path))
    inlet = Inlet(address)
    send(inlet, b"a")
    assert taken(inlet) == [b"a"]
    inlet.close()


def test_a_socket_that_somebody_listens_on_is_left_alone(address) -> None:
    first = Inlet(address)
    with pytest.raises(InletError, match=r"cannot take datagrams on unix:.*in use"):
        Inlet(address)
    send(first, b"a")
    assert taken(first) == [b"a"]
    first.close()


def test_a_file_in_the_place_is_left_alone(address, path) -> None:
    path.write_text("precious")
    with pytest.raises(InletError, match="in use"):
        Inlet(address)
    assert path.read_text() == "precious"


def test_a_socket_that_another_put_in_our_place_is_not_removed(address, path) -> None:
    inlet = Inlet(address)
    path.unlink()
    other = Inlet(address)
    inlet.close()
    assert path.exists()
    other.close()


def test_a_folder_that_is_not_there_is_said(tmp_path) -> None:
    with pytest.raises(InletError, match="No such file"):
        Inlet(parse_datagram_address(f"unix:{tmp_path}/none/d.sock"))


def test_a_turn_ends_although_more_comes(udp) -> None:
    moments = iter([0.0, TURN_S / 2, TURN_S])
    send(udp, *[b"a"] * 100)
    found: list[bytes] = []
    assert udp.drain(found.append, lambda: next(moments))
    assert len(found) == 64
    assert len(taken(udp)) == 36


def test_what_the_kernel_drops_is_counted(udp) -> None:
    udp._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    send(udp, *[b"x" * 1000] * 100)
    assert len(taken(udp)) + udp.dropped_count() == 100
    assert udp.dropped_count() > 50
