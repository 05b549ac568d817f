"""core/validators/address.py, beside Django's."""

import ipaddress

import django.core.validators as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.core.validators.verdict import verdict

from penstock.web.core import validators as ours

LABELS = [
    "a",
    "example",
    "com",
    "xn--p1ai",
    "ü",
    "\u3002",
    "1",
    "-",
    ".",
    "a" * 63,
    "a" * 64,
    "K",
    "_",
    "\n",
    " ",
]
NUMBERS = [
    "127.0.0.1",
    "256.1.1.1",
    "01.1.1.1",
    "::1",
    "[::1]",
    "[",
    "]",
    "::ffff:1.2.3.4",
    "%eth0",
    "0000:",
    "ffff",
]
FRAME = [
    "http://",
    "HTTPS://",
    "ftp://",
    "x://",
    "//",
    ":",
    "/",
    "?",
    "#",
    "@",
    "user",
    ":80",
    ":123456",
    "localhost",
]
MAILBOXES = ["a", '"a b"', '"\x01"', '"\\\n"', "a..b", ".a", "%", "ä", "@", "a" * 320]


def joined(*pieces, most=7):
    return st.lists(st.sampled_from([each for group in pieces for each in group]), max_size=most).map("".join)


def assert_same_verdict(name, value, **arguments):
    mine, expected = getattr(ours, name), getattr(theirs, name)
    if isinstance(mine, type):
        mine, expected = mine(**arguments), expected(**arguments)
    assert verdict(mine, value) == verdict(expected, value), name


@given(st.one_of(joined(LABELS, NUMBERS), st.sampled_from([None, 1, b"a.com", "", "a." * 127 + "com"])))
def test_names_of_domains_are_those_of_django(value):
    assert_same_verdict("validate_domain_name", value)
    assert_same_verdict("DomainNameValidator", value, accept_idna=False)


@given(st.one_of(joined(FRAME, LABELS, NUMBERS).map("http://{}".format), joined(FRAME, LABELS, NUMBERS)))
def test_urls_are_those_of_django(value):
    assert_same_verdict("URLValidator", value)
    assert_same_verdict("URLValidator", value, schemes=["x", "ftp"])


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"http://a.com",
        "http://[::1%25eth0]/",
        "http://[::1",
        "http://[::1].com",
        "http://[1:2:3:4:5:6:7:8:9]/",
        "http://example.com?x@-bad",
        "http://user:pa:ss@example.com/",
        "http://example.com\n",
        "http://example.com/\t",
        "http://" + "a." * 126 + "com/",
        "http://" + "a." * 140 + "com/",
        "http://a.com/" + "a" * 2035,
        "http://a.com/" + "a" * 2036,
    ],
)
def test_url_of_a_rare_kind_is_judged_as_django_judges_it(value):
    assert_same_verdict("URLValidator", value)


@given(
    st.one_of(
        st.tuples(st.sampled_from(MAILBOXES), joined(LABELS, NUMBERS, ["localhost"])).map("@".join),
        joined(MAILBOXES, LABELS),
        st.sampled_from([None, "", b"a@b.com", 1]),
    )
)
def test_mail_addresses_are_those_of_django(value):
    assert_same_verdict("validate_email", value)
    assert_same_verdict("EmailValidator", value, allowlist=["intranet", "a"])


@pytest.mark.parametrize(
    "value", ["a@[::1%eth0]", "a@[::1%\r\nBcc: b@c.de]", "a@[fe80::1%\0]", "a@[", "a@[]"]
)
def test_mail_address_with_text_behind_its_ip_address_is_refused(value):
    with pytest.raises(ours.ValidationError):
        ours.validate_email(value)
    assert_same_verdict("validate_email", value)


@given(
    st.one_of(
        joined(NUMBERS, ["1", ".", ":", " "]), st.sampled_from([None, 1, b"1234", ipaddress.IPv6Address(1)])
    )
)
def test_ip_addresses_are_those_of_django(value):
    for name in ("validate_ipv4_address", "validate_ipv6_address", "validate_ipv46_address"):
        mine, expected = verdict(getattr(ours, name), value), verdict(getattr(theirs, name), value)
        assert (mine is True) == (expected is True), name


@pytest.mark.parametrize("protocol", ["both", "IPv4", "ipv6"])
def test_validators_of_a_protocol_judge_as_those_of_django(protocol):
    (mine,) = ours.ip_address_validators(protocol, unpack_ipv4=False)
    (expected,) = theirs.ip_address_validators(protocol, unpack_ipv4=False)
    for value in ("192.0.2.1", "2001:db8::1", "nothing"):
        assert (verdict(mine, value) is True) == (verdict(expected, value) is True)


@pytest.mark.parametrize(("protocol", "unpack"), [("ipx", False), ("ipv4", True)])
def test_protocol_that_is_none_is_refused(protocol, unpack):
    with pytest.raises(ValueError, match="expected"):
        ours.ip_address_validators(protocol, unpack)
