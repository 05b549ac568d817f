"""Responses that send a file."""

import io
import os

import pytest

from penstock.web.core.files.base import ContentFile
from penstock.web.http import FileResponse
from penstock.web.http.file import remaining_bytes


class Unseekable(io.BytesIO):
    def seekable(self):
        return False


class WithoutTell:
    """Can seek, but not say where it is."""

    def __init__(self, content):
        self._file = io.BytesIO(content)
        self.read, self.seek = self._file.read, self._file.seek


class PathOnly:
    """Reads a file by name, and does not seek."""

    def __init__(self, path):
        self._file = open(path, "rb")  # noqa: SIM115 -- closed by close()
        self.name, self.read, self.tell = str(path), self._file.read, self._file.tell

    def close(self):
        self._file.close()


def test_file_is_sent_in_blocks_and_closed(tmp_path):
    path = tmp_path / "page.txt"
    path.write_bytes(b"x" * 5000)
    file = path.open("rb")
    response = FileResponse(file)
    assert [len(block) for block in response] == [4096, 904]
    assert response.file_to_stream is file
    response.close()
    assert file.closed
    assert dict(response.items()) == {
        "Content-Type": "text/plain",
        "Content-Length": "5000",
        "Content-Disposition": 'inline; filename="page.txt"',
    }


def test_source_put_in_the_place_of_a_file_turns_the_file_wrapper_off():
    response = FileResponse(io.BytesIO(b"abc"))
    response.streaming_content = (block.upper() for block in response.streaming_content)
    assert response.file_to_stream is None
    assert response.getvalue() == b"ABC"


@pytest.mark.parametrize("make", [io.BytesIO, Unseekable, WithoutTell])
def test_length_is_counted_from_the_present_position(make):
    file = make(b"0123456789")
    file.seek(4)
    response = FileResponse(file)
    assert response["Content-Length"] == "6"
    assert response.getvalue() == b"456789"


def test_length_of_an_unseekable_file_with_a_path_is_that_of_the_path(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123")
    file = PathOnly(path)
    file.read(1)
    assert FileResponse(file)["Content-Length"] == "3"
    file.close()


def test_pipe_has_no_length(tmp_path):
    read, write = os.pipe()
    os.write(write, b"abc")
    os.close(write)
    response = FileResponse(os.fdopen(read, "rb"))
    assert "Content-Length" not in response
    assert response.getvalue() == b"abc"
    response.close()


def test_named_pipe_has_no_length(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)

    class Fifo:
        name = str(path)
        read = staticmethod(lambda _size: b"")
        tell = staticmethod(lambda: 0)

    assert remaining_bytes(Fifo(), str(path)) is None


def test_source_that_can_neither_seek_nor_tell_has_no_length():
    class Plain:
        read = staticmethod(lambda _size: b"")

    assert remaining_bytes(Plain(), "") is None


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html"),
        ("a.tar.gz", "application/gzip"),
        ("a.tar.bz2", "application/x-bzip"),
        ("a.tar.xz", "application/x-xz"),
        ("a.tar.br", "application/x-brotli"),
        ("a.tar.Z", "application/x-compress"),
        ("a.unheard-of", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_type_is_guessed_by_the_name_and_a_packed_file_is_what_it_is(name, content_type):
    response = FileResponse(io.BytesIO(b""), filename=name)
    assert response["Content-Type"] == content_type
    assert "Content-Encoding" not in response


def test_type_that_is_given_counts_even_if_it_is_the_default():
    html = "text/html; charset=utf-8"
    assert FileResponse(io.BytesIO(), filename="a.png", content_type=html)["Content-Type"] == html


@pytest.mark.parametrize(
    ("arguments", "disposition"),
    [
        ({}, None),
        ({"as_attachment": True}, "attachment"),
        ({"filename": "a.txt"}, 'inline; filename="a.txt"'),
        ({"filename": "/etc/a.txt", "as_attachment": True}, 'attachment; filename="a.txt"'),
        ({"filename": 'a"b\\.txt'}, r'inline; filename="a\"b\\.txt"'),
        ({"filename": "é.txt"}, "inline; filename*=utf-8''%C3%A9.txt"),
    ],
)
def test_disposition_says_how_and_under_which_name_to_save(arguments, disposition):
    assert FileResponse(io.BytesIO(), **arguments).get("Content-Disposition") == disposition


def test_stored_file_has_its_own_name():
    response = FileResponse(ContentFile(b"x", name="a.odt"), as_attachment=True)
    assert response["Content-Disposition"] == 'attachment; filename="a.odt"'


def test_source_that_is_no_file_is_streamed():
    assert FileResponse(["a", "b"]).getvalue() == b"ab"
