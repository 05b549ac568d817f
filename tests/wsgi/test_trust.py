import pytest

from penstock.config import WSGIConfig
from penstock.wsgi.trust import FORWARDING_KEYS, TrustConfigError, TrustedProxies


@pytest.mark.parametrize(
    ("words", "peer", "expected"),
    [
        pytest.param((), "127.0.0.1", False, id="nobody"),
        pytest.param(("127.0.0.1",), "127.0.0.1", True, id="address"),
        pytest.param(("127.0.0.1",), "127.0.0.2", False, id="another-address"),
        pytest.param(("10.0.0.0/8",), "10.255.0.1", True, id="network"),
        pytest.param(("10.0.0.0/8",), "11.0.0.1", False, id="outside"),
        pytest.param(("0.0.0.0/0",), "198.51.100.1", True, id="all-of-ipv4"),
        pytest.param(("0.0.0.0/0",), "::1", False, id="other-family"),
        pytest.param(("2001:db8::/32",), "2001:DB8:0::7", True, id="ipv6-spelt-otherwise"),
        pytest.param(("10.0.0.0/8",), "::ffff:10.1.2.3", True, id="ipv4-on-a-dual-stack-socket"),
        pytest.param(("fe80::/10",), "fe80::1%eth0", True, id="zone"),
        pytest.param(("unix",), "unix", True, id="unix"),
        pytest.param(("127.0.0.1",), "unix", False, id="unix-not-named"),
        pytest.param(("0.0.0.0/0",), "", False, id="empty"),
        pytest.param(("0.0.0.0/0",), "example.org", False, id="name"),
        pytest.param(("0.0.0.0/0", "::/0"), "1" * 5000, False, id="endless"),
    ],
)
def test_peer_is_trusted_if_it_is_in_a_named_network(
    words: tuple[str, ...], peer: str, expected: bool
) -> None:
    proxies = TrustedProxies(words)
    assert proxies.is_trusted(peer) is expected
    assert proxies.is_trusted(peer) is expected  # as remembered
    assert (proxies.believed_from(peer) is proxies) is expected


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("2001:DB8:0:0::7", "2001:db8::7", id="ipv6"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", id="mapped"),
        pytest.param("fe80::1%<script>", "fe80::1", id="zone-is-dropped"),
        pytest.param("unix", "", id="unix-in-a-field-is-nobody"),
        pytest.param("192.0.2.01", "", id="leading-zero"),
        pytest.param("192.0.2.1 ", "", id="space"),
    ],
)
def test_hop_is_spelt_in_the_usual_way(text: str, address: str) -> None:
    assert TrustedProxies(("unix",)).hop(text) == (address, False)


def test_addresses_that_are_remembered_are_bounded() -> None:
    proxies = TrustedProxies(("10.0.0.0/8",))
    for number in range(5000):
        assert proxies.is_trusted(f"10.0.{number >> 8}.{number & 255}")
    assert len(proxies._hops) == 5000 - 4096


@pytest.mark.parametrize(
    ("word", "message"),
    [
        pytest.param(
            "localhost",
            "trusted proxy 'localhost'; expected an address, a CIDR network or 'unix'$",
            id="name",
        ),
        pytest.param("10.0.0.1/8", r"\(did you mean '10.0.0.0/8'\?\)", id="host-bits"),
    ],
)
def test_word_that_is_no_network_is_refused(word: str, message: str) -> None:
    with pytest.raises(TrustConfigError, match=message):
        TrustedProxies((word,))


def test_unknown_field_is_refused() -> None:
    with pytest.raises(TrustConfigError, match="forwarding field 'x-client'; expected one of forwarded, "):
        TrustedProxies((), ("x-client",))


def test_every_field_is_believed_by_default() -> None:
    assert WSGIConfig().forwarding_fields == tuple(FORWARDING_KEYS)
    assert TrustedProxies(()).unbelieved == ()


def test_fields_that_are_not_named_are_not_believed() -> None:
    proxies = TrustedProxies((), ("X-Forwarded-For", "x-forwarded-proto"))
    assert set(FORWARDING_KEYS.values()) - set(proxies.unbelieved) == {
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_PROTO",
    }
