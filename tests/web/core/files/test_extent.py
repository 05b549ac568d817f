"""How much is left in a stream."""

import io
import os

import pytest

from penstock.web.core.files.extent import bytes_left


class WithoutSeekable:
    def __init__(self, content):
        self._stream = io.BytesIO(content)
        self.seek, self.tell = self._stream.seek, self._stream.tell


@pytest.mark.parametrize("make", [io.BytesIO, WithoutSeekable])
def test_stream_that_can_be_asked_says_what_is_left_and_stays_where_it_is(make):
    stream = make(b"0123456789")
    stream.seek(4)
    assert (bytes_left(stream), stream.tell()) == (6, 4)


def test_stream_that_cannot_be_asked_says_nothing():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as pipe, os.fdopen(write, "wb"):
        assert bytes_left(pipe) is None
    assert bytes_left(object()) is None
