"""Streams for multipart bodies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.exceptions import SuspiciousMultipartForm
from penstock.web.http.multipartstream import LazyStream, PartBytes

chunked = st.lists(st.binary(min_size=1, max_size=9), max_size=12)


def test_stream_is_read_by_size_then_by_chunk():
    stream = LazyStream([b"abc", b"defg", b"h"])
    assert (stream.read(4), stream.tell()) == (b"abcd", 4)
    assert list(stream) == [b"efg", b"h"]
    assert (stream.read(1), stream.read()) == (b"", b"")


def test_what_is_put_back_comes_again():
    stream = LazyStream([b"abc"])
    first = stream.read(2)
    stream.unget(first)
    stream.unget(b"")
    assert (stream.tell(), stream.read()) == (0, b"abc")


def test_closed_stream_takes_nothing_more():
    stream = LazyStream([b"abc", b"def"])
    stream.read(1)
    stream.close()
    assert stream.read() == b"bc"


def test_chunks_are_taken_as_they_are_needed():
    taken = []
    stream = LazyStream(taken.append(chunk) or chunk for chunk in [b"a", b"b", b"c"])
    assert stream.read(2) == b"ab"
    assert taken == [b"a", b"b"]


def test_putting_the_same_back_for_ever_is_suspicious():
    stream = LazyStream([b"a"])
    for _ in range(40):
        stream.unget(stream.read(1))
    with pytest.raises(SuspiciousMultipartForm, match="got stuck"):
        stream.unget(stream.read(1))


def test_putting_back_is_not_suspicious_while_something_new_is_read():
    stream = LazyStream(b"x" for _ in range(100))
    for _ in range(100):
        stream.unget(stream.read(1))
        assert stream.read(1) == b"x"


@given(chunked, st.lists(st.integers(0, 12), max_size=12))
def test_stream_gives_all_bytes_in_order(chunks, sizes):
    stream = LazyStream(chunks)
    taken = [stream.read(size) for size in sizes]
    assert all(len(piece) <= size for piece, size in zip(taken, sizes, strict=True))
    assert b"".join([*taken, stream.read()]) == b"".join(chunks)


def parts_of(chunks, separator):
    stream = LazyStream(chunks)
    parts = []
    while first := stream.read(1):
        stream.unget(first)
        parts.append(b"".join(PartBytes(stream, separator)))
    return parts


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        pytest.param(b"--b\r\none\r\n--b\r\ntwo\r\n--b--", [b"", b"\r\none", b"\r\ntwo", b"--"], id="two"),
        pytest.param(b"one--btwo", [b"one", b"two"], id="boundary-inside-a-line"),
        pytest.param(b"one\n--btwo", [b"one", b"two"], id="line-feed-alone"),
        pytest.param(b"one\r\n\r\n--b", [b"one\r\n"], id="one-line-end-belongs-to-the-boundary"),
        pytest.param(b"no boundary\r\n--", [b"no boundary\r\n--"], id="none"),
        pytest.param(b"", [], id="empty"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_parts_are_what_stands_between_the_boundaries_in_chunks_of_any_size(body, parts, size):
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert parts_of(chunks, b"--b") == parts


@given(
    st.lists(st.sampled_from([b"--b", b"\r\n", b"-", b"b", b"x", b"\r", b"\n", b"--"]), max_size=30),
    st.integers(1, 9),
)
def test_parts_do_not_depend_on_the_chunks(pieces, size):
    body = b"".join(pieces)
    whole = parts_of([body] if body else [], b"--b")
    assert parts_of([body[at : at + size] for at in range(0, len(body), size)], b"--b") == whole
