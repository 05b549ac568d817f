"""Files in a directory of this machine.

In:     MEDIA_ROOT, MEDIA_URL and the permissions of settings.
Out:    files below the directory.
Never:  overwrites a file, unless it is told to; follows a name out of the directory.
"""

import contextlib
import datetime as dt
import os
from typing import Any
from urllib.parse import urljoin

from penstock.web.conf import settings
from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.core.files.base import File
from penstock.web.core.files.move import file_move_safe
from penstock.web.core.files.storage.base import Storage, raw_chunks
from penstock.web.utils.encoding import filepath_to_uri
from penstock.web.utils.timezone import moment_of


class FileSystemStorage(Storage):
    """Keeps files below a directory.

    Args:
        location: the directory; default: MEDIA_ROOT.
        base_url: where browsers find it; default: MEDIA_URL.
        file_permissions_mode: of files; default: FILE_UPLOAD_PERMISSIONS.
        directory_permissions_mode: of directories; default: FILE_UPLOAD_DIRECTORY_PERMISSIONS.
        allow_overwrite: a name that is taken is taken over.
    """

    OS_OPEN_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL

    def __init__(
        self,
        location: Any = None,
        base_url: str | None = None,
        file_permissions_mode: int | None = None,
        directory_permissions_mode: int | None = None,
        *,
        allow_overwrite: bool = False,
    ) -> None:
        self._location, self._base_url = location, base_url
        self._file_mode, self._directory_mode = file_permissions_mode, directory_permissions_mode
        self._allow_overwrite = allow_overwrite

    @property
    def base_location(self) -> Any:
        """The directory as it was given."""
        return settings.MEDIA_ROOT if self._location is None else self._location

    @property
    def location(self) -> str:
        """The directory, absolute."""
        return os.path.abspath(str(self.base_location))  # noqa: PTH100 - links stay as they are

    @property
    def base_url(self) -> str | None:
        """Where browsers find the directory, with a slash at the end."""
        url: str | None = settings.MEDIA_URL if self._base_url is None else self._base_url
        return url if url is None or url.endswith("/") else f"{url}/"

    @property
    def file_permissions_mode(self) -> Any:
        """The permissions that files get; None leaves them to the system."""
        mode = self._file_mode
        return settings.FILE_UPLOAD_PERMISSIONS if mode is None else mode

    @property
    def directory_permissions_mode(self) -> Any:
        """The permissions that directories get."""
        mode = self._directory_mode
        return settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS if mode is None else mode

    def path(self, name: str) -> str:
        """Return where a file is.

        Raises:
            SuspiciousFileOperation: outside the directory.
        """
        root = self.location
        path = os.path.abspath(os.path.join(root, name))  # noqa: PTH100, PTH118 - links stay as they are
        if path != root and not path.startswith(root.rstrip(os.sep) + os.sep):
            raise SuspiciousFileOperation(
                f"The joined path ({path}) is located outside of the base path component ({root})"
            )
        return path

    def _open(self, name: str, mode: str) -> File:
        return File(open(self.path(name), mode))  # noqa: PTH123 - the caller closes it

    def is_name_available(self, name: str, max_length: int | None = None) -> bool:
        """Tell whether a name may be used."""
        if self._allow_overwrite:
            return not (max_length and len(name) > max_length)
        return super().is_name_available(name, max_length)

    def _save(self, name: str, content: Any) -> str:
        path = self.path(name)
        self._make_directory(os.path.dirname(path))  # noqa: PTH120 - a str
        # Between the look and the writing somebody else may have taken the name.
        while not self._write(path, content):
            name = self.get_available_name(name)
            path = self.path(name)
        if self.file_permissions_mode is not None:
            os.chmod(path, self.file_permissions_mode)  # noqa: PTH101 - a str
        return os.path.relpath(path, self.location).replace("\\", "/")

    def _make_directory(self, directory: str) -> None:
        mode = self.directory_permissions_mode
        try:
            if mode is None:
                os.makedirs(directory, exist_ok=True)  # noqa: PTH103 - a str
                return
            # makedirs gives its mode to the last one alone.
            before = os.umask(0o777 & ~mode)
            try:
                os.makedirs(directory, mode, exist_ok=True)  # noqa: PTH103 - a str
            finally:
                os.umask(before)
        except FileExistsError:
            raise FileExistsError(f"{directory} exists and is not a directory.") from None

    def _write(self, path: str, content: Any) -> bool:
        """Put a file into its place; False if that is taken."""
        try:
            if hasattr(content, "temporary_file_path"):
                file_move_safe(content.temporary_file_path(), path, allow_overwrite=self._allow_overwrite)
            else:
                self._copy(path, content)
        except FileExistsError:
            return False
        return True

    def _copy(self, path: str, content: Any) -> None:
        flags = self.OS_OPEN_FLAGS
        if self._allow_overwrite:
            flags = flags & ~os.O_EXCL | os.O_TRUNC
        with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
            file.writelines(raw_chunks(content))

    def delete(self, name: str) -> None:
        """Remove a file, or an empty directory; one that is not there is no error.

        Raises:
            ValueError: no name.
        """
        if not name:
            raise ValueError("The name must be given to delete().")
        path = self.path(name)
        remove = os.rmdir if os.path.isdir(path) else os.remove  # noqa: PTH112 - a str
        with contextlib.suppress(FileNotFoundError):  # somebody else was quicker
            remove(path)

    def exists(self, name: str) -> bool:
        """Tell whether there is a file, or a link to nowhere, of this name."""
        return os.path.lexists(self.path(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the directories and the files in a directory."""
        directories: list[str] = []
        files: list[str] = []
        with os.scandir(self.path(path)) as entries:
            for entry in entries:
                (directories if entry.is_dir() else files).append(entry.name)
        return directories, files

    def size(self, name: str) -> int:
        """Return a file's length in bytes."""
        return os.path.getsize(self.path(name))  # noqa: PTH202 - a str

    def url(self, name: str | None) -> str:
        """Return where a browser finds a file.

        Raises:
            ValueError: there is no base_url.
        """
        if self.base_url is None:
            raise ValueError("This file is not accessible via a URL.")
        uri = "" if name is None else str(filepath_to_uri(name)).lstrip("/")
        return urljoin(self.base_url, uri)

    def get_accessed_time(self, name: str) -> dt.datetime:
        """Return when a file was last read."""
        return moment_of(os.path.getatime(self.path(name)))  # noqa: PTH203 - a str

    def get_created_time(self, name: str) -> dt.datetime:
        """Return when a file was made, as far as the system knows."""
        return moment_of(os.path.getctime(self.path(name)))  # noqa: PTH205 - a str

    def get_modified_time(self, name: str) -> dt.datetime:
        """Return when a file was last written."""
        return moment_of(os.path.getmtime(self.path(name)))  # noqa: PTH204 - a str
