"""Compression."""

import asyncio
import gzip
import io

import pytest

from penstock.web.http import FileResponse, HttpResponse, StreamingHttpResponse
from penstock.web.middleware.gzip import GZipMiddleware

PAGE = b"compressible " * 50
TAKES = {"HTTP_ACCEPT_ENCODING": "deflate, gzip;q=0.5"}


def test_page_is_compressed_with_its_new_length(make_request, answer):
    response = GZipMiddleware(answer(PAGE))(make_request(**TAKES))
    assert gzip.decompress(response.content) == PAGE
    assert response["Content-Encoding"] == "gzip"
    assert response["Content-Length"] == str(len(response.content))
    assert response["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accept", [None, "", "deflate", "gzipped"])
def test_client_that_does_not_take_gzip_gets_the_page_and_vary(make_request, answer, accept):
    meta = {} if accept is None else {"HTTP_ACCEPT_ENCODING": accept}
    response = GZipMiddleware(answer(PAGE))(make_request(**meta))
    assert response.content == PAGE
    assert response["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        pytest.param(PAGE[:199], {}, id="too-short"),
        pytest.param(PAGE, {"Content-Encoding": "br"}, id="encoded-already"),
    ],
)
def test_response_that_is_not_to_be_compressed_is_left_alone(make_request, content, headers):
    response = GZipMiddleware(lambda _: HttpResponse(content, headers=headers))(make_request(**TAKES))
    assert response.content == content
    assert "Vary" not in response


def test_result_that_is_longer_is_thrown_away(make_request):
    noise = bytes(range(256))
    response = GZipMiddleware(lambda _: HttpResponse(noise))(make_request(**TAKES))
    assert response.content == noise
    assert "Content-Encoding" not in response


def test_stream_is_compressed_piece_by_piece_without_a_length(make_request):
    def get_response(_request):
        return StreamingHttpResponse(iter([PAGE, b"", PAGE]), headers={"Content-Length": "9"})

    response = GZipMiddleware(get_response)(make_request(**TAKES))
    pieces = list(response)
    assert len(pieces) > 2
    assert gzip.decompress(b"".join(pieces)) == PAGE * 2
    assert "Content-Length" not in response


def test_asynchronous_stream_is_compressed_as_such(make_request):
    async def pieces():
        yield PAGE

    async def read():
        response = GZipMiddleware(lambda _: StreamingHttpResponse(pieces()))(make_request(**TAKES))
        return b"".join([piece async for piece in response])

    assert gzip.decompress(asyncio.run(read())) == PAGE


def test_compressed_file_is_not_handed_to_the_servers_wrapper(make_request):
    response = GZipMiddleware(lambda _: FileResponse(io.BytesIO(PAGE)))(make_request(**TAKES))
    assert response.file_to_stream is None
    assert gzip.decompress(b"".join(response)) == PAGE


@pytest.mark.parametrize(("etag", "weak"), [('"x"', 'W/"x"'), ('W/"x"', 'W/"x"')])
def test_etag_of_a_compressed_page_is_weak(make_request, answer, etag, weak):
    response = GZipMiddleware(answer(PAGE, headers={"ETag": etag}))(make_request(**TAKES))
    assert response["ETag"] == weak


def test_lengths_of_the_same_page_differ(make_request, answer):
    middleware = GZipMiddleware(answer(PAGE))
    lengths = {len(middleware(make_request(**TAKES)).content) for _ in range(60)}
    assert len(lengths) > 1  # all sixty alike: once in 100 ** 59
