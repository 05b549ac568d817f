"""Files that came with a request."""

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.core.files.uploadedfile import (
    InMemoryUploadedFile,
    SimpleUploadedFile,
    TemporaryUploadedFile,
    UploadedFile,
)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("x" * 300 + ".txt", "x" * 251 + ".txt"),
        ("x." + "y" * 300, "." + "y" * 254),
        (None, None),
    ],
)
def test_name_is_one_component_that_fits(given_name, name):
    assert UploadedFile(name=given_name).name == name


@pytest.mark.parametrize("name", ["/tmp/", "..", "/tmp/.", ""])
def test_name_of_which_nothing_is_left_is_refused(name):
    with pytest.raises(SuspiciousFileOperation):
        UploadedFile(name=name)


def test_repr_shows_name_and_type():
    assert repr(UploadedFile(name="a", content_type="b/c")) == "<UploadedFile: a (b/c)>"


def test_temporary_upload_is_a_file_that_vanishes():
    file = TemporaryUploadedFile("a.txt", "text/plain", 0, None, {"x": b"y"})
    path = file.temporary_file_path()
    assert path.endswith(".upload.txt")
    file.write(b"abc")
    file.close()
    assert not os.path.exists(path)
    assert (file.name, file.content_type_extra) == ("a.txt", {"x": b"y"})


def test_temporary_upload_that_was_moved_away_is_closed_without_an_error():
    file = TemporaryUploadedFile("a.txt", "text/plain", 0, None)
    os.remove(file.temporary_file_path())
    file.close()
    assert file.closed


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=400))
def test_temporary_upload_can_be_made_whatever_the_client_calls_it(name):
    if name in {".", ".."}:
        return
    with TemporaryUploadedFile(name, "a/b", 0, None) as file:
        assert os.path.exists(file.temporary_file_path())


def test_held_upload_is_one_chunk():
    file = InMemoryUploadedFile(io.BytesIO(b"abc"), "field", "a.txt", "text/plain", 3, None)
    assert (list(file.chunks()), file.multiple_chunks(), file.open().read()) == ([b"abc"], False, b"abc")
    assert (file.field_name, file.size) == ("field", 3)


def test_simple_upload_is_made_of_bytes():
    file = SimpleUploadedFile.from_dict({"filename": "a.txt", "content": b"abc", "content-type": "x/y"})
    assert (file.name, file.read(), file.content_type) == ("a.txt", b"abc", "x/y")
    assert SimpleUploadedFile("a", None).read() == b""
