"""Responses that are made while they are sent."""

import asyncio

import pytest

from penstock.web.http import StreamingHttpResponse


class Source:
    def __init__(self, *pieces):
        self.pieces, self.is_closed = iter(pieces), False

    def __iter__(self):
        return self.pieces

    def close(self):
        self.is_closed = True


async def pieces_later(*pieces):
    for piece in pieces:
        yield piece


def test_pieces_are_yielded_once_as_bytes():
    response = StreamingHttpResponse(["a", "é", 5])
    assert list(response) == [b"a", b"\xc3\xa9", b"5"]
    assert list(response) == []


def test_nothing_is_read_ahead():
    read = []
    response = StreamingHttpResponse(read.append(piece) or piece for piece in "abc")
    assert next(iter(response)) == b"a"
    assert read == ["a"]


@pytest.mark.parametrize("name", ["content", "text"])
def test_streaming_response_has_no_content(name):
    with pytest.raises(
        AttributeError, match=f"This StreamingHttpResponse instance has no `{name}` attribute"
    ):
        getattr(StreamingHttpResponse(), name)


def test_content_of_a_streaming_response_is_not_assigned():
    with pytest.raises(AttributeError, match="Use `streaming_content` instead"):
        StreamingHttpResponse().content = b"x"


def test_streaming_content_can_be_wrapped():
    response = StreamingHttpResponse(["a", "b"])
    response.streaming_content = (piece.upper() for piece in response.streaming_content)
    assert response.getvalue() == b"AB"


def test_each_source_is_closed_with_the_response():
    first, second = Source("a"), Source("b")
    response = StreamingHttpResponse(first)
    response.streaming_content = second
    assert not first.is_closed
    response.close()
    assert (first.is_closed, second.is_closed) == (True, True)


def test_source_that_cannot_be_iterated_is_refused():
    with pytest.raises(TypeError):
        StreamingHttpResponse(5)


def test_bytes_of_a_streaming_response_are_its_fields():
    response = StreamingHttpResponse(["x"], headers={"Content-Type": "a/b"})
    assert bytes(response) == b"Content-Type: a/b"
    assert response.getvalue() == b"x"


def test_repr_names_the_class():
    assert repr(StreamingHttpResponse(status=206)) == (
        '<StreamingHttpResponse status_code=206, "text/html; charset=utf-8">'
    )


def test_asynchronous_source_is_awaited_piece_by_piece():
    async def gather():
        response = StreamingHttpResponse(pieces_later("a", b"b"))
        assert response.is_async
        return [piece async for piece in response], [piece async for piece in response.streaming_content]

    assert asyncio.run(gather()) == ([b"a", b"b"], [])


def test_asynchronous_source_under_wsgi_is_gathered_with_a_warning():
    response = StreamingHttpResponse(pieces_later("a", "b"))
    with pytest.warns(
        Warning, match="must consume asynchronous iterators in order to serve them synchronously"
    ):
        assert list(response) == [b"a", b"b"]


def test_synchronous_source_in_a_coroutine_is_gathered_with_a_warning():
    async def gather():
        return [piece async for piece in StreamingHttpResponse(["a", "b"])]

    with pytest.warns(
        Warning, match="must consume synchronous iterators in order to serve them asynchronously"
    ):
        assert asyncio.run(gather()) == [b"a", b"b"]
