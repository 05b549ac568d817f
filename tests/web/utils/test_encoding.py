"""utils/encoding.py, beside Django's."""

import datetime as dt
from decimal import Decimal

import django.utils.encoding as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock.web.utils.encoding as ours
from penstock.web.utils.functional import lazystr

RAW = st.lists(
    st.sampled_from([b"%", b"a", b"2F", b"c3", b"\xc3", b"\xa9", b"\xff", b"\xe2\x82", b"/", b"%41"])
).map(b"".join)


def outcome(function, value):
    try:
        return function(value)
    except Exception as error:  # noqa: BLE001  # what is raised is compared, too
        return type(error).__name__


@given(RAW)
def test_broken_bytes_are_percent_encoded_as_django_does(raw):
    assert ours.repercent_broken_unicode(raw) == theirs.repercent_broken_unicode(raw)


@given(RAW)
def test_a_uri_is_shown_as_django_shows_it(raw):
    assert outcome(ours.uri_to_iri, raw) == outcome(theirs.uri_to_iri, raw)


@given(st.text())
def test_addresses_and_paths_are_quoted_as_django_quotes_them(text):
    for name in ("iri_to_uri", "escape_uri_path", "filepath_to_uri"):
        assert outcome(getattr(ours, name), text) == outcome(getattr(theirs, name), text)


def test_a_long_run_of_broken_bytes_takes_one_pass():
    raw = b"\xff" * 200_000
    assert ours.repercent_broken_unicode(raw) == b"%FF" * 200_000


@given(st.text())
def test_an_address_that_is_encoded_twice_stays_the_same(text):
    once = outcome(ours.iri_to_uri, text)
    if once != "UnicodeEncodeError":
        assert ours.iri_to_uri(once) == once


@pytest.mark.parametrize("function", [ours.iri_to_uri, ours.uri_to_iri, ours.filepath_to_uri])
def test_none_stays_none(function):
    assert function(None) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("é", "é", id="str"),
        pytest.param("é".encode(), "é", id="bytes"),
        pytest.param(5, "5", id="number"),
        pytest.param(lazystr("lazy"), "lazy", id="lazy"),
    ],
)
def test_anything_has_a_text(value, text):
    assert ours.force_str(value) == text
    assert type(ours.force_str(value)) is str


def test_lazy_text_stays_lazy_when_asked_smartly():
    lazy = lazystr("x")
    assert ours.smart_str(lazy) is lazy
    assert ours.smart_bytes(lazy) is lazy


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        pytest.param("é", "é".encode(), id="str"),
        pytest.param(b"\xff", b"\xff", id="bytes"),
        pytest.param(memoryview(b"view"), b"view", id="memoryview"),
        pytest.param(5, b"5", id="number"),
    ],
)
def test_anything_has_bytes(value, raw):
    assert ours.force_bytes(value) == raw


def test_bytes_are_recoded():
    assert ours.force_bytes("é".encode(), encoding="latin-1") == b"\xe9"


@pytest.mark.parametrize("value", [None, 5, 1.5, Decimal(1), dt.date(2020, 1, 1)])
def test_protected_values_are_left_alone(value):
    assert ours.is_protected_type(value)
    assert ours.force_str(value, strings_only=True) is value
    assert ours.force_bytes(value, strings_only=True) is value


def test_an_error_of_decoding_names_the_object():
    with pytest.raises(ours.DjangoUnicodeDecodeError, match=r"b'\\xff' \(<class 'bytes'>\)"):
        ours.force_str(b"\xff")


def test_a_domain_is_written_in_ascii():
    assert ours.punycode("bücher.example") == "xn--bcher-kva.example"


def test_the_encoding_of_the_system_is_one_that_python_has():
    assert "x".encode(ours.get_system_encoding()) == b"x"


def test_percent_escapes_are_for_bytes_that_are_read():
    with pytest.raises(UnicodeEncodeError):
        "é".encode("ascii", errors="penstock.percent")


@pytest.mark.parametrize("found", [("xx", "no such codec"), ("xx", None)])
def test_a_locale_whose_codec_python_lacks_is_ascii(found, monkeypatch):
    monkeypatch.setattr(ours.locale, "getlocale", lambda: found)
    assert ours.get_system_encoding() == "ascii"
