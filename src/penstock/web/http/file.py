"""A response that sends a file.

In:     something with read(): a file, a BytesIO, a pipe, a stored file.
Out:    blocks of it, with length, type and name in the fields; or the file itself, for wsgi.file_wrapper.
Never:  opens or chooses a file: paths are the view's business.

Rules:  RFC 6266 and RFC 8187 for the name; PEP 3333 for file_wrapper.
"""

import io
import mimetypes
import os
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from penstock.web.core.files.extent import bytes_left, is_seekable
from penstock.web.http.streaming import StreamingHttpResponse
from penstock.web.utils.http import content_disposition_header

# A compressed file is what was asked for.  Naming its encoding would have browsers unpack it on the way.
_ENCODED_TYPES: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip",
    "xz": "application/x-xz",
    "br": "application/x-brotli",
    "compress": "application/x-compress",
}


class FileResponse(StreamingHttpResponse):
    """An answer with a file's content, from its present position on; the file is closed with the response.

    Args:
        args: as of StreamingHttpResponse, the file first.
        as_attachment: browsers save it, rather than show it.
        filename: the name to save under; default: the file's own.
        kwargs: as of StreamingHttpResponse.

    A file whose end cannot be told has no Content-Length.  Whoever puts another source in the file's place
    (compression does) also turns wsgi.file_wrapper off, which would send the old one.
    """

    block_size = 4096
    file_to_stream: Any = None

    def __init__(
        self,
        *args: Any,
        as_attachment: bool = False,
        filename: str = "",
        **kwargs: Any,
    ) -> None:
        self.as_attachment = as_attachment
        self.filename = filename
        self._has_explicit_type = kwargs.get("content_type") is not None
        super().__init__(*args, **kwargs)

    def _set_streaming_content(self, value: Any) -> None:
        self.file_to_stream = value if hasattr(value, "read") else None
        super()._set_streaming_content(value if self.file_to_stream is None else self._blocks_of(value))

    def _blocks_of(self, file: Any) -> Iterator[bytes]:
        """Say in the fields what the file is, care for its closing, and return its blocks."""
        if hasattr(file, "close"):
            self._resource_closers.append(file.close)
        self.set_headers(file)
        return iter(partial(file.read, self.block_size), b"")

    def set_headers(self, filelike: Any) -> None:
        """Set Content-Length, Content-Type and Content-Disposition as far as the file tells."""
        own_name = getattr(filelike, "name", "")
        path = own_name if isinstance(own_name, str) else ""
        length = remaining_bytes(filelike, path)
        if length is not None:
            self["Content-Length"] = str(length)
        name = (self.filename or path).rpartition("/")[2]
        if not self._has_explicit_type:
            self["Content-Type"] = _guess_type(name)
        disposition = content_disposition_header(self.as_attachment, name)
        if disposition:
            self["Content-Disposition"] = disposition


def remaining_bytes(file: Any, path: str) -> int | None:
    """Return how many bytes are left to read (None: nobody can tell); the position stays where it is."""
    if not hasattr(file, "tell"):
        return _count_by_reading(file) if is_seekable(file) else None
    left = bytes_left(file)
    if left is not None:
        return left
    if hasattr(file, "getbuffer"):
        return int(file.getbuffer().nbytes) - int(file.tell())
    if os.path.isfile(path):  # noqa: PTH113 - paths come as str
        return os.path.getsize(path) - int(file.tell())  # noqa: PTH202 - the same
    return None


def _count_by_reading(file: Any) -> int:
    """Read to the end and go back; for what can seek but not say where it is."""
    count = sum(map(len, iter(partial(file.read, FileResponse.block_size), b"")))
    file.seek(-count, io.SEEK_END)
    return count


def _guess_type(name: str) -> str:
    guessed, encoding = mimetypes.guess_type(name)
    if encoding is not None:
        guessed = _ENCODED_TYPES.get(encoding, guessed)
    return guessed or "application/octet-stream"
