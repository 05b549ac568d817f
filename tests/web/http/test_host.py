"""Hosts: is this one of ours?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.exceptions import DisallowedHost
from penstock.web.http import host as module
from penstock.web.http.host import check_host, split_domain_port, validate_host


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        ("Example.COM", ("example.com", "")),
        ("example.com:8080", ("example.com", "8080")),
        ("example.com.:80", ("example.com", "80")),
        ("[::1]:80", ("[::1]", "80")),
        ("[::FFFF:127.0.0.1]", ("[::ffff:127.0.0.1]", "")),
        ("a..:80", ("a.", "80")),
        (".", ("", "")),
        ("", ("", "")),
        ("a:", ("", "")),
        ("a:b", ("", "")),
        ("a b", ("", "")),
        ("a\n", ("", "")),
        ("a_b", ("", "")),
        ("é", ("", "")),
        ("user@example.com", ("", "")),
        ("example.com/path", ("", "")),
        ("[1.2]", ("", "")),
    ],
)
def test_host_is_split_or_is_none(host, parts):
    assert split_domain_port(host) == parts


@given(st.text())
def test_any_text_is_a_host_of_harmless_characters_or_none(text):
    domain, port = split_domain_port(text)
    assert set(domain) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-[]:")
    assert port == "" or port.isdigit()


@pytest.mark.parametrize(
    ("host", "allowed", "is_allowed"),
    [
        ("anything", ["*"], True),
        ("a.b", ["a.b"], True),
        ("A.b", ["a.b"], False),
        ("x.a.b", [".a.b"], True),
        ("a.b", [".a.b"], True),
        ("xa.b", [".a.b"], False),
        ("a.b", [], False),
    ],
)
def test_host_is_compared_with_patterns(host, allowed, is_allowed):
    assert validate_host(host, allowed) is is_allowed


def test_allowed_host_is_accepted_twice_and_another_never(override):
    override(ALLOWED_HOSTS=["ours.example", ".wild.example"])
    for _ in range(2):
        check_host("ours.example:80")
        check_host("any.wild.example")
        with pytest.raises(DisallowedHost, match=r"may need to add 'theirs.example' to ALLOWED_HOSTS"):
            check_host("theirs.example")


def test_host_that_is_none_is_said_to_be_none(override):
    override(ALLOWED_HOSTS=["*"])
    with pytest.raises(DisallowedHost, match="not valid according to RFC 1034/1035"):
        check_host("a_b")


def test_change_of_the_list_in_place_is_seen(override):
    override(ALLOWED_HOSTS=["ours.example"])
    check_host("ours.example")
    module.settings.ALLOWED_HOSTS.append("new.example")
    check_host("new.example")
    module.settings.ALLOWED_HOSTS.remove("ours.example")
    with pytest.raises(DisallowedHost):
        check_host("ours.example")


def test_this_machine_is_allowed_while_debugging_without_a_list(override):
    override(ALLOWED_HOSTS=[], DEBUG=True)
    for host in ("localhost:8000", "sub.localhost", "127.0.0.1", "[::1]:1"):
        check_host(host)
    override(DEBUG=False)
    with pytest.raises(DisallowedHost):
        check_host("localhost:8000")


def test_hosts_that_strangers_think_up_are_forgotten(override, monkeypatch):
    override(ALLOWED_HOSTS=["*"])
    monkeypatch.setattr(module, "_MAX_KNOWN_HOSTS", 10)
    for number in range(100):
        check_host(f"h{number}.example")
    assert len(module._latest.get().hosts) <= 10


def test_hosts_with_endless_ports_are_not_remembered(override):
    override(ALLOWED_HOSTS=["*"])
    host = "ours.example:" + "9" * 10_000
    check_host(host)
    assert host not in module._latest.get().hosts
