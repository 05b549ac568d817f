"""Bodies for requests that a test makes.

In:     form fields and files.
Out:    a multipart body, and a stream that ends where a server's would.
Never:  sends anything.

Rules:  RFC 7578.
"""

import mimetypes
from collections.abc import Iterable, Mapping
from io import BytesIO, IOBase
from pathlib import PurePath
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.utils.encoding import force_bytes

BOUNDARY: Final = "BoUnDaRyStRiNg"
MULTIPART_CONTENT: Final = f"multipart/form-data; boundary={BOUNDARY}"


class FakePayload(IOBase):
    """The body of a request: it can be written, then read, and nothing is behind its end.

    Args:
        initial_bytes: what it begins with.

    Raises:
        AssertionError: more is read than there is: a real server would wait for the client for ever.
        ValueError: it is written after it was read.
    """

    def __init__(self, initial_bytes: bytes | str | None = None) -> None:
        self._stream = BytesIO()
        self._length = 0
        self._is_read = False
        if initial_bytes is not None:
            self.write(initial_bytes)

    def __len__(self) -> int:
        return self._length

    def _take(self, reader: Any, size: int | None) -> bytes:
        if not self._is_read:
            self._stream.seek(0)
            self._is_read = True
        if size is None or size < 0:
            size = self._length
        if size > self._length:
            raise AssertionError("Cannot read more than the available bytes from the HTTP incoming data.")
        taken: bytes = reader(size)
        self._length -= len(taken)
        return taken

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes."""
        return self._take(self._stream.read, size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line."""
        return self._take(self._stream.readline, size)

    def write(self, data: bytes | str, /) -> None:
        """Add to the body; text as UTF-8."""
        if self._is_read:
            raise ValueError("Unable to write a payload after it's been read")
        added: bytes = force_bytes(data)
        self._length += len(added)
        self._stream.write(added)


def is_file(value: object) -> bool:
    """Tell whether a form value is a file."""
    return callable(getattr(value, "read", None))


def encode_multipart(boundary: str, data: Mapping[str, Any]) -> bytes:
    """Return a form as a multipart body; a list is a field with several values.

    Raises:
        TypeError: a value is None.
    """
    lines: list[bytes] = []
    for name, value in data.items():
        for each in _values(value):
            lines += (
                encode_file(boundary, name, each) if is_file(each) else _encode_field(boundary, name, each)
            )
    return b"\r\n".join([*lines, force_bytes(f"--{boundary}--"), b""])


def _values(value: Any) -> Iterable[Any]:
    is_single = is_file(value) or isinstance(value, (str, bytes)) or not isinstance(value, Iterable)
    return [value] if is_single else value


def _encode_field(boundary: str, name: str, value: Any) -> list[bytes]:
    if value is None:
        raise TypeError(
            f"Cannot encode None for key '{name}' as POST data. Did you mean to pass an empty string or omit "
            "the value?"
        )
    head = [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", value]
    return [force_bytes(line, settings.DEFAULT_CHARSET) for line in head]


def encode_file(boundary: str, key: str, file: Any) -> list[bytes]:
    """Return the lines of a part with a file; its name and type are the file's own, if it has any."""
    # Files without a name have None, or a number that is their descriptor.
    own_name = getattr(file, "name", None)
    name = PurePath(own_name).name if isinstance(own_name, str) else ""
    content_type = getattr(file, "content_type", None) or mimetypes.guess_type(name)[0]
    head = [
        f"--{boundary}",
        f'Content-Disposition: form-data; name="{key}"; filename="{name or key}"',
        f"Content-Type: {content_type or 'application/octet-stream'}",
        "",
        file.read(),
    ]
    return [force_bytes(line, settings.DEFAULT_CHARSET) for line in head]
