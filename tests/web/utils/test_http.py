"""utils/http.py, beside Django's for everything a client can send."""

import email.utils
import time

import django.utils.http as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock.web.utils.http as ours
from penstock.web.utils.datastructures import MultiValueDict

PIECES = [
    "text/html",
    "; ",
    ";",
    "charset",
    "=",
    "utf-8",
    '"',
    "\\",
    '\\"',
    "'",
    "*",
    "%e2%82%ac",
    "''",
    " ",
    "a",
    "*0",
]
ADDRESS_PIECES = [
    "http", "https", ":", "/", "//", "\\", "example.com", "evil.com", "@", "?", "#", "\x08", " ", "[",
    "::1", "]",
]  # fmt: skip


def outcome(function, *args):
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001  # what is raised is compared, too
        return type(error).__name__


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_parameters_of_a_header_are_read_as_django_reads_them(line):
    expected = outcome(theirs.parse_header_parameters, line)
    assert outcome(ours.parse_header_parameters, line) == expected


@given(st.lists(st.sampled_from(ADDRESS_PIECES), max_size=7).map("".join), st.booleans())
def test_safety_of_a_redirect_is_judged_as_django_judges_it(address, require_https):
    expected = theirs.url_has_allowed_host_and_scheme(address, {"example.com"}, require_https)
    assert ours.url_has_allowed_host_and_scheme(address, {"example.com"}, require_https) == expected


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        pytest.param("/path", True, id="path"),
        pytest.param("//evil.com", False, id="scheme-relative"),
        pytest.param("///evil.com", False, id="three-slashes"),
        pytest.param("http:///evil.com", False, id="no-host"),
        pytest.param("\\\\evil.com", False, id="backslashes"),
        pytest.param("\x08//evil.com", False, id="control-character"),
        pytest.param("javascript:alert(1)", False, id="script"),
        pytest.param("http://[", False, id="unreadable"),
        pytest.param("", False, id="empty"),
        pytest.param(None, False, id="none"),
        pytest.param("https://example.com/x", True, id="own-host"),
        pytest.param("/" + "x" * 3000, False, id="longer-than-is-looked-at"),
    ],
)
def test_a_redirect_that_leaves_the_host_is_not_safe(address, is_safe):
    assert ours.url_has_allowed_host_and_scheme(address, "example.com") is is_safe


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_a_date_is_read_in_each_of_its_three_forms(seconds):
    moment = time.gmtime(seconds)
    assert ours.http_date(seconds) == theirs.http_date(seconds)
    assert ours.parse_http_date(email.utils.formatdate(seconds, usegmt=True)) == seconds
    assert ours.parse_http_date(time.asctime(moment)) == seconds
    short = time.strftime("%A, %d-%b-%y %H:%M:%S GMT", moment)
    assert ours.parse_http_date(short) == theirs.parse_http_date(short)


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("yesterday", id="word"),
        pytest.param("Sun, 06 Nov 1994 25:49:37 GMT", id="hour-25"),
        pytest.param("Sun, 31 Feb 1994 08:49:37 GMT", id="no-such-day"),
        pytest.param("Sun, 06 Foo 1994 08:49:37 GMT", id="no-such-month"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 UTC", id="another-zone"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT\n", id="line-feed"),
    ],
)
def test_what_is_no_date_is_refused(date):
    with pytest.raises(ValueError, match="date"):
        ours.parse_http_date(date)
    assert ours.parse_http_date_safe(date) is None


def test_a_year_of_two_digits_lies_within_fifty_years(monkeypatch):
    year = time.gmtime().tm_year
    near, far = (year + 50) % 100, (year + 51) % 100
    assert time.gmtime(ours.parse_http_date(f"Sunday, 06-Nov-{near:02d} 08:49:37 GMT")).tm_year == year + 50
    assert time.gmtime(ours.parse_http_date(f"Sunday, 06-Nov-{far:02d} 08:49:37 GMT")).tm_year == year - 49


@given(st.lists(st.sampled_from(['"', "W/", "a", ",", " ", "*", "b"]), max_size=9).map("".join))
def test_entity_tags_are_read_as_django_reads_them(value):
    assert ours.parse_etags(value) == theirs.parse_etags(value)
    assert ours.quote_etag(value) == theirs.quote_etag(value)


@given(st.integers(min_value=0))
def test_base_36_gives_the_number_again(number):
    written = ours.int_to_base36(number)
    assert written == theirs.int_to_base36(number)
    if len(written) <= 13:
        assert ours.base36_to_int(written) == number


def test_base_36_refuses_what_is_too_long_or_negative():
    with pytest.raises(ValueError, match="at most 13"):
        ours.base36_to_int("1" * 14)
    with pytest.raises(ValueError, match="from 0"):
        ours.int_to_base36(-1)


@given(st.binary())
def test_base_64_gives_the_bytes_again(raw):
    assert ours.urlsafe_base64_encode(raw) == theirs.urlsafe_base64_encode(raw)
    assert ours.urlsafe_base64_decode(ours.urlsafe_base64_encode(raw)) == raw


def test_base_64_refuses_half_a_byte():
    with pytest.raises(ValueError, match=r"padding|multiple"):
        ours.urlsafe_base64_decode("a")


@given(st.text(alphabet='ab"\\ \x7fé;€'), st.booleans())
def test_a_file_name_is_written_as_django_writes_it(name, as_attachment):
    expected = theirs.content_disposition_header(as_attachment, name)
    assert ours.content_disposition_header(as_attachment, name) == expected


def test_a_file_name_with_a_line_feed_cannot_break_the_header():
    assert ours.content_disposition_header(True, "a\n") == "attachment; filename*=utf-8''a%0A"


@pytest.mark.parametrize("doseq", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"a": 1, "b": "é &"}, id="dict"),
        pytest.param([("a", "1"), ("a", "2")], id="pairs"),
        pytest.param({"a": [1, b"2", "3"]}, id="list"),
        pytest.param({"a": (1, 2), "b": b"raw"}, id="tuple-and-bytes"),
        pytest.param({"a": 5.5, "b": True}, id="numbers"),
    ],
)
def test_queries_are_written_as_django_writes_them(query, doseq):
    assert ours.urlencode(query, doseq) == theirs.urlencode(query, doseq)


def test_all_values_of_a_multi_value_dict_are_written():
    assert ours.urlencode(MultiValueDict({"a": [1, 2]}), doseq=True) == "a=1&a=2"


@pytest.mark.parametrize("query", [{"a": None}, {"a": [None]}], ids=["value", "item"])
def test_none_in_a_query_is_refused(query):
    with pytest.raises(TypeError, match="Cannot encode None for key 'a'"):
        ours.urlencode(query, doseq=True)


@given(st.sampled_from(["", "//x", "/x", "///", "/"]))
def test_leading_slashes_are_escaped_as_django_escapes_them(address):
    assert ours.escape_leading_slashes(address) == theirs.escape_leading_slashes(address)


@pytest.mark.parametrize(
    ("host", "pattern", "is_same"),
    [
        ("example.org", "example.org", True),
        ("example.org", "EXAMPLE.org", True),
        ("a.example.org", ".example.org", True),
        ("example.org", ".example.org", True),
        ("evilexample.org", ".example.org", False),
        ("example.org", "", False),
    ],
)
def test_a_domain_is_its_own_and_with_a_dot_those_below(host, pattern, is_same):
    assert ours.is_same_domain(host, pattern) is is_same


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a; filename*=UTF-8''%e2%82%ac", "€"),
        ("a; filename*=''x%41", "xA"),
        ("a; filename*0=x; filename*1=y", "xy"),
        ('a; filename="x;y"', "x;y"),
    ],
)
def test_an_extended_parameter_is_decoded(value, text):
    assert ours.parse_header_parameters(value) == ("a", {"filename": text})


def test_a_parameter_of_an_unknown_charset_is_refused():
    with pytest.raises(ValueError, match="charset 'bogus'; expected one that Python knows"):
        ours.parse_header_parameters("a; filename*=bogus''x")
