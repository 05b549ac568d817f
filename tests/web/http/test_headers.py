"""The header fields of a response."""

import base64
import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.http.headers import BadHeaderError, ResponseHeaders, check_name, check_value, set_field


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        pytest.param("plain", "plain", id="ascii"),
        pytest.param("tab\there", "tab\there", id="tab"),
        pytest.param(b"caf\xe9", "café", id="latin-1-bytes"),
        pytest.param("café", "café", id="latin-1"),
        pytest.param("†", "=?utf-8?b?4oCg?=", id="beyond-latin-1"),
        pytest.param(5, "5", id="number"),
        pytest.param(None, "None", id="none"),
    ],
)
def test_header_value_of_any_kind_is_stored_as_text_that_can_be_sent(value, stored):
    headers = ResponseHeaders({"X": value})
    assert headers["X"] == stored
    stored.encode("latin-1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("X\n", "v", id="lf-in-name"),
        pytest.param("X\rY", "v", id="cr-in-name"),
        pytest.param("X", "v\r\nSet-Cookie: a=b", id="crlf-in-value"),
        pytest.param("X", b"v\n", id="lf-in-bytes"),
        pytest.param("X", "†\n", id="lf-beyond-latin-1"),
        pytest.param(b"X\n", "v", id="lf-in-name-bytes"),
    ],
)
def test_header_with_a_line_break_is_refused(name, value):
    with pytest.raises(BadHeaderError, match="can't contain newlines"):
        set_field({}, name, value)


@pytest.mark.parametrize("name", ["føø", "føø".encode()])
def test_header_name_outside_ascii_is_refused(name):
    with pytest.raises(UnicodeError):
        set_field({}, name, "v")


def test_long_value_beyond_latin_1_is_not_folded():
    assert "\n" not in check_value("filename=" + "ü†" * 200)


@pytest.mark.parametrize("line_end", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_value_with_what_unicode_calls_a_line_end_stays_on_one_line(line_end):
    encoded = check_value(f"0{line_end}†").removeprefix("=?utf-8?b?").removesuffix("?=")
    assert base64.b64decode(encoded).decode() == f"0{line_end}†"


def test_name_may_be_anything_with_a_text():
    assert check_name(5) == "5"


@given(st.one_of(st.text(), st.binary()), st.one_of(st.text(), st.binary(), st.integers()))
def test_any_field_is_refused_or_can_be_sent_on_one_line(name, value):
    store = {}
    try:
        set_field(store, name, value)
    except (BadHeaderError, UnicodeError):
        assert store == {}
        return
    ((sent_name, sent_value),) = store.values()
    line = f"{sent_name}: {sent_value}".encode("latin-1")
    assert b"\r" not in line
    assert b"\n" not in line


def test_header_set_again_keeps_its_place_and_takes_the_new_spelling():
    headers = ResponseHeaders([("A-One", "1"), ("B", "2")])
    headers["a-one"] = "3"
    assert list(headers.items()) == [("a-one", "3"), ("B", "2")]


def test_headers_are_found_in_any_case():
    headers = ResponseHeaders({"Content-Type": "a/b"})
    assert "content-TYPE" in headers
    assert headers.get("CONTENT-type") == "a/b"
    assert 5 not in headers


def test_deleting_a_header_that_is_not_there_is_silent():
    headers = ResponseHeaders({"A": "1"})
    del headers["B"]
    del headers["a"]
    assert len(headers) == 0


def test_pop_returns_the_pair_or_the_default():
    headers = ResponseHeaders({"A": "1"})
    assert headers.pop("a") == ("A", "1")
    assert (headers.pop("a"), headers.pop("a", "none")) == (None, "none")


def test_setdefault_sets_only_what_is_missing():
    headers = ResponseHeaders({"A": "1"})
    assert headers.setdefault("a", "2") == "1"
    assert headers.setdefault("B", b"2") == "2"


def test_headers_compare_without_regard_to_case():
    assert ResponseHeaders({"A": "1"}) == {"a": "1"}
    assert ResponseHeaders({"A": "1"}) != ["a"]
    assert list(ResponseHeaders({"A": "1"})) == ["A"]
    assert repr(ResponseHeaders({"A": "1"})) == "{'A': '1'}"


def test_headers_over_a_store_change_it():
    store = {}
    ResponseHeaders.over(store)["X"] = "y"
    assert store == {"x": ("X", "y")}


def test_copied_headers_are_their_own():
    headers = ResponseHeaders({"A": "1"})
    for copied in (headers.copy(), copy.copy(headers), pickle.loads(pickle.dumps(headers))):
        copied["A"] = "2"
    assert headers["A"] == "1"
