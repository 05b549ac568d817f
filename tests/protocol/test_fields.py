import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.config import ProtocolConfig
from penstock.protocol import BadFieldError, BadHostError, BadLineEndError, FieldTable, PeerError
from penstock.protocol.fields import DROPPED, FORWARDING, FRAMING, ORDINARY, SECRET, meta_variable, treatment


@pytest.fixture
def table() -> FieldTable:
    return FieldTable(ProtocolConfig())


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        (b"Accept: */*\r", ("HTTP_ACCEPT", "*/*")),
        (b"accept:*/*\r", ("HTTP_ACCEPT", "*/*")),
        (b"X:\r", ("HTTP_X", "")),
        (b"X: \t a\tb \t\r", ("HTTP_X", "a\tb")),
        (b"X: a:b\r", ("HTTP_X", "a:b")),
        (b"X: \xa0\x85\xe9\r", ("HTTP_X", "\xa0\x85\xe9")),
        (b"Content-type: a\r", ("CONTENT_TYPE", "a")),
        (b"CONTENT-LENGTH: 1\r", ("CONTENT_LENGTH", "1")),
        (b"X_Y: a\r", ("", "a")),
        (b"Proxy: a\r", ("", "a")),
    ],
)
def test_a_line_becomes_a_meta_variable(table: FieldTable, line: bytes, pair: tuple[str, str]) -> None:
    assert [table[line], table[line]] == [pair, pair]


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (b"X\r", BadFieldError, "expected a name, a colon and a value"),
        (b"\r", BadFieldError, "expected a name, a colon"),
        (b": a\r", BadFieldError, "expected a token"),
        (b"X : a\r", BadFieldError, "expected a token directly before the colon"),
        (b" X: a\r", BadFieldError, "continuation"),
        (b"\tX: a\r", BadFieldError, "continuation"),
        (b"X: a", BadLineEndError, "expected CRLF"),
        (b"", BadLineEndError, "expected CRLF"),
        (b"X: a\r\r", BadLineEndError, "no bare CR"),
        (b"X: \0\r", BadLineEndError, "no bare CR and no NUL"),
        (b"X: \x1b\r", BadFieldError, "no control character"),
        (b"Host: a b\r", BadHostError, "expected a host"),
    ],
)
def test_a_line_outside_the_grammar_is_refused_each_time(
    table: FieldTable, line: bytes, error: type[PeerError], message: str
) -> None:
    for _ in range(2):
        with pytest.raises(error, match=message):
            table[line]
    assert line not in table


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (b"Accept: a\r", ORDINARY),
        (b"Host: a\r", ORDINARY),
        (b"Connection: Keep-Alive\r", ORDINARY),
        (b"Connection: close\r", FRAMING),
        (b"Connection: keep-alive, close\r", FRAMING),
        (b"Content-Length: 1\r", FRAMING),
        (b"Transfer-Encoding: chunked\r", FRAMING),
        (b"Expect: 100-continue\r", FRAMING),
        (b"Cookie: a\r", SECRET),
        (b"authorization: a\r", SECRET),
        (b"Proxy-Authorization: a\r", SECRET),
        (b"Forwarded: for=a\r", FORWARDING),
        (b"X-Forwarded-Whatever: a\r", FORWARDING),
        (b"X-Real-IP: a\r", FORWARDING),
        (b"X_Forwarded-For: a\r", DROPPED),
    ],
)
def test_only_an_ordinary_line_is_remembered_and_others_leave_a_mark(
    table: FieldTable, line: bytes, seen: int
) -> None:
    for _ in range(2):
        table.seen = 0
        table.lookup(line)
        assert table.seen == seen
    assert (line in table) == (seen == ORDINARY)


def test_a_long_line_is_not_remembered() -> None:
    table = FieldTable(ProtocolConfig(max_memo_line_bytes=10))
    assert [table[b"X: 123456\r"], table[b"X: 1234567\r"]] == [("HTTP_X", "123456"), ("HTTP_X", "1234567")]
    assert list(table) == [b"X: 123456\r"]


def test_a_table_without_entries_remembers_nothing() -> None:
    table = FieldTable(ProtocolConfig(max_memo_entries=0))
    assert table[b"X: 1\r"] == ("HTTP_X", "1")
    table.remember_request_line(b"GET / HTTP/1.1\r", ("GET", "/", "/", "", "HTTP/1.1", None, None, b"", True))
    assert (len(table), len(table.request_lines)) == (0, 0)


def test_a_flood_of_new_lines_never_grows_the_table_beyond_its_bound() -> None:
    table = FieldTable(ProtocolConfig(max_memo_entries=7))
    sizes = set()
    for number in range(100):
        table[b"X: %d\r" % number]
        sizes.add(len(table))
    assert sizes == set(range(1, 8))


def test_a_flood_of_new_names_never_grows_the_names_beyond_their_bound(table: FieldTable) -> None:
    for number in range(3000):
        assert table[b"N-%d: a\r" % number] == (f"HTTP_N_{number}", "a")
        assert len(table._names) <= 1024


def test_a_long_name_is_not_learned(table: FieldTable) -> None:
    name = b"a" * 65
    assert table[name + b": b\r"] == ("HTTP_" + "A" * 65, "b")
    assert name not in table._names


def test_a_flood_of_request_lines_never_grows_the_table_beyond_its_bound() -> None:
    table = FieldTable(ProtocolConfig(max_memo_entries=28))
    for number in range(100):
        table.remember_request_line(
            b"GET /%d HTTP/1.1\r" % number, ("GET", "", "", "", "HTTP/1.1", None, None, b"", True)
        )
        assert len(table.request_lines) <= 7


def test_a_request_line_that_is_long_is_not_remembered(table: FieldTable) -> None:
    line = b"GET /%s HTTP/1.1\r" % (b"a" * 256)
    table.remember_request_line(line, ("GET", "", "", "", "HTTP/1.1", None, None, b"", True))
    assert table.request_lines == {}


@given(st.sets(st.from_regex(r"[A-Za-z0-9!#.-]{1,6}", fullmatch=True), max_size=20))
def test_two_names_share_a_meta_variable_only_if_they_differ_in_case_alone(names: set[str]) -> None:
    for one, other in itertools.combinations(names, 2):
        assert (meta_variable(one) == meta_variable(other)) == (one.lower() == other.lower())


@given(st.from_regex(r"[A-Za-z0-9-]{0,4}_[A-Za-z0-9_-]{0,4}", fullmatch=True))
def test_a_name_with_an_underscore_is_always_dropped(name: str) -> None:
    assert treatment(name) == DROPPED


@given(st.binary(max_size=40))
def test_any_bytes_are_a_sound_pair_or_refused(line: bytes) -> None:
    table = FieldTable(ProtocolConfig())
    try:
        name, value = table[line]
    except PeerError:
        return
    assert name in ("", "CONTENT_TYPE", "CONTENT_LENGTH") or name.startswith("HTTP_")
    assert line.endswith(b"\r")
    assert not set(value) & set("\r\n\0")
    assert value.strip(" \t") == value
