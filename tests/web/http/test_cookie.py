"""Cookies that come and cookies that go."""

import datetime as dt
import http.cookies
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.http.cookie import (
    SimpleCookie,
    cookie_salt,
    must_be_secure,
    parse_cookie,
    put_cookie,
    set_attributes,
    set_cookie_field,
    set_lifetime,
    unquote,
)


@pytest.mark.parametrize(
    ("field", "jar"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("a=b; c=d", {"a": "b", "c": "d"}, id="two"),
        pytest.param("a=1; a=2", {"a": "2"}, id="last-duplicate-wins"),
        pytest.param("lonely", {"": "lonely"}, id="no-equals-sign"),
        pytest.param("a=b=c", {"a": "b=c"}, id="first-equals-sign-counts"),
        pytest.param(' a = b ; ; = ;c="" ', {"a": "b", "c": ""}, id="white-space"),
        pytest.param(r'a="x\"y\073z"', {"a": 'x"y;z'}, id="quoted"),
        pytest.param('a="b;c"', {"a": '"b', "": 'c"'}, id="semicolon-always-separates"),
        pytest.param('a="', {"a": '"'}, id="one-quote"),
        pytest.param("é=ü", {"é": "ü"}, id="beyond-ascii"),
    ],
)
def test_cookie_field_is_read_as_browsers_mean_it(field, jar):
    assert parse_cookie(field) == jar


@given(st.text())
def test_any_cookie_field_is_read_without_an_error(field):
    assert all(isinstance(value, str) for value in parse_cookie(field).values())


@given(st.text(alphabet=st.characters(max_codepoint=0xFF)))
def test_what_the_standard_library_quotes_is_unquoted(value):
    jar = SimpleCookie()
    jar["a"] = value
    assert unquote(jar["a"].coded_value) == value


def test_unquoting_takes_time_in_proportion_to_the_length():
    # Older standard libraries need minutes for this (CVE-2024-7592).
    assert unquote('"' + r"\"" * 100_000 + '"') == '"' * 100_000


class TestLifetime:
    def morsel(self):
        jar = SimpleCookie()
        jar["a"] = "b"
        return jar["a"]

    def test_max_age_sets_expires_as_well(self):
        morsel = self.morsel()
        set_lifetime(morsel, 0, None)
        assert morsel["max-age"] == 0
        assert morsel["expires"].endswith(" GMT")

    @pytest.mark.parametrize("max_age", [10.6, dt.timedelta(seconds=10), 10])
    def test_max_age_of_any_kind_is_whole_seconds(self, max_age):
        morsel = self.morsel()
        set_lifetime(morsel, max_age, None)
        assert morsel["max-age"] == 10

    @pytest.mark.parametrize("zone", [None, dt.UTC, dt.timezone(dt.timedelta(hours=5))])
    def test_a_moment_becomes_the_seconds_until_then_rounded_up(self, zone):
        morsel = self.morsel()
        now = dt.datetime.now(tz=zone or dt.UTC)
        set_lifetime(morsel, None, (now if zone else now.replace(tzinfo=None)) + dt.timedelta(seconds=100))
        assert morsel["max-age"] == 100

    def test_a_moment_that_is_past_becomes_no_seconds(self):
        morsel = self.morsel()
        set_lifetime(morsel, None, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        assert morsel["max-age"] == 0

    def test_text_is_sent_as_it_is(self):
        morsel = self.morsel()
        set_lifetime(morsel, 3, "some day")
        assert (morsel["expires"], morsel["max-age"]) == ("some day", 3)

    def test_a_moment_beside_max_age_is_refused(self):
        with pytest.raises(ValueError, match="can't be used together"):
            set_lifetime(self.morsel(), 1, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


def test_samesite_that_nobody_knows_is_refused():
    morsel = http.cookies.Morsel()
    with pytest.raises(ValueError, match='"lax", "none", or "strict"'):
        set_attributes(morsel, path="/", domain=None, secure=False, httponly=False, samesite="some")


@pytest.mark.parametrize(
    ("name", "samesite", "is_secure"),
    [("a", None, False), ("__Secure-a", None, True), ("__Host-a", None, True), ("a", "None", True)],
)
def test_cookie_must_be_secure_where_browsers_ask_for_it(name, samesite, is_secure):
    assert must_be_secure(name, samesite) is is_secure


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"path": "/", "domain": "example.com", "secure": True, "httponly": True, "samesite": "Lax"},
        {"max-age": 0, "expires": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"max-age": "7", "secure": "", "httponly": False},
        {"expires": 5},
        {"comment": "c", "version": "1"},
    ],
)
def test_set_cookie_is_what_the_standard_library_writes(attributes):
    jar = SimpleCookie()
    jar["name"] = 'a "value"; quoted'
    jar["name"].update(attributes)
    assert set_cookie_field(jar["name"]) == jar["name"].OutputString()


@given(
    st.sampled_from(["a", "session-id", "csrftoken", "a b", "", "é", "path", "a;b"]),
    st.one_of(st.text(alphabet='aZ09_.:-/=";, \\é\x00', max_size=8), st.integers()),
)
def test_cookie_put_into_a_jar_is_the_one_the_standard_library_puts(name, value):
    jar, expected = SimpleCookie(), SimpleCookie()
    try:
        expected[name] = value
    except http.cookies.CookieError:
        with pytest.raises(http.cookies.CookieError):
            put_cookie(jar, name, value)
        return
    morsel = put_cookie(jar, name, value)
    assert jar[name] is morsel
    assert jar == expected
    assert pickle.dumps(jar) == pickle.dumps(expected)
    assert put_cookie(jar, name, "again").value == "again"


def test_cookie_salt_keeps_name_and_salt_apart():
    assert cookie_salt("c", "ab") != cookie_salt("bc", "a")
    assert cookie_salt("name", "salt") == "django.http.cookies.v2:4:saltname"
