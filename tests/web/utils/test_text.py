"""utils/text.py, beside Django's."""

import asyncio
import gzip

import django.utils.text as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.utils import text
from penstock.web.utils.functional import lazystr


def outcome(function, *args):
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001  # what is raised is compared, too
        return type(error).__name__


@given(st.text())
def test_text_is_changed_as_django_changes_it(value):
    for name in ("capfirst", "normalize_newlines", "phone2numeric", "slugify", "get_valid_filename"):
        assert outcome(getattr(text, name), value) == outcome(getattr(theirs, name), value), name
    assert text.slugify(value, allow_unicode=True) == theirs.slugify(value, allow_unicode=True)


@given(st.lists(st.sampled_from(["a", "B", "CD", "1", "_"])).map("".join))
def test_names_are_taken_apart_as_django_takes_them(name):
    assert text.camel_case_to_spaces(name) == theirs.camel_case_to_spaces(name)


@given(
    st.lists(st.sampled_from(["word", "longerword", " ", "  ", "\n", "\r\n", "a", "a-b", "\t"])).map("".join),
    st.integers(1, 12),
)
def test_text_is_wrapped_as_django_wraps_it(value, width):
    assert text.wrap(value, width) == theirs.wrap(value, width)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("abc", "abc"), ("abcdef", "abc…"), ("e\u0301" * 5, "é" * 3 + "…")],
    ids=["short", "long", "combining"],
)
def test_text_is_cut_by_characters(value, expected):
    assert text.Truncator(value).chars(4) == expected if len(value) > 4 else value
    assert theirs.Truncator(value).chars(4) == text.Truncator(value).chars(4)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_text_is_cut_by_words(count):
    value = "one two  three"
    assert text.Truncator(value).words(count) == theirs.Truncator(value).words(count)
    assert text.Truncator(lazystr(value)).words(count, truncate=" [more]") == theirs.Truncator(value).words(
        count, truncate=" [more]"
    )


@pytest.mark.parametrize("name", ["", ".", "..", "???"])
def test_a_name_of_which_nothing_is_left_is_refused(name):
    with pytest.raises(SuspiciousFileOperation, match="file name"):
        text.get_valid_filename(name)


@pytest.mark.parametrize("words", [[], ["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_list_is_written_as_a_sentence(words):
    assert text.get_text_list(words, "and") == theirs.get_text_list(words, "and")


def test_bytes_are_compressed_to_the_same_bytes_each_time():
    assert text.compress_string(b"x" * 100) == text.compress_string(b"x" * 100)
    assert gzip.decompress(text.compress_string(b"x" * 100)) == b"x" * 100


def test_a_random_name_blurs_the_length():
    lengths = {len(text.compress_string(b"x", max_random_bytes=100)) for _ in range(50)}
    assert len(lengths) > 5
    assert max(lengths) - min(lengths) <= 100


def test_pieces_are_compressed_as_they_come():
    seen = []

    def pieces():
        for piece in (b"a" * 500, b"", b"b" * 500):
            seen.append(piece)
            yield piece

    compressed = text.compress_sequence(pieces(), max_random_bytes=10)
    header = next(compressed)
    first = next(compressed)
    assert len(seen) == 1
    assert gzip.decompress(b"".join([header, first, *compressed])) == b"a" * 500 + b"b" * 500


@pytest.mark.parametrize("literal", ["'a\\'b'", '"a\\\\b"', '""', "x", "'a\"", ""])
def test_literals_are_read_as_django_reads_them(literal):
    assert outcome(text.unescape_string_literal, literal) == outcome(theirs.unescape_string_literal, literal)


def test_a_format_may_be_lazy():
    assert str(text.format_lazy("{}-{x}", lazystr("a"), x=lazystr("b"))) == "a-b"


def test_pieces_that_are_waited_for_are_compressed_as_they_come():
    async def pieces():
        for piece in (b"a" * 500, b"b" * 500):
            yield piece

    async def gather():
        return [piece async for piece in text.acompress_sequence(pieces())]

    compressed = asyncio.run(gather())
    assert len(compressed) == 4
    assert gzip.decompress(b"".join(compressed)) == b"a" * 500 + b"b" * 500
