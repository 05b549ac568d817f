"""Mail for development: each connection writes a file.

In:     messages; settings.EMAIL_FILE_PATH, or `file_path`.
Out:    their text, as the console backend writes it, in a file of that folder, which is made if need be.
Never:  sends anything; writes into a file that was there.
Rules:  Django's setting; the names of files begin with the moment, so that they sort by it.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.core.mail.backends.console import EmailBackend as ConsoleBackend


class EmailBackend(ConsoleBackend):
    """Writes to a file, opened with the first message.

    Raises:
        ImproperlyConfigured: no folder is named, or it cannot be made.
    """

    stream: TextIO | None

    def __init__(self, *args: Any, file_path: str | Path | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = file_path or getattr(settings, "EMAIL_FILE_PATH", None)
        if not named:
            raise ImproperlyConfigured("setting EMAIL_FILE_PATH is not set; expected a folder for mail")
        self.folder = Path(named).resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = f"EMAIL_FILE_PATH {str(self.folder)!r}: {error.strerror}; expected a folder"
            raise ImproperlyConfigured(text) from error

    def open(self) -> bool:
        """Make a new file, unless there is one already; tell whether this call did."""
        if self.stream is not None:
            return False
        moment = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%d-%H%M%S")
        self.stream = (self.folder / f"{moment}-{secrets.token_hex(8)}.log").open("x", encoding="utf-8")
        return True

    def close(self) -> None:
        """Close the file; the next message begins another one."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Write them."""
        if not email_messages:
            return 0
        is_new = self.open()
        try:
            return super().send_messages(email_messages)
        finally:
            if is_new:
                self.close()
