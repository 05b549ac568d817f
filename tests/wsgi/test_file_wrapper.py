import gzip
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from penstock.wsgi.file_wrapper import FileSpan, FileWrapper


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "ten"
    path.write_bytes(b"0123456789")
    return path


def test_file_wrapper_yields_blocks() -> None:
    assert list(FileWrapper(io.BytesIO(b"0123456789"), 4)) == [b"0123", b"4567", b"89"]


def test_file_wrapper_closes_what_can_be_closed() -> None:
    file = io.BytesIO()
    FileWrapper(file).close()
    assert file.closed


def test_file_wrapper_leaves_what_cannot_be_closed() -> None:
    class Source:
        def read(self, size: int) -> bytes:
            return b""

    wrapper = FileWrapper(Source())
    wrapper.close()
    assert list(wrapper) == []


@pytest.mark.parametrize("buffering", [pytest.param(-1, id="buffered"), pytest.param(0, id="unbuffered")])
def test_span_begins_at_the_position_that_read_would(path: Path, buffering: int) -> None:
    with path.open("rb", buffering=buffering) as file:
        file.read(3)  # a buffered file has read all ten by now
        assert FileWrapper(file).maybe_span() == FileSpan(file.fileno(), 3, 7)


def test_span_holds_what_was_written_and_not_flushed() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"12345")
        file.seek(1)
        file.write(b"x")
        span = FileWrapper(file).maybe_span()
        assert span is not None
        assert (span.offset, span.length) == (2, 3)
        assert os.pread(span.fd, 5, 0) == b"1x345"


def test_span_is_found_behind_a_wrapper_that_hands_out_the_read_of_its_file(path: Path) -> None:
    class Proxy:
        """The shape of django.core.files.File."""

        def __init__(self, file: Any) -> None:
            self.file = file

        @property
        def read(self) -> Any:
            return self.file.read

    with path.open("rb") as file:
        assert FileWrapper(Proxy(file)).maybe_span() == FileSpan(file.fileno(), 0, 10)


def test_file_whose_read_is_its_own_is_read(path: Path) -> None:
    class Upper(io.BufferedReader):
        """Has the descriptor of a file and other bytes."""

        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size).upper()

    with Upper(io.FileIO(path)) as file:
        assert FileWrapper(file).maybe_span() is None


def test_compressed_file_is_read(path: Path) -> None:
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(b"0123456789"))
    with gzip.open(packed) as file:
        assert FileWrapper(file).maybe_span() is None
        assert list(FileWrapper(file)) == [b"0123456789"]


def test_pipe_is_read() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with open(reading, "rb") as file:
        assert FileWrapper(file).maybe_span() is None


def test_device_is_read() -> None:
    with open("/dev/zero", "rb") as file:
        assert FileWrapper(file).maybe_span() is None


def test_file_that_says_it_is_empty_is_read() -> None:
    with open("/proc/self/status", "rb") as file:
        assert FileWrapper(file).maybe_span() is None
        assert b"".join(FileWrapper(file)).startswith(b"Name:")


def test_memory_and_closed_files_are_read(path: Path) -> None:
    assert FileWrapper(io.BytesIO(b"x")).maybe_span() is None
    file = path.open("rb")
    file.close()
    assert FileWrapper(file).maybe_span() is None
