import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.logs.escape import (
    escape_json,
    escape_message,
    escape_text,
    split_access_text,
    strip_queries,
)


def batch(*records: bytes) -> tuple[list[tuple[int, int, int]], bytes]:
    """Fixed parts (only their text bounds) and all texts, as a ring gives them."""
    rows, at = [], 1000
    for record in records:
        rows.append((0, at, at + len(record)))
        at += len(record)
    return rows, b"".join(records)


def record(*fields: bytes) -> bytes:
    return b"".join(field + b"\n" for field in fields)


PLAIN = record(b"GET / HTTP/1.1", b"192.0.2.1", b"id", b"", b"curl/8")


def split(*records: bytes) -> list[list[str]]:
    fields = split_access_text(*batch(*records), escape_text)
    return [fields[at : at + 5] for at in range(0, len(records) * 5, 5)]


def test_plain_fields_stay_as_they_are():
    assert split(PLAIN, PLAIN) == [["GET / HTTP/1.1", "192.0.2.1", "id", "", "curl/8"]] * 2


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param(b'a"b', '\\"'.join("ab"), id="quote"),
        pytest.param(b"a\\b", "a\\\\b", id="backslash"),
        pytest.param(b"a\rb", "a\\x0db", id="carriage-return"),
        pytest.param(b"a\x1b[31mb", "a\\x1b[31mb", id="escape-sequence"),
        pytest.param(b"a\x7fb", "a\\x7fb", id="delete"),
        pytest.param(b"a\x00b", "a\\x00b", id="nul"),
        pytest.param(b"caf\xc3\xa9", "caf\\xc3\\xa9", id="utf-8"),
        pytest.param(b"caf\xe9", "caf\\xe9", id="latin-1"),
        pytest.param(b"\xe2\x80\xa8", "\\xe2\\x80\\xa8", id="line-separator"),
        pytest.param(b"\x9b31m", "\\x9b31m", id="c1-control"),
    ],
)
def test_a_hostile_request_line_is_spelt_out_and_its_neighbours_are_not(sent, shown):
    hostile = record(sent, b"192.0.2.1", b"id", b"", b"")
    assert split(PLAIN, hostile, PLAIN) == [
        ["GET / HTTP/1.1", "192.0.2.1", "id", "", "curl/8"],
        [shown, "192.0.2.1", "id", "", ""],
        ["GET / HTTP/1.1", "192.0.2.1", "id", "", "curl/8"],
    ]


@pytest.mark.parametrize("field", [1, 2, 3, 4], ids=["peer", "request-id", "referer", "user-agent"])
@pytest.mark.parametrize("sent", [b"caf\xe9", b"\x1b\xff\r", b'"\\'], ids=["latin-1", "controls", "quotes"])
def test_other_fields_show_the_bytes_that_the_client_sent(field, sent):
    fields = [b"GET / HTTP/1.1", b"a", b"b", b"c", b"d"]
    fields[field] = sent.decode("latin-1").encode()  # as Recorder.access writes an environ's string
    assert split(record(*fields))[0][field] == escape_text(sent)


def test_a_field_that_is_no_latin_1_is_shown_in_utf_8():
    assert split(record(b"l", b"p", b"i", b"r", "\u2028".encode()))[0][4] == "\\xe2\\x80\\xa8"


def test_a_line_feed_stays_inside_its_own_record():
    forged = record(b"GET / HTTP/1.1", b"p", b"i", b"r\n127.0.0.1 - - forged", b"a")
    assert split(PLAIN, forged, PLAIN)[1:] == [
        ["GET / HTTP/1.1", "p", "i", "r", "127.0.0.1 - - forged\\x0aa"],
        ["GET / HTTP/1.1", "192.0.2.1", "id", "", "curl/8"],
    ]


def test_a_record_with_too_few_fields_gets_empty_ones():
    assert split(b"only a line")[0] == ["only a line", "", "", "", ""]


@given(st.lists(st.lists(st.binary(max_size=20), min_size=5, max_size=5), min_size=1, max_size=5))
def test_whatever_a_record_holds_its_fields_are_printable_ascii_without_bare_quotes(records):
    fields = split_access_text(*batch(*[record(*fields) for fields in records]), escape_text)
    assert len(fields) // 5 == len(records)
    for field in fields:
        assert field.isascii()
        assert field.isprintable()
        assert '"' not in field.replace("\\\\", "").replace('\\"', "")


@given(st.binary(max_size=50))
def test_any_bytes_make_one_json_string(raw):
    shown = escape_json(raw)
    assert shown.isprintable()
    assert shown.isascii()
    assert isinstance(json.loads(f'"{shown}"'), str)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param("caf\xe9".encode(), "caf\xe9", id="utf-8"),
        pytest.param(b"caf\xe9", "caf\xe9", id="latin-1"),
        pytest.param(b'"\\\n\x7f', '"\\\n\x7f', id="controls"),
    ],
)
def test_json_gives_back_what_was_sent(raw, text):
    assert json.loads(f'"{escape_json(raw)}"') == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("na\xefve \u4f60\u597d", "na\xefve \u4f60\u597d", id="letters"),
        pytest.param("a\tb", "a    b", id="tab"),
        pytest.param("a\x1b[2J", "a\\x1b[2J", id="escape-sequence"),
        pytest.param("a\r\x85b", "a\\x0d\\x85b", id="line-ends"),
        pytest.param("a\u2028\u2029", "a\\u2028\\u2029", id="separators"),
        pytest.param("a\u202eb", "a\\u202eb", id="right-to-left-override"),
        pytest.param("\U000e0001", "\\U000e0001", id="tag"),
    ],
)
def test_messages_keep_letters_and_spell_out_the_rest(text, shown):
    assert escape_message(text) == shown


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET /a HTTP/1.1", "GET /a HTTP/1.1"),
        ("GET /a?token=1 HTTP/1.1", "GET /a HTTP/1.1"),
        ("GET /a?b?c=d e HTTP/1.0", "GET /a HTTP/1.0"),
        ("GET /a?token=1", "GET /a"),
        ("GET /a?token=1 secret", "GET /a"),
    ],
)
def test_queries_leave_request_lines(line, expected):
    assert strip_queries([line, "p", "i", "r", "a?b"]) == [expected, "p", "i", "r", "a?b"]


def test_queries_leave_referers():
    assert strip_queries(["l", "p", "i", "http://a/?token=1", "a"])[3] == "http://a/"
