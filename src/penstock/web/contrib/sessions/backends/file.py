"""Sessions in files of one folder, shared by the processes of a machine.

In:     a key.
Out:    a file named after SESSION_COOKIE_NAME and the key; its time is when the session was last saved.
Never:  shows half a session: a file is written beside its place and moved there.

Rules:  Django's file format and names.
"""

import contextlib
import datetime as dt
import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

from penstock.web.conf import settings
from penstock.web.contrib.sessions.backends.base import (
    EXPIRY_KEY,
    VALID_KEY_CHARS,
    CreateError,
    SessionBase,
    UpdateError,
    log_suspicion,
)
from penstock.web.contrib.sessions.exceptions import InvalidSessionKey
from penstock.web.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from penstock.web.core.files.replacement import replace_file
from penstock.web.utils import timezone


class SessionStore(SessionBase):
    """A session in a file below SESSION_FILE_PATH, or the folder for temporary files."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.file_prefix = settings.SESSION_COOKIE_NAME
        self.storage_path = self._get_storage_path()

    @classmethod
    def _get_storage_path(cls) -> Path:
        """The folder.

        Raises:
            ImproperlyConfigured: there is no such folder.
        """
        folder = Path(settings.SESSION_FILE_PATH or tempfile.gettempdir())
        if not folder.is_dir():
            raise ImproperlyConfigured(f"session folder {str(folder)!r} is not there; see SESSION_FILE_PATH")
        return folder

    def _key_to_file(self, session_key: str | None = None) -> Path:
        """The file of a key.

        Raises:
            InvalidSessionKey: the key has other characters than ours have; "/" would leave the folder.
        """
        key = self._get_or_create_session_key() if session_key is None else session_key
        if not set(key) <= set(VALID_KEY_CHARS):
            raise InvalidSessionKey(f"session key {key!r}; expected lower-case letters and digits")
        return self.storage_path / f"{self.file_prefix}{key}"

    def load(self) -> dict[str, Any]:
        """The values in the file; {} and no key if there is none, or its time is over."""
        try:
            text, saved_at = self._read()
        except (OSError, SuspiciousOperation) as error:
            if isinstance(error, SuspiciousOperation):
                log_suspicion(error)
            self._session_key = None
            return {}
        values = self.decode(text) if text else {}
        if self._is_over(values, saved_at):
            self.delete()
            self.create()
            return {}
        return values

    def _read(self) -> tuple[str, dt.datetime]:
        with self._key_to_file().open(encoding="ascii", errors="replace") as file:
            return file.read(), timezone.moment_of(os.fstat(file.fileno()).st_mtime)

    def _is_over(self, values: dict[str, Any], saved_at: dt.datetime) -> bool:
        lasts_s = self.get_expiry_age(modification=saved_at, expiry=values.get(EXPIRY_KEY))
        return lasts_s < (timezone.now() - saved_at).total_seconds()

    def create(self) -> None:
        """Make an empty file under a key that nobody has."""
        self._create_under_free_key(itertools.count())

    def save(self, must_create: bool = False) -> None:
        """Write the values.

        Raises:
            CreateError: `must_create`, and there is such a file already.
            UpdateError: the file was deleted meanwhile.
        """
        if self.session_key is None:
            self.create()
            return
        values = self._get_session(no_load=must_create)
        path = self._key_to_file()
        self._claim(path, must_create=must_create)
        replace_file(path, self.encode(values).encode("ascii"))

    @staticmethod
    def _claim(path: Path, *, must_create: bool) -> None:
        try:
            os.close(os.open(path, os.O_WRONLY | (os.O_EXCL | os.O_CREAT if must_create else 0), 0o600))
        except FileNotFoundError:
            raise UpdateError(
                "the session's file is not there; expected it since the session was read"
            ) from None
        except FileExistsError:
            raise CreateError("the session's file is there; expected a key that is free") from None

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a file of that key."""
        return self._key_to_file(session_key).exists()

    def delete(self, session_key: str | None = None) -> None:
        """Remove the file of a key, this session's by default."""
        key = self.session_key if session_key is None else session_key
        if key is not None:
            self._key_to_file(key).unlink(missing_ok=True)

    @classmethod
    def clear_expired(cls) -> None:
        """Remove the files of sessions whose time is over."""
        prefix = settings.SESSION_COOKIE_NAME
        for path in cls._get_storage_path().glob(f"{prefix}*"):
            session = cls(path.name.removeprefix(prefix))
            with contextlib.suppress(
                OSError, SuspiciousOperation
            ):  # somebody was quicker; or it is none of ours
                text, saved_at = session._read()
                if session._is_over(session.decode(text) if text else {}, saved_at):
                    session.delete()
