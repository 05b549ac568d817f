from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wsgi.forwarded import apply_forwarding, believed_request_id, forwarded_elements
from penstock.wsgi.trust import FORWARDING_KEYS, TrustedProxies

PROXIES = TrustedProxies(("10.0.0.0/8", "2001:db8:1::/48", "unix"))
CONNECTION = {
    "HTTP_HOST": "internal:8000",
    "REMOTE_ADDR": "10.0.0.1",
    "REMOTE_PORT": "40000",
    "SCRIPT_NAME": "",
    "SERVER_PORT": "8000",
    "wsgi.url_scheme": "http",
}


def environ_of(trusted: TrustedProxies | None = PROXIES, **fields: str) -> dict[str, Any]:
    environ: dict[str, Any] = CONNECTION | fields
    apply_forwarding(environ, trusted)
    return environ


# Whom to believe


def test_fields_of_a_peer_that_is_not_trusted_are_removed() -> None:
    fields = dict.fromkeys(FORWARDING_KEYS.values(), "203.0.113.9")
    fields["HTTP_X_FORWARDED_SSL"] = "on"
    assert environ_of(None, **fields) == CONNECTION


def test_other_fields_of_a_peer_that_is_not_trusted_stay() -> None:
    fields = {"HTTP_TRACEPARENT": "00-1-2-01", "HTTP_X_REQUEST_ID": "abc"}
    assert environ_of(None, **fields) == CONNECTION | fields


def test_field_that_the_operator_did_not_name_is_removed() -> None:
    trusted = TrustedProxies(("10.0.0.0/8",), ("x-forwarded-for",))
    environ = environ_of(trusted, HTTP_X_FORWARDED_FOR="203.0.113.9", HTTP_X_FORWARDED_PREFIX="/evil")
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert environ["SCRIPT_NAME"] == ""
    assert "HTTP_X_FORWARDED_PREFIX" not in environ


def test_trusted_peer_that_says_nothing_changes_nothing() -> None:
    assert environ_of() == CONNECTION


def test_fields_of_a_trusted_peer_stay_for_the_application() -> None:
    environ = environ_of(HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_SSL="on")
    assert environ["HTTP_X_FORWARDED_PROTO"] == "https"
    assert environ["HTTP_X_FORWARDED_SSL"] == "on"


def test_forwarded_is_removed_where_the_other_family_is_there() -> None:
    environ = environ_of(HTTP_FORWARDED="for=198.51.100.66", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert "HTTP_FORWARDED" not in environ


# The client's address


@pytest.mark.parametrize(
    ("value", "address", "port"),
    [
        pytest.param("203.0.113.9", "203.0.113.9", "", id="one-hop"),
        pytest.param("198.51.100.66, 203.0.113.9", "203.0.113.9", "", id="a-story-of-the-client"),
        pytest.param("203.0.113.9, 10.0.0.2", "203.0.113.9", "", id="two-proxies"),
        pytest.param("6.6.6.6,203.0.113.9 ,\t10.0.0.2", "203.0.113.9", "", id="blanks"),
        pytest.param("10.0.0.3, 10.0.0.2", "10.0.0.3", "", id="only-proxies"),
        pytest.param("203.0.113.9:5123", "203.0.113.9", "5123", id="port"),
        pytest.param("203.0.113.9:http", "203.0.113.9", "", id="port-that-is-none"),
        pytest.param("[2001:db8::9]:5123", "2001:db8::9", "5123", id="ipv6-port"),
        pytest.param("[2001:db8::9]", "2001:db8::9", "", id="ipv6-brackets"),
        pytest.param("2001:DB8::9", "2001:db8::9", "", id="ipv6-bare"),
        pytest.param("2001:db8::9, 2001:db8:1::1", "2001:db8::9", "", id="ipv6-behind-a-trusted-network"),
        pytest.param("::ffff:203.0.113.9", "203.0.113.9", "", id="ipv4-mapped"),
        pytest.param("6.6.6.6, garbage, 10.0.0.2", "10.0.0.2", "", id="a-proxy-that-does-not-know"),
        pytest.param("unix:", "10.0.0.1", "40000", id="proxy-on-a-unix-socket"),
        pytest.param("", "10.0.0.1", "40000", id="empty"),
        pytest.param("[2001:db8::9", "10.0.0.1", "40000", id="bracket-open"),
        pytest.param("[2001:db8::9]5123", "10.0.0.1", "40000", id="bracket-without-colon"),
        pytest.param("203.0.113.9\x0b", "10.0.0.1", "40000", id="vertical-tab"),
    ],
)
def test_client_is_the_right_most_hop_that_is_not_trusted(value: str, address: str, port: str) -> None:
    environ = environ_of(HTTP_X_FORWARDED_FOR=value)
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == (address, port)


def test_real_ip_is_taken_when_nothing_else_tells() -> None:
    assert environ_of(HTTP_X_REAL_IP="203.0.113.9")["REMOTE_ADDR"] == "203.0.113.9"
    environ = environ_of(HTTP_X_REAL_IP="6.6.6.6", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert environ_of(HTTP_X_REAL_IP="nonsense")["REMOTE_ADDR"] == "10.0.0.1"


# X-Forwarded-Proto, -Host, -Port, -Prefix


@pytest.mark.parametrize(
    ("hops", "proto", "scheme"),
    [
        pytest.param("203.0.113.9", "https", "https", id="one"),
        pytest.param("203.0.113.9", "HTTPS", "https", id="case"),
        pytest.param("203.0.113.9", "gopher", "http", id="unknown"),
        pytest.param("203.0.113.9", "http, https", "https", id="a-story-of-the-client"),
        pytest.param("203.0.113.9, 10.0.0.2", "https, http", "https", id="two-proxies-append"),
        pytest.param("203.0.113.9, 10.0.0.2", "https", "https", id="two-proxies-overwrite"),
        pytest.param("6.6.6.6, 203.0.113.9, 10.0.0.2", "http, https, http", "https", id="all-at-once"),
    ],
)
def test_scheme_is_what_the_clients_own_hop_used(hops: str, proto: str, scheme: str) -> None:
    environ = environ_of(HTTP_X_FORWARDED_FOR=hops, HTTP_X_FORWARDED_PROTO=proto)
    assert environ["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    ("fields", "host", "port"),
    [
        pytest.param({"PROTO": "https"}, "internal:8000", "8000", id="host-keeps-its-port"),
        pytest.param({"PROTO": "https", "HOST": "example.org"}, "example.org", "443", id="default-port"),
        pytest.param({"HOST": "example.org"}, "example.org", "80", id="scheme-of-the-connection"),
        pytest.param({"HOST": "example.org:8443"}, "example.org:8443", "8443", id="port-in-host"),
        pytest.param({"HOST": "example.org", "PORT": "8443"}, "example.org:8443", "8443", id="port-apart"),
        pytest.param(
            {"HOST": "example.org", "PORT": "443", "PROTO": "https"},
            "example.org",
            "443",
            id="default-port-apart",
        ),
        pytest.param({"HOST": "[2001:db8::9]:81"}, "[2001:db8::9]:81", "81", id="ipv6"),
        pytest.param({"HOST": "[2001:db8::9]", "PORT": "81"}, "[2001:db8::9]:81", "81", id="ipv6-port-apart"),
        pytest.param({"HOST": "6.6.6.6, example.org"}, "example.org", "80", id="list"),
        pytest.param({"HOST": "exa mple"}, "internal:8000", "8000", id="no-host"),
        pytest.param({"HOST": "example.org:99999"}, "internal:8000", "8000", id="no-port"),
        pytest.param({"PORT": "0"}, "internal:8000", "8000", id="port-zero"),
        pytest.param({"PORT": "\u0661"}, "internal:8000", "8000", id="arabic-digit"),
    ],
)
def test_host_and_port_lead_back_through_the_proxy(fields: dict[str, str], host: str, port: str) -> None:
    environ = environ_of(**{f"HTTP_X_FORWARDED_{name}": value for name, value in fields.items()})
    assert (environ["HTTP_HOST"], environ["SERVER_PORT"]) == (host, port)


def test_request_without_host_gets_none_from_a_scheme() -> None:
    environ: dict[str, Any] = CONNECTION | {"HTTP_X_FORWARDED_PROTO": "https"}
    del environ["HTTP_HOST"]
    apply_forwarding(environ, PROXIES)
    assert "HTTP_HOST" not in environ
    assert environ["SERVER_PORT"] == "443"


@pytest.mark.parametrize(
    ("value", "script_name"),
    [
        pytest.param("/app", "/app", id="plain"),
        pytest.param("/app/", "/app", id="slash-at-the-end"),
        pytest.param("/caf%C3%A9", "/caf\xc3\xa9", id="decoded-as-path-info"),
        pytest.param("/", "", id="root"),
        pytest.param("app", "", id="relative"),
        pytest.param("//evil.example", "", id="other-host"),
        pytest.param("/%2Fevil.example", "", id="other-host-encoded"),
        pytest.param("/%5Cevil.example", "", id="backslash"),
        pytest.param("/a\x00b", "", id="control"),
        pytest.param("/one, /two", "/two", id="list"),
    ],
)
def test_prefix_becomes_script_name(value: str, script_name: str) -> None:
    assert environ_of(HTTP_X_FORWARDED_PREFIX=value)["SCRIPT_NAME"] == script_name


# Forwarded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("for=192.0.2.1", [{"for": "192.0.2.1"}], id="one"),
        pytest.param(
            "For=192.0.2.1;PROTO=http;by=10.0.0.1",
            [{"for": "192.0.2.1", "proto": "http", "by": "10.0.0.1"}],
            id="names-in-any-case",
        ),
        pytest.param("for=a, for=b", [{"for": "b"}, {"for": "a"}], id="from-the-right"),
        pytest.param(
            'for="[2001:db8::1]:80" ; host="a,b;c"',
            [{"for": "[2001:db8::1]:80", "host": "a,b;c"}],
            id="quoted",
        ),
        pytest.param(r'for="a\"b\\"', [{"for": 'a"b\\'}], id="quoted-pairs"),
        pytest.param('for="a,b,c",for=d', [{"for": "d"}, {"for": "a,b,c"}], id="quoted-commas"),
        pytest.param("host=example.org:8080", [{"host": "example.org:8080"}], id="lax-value"),
        pytest.param("for=", [{"for": ""}], id="empty-value"),
        pytest.param('for=", for=b', [{"for": "b"}], id="quote-of-the-client"),
        pytest.param('for=", for="b"', [{"for": "b"}], id="quote-of-the-client-and-of-the-proxy"),
        pytest.param("nonsense, for=b", [{"for": "b"}], id="nonsense-of-the-client"),
        pytest.param("for=a,,for=b", [{"for": "b"}], id="empty-element"),
        pytest.param('for="' + "," * 9 + '"', [], id="many-quoted-commas"),
        pytest.param("for=a;for=b", [], id="twice"),
        pytest.param("for", [], id="no-value"),
        pytest.param('for="a', [], id="quote-open"),
        pytest.param("for=a;", [], id="semicolon-at-the-end"),
        pytest.param("", [], id="empty"),
        pytest.param("for=a b", [], id="blank-inside"),
        pytest.param("for=a\n", [], id="line-feed"),
    ],
)
def test_forwarded_is_read_from_the_right_up_to_what_is_malformed(
    value: str, expected: list[dict[str, str]]
) -> None:
    assert list(forwarded_elements(value)) == expected


@given(st.text(alphabet='for=;, "\\[]:a1\t\x00'))
def test_what_a_client_sends_never_changes_what_its_proxy_appends(value: str) -> None:
    assert next(forwarded_elements(f'{value}, for="[2001:db8::9]:1"')) == {"for": "[2001:db8::9]:1"}


@pytest.mark.parametrize(
    ("value", "address"),
    [
        pytest.param("for=203.0.113.9", "203.0.113.9", id="one"),
        pytest.param('for="203.0.113.9:5123"', "203.0.113.9", id="port"),
        pytest.param('for=6.6.6.6, for="[2001:db8::9]", for=10.0.0.2', "2001:db8::9", id="right-most"),
        pytest.param("for=unknown", "10.0.0.1", id="unknown"),
        pytest.param("for=6.6.6.6, for=_hidden, for=10.0.0.2", "10.0.0.2", id="hidden"),
        pytest.param("proto=https", "10.0.0.1", id="no-for"),
        pytest.param("for=10.0.0.3, for=10.0.0.2", "10.0.0.3", id="only-proxies"),
    ],
)
def test_client_of_forwarded_is_the_right_most_hop_that_is_not_trusted(value: str, address: str) -> None:
    assert environ_of(HTTP_FORWARDED=value)["REMOTE_ADDR"] == address


def test_scheme_and_host_of_forwarded_are_those_of_the_clients_hop() -> None:
    environ = environ_of(
        HTTP_FORWARDED="for=6.6.6.6;host=evil, for=203.0.113.9;proto=https;host=example.org, "
        "for=10.0.0.2;proto=http;host=inner"
    )
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTP_HOST"] == "example.org"
    assert environ["SERVER_PORT"] == "443"


def test_forwarded_that_cannot_be_read_says_nothing() -> None:
    value = "for=203.0.113.9;;"
    assert environ_of(HTTP_FORWARDED=value) == CONNECTION | {"HTTP_FORWARDED": value}


# Request id


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        pytest.param("0af7651916cd43dd8448eb211c80319c", True, id="hex"),
        pytest.param("a" * 128, True, id="longest"),
        pytest.param("a" * 129, False, id="too-long"),
        pytest.param("", False, id="empty"),
        pytest.param("a b", False, id="blank"),
        pytest.param("a\n", False, id="line-feed"),
    ],
)
def test_request_id_is_taken_over_if_it_is_harmless(value: str, is_kept: bool) -> None:
    taken = believed_request_id({"HTTP_X_REQUEST_ID": value}, "ours")
    assert taken == (value if is_kept else "ours")


def test_request_without_an_id_gets_ours() -> None:
    assert believed_request_id({}, "ours") == "ours"
