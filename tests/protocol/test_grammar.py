import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.protocol import grammar

TCHAR = set("!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters)
LATIN_1 = [chr(code) for code in range(256)]


def test_token_is_the_tchar_of_the_rfc_and_nothing_else() -> None:
    assert {char for char in LATIN_1 if grammar.TOKEN.fullmatch(char)} == TCHAR
    assert {char for char in LATIN_1 if grammar.TOKEN_BYTES.fullmatch(char.encode("latin-1"))} == TCHAR


def test_field_value_is_everything_but_control_characters() -> None:
    refused = {char for char in LATIN_1 if not grammar.FIELD_VALUE.fullmatch(char)}
    assert refused == {chr(code) for code in (*range(9), *range(10, 32), 127)}


@given(st.text(st.characters(max_codepoint=255)))
def test_printable_text_is_always_a_field_value(text: str) -> None:
    # The quick check of fields.py and response.py may refuse too much, never too little.
    assert not text.isprintable() or grammar.FIELD_VALUE.fullmatch(text)


def test_digits_are_ascii_digits_even_in_text() -> None:
    assert {char for char in map(chr, range(0x3000)) if grammar.DIGITS.fullmatch(char)} == set(string.digits)


@pytest.mark.parametrize(
    "line", [b"0", b"fF", b"1;a", b"1 ;\ta = b", b'1;a="";b="\\"\xff"', b"0123456789abcdef"]
)
def test_chunk_line_takes_sizes_and_extensions(line: bytes) -> None:
    match = grammar.CHUNK_LINE.fullmatch(line)
    assert match
    assert match[1] + match[2] == line


@pytest.mark.parametrize(
    "line", [b"", b"g", b"1;", b"1 ", b"0x1", b'1;a="\\', b"1;a==b", b"0123456789abcdef0"]
)
def test_chunk_line_takes_nothing_else(line: bytes) -> None:
    assert grammar.CHUNK_LINE.fullmatch(line) is None


@pytest.mark.parametrize(
    "line",
    [b"1" + b";a=b" * 250 + b"!=", b"1;" + b" " * 1000, b'1;a="' + b"\\" * 999, b"1;a" + b"\t" * 999 + b"/"],
)
def test_chunk_line_gives_up_without_backtracking(line: bytes) -> None:
    # Each of these took exponential or cubic time in a pattern without possessive quantifiers.
    assert grammar.CHUNK_LINE.fullmatch(line) is None


@pytest.mark.parametrize(
    "host", ["a", "a.b.", "A-B_c~d:", "1.2.3.4:80", "[::]", "[1:2:3:4:5:6:7:8]:1", "[::ffff:1.2.3.4]"]
)
def test_host_takes_names_and_addresses(host: str) -> None:
    assert grammar.HOST.fullmatch(host)


@pytest.mark.parametrize(
    "host", ["", ".", ".a", "a..b", ":1", "a:b", "[]", "[1.2.3.4]", "[::", "a%41", "a\n", "a" * 256]
)
def test_host_takes_nothing_else(host: str) -> None:
    assert grammar.HOST.fullmatch(host) is None
