import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.config import ProtocolConfig
from penstock.protocol import (
    BadChunkError,
    BadFieldError,
    BodyTooLargeError,
    FieldTable,
    HeaderTooLargeError,
    PeerError,
)
from penstock.protocol.body import ChunkedReader, CountedReader


def chunked(**limits: int) -> ChunkedReader:
    config = ProtocolConfig(**limits)
    return ChunkedReader(config, FieldTable(config))


def test_counted_body_in_one_piece_is_handed_through_uncopied() -> None:
    reader, data = CountedReader(4), b"abcd"
    body, surplus = reader.feed(data)
    assert body is data
    assert (surplus, reader.is_finished) == (b"", True)


def test_counted_body_in_pieces_ends_where_it_must() -> None:
    reader = CountedReader(4)
    assert reader.feed(b"ab") == (b"ab", b"")
    assert not reader.is_finished
    assert reader.feed(b"cdef") == (b"cd", b"ef")
    assert reader.is_finished


@given(st.binary(min_size=1), st.binary(), st.data())
def test_counted_body_cut_anywhere_is_whole(body: bytes, surplus: bytes, data: st.DataObject) -> None:
    reader, received, wire = CountedReader(len(body)), b"", body + surplus
    while not reader.is_finished:
        count = data.draw(st.integers(1, len(wire)))
        piece, rest = reader.feed(wire[:count])
        received, wire = received + piece, rest + wire[count:]
    assert (received, wire) == (body, surplus)


def test_chunked_body_that_came_whole_is_one_piece() -> None:
    reader = chunked()
    assert reader.feed(b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: z\r\n\r\nGET") == (b"abc", b"GET")
    assert reader.is_finished


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=6), st.binary(max_size=5), st.data())
def test_chunked_body_cut_anywhere_is_whole(chunks: list[bytes], surplus: bytes, data: st.DataObject) -> None:
    wire = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n" + surplus
    reader, received = chunked(), b""
    while not reader.is_finished:
        count = data.draw(st.integers(1, len(wire)))
        piece, rest = reader.feed(wire[:count])
        received, wire = received + piece, rest + wire[count:]
    assert (received, wire) == (b"".join(chunks), surplus)


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        pytest.param(b"g\r\n", BadChunkError, id="size"),
        pytest.param(b"1\n", BadChunkError, id="lf"),
        pytest.param(b"1\r\naX", BadChunkError, id="delimiter-begun"),
        pytest.param(b"1\r\na\n", BadChunkError, id="delimiter-lf"),
        pytest.param(b"5;" + b"a" * 20, BadChunkError, id="size-line-unfinished"),
        pytest.param(b"5;" + b"a" * 20 + b"\r\n", BadChunkError, id="size-line"),
        pytest.param(b"4\r\nabcd\r\n7\r\n", BodyTooLargeError, id="sum"),
        pytest.param(b"0\r\na: " + b"a" * 40 + b"\r\n", HeaderTooLargeError, id="trailers"),
        pytest.param(b"0\r\na: " + b"a" * 40, HeaderTooLargeError, id="trailers-unfinished"),
        pytest.param(b"0\r\na:\r\nb:\r\nc:\r\n", HeaderTooLargeError, id="trailer-count"),
        pytest.param(b"0\r\na\r\n", BadFieldError, id="trailer"),
    ],
)
def test_chunked_body_outside_the_grammar_or_a_limit_is_refused(wire: bytes, error: type[PeerError]) -> None:
    reader = chunked(max_chunk_line_bytes=16, max_body_bytes=10, max_trailer_bytes=32, max_fields=2)
    with pytest.raises(error):
        reader.feed(wire)


def test_extensions_of_many_chunks_have_a_bound_together() -> None:
    reader = chunked()
    with pytest.raises(BadChunkError, match="extensions of 16400 bytes; expected at most 16384"):
        reader.feed((b"1;" + b"a" * 99 + b"\r\nx\r\n") * 200)


def test_chunked_reader_keeps_one_unfinished_line_and_no_body() -> None:
    reader = chunked()
    reader.feed(b"ffff\r\n" + b"a" * 1000)
    assert reader._partial == b""
    reader.feed(b"a" * (0xFFFF - 1000) + b"\r\n5;a")
    assert reader._partial == b"5;a"


@given(
    st.lists(
        st.sampled_from([b"0", b"1", b"a", b";", b"=", b'"', b"\r", b"\n", b"\r\n", b":", b" "]), max_size=20
    )
)
def test_any_bytes_are_framed_or_refused_however_cut(parts: list[bytes]) -> None:
    wire = b"".join(parts)

    def run(pieces: list[bytes]) -> object:
        reader, body = chunked(), b""
        try:
            for index, piece in enumerate(pieces):
                data, surplus = reader.feed(piece)
                body += data
                if reader.is_finished:
                    return body, surplus + b"".join(pieces[index + 1 :])
        except PeerError as error:
            return error.status
        return "unfinished"

    assert run([wire]) == run([wire[i : i + 1] for i in range(len(wire))])
