"""Files as Django's programs know them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.files import File
from penstock.web.core.files.base import ContentFile


def test_file_has_the_name_and_mode_of_what_it_holds(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    with path.open("rb") as opened:
        file = File(opened)
        assert (str(file), file.mode, file.size, len(file), bool(file)) == (str(path), "rb", 3, 3, True)
        assert repr(file) == f"<File: {path}>"


def test_file_without_a_name_is_false():
    file = File(io.BytesIO(b"abc"))
    assert (bool(file), str(file), repr(file), file.size) == (False, "", "<File: None>", 3)


def test_size_that_the_file_states_counts():
    stream = io.BytesIO(b"abc")
    stream.size = 7
    assert File(stream).size == 7


def test_size_leaves_the_position():
    stream = io.BytesIO(b"abc")
    stream.seek(1)
    assert (File(stream).size, stream.tell()) == (3, 1)


def test_size_that_nobody_can_tell_is_an_error():
    with pytest.raises(AttributeError, match="Unable to determine"):
        _ = File(object()).size


def test_chunks_start_from_the_beginning():
    file = File(io.BytesIO(b"abcde"))
    file.read(3)
    assert list(file.chunks(2)) == [b"ab", b"cd", b"e"]
    assert file.multiple_chunks(2)
    assert not file.multiple_chunks()


@given(st.text(alphabet="ab\r\n"), st.integers(1, 5))
def test_lines_do_not_depend_on_the_chunks(text, size):
    file = ContentFile(text)
    file.DEFAULT_CHUNK_SIZE = size
    assert list(file) == text.splitlines(keepends=True)


def test_lines_of_bytes_are_bytes():
    file = ContentFile(b"a\r\nb\rc\n")
    file.DEFAULT_CHUNK_SIZE = 2
    assert list(file) == [b"a\r\n", b"b\r", b"c\n"]


def test_closed_file_is_opened_anew_by_its_path(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    with File(path.open("rb")) as file:
        assert file.read() == b"abc"
        assert file.open().read() == b"abc"
    assert file.closed
    with file.open() as again:
        assert again.read() == b"abc"


def test_closed_file_without_a_path_stays_closed():
    file = File(io.BytesIO())
    file.close()
    with pytest.raises(ValueError, match="cannot be reopened"):
        file.open()


@pytest.mark.parametrize("content", [b"abc", "abc"])
def test_content_file_holds_its_content_and_is_never_closed(content):
    file = ContentFile(content, name="a.txt")
    assert (str(file), bool(file), file.size, file.name) == ("Raw content", True, 3, "a.txt")
    with file:
        assert file.read() == content
    assert file.open().read() == content
    file.write(content)
    assert file.size == 6
