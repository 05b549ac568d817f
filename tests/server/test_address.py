import pytest

from penstock.server.address import (
    AddressError,
    InheritedAddress,
    TCPAddress,
    UnixAddress,
    parse_address,
)


@pytest.mark.parametrize(
    ("word", "address"),
    [
        pytest.param("127.0.0.1:8000", TCPAddress("127.0.0.1", 8000), id="ipv4"),
        pytest.param("localhost:0", TCPAddress("localhost", 0), id="name-and-any-port"),
        pytest.param(":80", TCPAddress("", 80), id="all-interfaces"),
        pytest.param("8000", TCPAddress("127.0.0.1", 8000), id="port-alone-is-loopback"),
        pytest.param("[::1]:8000", TCPAddress("::1", 8000), id="ipv6"),
        pytest.param("unix:/run/a.sock", UnixAddress("/run/a.sock"), id="unix"),
        pytest.param("fd://3", InheritedAddress(3), id="inherited"),
    ],
)
def test_address_as_people_write_it_is_understood(word: str, address: object) -> None:
    assert parse_address(word) == address


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("::1:8000", "brackets", id="ipv6-without-brackets"),
        pytest.param("localhost", "HOST:PORT", id="no-port"),
        pytest.param("localhost:http", "HOST:PORT", id="service-name"),
        pytest.param("localhost:65536", "65535", id="port-too-large"),
        pytest.param("localhost:²", "HOST:PORT", id="superscript-digit"),
        pytest.param("unix:", "unix:PATH", id="empty-path"),
        pytest.param("unix:" + "x" * 108, "107 bytes", id="path-too-long"),
        pytest.param("fd://x", "fd://N", id="descriptor-no-number"),
        pytest.param("", "HOST:PORT", id="empty"),
    ],
)
def test_address_that_is_none_is_refused_with_what_was_expected(word: str, expected: str) -> None:
    with pytest.raises(AddressError, match=expected):
        parse_address(word)


@pytest.mark.parametrize("word", ["127.0.0.1:8000", "[::1]:8000", "unix:/run/a.sock", "fd://3"])
def test_address_reads_back_as_it_was_written(word: str) -> None:
    assert str(parse_address(word)) == word
