"""What every storage has.

In:     names, which are relative paths with "/", and files.
Out:    files; a name nobody else has for each that is saved.
Never:  leaves its root: a name that leads out of it is refused.

Rules:  Django's Storage.
"""

import datetime as dt
import itertools
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.core.files.base import File
from penstock.web.core.files.name import validate_file_name
from penstock.web.utils.crypto import get_random_string
from penstock.web.utils.text import get_valid_filename


class Storage:
    """The base of all storages: a subclass has `_open`, `_save` and what of the rest it can do."""

    def open(self, name: str, mode: str = "rb") -> Any:
        """Return a file."""
        return self._open(name, mode)

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Keep a file and return the name it got: the one asked for, unless that was taken.

        Raises:
            SuspiciousFileOperation: the name leads elsewhere, or none of `max_length` characters is free.
        """
        if name is None:
            name = str(content.name)
        if not hasattr(content, "chunks"):
            content = File(content, name)
        given = validate_file_name(self._save(self.get_available_name(name, max_length), content), True)
        return str(given)

    def _open(self, name: str, mode: str) -> Any:
        raise NotImplementedError("a subclass of Storage must have _open()")

    def _save(self, name: str, content: Any) -> str:
        raise NotImplementedError("a subclass of Storage must have _save()")

    def is_name_available(self, name: str, max_length: int | None = None) -> bool:
        """Tell whether a name is free and short enough."""
        return not ((max_length and len(name) > max_length) or self.exists(name))

    def get_valid_name(self, name: str) -> str:
        """Return a name without characters that mean something to a shell or a URL."""
        return str(get_valid_filename(name))

    def get_alternative_name(self, file_root: str, file_ext: str) -> str:
        """Return a name made from one that is taken."""
        return f"{file_root}_{get_random_string(7)}{file_ext}"

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name, or one like it that is free; raises as `save` does."""
        directory, file_name = _split(name)
        validate_file_name(file_name)
        alternatives = self._alternatives(directory, file_name, max_length)
        candidates = itertools.chain([str(name).replace("\\", "/")], alternatives)
        return next(each for each in candidates if self.is_name_available(each, max_length))

    def _alternatives(self, directory: str, file_name: str, max_length: int | None) -> Iterator[str]:
        """Yield names like one that is taken, without end, shortened as need be; the extensions stay."""
        root, extensions = _split_extensions(file_name)
        name = file_name
        while root:
            name = os.path.join(directory, self.get_alternative_name(root, extensions))  # noqa: PTH118 - a name
            if max_length and len(name) > max_length:
                root = root[: max_length - len(name)]
            else:
                yield name
        raise SuspiciousFileOperation(
            f'Storage can not find an available filename for "{name}". Please make sure that the '
            'corresponding file field allows sufficient "max_length".'
        )

    def generate_filename(self, filename: Any) -> str:
        """Return a name whose last component is valid; raises SuspiciousFileOperation."""
        directory, file_name = _split(filename)
        return os.path.normpath(os.path.join(directory, self.get_valid_name(file_name)))  # noqa: PTH118 - a name

    # What a subclass may leave out, if it has nothing of the kind.

    def path(self, name: str) -> str:
        """Return where the file is on this machine."""
        raise NotImplementedError("This backend doesn't support absolute paths.")

    def delete(self, name: str) -> None:
        """Remove a file."""
        raise NotImplementedError("a subclass of Storage must have delete()")

    def exists(self, name: str) -> bool:
        """Tell whether there is one of this name."""
        raise NotImplementedError("a subclass of Storage must have exists()")

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the directories and the files in a directory."""
        raise NotImplementedError("a subclass of Storage must have listdir()")

    def size(self, name: str) -> int:
        """Return a file's length in bytes."""
        raise NotImplementedError("a subclass of Storage must have size()")

    def url(self, name: str | None) -> str:
        """Return where a browser finds a file."""
        raise NotImplementedError("a subclass of Storage must have url()")

    def get_accessed_time(self, name: str) -> dt.datetime:
        """Return when a file was last read."""
        raise NotImplementedError("a subclass of Storage must have get_accessed_time()")

    def get_created_time(self, name: str) -> dt.datetime:
        """Return when a file was made."""
        raise NotImplementedError("a subclass of Storage must have get_created_time()")

    def get_modified_time(self, name: str) -> dt.datetime:
        """Return when a file was last written."""
        raise NotImplementedError("a subclass of Storage must have get_modified_time()")


def _split(name: object) -> tuple[str, str]:
    """Return the directory of a name, which must lead down, and its last component."""
    directory, file_name = os.path.split(str(name).replace("\\", "/"))
    if ".." in pathlib.PurePath(directory).parts:
        raise SuspiciousFileOperation(f"Detected path traversal attempt in '{directory}'")
    return directory, file_name


def raw_chunks(content: File) -> Iterator[bytes]:
    """Yield what a file holds, text as UTF-8."""
    for chunk in content.chunks():
        yield chunk.encode() if isinstance(chunk, str) else chunk


def _split_extensions(file_name: str) -> tuple[str, str]:
    """Split before the first of several extensions: "a.tar.gz" becomes "a" and ".tar.gz"."""
    extensions = "".join(pathlib.PurePath(file_name).suffixes)
    return (file_name.removesuffix(extensions), extensions) if extensions else (file_name, "")
