"""What becomes of a file while it is being uploaded."""

import io

import pytest

from penstock.web.core.files.uploadedfile import InMemoryUploadedFile, TemporaryUploadedFile
from penstock.web.core.files.uploadhandler import (
    FileUploadHandler,
    MemoryFileUploadHandler,
    StopFutureHandlers,
    StopUpload,
    TemporaryFileUploadHandler,
    load_handler,
)

NEW = ("field", "a.txt", "text/plain", 3, "utf-8", {"x": b"y"})


def test_plain_handler_takes_no_file():
    handler = FileUploadHandler(request := object())
    assert handler.handle_raw_input(None, {}, 0, b"") is None
    handler.new_file(*NEW)
    assert (handler.request, handler.field_name, handler.content_type_extra) == (
        request,
        "field",
        {"x": b"y"},
    )
    with pytest.raises(NotImplementedError, match="receive_data_chunk"):
        handler.receive_data_chunk(b"", 0)
    with pytest.raises(NotImplementedError, match="file_complete"):
        handler.file_complete(0)
    assert (handler.upload_complete(), handler.upload_interrupted()) == (None, None)


def test_temporary_handler_keeps_the_file_on_disk():
    handler = TemporaryFileUploadHandler()
    handler.new_file(*NEW)
    assert handler.receive_data_chunk(b"abc", 0) is None
    with handler.file_complete(3) as file:
        assert isinstance(file, TemporaryUploadedFile)
        assert (file.read(), file.size, file.charset) == (b"abc", 3, "utf-8")


def test_interrupted_upload_leaves_no_file():
    handler = TemporaryFileUploadHandler()
    handler.upload_interrupted()
    handler.new_file(*NEW)
    handler.upload_interrupted()
    assert handler.file.closed


@pytest.mark.parametrize(
    ("source", "length", "is_activated"),
    [
        (io.BytesIO(b"x" * 10), 0, True),
        (io.BytesIO(b"x" * 11), 0, False),
        (io.BytesIO(b""), 11, False),
        (object(), 10, True),
    ],
)
def test_memory_handler_holds_what_is_small(override, source, length, is_activated):
    override(FILE_UPLOAD_MAX_MEMORY_SIZE=10)
    handler = MemoryFileUploadHandler()
    handler.handle_raw_input(source, {}, length, b"")
    assert handler.activated is is_activated


def test_memory_handler_holds_a_file_alone():
    handler = MemoryFileUploadHandler()
    handler.activated = True
    with pytest.raises(StopFutureHandlers):
        handler.new_file(*NEW)
    assert handler.receive_data_chunk(b"abc", 0) is None
    file = handler.file_complete(3)
    assert isinstance(file, InMemoryUploadedFile)
    assert (file.read(), file.name, file.content_type_extra) == (b"abc", "a.txt", {"x": b"y"})


def test_memory_handler_passes_on_what_is_large():
    handler = MemoryFileUploadHandler()
    handler.activated = False
    handler.new_file(*NEW)
    assert (handler.receive_data_chunk(b"abc", 0), handler.file_complete(3)) == (b"abc", None)


def test_stopped_upload_says_what_becomes_of_the_rest():
    assert "Consume request data" in str(StopUpload())
    assert str(StopUpload(connection_reset=True)) == "StopUpload: Halt current upload."


def test_handler_is_loaded_by_its_path():
    path = "penstock.web.core.files.uploadhandler.FileUploadHandler"
    assert load_handler(path, "request").request == "request"
