"""Files, as Django's programs know them.

In:     an open file, or bytes or text that shall look like one.
Out:    `File`, with a name, a size, chunks and lines.
Never:  decides where a file is kept (storage/ does).
"""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import Any, Self

from penstock.web.core.files.proxy import FileProxyMixin
from penstock.web.utils.functional import cached_property


class File(FileProxyMixin):
    """A file with a name.

    Args:
        file: what to read from.
        name: default: the file's own.
    """

    DEFAULT_CHUNK_SIZE = 64 * 2**10

    def __init__(self, file: Any, name: Any = None) -> None:
        self.file = file
        self.name = getattr(file, "name", None) if name is None else name
        with contextlib.suppress(AttributeError):
            self.mode = file.mode

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return bool(self.name)

    def __str__(self) -> str:
        return self.name or ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self or 'None'}>"

    @cached_property
    def size(self) -> int:
        """Its length in bytes.

        Raises:
            AttributeError: nobody can tell.
        """
        file = self.file
        if hasattr(file, "size"):
            return int(file.size)
        name = getattr(file, "name", None)
        if isinstance(name, (str, bytes, os.PathLike)) and os.path.exists(name):  # noqa: PTH110 - any of three
            return os.path.getsize(name)  # noqa: PTH202 - the same
        if hasattr(file, "tell") and hasattr(file, "seek"):
            here = file.tell()
            file.seek(0, io.SEEK_END)
            end = int(file.tell())
            file.seek(here)
            return end
        raise AttributeError("Unable to determine the file's size.")

    def chunks(self, chunk_size: int | None = None) -> Iterator[Any]:
        """Yield the whole file in pieces of `chunk_size` bytes."""
        size = chunk_size or self.DEFAULT_CHUNK_SIZE
        if self.seekable():
            self.seek(0)
        while piece := self.read(size):
            yield piece

    def multiple_chunks(self, chunk_size: int | None = None) -> bool:
        """Tell whether it is longer than one piece."""
        return self.size > (chunk_size or self.DEFAULT_CHUNK_SIZE)

    def __iter__(self) -> Iterator[Any]:
        """Yield the lines, whatever ends them: a line may go on in the next piece."""
        rest = None
        for piece in filter(None, self.chunks()):
            # The last line may go on, and so may its break: "\r" is perhaps the first half of "\r\n".
            *lines, rest = _lines(piece if rest is None else rest + piece)
            yield from lines
        if rest is not None:
            yield rest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> Self:
        """Go to the start, opening the file anew if it is closed and has a path.

        Raises:
            ValueError: it is closed, and nowhere to be found.
        """
        if self.closed:
            if not self.name or not os.path.exists(self.name):  # noqa: PTH110 - names are str
                raise ValueError("The file cannot be reopened.")
            opened = open(self.name, mode or self.mode, *args, **kwargs)  # noqa: PTH123, SIM115 - kept open
            self.file = opened
        self.seek(0)
        return self

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _lines(text: Any) -> list[Any]:
    """Split at line feeds and carriage returns; str.splitlines knows other breaks, too."""
    return text.splitlines(keepends=True) if isinstance(text, bytes) else list(io.StringIO(text, newline=""))


class ContentFile(File):
    """A file of bytes or text at hand.

    Args:
        content: all of it.
        name: optional.
    """

    def __init__(self, content: bytes | str, name: str | None = None) -> None:
        stream: Any = io.StringIO(content) if isinstance(content, str) else io.BytesIO(content)
        super().__init__(stream, name=name)
        self.size = len(content)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return "Raw content"

    def open(self, mode: str | None = None, *_args: Any, **_kwargs: Any) -> Self:  # noqa: ARG002 - the signature of all
        """Go to the start."""
        self.seek(0)
        return self

    def close(self) -> None:
        """Do nothing: it stays readable."""

    def write(self, data: Any) -> int:
        """Write, and count the size anew."""
        self.__dict__.pop("size", None)
        return int(self.file.write(data))
