import socket

import pytest

from penstock.agent.dogstatsd.address import DatagramAddressError, parse_datagram_address


@pytest.mark.parametrize(
    ("text", "family", "place", "shown"),
    [
        pytest.param("127.0.0.1:8125", socket.AF_INET, ("127.0.0.1", 8125), "127.0.0.1:8125", id="ipv4"),
        pytest.param("localhost:0", socket.AF_INET, ("127.0.0.1", 0), "127.0.0.1:0", id="localhost"),
        pytest.param("udp://10.0.0.1:65535", socket.AF_INET, ("10.0.0.1", 65535), "10.0.0.1:65535", id="url"),
        pytest.param("[::1]:8125", socket.AF_INET6, ("::1", 8125), "[::1]:8125", id="ipv6"),
        pytest.param("unix:/run/d.sock", socket.AF_UNIX, "/run/d.sock", "unix:/run/d.sock", id="unix"),
        pytest.param("unix:///run/d.sock", socket.AF_UNIX, "/run/d.sock", "unix:/run/d.sock", id="unix-url"),
    ],
)
def test_an_address_is_read_and_shown(text, family, place, shown) -> None:
    address = parse_datagram_address(text)
    assert (address.family, address.place, str(address)) == (family, place, shown)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("127.0.0.1", id="no-port"),
        pytest.param("127.0.0.1:70000", id="port-too-high"),
        pytest.param("999.0.0.1:8125", id="no-address"),
        pytest.param("metrics.example.org:8125", id="name"),
        pytest.param("[127.0.0.1]:8125", id="ipv4-in-brackets"),
        pytest.param("unix:", id="no-path"),
        pytest.param("unix:" + "x" * 108, id="path-too-long"),
        pytest.param("unix:a\0b", id="nul"),
    ],
)
def test_what_names_no_place_is_refused(text) -> None:
    with pytest.raises(DatagramAddressError, match="expected"):
        parse_datagram_address(text)
