"""The parts of a multipart body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.http.multipartstream import LazyStream
from penstock.web.http.part import (
    FIELD,
    FILE,
    MAX_TOTAL_HEADER_SIZE,
    RAW,
    MultiPartParserError,
    Parser,
    parse_head,
)


def parts_of(body, *, read=True):
    return [
        (kind, headers, stream.read() if read else None)
        for kind, headers, stream in Parser(LazyStream([body] if body else []), b"b")
    ]


def test_parts_have_a_kind_headers_and_content():
    body = (
        b'preamble\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--b\r\ncontent-disposition: form-data; name="f"; filename="x"\r\n'
        b"Content-Type: Text/Plain; x=Y\r\n\r\n2\r\n--b--"
    )
    assert parts_of(body) == [
        (RAW, {}, b"preamble"),
        (FIELD, {"content-disposition": (" form-data", {"name": b"a"})}, b"1"),
        (
            FILE,
            {
                "content-disposition": (" form-data", {"name": b"f", "filename": b"x"}),
                "content-type": (" text/plain", {"x": b"Y"}),
            },
            b"2",
        ),
        (RAW, {}, b"--"),
    ]


def test_part_that_nobody_reads_is_skipped_whole():
    body = b'--b\r\nX: y\r\n\r\nContent-Disposition: form-data; name="hidden"\r\n\r\nz\r\n--b--'
    assert [kind for kind, _, _ in parts_of(body, read=False)] == [RAW, RAW, RAW]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'Content-Disposition: form-data; name="a"', FIELD),
        (b"Content-Disposition: form-data", FIELD),
        (b'Content-Disposition: form-data; name="a"; filename=""', FIELD),
        (b'Content-Disposition: form-data; name="a"; filename="b"', FILE),
        (b"Content-Disposition: form-data; filename*=utf-8''b", FILE),
        (b"Content-Disposition: form-data; filename*=nope''b", RAW),
        (b'Content-Disposition: form-data; name="\xff"', RAW),
        (b"Content-Disposition", RAW),
        (b"Content-Disposition : form-data", RAW),
        (b"", RAW),
    ],
)
def test_kind_of_a_part_is_said_by_its_disposition(line, kind):
    assert parse_head(line)[0] is kind


def test_line_that_cannot_be_read_is_left_out():
    kind, headers = parse_head(b"X: \xff\r\nnonsense\r\nContent-Disposition: form-data")
    assert (kind, list(headers)) == (FIELD, ["content-disposition"])


@pytest.mark.parametrize("length", [MAX_TOTAL_HEADER_SIZE, MAX_TOTAL_HEADER_SIZE + 1, 10**6])
def test_head_without_an_end_is_refused_as_soon_as_it_is_too_long(length):
    with pytest.raises(MultiPartParserError, match="header size exceeded"):
        parts_of(b"y" * length)


def test_head_just_short_enough_is_taken():
    assert parts_of(b"y" * (MAX_TOTAL_HEADER_SIZE - 1)) == [(RAW, {}, b"y" * (MAX_TOTAL_HEADER_SIZE - 1))]


@given(st.binary(max_size=200))
def test_any_head_is_read_without_an_error(head):
    kind, _ = parse_head(head)
    assert kind in (FIELD, FILE, RAW)
