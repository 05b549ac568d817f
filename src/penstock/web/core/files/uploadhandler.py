r"""What becomes of a file while it is being uploaded.

In:     a file's stated name and type, then its bytes, chunk by chunk.
Out:    a file, or nothing.
Never:  parses.

Rules:  Django's upload handlers: they are asked in order, and each may change a chunk for the next, keep it
        by returning None, or stop.  The parser's calls, for each file:

    new_file -> receive_data_chunk ... -> file_complete
                                      \-> upload_interrupted   the body ended before the file did
    and once at the end upload_complete.
"""

import contextlib
import io
from typing import Any

from penstock.web.conf import settings
from penstock.web.core.files.extent import bytes_left
from penstock.web.core.files.uploadedfile import InMemoryUploadedFile, TemporaryUploadedFile
from penstock.web.utils.module_loading import import_string

__all__ = [
    "FileUploadHandler",
    "MemoryFileUploadHandler",
    "SkipFile",
    "StopFutureHandlers",
    "StopUpload",
    "TemporaryFileUploadHandler",
    "UploadFileException",
    "load_handler",
]


class UploadFileException(Exception):
    """A handler has something to say to the parser."""


class StopUpload(UploadFileException):
    """The upload shall go no further.

    Args:
        connection_reset: the client may be cut off; else what it sends is read to the end.
    """

    def __init__(self, connection_reset: bool = False) -> None:
        self.connection_reset = connection_reset

    def __str__(self) -> str:
        what = "Halt current upload." if self.connection_reset else "Consume request data, then halt."
        return f"StopUpload: {what}"


class SkipFile(UploadFileException):
    """This file is not wanted."""


class StopFutureHandlers(UploadFileException):
    """The handlers after this one need not hear of the file."""


class FileUploadHandler:
    """A handler that takes nothing: the base of all others.

    Attributes:
        chunk_size: the most bytes it wants at once.
        field_name: of the current file's form field.
        file_name: of the current file, like the following.
        content_type: see above.
        content_length: see above.
        charset: see above.
        content_type_extra: see above.
    """

    chunk_size = 64 * 2**10
    field_name: str | None = None
    file_name: str | None = None
    content_type: str | None = None
    content_length: int | None = None
    charset: Any = None
    content_type_extra: Any = None

    def __init__(self, request: Any = None) -> None:
        self.request = request

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> Any:
        """Parse the body oneself and return (POST, FILES), or None to have it parsed."""

    def new_file(
        self,
        field_name: str,
        file_name: str,
        content_type: str,
        content_length: int | None,
        charset: Any = None,
        content_type_extra: Any = None,
    ) -> None:
        """Begin a file.

        Raises:
            StopFutureHandlers, SkipFile, StopUpload: as they say.
        """
        self.field_name, self.file_name = field_name, file_name
        self.content_type, self.content_length = content_type, content_length
        self.charset, self.content_type_extra = charset, content_type_extra

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Take a chunk, at byte `start` of the file; return what the next handler gets, or None."""
        raise NotImplementedError("a subclass of FileUploadHandler must have receive_data_chunk()")

    def file_complete(self, file_size: int) -> Any:
        """End a file of `file_size` bytes; return it if it is this handler's."""
        raise NotImplementedError("a subclass of FileUploadHandler must have file_complete()")

    def upload_complete(self) -> Any:
        """Hear that all files are through."""

    def upload_interrupted(self) -> None:
        """Hear that the current file is not."""


class TemporaryFileUploadHandler(FileUploadHandler):
    """Keeps files on disk."""

    file: TemporaryUploadedFile

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open a temporary file."""
        super().new_file(*args, **kwargs)
        self.file = TemporaryUploadedFile(
            self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002 - the signature of all
        """Write the chunk."""
        self.file.write(raw_data)
        return None

    def file_complete(self, file_size: int) -> Any:
        """Return the file, at its start."""
        self.file.size = file_size
        self.file.seek(0)
        return self.file

    def upload_interrupted(self) -> None:
        """Remove what there is."""
        if hasattr(self, "file"):
            with contextlib.suppress(FileNotFoundError):
                self.file.close()


class MemoryFileUploadHandler(FileUploadHandler):
    """Holds files, if the whole body is small enough.

    Attributes:
        activated: it is, by FILE_UPLOAD_MAX_MEMORY_SIZE.
        file: what it holds of the current file.
    """

    activated: bool
    file: Any

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: ARG002, N803 - the signature of all
        content_length: int,
        boundary: Any,  # noqa: ARG002 - the same
        encoding: str | None = None,  # noqa: ARG002 - the same
    ) -> None:
        """Look whether the body is small enough: what it says, and what a seekable stream has."""
        stream = getattr(input_data, "_stream", input_data)
        size = max(content_length, bytes_left(stream) or 0)
        self.activated = size <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, alone.

        Raises:
            StopFutureHandlers: the file is held here.
        """
        super().new_file(*args, **kwargs)
        if self.activated:
            self.file = io.BytesIO()
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002 - the signature of all
        """Hold the chunk, or pass it on."""
        if not self.activated:
            return raw_data
        self.file.write(raw_data)
        return None

    def file_complete(self, file_size: int) -> Any:
        """Return the file, if it is held here."""
        if not self.activated:
            return None
        self.file.seek(0)
        about = (self.content_type, file_size, self.charset, self.content_type_extra)
        return InMemoryUploadedFile(self.file, self.field_name, self.file_name, *about)


def load_handler(path: str, *args: Any, **kwargs: Any) -> Any:
    """Return a handler of the class at a dotted path."""
    return import_string(path)(*args, **kwargs)
