"""Files that came with a request.

In:     what an upload handler has gathered.
Out:    files with the name, type and size that the client stated.
Never:  believes the name: it is one component, and short.
"""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import Any, Final, Self

from penstock.web.conf import settings
from penstock.web.core.files import temp as tempfile
from penstock.web.core.files.base import File
from penstock.web.core.files.name import validate_file_name

__all__ = ["InMemoryUploadedFile", "SimpleUploadedFile", "TemporaryUploadedFile", "UploadedFile"]

# What most file systems take.
_MAX_NAME_LENGTH: Final = 255

# Four bytes a character at most, and room for the rest of a temporary name.
_MAX_TEMPORARY_EXTENSION: Final = 48


class UploadedFile(File):
    """A file that came with a request.

    Attributes:
        content_type: as the client stated it.
        size: in bytes.
        charset: of the content type.
        content_type_extra: its other parameters.
    """

    size: int

    def __init__(
        self,
        file: Any = None,
        name: Any = None,
        content_type: str | None = None,
        size: Any = None,
        charset: Any = None,
        content_type_extra: Any = None,
    ) -> None:
        self.content_type, self.content_type_extra = content_type, content_type_extra
        self.charset, self.size = charset, size
        super().__init__(file, name)

    @property
    def name(self) -> Any:
        """One component of a path; a longer one is shortened, its extension last.

        Raises:
            SuspiciousFileOperation: nothing is left of it.
        """
        return self._name

    @name.setter
    def name(self, name: Any) -> None:
        self._name = None if name is None else _one_component(name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name} ({self.content_type})>"


def _one_component(name: Any) -> str:
    last = os.path.basename(name)  # noqa: PTH119 - pathlib would give "tmp" for "/tmp/"
    stem, extension = os.path.splitext(last)  # noqa: PTH122 - its rules for leading dots
    extension = extension[:_MAX_NAME_LENGTH]
    return validate_file_name(stem[: _MAX_NAME_LENGTH - len(extension)] + extension)


class TemporaryUploadedFile(UploadedFile):
    """An upload that is kept on disk, and vanishes when it is closed."""

    def __init__(
        self,
        name: str,
        content_type: str | None,
        size: Any,
        charset: Any,
        content_type_extra: Any = None,
    ) -> None:
        _, extension = os.path.splitext(name)  # noqa: PTH122 - as above
        # For people who look into the directory; a client may not decide that the file cannot be made.
        extension = extension[:_MAX_TEMPORARY_EXTENSION]
        file = tempfile.NamedTemporaryFile(suffix=f".upload{extension}", dir=settings.FILE_UPLOAD_TEMP_DIR)
        super().__init__(file, name, content_type, size, charset, content_type_extra)

    def temporary_file_path(self) -> str:
        """Return where it is."""
        return str(self.file.name)

    def close(self) -> None:
        """Close it; that somebody has moved it away already is what it was for."""
        with contextlib.suppress(FileNotFoundError):
            self.file.close()


class InMemoryUploadedFile(UploadedFile):
    """An upload that is small enough to be held.

    Attributes:
        field_name: of the form field.
    """

    def __init__(
        self,
        file: Any,
        field_name: str | None,
        name: Any,
        content_type: str | None,
        size: Any,
        charset: Any,
        content_type_extra: Any = None,
    ) -> None:
        self.field_name = field_name
        super().__init__(file, name, content_type, size, charset, content_type_extra)

    def open(self, mode: str | None = None, *_args: Any, **_kwargs: Any) -> Self:  # noqa: ARG002 - the signature of all
        """Go to the start."""
        self.file.seek(0)
        return self

    def chunks(self, chunk_size: int | None = None) -> Iterator[Any]:  # noqa: ARG002 - the signature of all
        """Yield all of it at once."""
        self.file.seek(0)
        yield self.read()

    def multiple_chunks(self, chunk_size: int | None = None) -> bool:  # noqa: ARG002 - the signature of all
        """Tell that it is one piece."""
        return False


class SimpleUploadedFile(InMemoryUploadedFile):
    """An upload made of bytes, for tests."""

    def __init__(self, name: Any, content: bytes | None, content_type: str | None = "text/plain") -> None:
        content = content or b""
        super().__init__(io.BytesIO(content), None, name, content_type, len(content), None, None)

    @classmethod
    def from_dict(cls, file_dict: dict[str, Any]) -> Self:
        """Return one made of {"filename": ..., "content": ..., "content-type": ...}."""
        content_type = file_dict.get("content-type", "text/plain")
        return cls(file_dict["filename"], file_dict["content"], content_type)
